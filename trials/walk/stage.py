"""The stage of one walk: some orders for few tickets, and what can be seen of them."""

import asyncio
import time
from collections import Counter, defaultdict
from collections.abc import Awaitable, Iterable
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

import httpx2
from sqlalchemy import select
from temporalio.service import RPCError

from database.models import PaymentRow
from database.payments import open_attempt
from domain.ids import (
    OrderId,
    TicketTypeId,
    checkout_workflow_id,
    new_id,
)
from domain.stripe_event import USED_EVENTS
from stripe_sandbox.store import Document
from tests.api.world import token
from tests.workflows.saga import TASK_QUEUE
from trials.walk.clock import Run, is_under_way
from trials.walk.world import World
from workflows.reconcile import ReconcileWorkflow

TICKETS_OF = (1, 2, 1, 2)  # the orders of a walk want six tickets of three
CAPACITY = 3
MOMENT = timedelta(seconds=1)
RECONCILED_EVERY = timedelta(hours=12)
RECONCILED_WITHIN = timedelta(seconds=30)
IMPATIENT_SECONDS = 0.5
PATIENCE_SECONDS = 0.25
PATIENCE_MOMENTS = 8

AS_OPERATOR = {"Authorization": f"Bearer {token('operator', 'ops')}"}

Answer = TypeVar("Answer")


class Broken(AssertionError):
    """A promise was broken."""


class Stage:
    """One walk's orders in the world.

    `misfits` are the sessions whose money no order may take: altered ones, and strangers'.
    `refunds_of_key` are those that an operator's key was answered with.
    """

    def __init__(self, world: World, tickets: TicketTypeId, orders: list[OrderId]) -> None:
        self.world = world
        self.tickets = tickets
        self.orders = orders
        self.strangers: set[str] = set()
        self.misfits: set[str] = set()
        self.delivered: list[str] = []
        self.refunds_of_key: defaultdict[str, set[str]] = defaultdict(set)
        self.seen: Counter[str] = Counter()

    def saw(self, what: str, times: int = 1) -> None:
        """Count something that really happened."""
        self.seen[what] += times

    def by_place(self, text: str) -> str:
        """Name the orders in a text by their place on the stage, as the steps do."""
        for place, order_id in enumerate(self.orders):
            text = text.replace(order_id, f"order {place}")
        return text

    async def call(
        self, method: str, path: str, allowed: Iterable[int], **more: Any
    ) -> httpx2.Response | None:
        """Call the API; who waits too long for his answer goes away: None.

        Raises Broken for an answer that must not be.
        """
        response = await self.within_patience(self.world.api.request(method, path, **more))
        if response and response.status_code not in allowed:
            raise Broken(f"{method} {path} answered {response.status_code} {response.text}")
        self.saw("answers not waited for", response is None)
        return response

    async def operate(
        self, path: str, wanted: dict[str, Any], allowed: Iterable[int], key: str | None = None
    ) -> httpx2.Response | None:
        """Call the API as an operator. Raises Broken."""
        headers = AS_OPERATOR | ({"Idempotency-Key": key} if key else {})
        return await self.call("POST", path, allowed, json=wanted, headers=headers)

    async def within_patience(self, answer: Awaitable[Answer]) -> Answer | None:
        """Return an answer, or None when it has not come while some seconds passed."""
        asking = asyncio.ensure_future(answer)
        for _ in range(PATIENCE_MOMENTS):
            await asyncio.wait([asking], timeout=PATIENCE_SECONDS)
            if asking.done():
                return asking.result()
            await self.world.let_pass(MOMENT)
        asking.cancel()
        await asyncio.wait([asking])
        return None

    def sessions(self, order_id: OrderId) -> list[Document]:
        """Return the sessions that Stripe has in an order's name, oldest first."""
        return [
            session
            for session in self.world.account.store.all("checkout.session")
            if session["client_reference_id"] == order_id
        ]

    def our_sessions(self, order_id: OrderId) -> list[Document]:
        """Return those of an order's sessions that are not a stranger's."""
        return [one for one in self.sessions(order_id) if one["id"] not in self.strangers]

    def events(self, order_id: OrderId) -> list[Document]:
        """Return the events that Stripe has in an order's name, oldest first."""
        sessions = self.sessions(order_id)
        named = {session[key] for session in sessions for key in ("id", "payment_intent")} - {None}
        return [
            event
            for event in self.world.account.store.all("event")
            if event["type"] in USED_EVENTS
            and not named.isdisjoint(map(event["data"]["object"].get, ("id", "payment_intent")))
        ]

    def charges(self, order_id: OrderId) -> list[Document]:
        """Return what was paid in those of an order's sessions that are as we asked for them."""
        return [
            charge
            for session in self.our_sessions(order_id)
            if session["payment_intent"] and session["id"] not in self.misfits
            for charge in self.world.account.store.having(
                "charge", "payment_intent", session["payment_intent"]
            )
            if charge["captured"]
        ]

    def refunds(self, charge: Document) -> list[Document]:
        """Return the refunds of a payment, oldest first."""
        return self.world.account.store.having("refund", "charge", charge["id"])

    def all_events(self) -> list[Document]:
        """Return the events of all orders."""
        return [event for order_id in self.orders for event in self.events(order_id)]

    async def deadline(self, order_id: OrderId) -> datetime | None:
        """Return until when an order's tickets are held (UTC)."""
        async with self.world.database.transaction() as connection:
            attempt = await open_attempt(connection, order_id)
        return attempt.expires_at if attempt else None

    async def saw_payment(self, session_id: str) -> None:
        """Count a payment, and whether it came in the very second of its deadline."""
        self.saw("payments")
        deadline = select(PaymentRow.expires_at).where(PaymentRow.provider_ref == session_id)
        async with self.world.database.transaction() as connection:
            due = (await connection.execute(deadline)).scalar_one_or_none()
        now = datetime.fromtimestamp(self.world.account.now(), UTC)
        self.saw("at the deadline", due is not None and abs(now - due) <= MOMENT)

    def checkout(self, order: int) -> Run:
        """Return the workflow of an order's checkout, running or not."""
        workflow_id = checkout_workflow_id(self.orders[order])
        return self.world.environment.client.get_workflow_handle(workflow_id)

    async def terminate(self, order: int) -> None:
        """Terminate an order's checkout. Raises RPCError where there is none."""
        amid = await self.terminate_workflow(self.checkout(order).id)
        self.saw("terminations amid an activity" if amid else "terminations")
        self.saw("attempts left behind", await self.deadline(self.orders[order]) is not None)

    async def terminate_workflow(self, workflow_id: str) -> int:
        """Terminate what runs under an id; return how many activities were under way.

        Raises RPCError where there is none.
        """
        client = self.world.environment.client
        found = await client.get_workflow_handle(workflow_id).describe()
        run = client.get_workflow_handle(workflow_id, run_id=found.run_id)
        return await self.world.clock.terminate(run)

    async def let_pass(self, duration: timedelta) -> None:
        """Let time pass; the reconciler runs in it, though more seldom than in truth."""
        while duration > RECONCILED_EVERY:
            await self.world.let_pass(RECONCILED_EVERY)
            await self.reconcile()
            duration -= RECONCILED_EVERY
        await self.world.let_pass(duration)

    async def amid_an_activity(self, order: int) -> bool:
        """Wait until an activity of an order's checkout is under way; False if none soon is."""
        until = time.monotonic() + IMPATIENT_SECONDS
        while time.monotonic() < until:
            with suppress(RPCError):  # it may not have begun
                seen = await self.checkout(order).describe()
                if any(is_under_way(one) for one in seen.raw_description.pending_activities):
                    return True
        return False

    async def reconcile(self) -> None:
        """Run the reconciler once, as its schedule would."""
        await self.world.environment.client.start_workflow(
            ReconcileWorkflow.run, id=new_id("reconcile"), task_queue=TASK_QUEUE
        )
        await self.world.let_pass(RECONCILED_WITHIN)

    async def running(self) -> list[str]:
        """Return the workflows that have not ended; those of earlier walks have.

        Raises Broken when one has failed.
        """
        if failed := await self.world.clock.failed():
            raise Broken(f"failed: {failed}")
        return await self.world.clock.running()


async def set_stage(world: World) -> Stage:
    """Put a few tickets on sale and order more than there are."""
    await world.set_stripes_clock(await world.environment.get_current_time())
    tickets = await world.ticket_type(capacity=CAPACITY)
    return Stage(world, tickets, [await world.order(tickets, number) for number in TICKETS_OF])
