"""The stage of one walk: some orders for few tickets, and what can be seen of them."""

import asyncio
from collections.abc import Awaitable, Iterable
from datetime import datetime, timedelta
from typing import Any, TypeVar

from temporalio.client import WorkflowExecutionStatus, WorkflowHandle
from temporalio.service import RPCError, RPCStatusCode

from database.payments import open_attempt
from domain.ids import (
    OrderId,
    TicketTypeId,
    checkout_workflow_id,
    new_id,
    stripe_event_workflow_id,
)
from domain.stripe_event import SESSION_EVENTS
from stripe_sandbox.store import Document
from tests.workflows.saga import TASK_QUEUE
from trials.world import World
from workflows.reconcile import ReconcileWorkflow

TICKETS_OF = (1, 2, 1, 2)  # the orders of a walk want six tickets of three
CAPACITY = 3
MOMENT = timedelta(seconds=1)
RECONCILED_WITHIN = timedelta(seconds=30)
PATIENCE_SECONDS = 0.25
PATIENCE_MOMENTS = 8

Answer = TypeVar("Answer")


class Broken(AssertionError):
    """A promise was broken."""


class Stage:
    """One walk's orders in the world."""

    def __init__(self, world: World, tickets: TicketTypeId, orders: list[OrderId]) -> None:
        self.world = world
        self.tickets = tickets
        self.orders = orders
        self._reconciliations: list[str] = []

    async def call(self, method: str, path: str, allowed: Iterable[int]) -> None:
        """Call the API; a buyer whose answer takes too long goes away.

        Raises Broken for an answer that must not be.
        """
        response = await self.within_patience(self.world.api.request(method, path))
        if response and response.status_code not in allowed:
            raise Broken(f"{method} {path} answered {response.status_code} {response.text}")

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
        """Return the sessions that Stripe has for an order, oldest first."""
        return [
            session
            for session in self.world.account.store.all("checkout.session")
            if session["client_reference_id"] == order_id
        ]

    def events(self, order_id: OrderId) -> list[Document]:
        """Return the events that Stripe has for an order's sessions, oldest first."""
        return [
            event
            for event in self.world.account.store.all("event")
            if event["type"] in SESSION_EVENTS
            and event["data"]["object"]["client_reference_id"] == order_id
        ]

    async def deadline(self, order_id: OrderId) -> datetime | None:
        """Return until when an order's tickets are held (UTC)."""
        async with self.world.database.transaction() as connection:
            attempt = await open_attempt(connection, order_id)
        return attempt.expires_at if attempt else None

    def checkout(self, order: int) -> WorkflowHandle[Any, Any]:
        """Return the workflow of an order's checkout, running or not."""
        workflow_id = checkout_workflow_id(self.orders[order])
        return self.world.environment.client.get_workflow_handle(workflow_id)

    async def reconcile(self) -> None:
        """Run the reconciler once, as its schedule would."""
        run = await self.world.environment.client.start_workflow(
            ReconcileWorkflow.run, id=new_id("reconcile"), task_queue=TASK_QUEUE
        )
        self._reconciliations.append(run.id)
        await self.world.let_pass(RECONCILED_WITHIN)

    async def running(self) -> list[str]:
        """Return the workflows of this walk that have not ended."""
        ids = list(self._reconciliations)
        for order_id in self.orders:
            told = [*self.events(order_id), *self.sessions(order_id)]
            ids.append(checkout_workflow_id(order_id))
            ids += [stripe_event_workflow_id(document["id"]) for document in told]
        return [workflow_id for workflow_id in ids if await self._runs(workflow_id)]

    async def _runs(self, workflow_id: str) -> bool:
        try:
            found = await self.world.environment.client.get_workflow_handle(workflow_id).describe()
        except RPCError as error:
            if error.status is RPCStatusCode.NOT_FOUND:
                return False
            raise
        if found.status is WorkflowExecutionStatus.FAILED:
            raise Broken(f"{workflow_id} failed")
        return found.status is WorkflowExecutionStatus.RUNNING

    async def ledger(self, order_id: OrderId) -> dict[str, Any]:
        """Return Stripe's own account of an order's money."""
        found: dict[str, Any] = await self.world.sandbox("GET", f"ledger?order_id={order_id}")
        return found


async def set_stage(world: World) -> Stage:
    """Put a few tickets on sale and order more than there are."""
    await world.set_stripes_clock(await world.environment.get_current_time())
    tickets = await world.ticket_type(capacity=CAPACITY)
    return Stage(world, tickets, [await world.order(tickets, number) for number in TICKETS_OF])
