"""The world of the story tests: real workflows, PostgreSQL and Stripe's SDK on skipped time."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import aiohttp
import stripe
from sqlalchemy import select, update
from temporalio.client import WithStartWorkflowOperation, WorkflowHandle
from temporalio.common import WorkflowIDConflictPolicy
from temporalio.testing import WorkflowEnvironment

from activities.attempts import Attempts
from database.engine import Database
from database.models import OrderRow, PaymentRow
from database.payments import open_attempt
from domain.checkout import (
    CancelRequest,
    CheckoutOutcome,
    CloseAttempt,
    CloseReason,
    OperatorRequest,
    OrderRef,
)
from domain.ids import OrderId, checkout_workflow_id
from domain.order import OrderStatus
from domain.payment import CheckoutSession, PaymentReport, PaymentStatus
from domain.reports import report_of
from tests.orders import Orders
from workflows.checkout import CheckoutWorkflow

TASK_QUEUE = "stories"
HOLD = timedelta(minutes=30)
DEBIT_THAT_SUCCEEDS = "000123456789"

Checkout = WorkflowHandle[CheckoutWorkflow, CheckoutOutcome]


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
        self.told: list[Checkout] = []
        self._http = http
        self._sandbox_url = sandbox_url

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
        url = f"{self._sandbox_url}/_sandbox/{path}"
        async with self._http.request(method, url, json=body) as response:
            assert response.ok, await response.text()
            return await response.json()

    async def report(self, session: CheckoutSession) -> PaymentReport:
        """Return what the event `checkout.session.completed` says of a session."""
        events = await self.sdk.v1.events.list_async({"type": "checkout.session.completed"})
        for event in events.data:
            found = report_of(event.data.object.to_dict(), event.id)
            if found and found.session_id == session.session_id:
                return found
        raise AssertionError("no such event")

    async def skip(self, duration: timedelta) -> None:
        """Let time pass, at Temporal and at Stripe."""
        await self.set_stripes_clock(await self.environment.get_current_time() + duration)
        await self.environment.sleep(duration)

    async def set_stripes_clock(self, now: datetime) -> None:
        """Set Stripe's clock; Temporal's leaps ahead whenever a test waits for a result."""
        offset = now - datetime.now(UTC)
        await self.sandbox("PUT", "clock", {"offset_seconds": offset.total_seconds()})

    async def until_processing(self, order_id: OrderId) -> None:
        """Wait until the workflow has noted that the payment takes days."""
        while await self.payment_statuses(order_id) != ["PROCESSING"]:  # noqa: ASYNC110
            await asyncio.sleep(0.01)

    async def alter_attempt(self, order_id: OrderId, **values: str | int | datetime) -> None:
        """Make the order's attempt expect something else than its session has."""
        statement = update(PaymentRow).where(PaymentRow.order_id == order_id).values(**values)
        async with self.database.transaction() as connection:
            await connection.execute(statement)

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
        """Return the amounts that Stripe gave back for an order."""
        ledger = await self.sandbox("GET", f"ledger?order_id={order_id}")
        return [capture["amount_refunded"] for capture in ledger["captures"]]

    async def session_at_stripe(self, order_id: OrderId) -> CheckoutSession:
        """Wait until Stripe has a session for an order, whether or not we have heard of it."""
        while not (ids := await self.session_ids(order_id)):  # noqa: ASYNC110
            await asyncio.sleep(0.01)
        return CheckoutSession(ids[0], "", datetime.now(UTC))

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
            if order.status == OrderStatus.PAID:
                assert captured.get(order.id) == order.total_cents, order.id
            elif order.status == OrderStatus.CANCELLED:
                assert order.id not in payable, order.id
                assert not captured.get(order.id) or order.needs_attention, order.id
