"""Other systems hear of everything, in the order of each order, however long they are away."""

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest
from temporalio.api.sdk.v1 import WorkflowMetadata
from temporalio.client import (
    Client,
    Interceptor,
    OutboundInterceptor,
    StartWorkflowInput,
    WorkflowHandle,
)
from temporalio.service import RPCError, RPCStatusCode
from temporalio.testing import WorkflowEnvironment

from activities.outgoing import Outbox
from database.outbox import waiting_events
from domain.checkout import CheckoutOutcome
from domain.ids import OrderId, outgoing_workflow_id
from domain.outgoing import OutgoingType
from tests.receiver import SECRET, Receiver, tell
from tests.workflows.saga import TASK_QUEUE, Saga
from tests.workflows.world import telling, working
from workflows.announcer import TemporalAnnouncer
from workflows.checkout import CheckoutWorkflow
from workflows.outgoing import OutgoingEventsWorkflow

PAID, CANCELLED = OutgoingType.ORDER_PAID, OutgoingType.ORDER_CANCELLED
DISPUTED, REFUNDED = OutgoingType.ORDER_DISPUTED, OutgoingType.ORDER_REFUNDED
A_DAY = timedelta(days=1)
BACK_WITHIN = timedelta(minutes=6)  # by then everybody has tried again


@pytest.fixture(scope="module")
def receiver() -> Receiver:
    """The other system, which is down unless a test lets it be up."""
    return Receiver()


class Lossy(Interceptor):
    """A connection to Temporal on which some requests to start a workflow are lost."""

    losses = 0

    def intercept_client(self, next: OutboundInterceptor) -> OutboundInterceptor:
        """Wrap the calls of a client."""
        return _LossyCalls(next, self)


class _LossyCalls(OutboundInterceptor):
    def __init__(self, next: OutboundInterceptor, lossy: Lossy) -> None:
        super().__init__(next)
        self._lossy = lossy

    async def start_workflow(self, input: StartWorkflowInput) -> WorkflowHandle[Any, Any]:
        if self._lossy.losses:
            self._lossy.losses -= 1
            raise RPCError("lost", RPCStatusCode.UNAVAILABLE, b"")
        return await super().start_workflow(input)


@pytest.fixture(scope="module")
def lossy() -> Lossy:
    """What the worker's requests to Temporal go through; nothing is lost unless a test says so."""
    return Lossy()


@pytest.fixture(scope="module")
async def world(
    environment: WorkflowEnvironment,
    sandbox_url: str,
    database_url: str,
    receiver: Receiver,
    lossy: Lossy,
) -> AsyncIterator[Saga]:
    """The world, with somebody to tell of it."""
    client = Client(**environment.client.config() | {"interceptors": [lossy]})
    told = {"outgoing_webhook_url": receiver.url, "outgoing_webhook_secret": SECRET}
    async with (
        telling(environment, sandbox_url, database_url) as saga,
        working(saga, database_url, client, **told),
    ):
        yield saga


@pytest.fixture
def outbox(saga: Saga) -> Outbox:
    """What activities tell other systems by."""
    return Outbox(saga.database, TemporalAnnouncer(saga.environment.client, TASK_QUEUE))


async def paid(saga: Saga) -> OrderId:
    """Let an order be checked out and paid."""
    order = await saga.order()
    checkout, session = await saga.checkout(order)
    await saga.pay(session)
    await checkout.signal(CheckoutWorkflow.payment_completed, await saga.report(session))
    assert await checkout.result() is CheckoutOutcome.PAID
    return order


def delivery(saga: Saga, order_id: OrderId) -> WorkflowHandle[OutgoingEventsWorkflow, None]:
    """Return the delivery of an order's events: the story that is told here."""
    told: WorkflowHandle[OutgoingEventsWorkflow, None]
    told = saga.environment.client.get_workflow_handle_for(
        OutgoingEventsWorkflow.run, outgoing_workflow_id(order_id)
    )
    saga.told.append(told)
    return told


async def current_details(told: WorkflowHandle[Any, Any]) -> str:
    """Return what an operator reads at the top of a workflow's page."""
    metadata: WorkflowMetadata = await told.query(
        "__temporal_workflow_metadata", result_type=WorkflowMetadata
    )
    return metadata.current_details


async def test_the_ends_of_checkouts_are_told(saga: Saga, receiver: Receiver) -> None:
    async with receiver.up():
        bought = await paid(saga)
        given_up = await saga.order()
        await saga.cancel(given_up)
        for order in (bought, given_up):
            await delivery(saga, order).result()
    assert receiver.told_of(bought) == [PAID]
    assert receiver.told_of(given_up) == [CANCELLED]


async def test_a_receiver_that_is_down_for_a_day_misses_nothing(
    saga: Saga, receiver: Receiver, outbox: Outbox
) -> None:
    orders = [await paid(saga) for _ in range(3)]
    for order in orders:
        await tell(outbox, order, DISPUTED)
    await saga.skip(A_DAY / 2)
    for order in orders:
        await tell(outbox, order, REFUNDED)
    await saga.skip(A_DAY / 2)
    async with receiver.up():
        await saga.skip(BACK_WITHIN)
        for order in orders:
            await delivery(saga, order).result()
    for order in orders:
        assert receiver.told_of(order) == [PAID, DISPUTED, REFUNDED]


async def test_operators_see_what_waits_and_how_often_it_was_tried(
    saga: Saga, receiver: Receiver, outbox: Outbox
) -> None:
    order = await saga.order()
    await tell(outbox, order, PAID, DISPUTED)
    await saga.skip(A_DAY)
    async with saga.database.transaction() as connection:
        first, second = await waiting_events(connection, order)
    details = await current_details(delivery(saga, order))
    assert details.index(f"1. order.paid `{first.id}`") < details.index(
        f"2. order.disputed `{second.id}`"
    )
    (pending,) = (await delivery(saga, order).describe()).raw_description.pending_activities
    assert pending.attempt > 200
    assert pending.last_failure.message == "the receiver does not answer: ClientConnectorError"
    async with receiver.up():
        await saga.skip(BACK_WITHIN)
        await delivery(saga, order).result()
    assert await current_details(delivery(saga, order)) == "**Everything is delivered**"


async def test_an_event_waits_until_the_one_before_is_taken(
    saga: Saga, receiver: Receiver, outbox: Outbox
) -> None:
    order = await saga.order()
    receiver.came.clear()
    receiver.answers = [500, 410, 302, 404]
    async with receiver.up():
        await tell(outbox, order, PAID, REFUNDED)
        await saga.skip(BACK_WITHIN)
        await delivery(saga, order).result()
    *tries, last = receiver.came
    assert len(tries) == 5
    assert {(tried.id, tried.body) for tried in tries} == {(tries[0].id, tries[0].body)}
    assert receiver.told_of(order) == [PAID, REFUNDED]
    assert last.event["type"] == REFUNDED


async def test_an_announcement_during_a_delivery_is_heard(
    saga: Saga, receiver: Receiver, outbox: Outbox
) -> None:
    order = await saga.order()
    receiver.came.clear()
    receiver.open.clear()
    async with receiver.up():
        await tell(outbox, order, PAID)
        await receiver.until_came(1)
        await tell(outbox, order, DISPUTED)
        receiver.open.set()
        await delivery(saga, order).result()
    assert receiver.told_of(order) == [PAID, DISPUTED]


async def test_a_worker_that_dies_before_it_announces_loses_nothing(
    saga: Saga, receiver: Receiver, lossy: Lossy
) -> None:
    lossy.losses = 5  # more than the local activity tries: the last ones are a normal one's
    async with receiver.up():
        order = await paid(saga)
        await delivery(saga, order).result()
    assert lossy.losses == 0
    assert receiver.told_of(order) == [PAID]
    assert (await saga.actions(order)).count("order_paid") == 1
