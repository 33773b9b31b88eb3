"""The worker: connects to Temporal, Stripe and PostgreSQL, and runs the stories."""

import asyncio
import logging
import signal
from datetime import timedelta

import aiohttp
import uvloop
from temporalio.client import Client
from temporalio.worker import Worker
from temporalio.worker.workflow_sandbox import SandboxedWorkflowRunner, SandboxRestrictions

from activities.attempts import Attempts
from activities.reconciliation import Reconciliation
from activities.refunds import Refunds
from activities.sessions import Sessions
from activities.settlement import Settlements
from activities.stripe_client import connect_stripe
from database.engine import Database
from settings import WorkerSettings, load
from workflows.checkout import CheckoutWorkflow
from workflows.client import connect
from workflows.reconcile import ReconcileWorkflow
from workflows.schedule import schedule_reconciler
from workflows.stripe_event import StripeEventWorkflow

# Importing our own modules anew for each workflow costs 6-7 CPU-ms an order; the replay tests
# guard the determinism that this import would check.
OUR_MODULES = ("activities", "database", "domain", "workflows")


def build_worker(
    client: Client, database: Database, http: aiohttp.ClientSession, settings: WorkerSettings
) -> Worker:
    """Return a worker for all workflows and activities."""
    stripe = connect_stripe(
        settings.stripe_secret_key.get_secret_value(), settings.stripe_api_base, http
    )
    attempts = Attempts(
        database,
        hold=timedelta(seconds=settings.checkout_timeout_seconds),
        base_url=settings.base_url,
        livemode=settings.livemode,
    )
    sessions = Sessions(stripe, database)
    reconciliation = Reconciliation(stripe, database)
    refunds = Refunds(stripe, database)
    settlements = Settlements(
        database, processing=timedelta(days=settings.async_payment_timeout_days)
    )
    return Worker(
        client,
        task_queue=settings.temporal_task_queue,
        workflows=[CheckoutWorkflow, StripeEventWorkflow, ReconcileWorkflow],
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
            reconciliation.unsettled_payments,
            reconciliation.unbacked_orders,
            reconciliation.overdue_checkouts,
            reconciliation.record_drift,
            refunds.open_refund,
            refunds.refund_late_payment,
        ],
        workflow_runner=SandboxedWorkflowRunner(
            restrictions=SandboxRestrictions.default.with_passthrough_modules(*OUR_MODULES)
        ),
        graceful_shutdown_timeout=timedelta(seconds=5),
        # A fifth of the workflow pollers on the normal queue, the default, lets a new checkout
        # wait for seconds behind running ones at saturation.
        max_concurrent_workflow_task_polls=20,
        nonsticky_to_sticky_poll_ratio=0.6,
    )


async def main() -> None:
    """Run until SIGINT or SIGTERM, then let running activities finish."""
    settings = load(WorkerSettings)
    stopped = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stopped.set)
    client = await connect()
    await schedule_reconciler(client, settings.temporal_task_queue)
    database = Database(settings.database_url)
    async with aiohttp.ClientSession() as http, build_worker(client, database, http, settings):
        print(f"worker ready: task queue {settings.temporal_task_queue}", flush=True)
        await stopped.wait()
    await database.close()


if __name__ == "__main__":
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    logging.getLogger("stripe").setLevel(logging.WARNING)  # it logs every request twice
    uvloop.run(main())
