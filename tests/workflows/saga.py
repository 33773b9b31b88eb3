"""The world of the story tests: real workflows, PostgreSQL and Stripe's SDK on skipped time."""

import asyncio
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

import aiohttp
import stripe
from fastapi import FastAPI
from sqlalchemy import select, text, update
from temporalio.client import WithStartWorkflowOperation, WorkflowHandle
from temporalio.common import WorkflowIDConflictPolicy
from temporalio.testing import WorkflowEnvironment

from activities.attempts import Attempts
from database.engine import Database
from database.models import OrderRow, PaymentRow
from database.payments import open_attempt
from database.refunds import refunds_of
from domain.checkout import (
    CancelRequest,
    CheckoutOutcome,
    CloseAttempt,
    CloseReason,
    OperatorRequest,
    OrderRef,
)
from domain.ids import OrderId, checkout_workflow_id, new_id, refund_workflow_id
from domain.order import OrderStatus
from domain.payment import CheckoutSession, PaymentReport, PaymentStatus
from domain.reports import report_of_event
from domain.stripe_event import SESSION_EVENTS
from tests.interruptions import Interruptions
from tests.orders import Orders
from tests.serving import served
from workflows.checkout import CheckoutWorkflow

TASK_QUEUE = "stories"
HOLD = timedelta(minutes=30)
DEBIT_THAT_SUCCEEDS = "000123456789"

Checkout = WorkflowHandle[CheckoutWorkflow, CheckoutOutcome]
Result = TypeVar("Result")


class Saga(Orders):
    """What a story test can do and see."""

    def __init__(
        self,
        environment: WorkflowEnvironment,
        database: Database,
        sdk: stripe.StripeClient,
        http: aiohttp.ClientSession,
        sandbox_url: str,
    ) -> None:
        self.environment = environment
        super().__init__(database)
        self.sdk = sdk
        self.told: list[WorkflowHandle[Any, Any]] = []
        self.interruptions = Interruptions()
        self.stripe_is_ahead = timedelta()
        self.http = http
        self.sandbox_url = sandbox_url

    async def start(self, order_id: OrderId) -> Checkout:
        """Start the order's checkout workflow, at the same time at Temporal and at Stripe."""
        await self.set_stripes_clock(await self.environment.get_current_time())
        handle = await self.environment.client.start_workflow(
            CheckoutWorkflow.run,
            OrderRef(order_id),
            id=checkout_workflow_id(order_id),
            task_queue=TASK_QUEUE,
        )
        self.told.append(handle)
        return handle

    async def checkout(self, order_id: OrderId) -> tuple[Checkout, CheckoutSession]:
        """Start the order's checkout and wait for its session."""
        handle = await self.start(order_id)
        return handle, await handle.execute_update(CheckoutWorkflow.checkout_session)

    async def cancel(self, order_id: OrderId) -> OrderStatus:
        """Give an order up, as the API does it: whether or not a checkout is running."""
        request = CancelRequest("buyer", "changed my mind")
        return OrderStatus(await self.operate(order_id, CheckoutWorkflow.cancel, request))

    async def operate(self, order_id: OrderId, update: Any, request: OperatorRequest) -> Any:
        """Ask something of the order's checkout, which is taken up where none is running."""
        start = WithStartWorkflowOperation(
            CheckoutWorkflow.run,
            OrderRef(order_id),
            id=checkout_workflow_id(order_id),
            task_queue=TASK_QUEUE,
            id_conflict_policy=WorkflowIDConflictPolicy.USE_EXISTING,
        )
        return await self.environment.client.execute_update_with_start_workflow(
            update, request, start_workflow_operation=start
        )

    async def pay(self, session: CheckoutSession, **how: str | bool) -> None:
        """Pay a session, by default with the card that always works. No webhook is sent."""
        await self.sandbox("POST", f"sessions/{session.session_id}/pay", how)

    async def settle(self, session: CheckoutSession, *, succeeds: bool) -> None:
        """Let a delayed payment end."""
        await self.sandbox("POST", f"sessions/{session.session_id}/settle", {"succeeds": succeeds})

    async def fault(self, match: str, kind: str, times: int | None = 1, **more: Any) -> None:
        """Let Stripe's API fail in one way; `times=0` lets it work again."""
        fault = {"match": match, "kind": kind, "times": times, **more}
        await self.sandbox("PUT", "faults", {"faults": [] if times == 0 else [fault]})

    async def sandbox(self, method: str, path: str, body: Any = None) -> Any:
        """Call the sandbox's admin API."""
        url = f"{self.sandbox_url}/_sandbox/{path}"
        async with self.http.request(method, url, json=body) as response:
            assert response.ok, await response.text()
            return await response.json()

    async def report(self, session: CheckoutSession) -> PaymentReport:
        """Return what the last of Stripe's events says of a session."""
        events = await self.sdk.v1.events.list_async(
            {"types": sorted(SESSION_EVENTS), "limit": 100}
        )
        async for event in events.auto_paging_iter():
            found = report_of_event(event.to_dict())
            if found and found.session_id == session.session_id:
                return found
        raise AssertionError("no such event")

    async def event_id(self, session: CheckoutSession) -> str:
        """Return the id of the last event of a session."""
        return str((await self.report(session)).event_id)

    async def deliver(self, event_id: str) -> None:
        """Let an event come to an endpoint that takes it, and that tells nobody."""
        endpoint = FastAPI()
        endpoint.post("/")(lambda: None)
        async with served(endpoint) as url:
            await self.sandbox("PUT", "webhooks", {"url": url, "mode": "hold"})
            await self.sandbox("POST", f"events/{event_id}/send")
            await self.sandbox("PUT", "webhooks", {"url": None})

    async def skip(self, duration: timedelta) -> None:
        """Let time pass, at Temporal and at Stripe."""
        await self.set_stripes_clock(await self.environment.get_current_time() + duration)
        await self.environment.sleep(duration)
        await self.set_stripes_clock(await self.environment.get_current_time())

    async def end_of(self, workflow: WorkflowHandle[Any, Result]) -> Result:
        """Let time pass until a workflow has ended; return its result."""
        ending = asyncio.ensure_future(workflow.result())
        while not ending.done():
            await self.skip(timedelta(minutes=1))
            await asyncio.wait([ending], timeout=0.1)
        return await ending

    async def set_stripes_clock(self, now: datetime) -> None:
        """Set Stripe's clock."""
        offset = now + self.stripe_is_ahead - datetime.now(UTC)
        await self.sandbox("PUT", "clock", {"offset_seconds": offset.total_seconds()})

    async def until_processing(self, order_id: OrderId) -> None:
        """Wait until the workflow has noted that the payment takes days."""
        while (statuses := await self.payment_statuses(order_id)) != ["PROCESSING"]:
            assert statuses == ["PENDING"]
            await asyncio.sleep(0.01)

    async def decided(self, order_id: OrderId) -> OrderStatus:
        """Wait until an order is no longer CREATED; return what it is then."""
        while (status := (await self.see(order_id)).status) is OrderStatus.CREATED:  # noqa: ASYNC110
            await asyncio.sleep(0.01)
        return status

    async def until_idle(self, checkout: Checkout) -> None:
        """Wait until a workflow waits: the test server loses count if it is terminated before."""
        await checkout.query("__temporal_workflow_metadata")

    async def until_looked_at(self, order_id: OrderId, since: datetime) -> None:
        """Wait until Stripe has been asked about the order's session since a time."""
        asked = select(PaymentRow.id).where(
            PaymentRow.order_id == order_id, PaymentRow.looked_at >= since
        )
        while True:
            async with self.database.transaction() as connection:
                if (await connection.execute(asked)).first():
                    return
            await asyncio.sleep(0.01)

    async def session_of_another_shop(self) -> CheckoutSession:
        """Return an open session that another shop of the same Stripe account has made."""
        session = await self.sdk.v1.checkout.sessions.create_async(
            {
                "mode": "payment",
                "metadata": {"orderId": new_id("ord")},
                "line_items": [
                    {
                        "quantity": 1,
                        "price_data": {
                            "currency": "eur",
                            "unit_amount": 500,
                            "product_data": {"name": "Hat"},
                        },
                    }
                ],
                "success_url": "https://hats.example",
            }
        )
        return CheckoutSession(session.id, str(session.url), datetime.now(UTC))

    async def alter_attempt(self, order_id: OrderId, **values: str | int | datetime) -> None:
        """Make the order's attempt expect something else than its session has."""
        statement = update(PaymentRow).where(PaymentRow.order_id == order_id).values(**values)
        async with self.database.transaction() as connection:
            await connection.execute(statement)

    async def rename(self, order_id: OrderId, new: OrderId) -> None:
        """Let an order be where nobody looks for it: a standby may not have it yet."""
        async with self.database.transaction() as connection:
            await connection.execute(text("SET LOCAL session_replication_role = replica"))
            await connection.execute(update(OrderRow).where(OrderRow.id == order_id).values(id=new))

    async def cancel_in_database(self, order_id: OrderId) -> None:
        """Cancel an order without asking Stripe, which nothing in the product would do."""
        async with self.database.transaction() as connection:
            attempt = await open_attempt(connection, order_id)
        assert attempt is not None
        attempts = Attempts(self.database, hold=HOLD, base_url="http://shop", livemode=False)
        await attempts.cancel_order(
            CloseAttempt(order_id, attempt.id, CloseReason.DEADLINE, "a mistake")
        )

    async def pretend_paid(self, order_id: OrderId, begun: datetime) -> None:
        """Write into the database that an order was paid, which Stripe knows nothing of."""
        async with self.database.transaction() as connection:
            await connection.execute(
                update(PaymentRow)
                .where(PaymentRow.order_id == order_id)
                .values(status=PaymentStatus.SUCCEEDED, created_at=begun)
            )
            await connection.execute(
                update(OrderRow)
                .where(OrderRow.id == order_id)
                .values(status=OrderStatus.PAID, paid_at=datetime.now(UTC))
            )

    async def ended(self, workflow_id: str) -> None:
        """Wait for the end of a workflow that the product itself began."""
        await self.environment.client.get_workflow_handle(workflow_id).result()

    async def refunded(self, order_id: OrderId) -> list[int]:
        """Return the amounts that Stripe gave back for an order, once it was asked to."""
        async with self.database.transaction() as connection:
            opened = await refunds_of(connection, order_id)
        for refund in opened:
            if refund.is_under_way and refund.stripe_id is None:
                await self.ended(refund_workflow_id(refund.id))
        ledger = await self.sandbox("GET", f"ledger?order_id={order_id}")
        return [capture["amount_refunded"] for capture in ledger["captures"]]

    async def session_at_stripe(self, order_id: OrderId) -> CheckoutSession:
        """Wait until Stripe has a session for an order, whether or not we have heard of it."""
        while not (ids := await self.session_ids(order_id)):  # noqa: ASYNC110
            await asyncio.sleep(0.01)
        return CheckoutSession(ids[0], "", datetime.now(UTC))

    async def statuses(self, order_ids: Iterable[OrderId]) -> set[OrderStatus]:
        """Return which statuses there are among orders."""
        return {(await self.see(order_id)).status for order_id in order_ids}

    async def session_ids(self, order_id: OrderId) -> list[str]:
        """Return the sessions that Stripe has for an order."""
        ledger = await self.sandbox("GET", f"ledger?order_id={order_id}")
        return [session["id"] for session in ledger["sessions"]]

    async def stripe_status(self, session: CheckoutSession) -> str | None:
        """Return what Stripe says of a session."""
        return (await self.sdk.v1.checkout.sessions.retrieve_async(session.session_id)).status

    async def assert_books_balance(self) -> None:
        """Hold all orders against Stripe's ledger: the invariants of the design, section 1."""
        await self.assert_no_seat_twice()
        ledger = await self.sandbox("GET", "ledger")
        captured: dict[str, int] = {}
        for capture in ledger["captures"]:
            kept = capture["amount"] - capture["amount_refunded"]
            captured[capture["order_id"]] = captured.get(capture["order_id"], 0) + kept
        payable = [
            session["client_reference_id"]
            for session in ledger["sessions"]
            if session["status"] == "open"
        ]
        assert len(payable) == len(set(payable)), "an order with two payable sessions"
        async with self.database.transaction() as connection:
            orders = (await connection.execute(select(OrderRow.__table__))).all()
        for order in orders:
            kept = order.total_cents - order.amount_refunded_cents
            if order.status == OrderStatus.PAID:
                assert captured.get(order.id) == kept, order.id
            elif order.status == OrderStatus.REFUNDED:
                assert captured.get(order.id) == kept, order.id
                assert not kept or order.needs_attention, order.id
            elif order.status == OrderStatus.CANCELLED:
                assert order.id not in payable, order.id
                assert not captured.get(order.id) or order.needs_attention, order.id
