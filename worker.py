"""The worker: connects to Temporal, Stripe and PostgreSQL, and runs the stories."""

import asyncio
import logging
import signal
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, nullcontext, suppress
from datetime import timedelta

import aiohttp
import uvloop
from temporalio.client import Client
from temporalio.service import RPCError
from temporalio.worker import Interceptor, UnsandboxedWorkflowRunner, Worker

from activities.attempts import Attempts
from activities.deliveries import Deliveries
from activities.disputes import Disputes
from activities.lost_disputes import LostDisputes
from activities.lost_refunds import LostRefunds
from activities.outgoing import Announcer, Outbox
from activities.reconciliation import Reconciliation
from activities.refund_requests import RefundRequests
from activities.refunds import Refunds
from activities.sessions import Sessions
from activities.settlement import Settlements
from activities.stripe_client import connect_stripe
from database.engine import Database
from settings import WorkerSettings, load
from workflows.announcer import TemporalAnnouncer, outgoing_queue
from workflows.checkout import CheckoutWorkflow
from workflows.client import connect
from workflows.outgoing import OutgoingEventsWorkflow
from workflows.reconcile import ReconcileWorkflow
from workflows.refund import RefundWorkflow
from workflows.schedule import schedule_reconciler
from workflows.stripe_event import StripeEventWorkflow

STOP_WITHIN = timedelta(seconds=5)
DELIVERIES_AT_ONCE = 20  # so many requests the receiver meets when it is back after a day
TRY_AGAIN_AFTER_SECONDS = 1

logger = logging.getLogger(__name__)


def build_worker(
    client: Client,
    database: Database,
    http: aiohttp.ClientSession,
    settings: WorkerSettings,
    interceptors: Sequence[Interceptor] = (),
) -> Worker:
    """Return a worker for all workflows and activities but the deliveries of outgoing events."""
    announcer = _announcer(client, settings)
    outbox = Outbox(database, announcer)
    stripe = connect_stripe(
        settings.stripe_secret_key.get_secret_value(), settings.stripe_api_base, http
    )
    attempts = Attempts(
        database,
        hold=timedelta(seconds=settings.checkout_timeout_seconds),
        base_url=settings.base_url,
        livemode=settings.livemode,
        announcer=announcer,
    )
    sessions = Sessions(stripe, database)
    reconciliation = Reconciliation(stripe, database)
    refund_requests = RefundRequests(database)
    refunds = Refunds(stripe, database, announcer)
    disputes = Disputes(stripe, database, announcer)
    lost_refunds = LostRefunds(stripe, database)
    lost_disputes = LostDisputes(stripe, database)
    settlements = Settlements(
        database,
        processing=timedelta(days=settings.async_payment_timeout_days),
        announcer=announcer,
    )
    return Worker(
        client,
        task_queue=settings.temporal_task_queue,
        workflows=[CheckoutWorkflow, StripeEventWorkflow, RefundWorkflow, ReconcileWorkflow],
        activities=[
            attempts.hold_tickets,
            attempts.extend_deadline,
            attempts.record_recheck,
            attempts.refuse_checkout,
            attempts.cancel_order,
            sessions.create_session,
            sessions.check_session,
            sessions.close_session,
            settlements.mark_paid,
            settlements.mark_processing,
            settlements.ask_for_attention,
            reconciliation.unheard_reports,
            reconciliation.unbacked_orders,
            reconciliation.abandoned_checkouts,
            reconciliation.record_drift,
            outbox.resume_deliveries,
            disputes.take_dispute,
            refund_requests.open_refund,
            refund_requests.open_late_refund,
            refunds.carry_out,
            refunds.take_refunds,
            lost_refunds.abandoned_refunds,
            lost_refunds.unheard_refunds,
            lost_disputes.unheard_disputes,
        ],
        interceptors=interceptors,
        # The SDK's sandbox costs CPU time on every order; the replay tests run in it.
        workflow_runner=UnsandboxedWorkflowRunner(),
        graceful_shutdown_timeout=STOP_WITHIN,
        # Cache and slots are the SDK's defaults, which bound the memory (docs/performance.md). Its
        # pollers are not: a fifth of those for workflows on the normal queue lets a new checkout
        # wait for seconds behind running ones at saturation.
        max_concurrent_workflow_task_polls=20,
        nonsticky_to_sticky_poll_ratio=0.6,
    )


def _announcer(client: Client, settings: WorkerSettings) -> Announcer | None:
    if settings.outgoing_webhook_url is None:
        return None
    return TemporalAnnouncer(client, settings.temporal_task_queue)


def build_deliverer(
    client: Client,
    database: Database,
    http: aiohttp.ClientSession,
    settings: WorkerSettings,
    interceptors: Sequence[Interceptor] = (),
) -> Worker | None:
    """Return a worker for the deliveries of outgoing events, where a receiver is configured."""
    url, secret = settings.outgoing_webhook_url, settings.outgoing_webhook_secret
    if url is None or secret is None:
        return None
    deliveries = Deliveries(database, http, url=url, secret=secret.get_secret_value())
    return Worker(
        client,
        task_queue=outgoing_queue(settings.temporal_task_queue),
        workflows=[OutgoingEventsWorkflow],
        activities=[deliveries.waiting, deliveries.deliver],
        interceptors=interceptors,
        workflow_runner=UnsandboxedWorkflowRunner(),
        graceful_shutdown_timeout=STOP_WITHIN,
        max_concurrent_activities=DELIVERIES_AT_ONCE,
    )


@asynccontextmanager
async def delivering(
    client: Client,
    database: Database,
    settings: WorkerSettings,
    interceptors: Sequence[Interceptor] = (),
) -> AsyncIterator[None]:
    """Deliver outgoing events for the length of the block, where a receiver is configured."""
    async with aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()) as http:
        deliverer = build_deliverer(client, database, http, settings, interceptors)
        async with deliverer or nullcontext():
            yield


async def serve(
    settings: WorkerSettings, http: aiohttp.ClientSession, interceptors: Sequence[Interceptor] = ()
) -> None:
    """Work until cancelled, then let running activities finish. `http` is for Stripe."""
    database = Database(settings.database_url)
    try:
        while True:
            client = await _reach_temporal(settings.temporal_task_queue)
            try:
                async with (
                    build_worker(client, database, http, settings, interceptors),
                    delivering(client, database, settings, interceptors),
                ):
                    print(f"worker ready: task queue {settings.temporal_task_queue}", flush=True)
                    await asyncio.Event().wait()
            except RuntimeError as lost:  # the SDK's: Temporal went away for longer than it waits
                logger.warning("Temporal was lost: %s", lost)
    finally:
        await database.close()


async def _reach_temporal(task_queue: str) -> Client:
    """Wait until Temporal can be used, which may come up after us; complain once."""
    complained = False
    while True:
        try:
            client = await connect()
            await schedule_reconciler(client, task_queue)
            return client
        except (RPCError, RuntimeError) as trouble:  # RuntimeError: no connection
            if not complained:
                logger.warning("Temporal cannot be used yet; waiting for it: %s", trouble)
            complained = True
            await asyncio.sleep(TRY_AGAIN_AFTER_SECONDS)


async def main() -> None:
    """Run until SIGINT or SIGTERM."""
    settings = load(WorkerSettings)
    async with aiohttp.ClientSession() as http:
        serving = asyncio.create_task(serve(settings, http))
        for number in (signal.SIGINT, signal.SIGTERM):
            asyncio.get_running_loop().add_signal_handler(number, serving.cancel)
        with suppress(asyncio.CancelledError):
            await serving


if __name__ == "__main__":
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    logging.getLogger("stripe").setLevel(logging.WARNING)  # it logs every request twice
    uvloop.run(main())
