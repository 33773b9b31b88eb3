"""What operators may ask of a running checkout, and what is refused without a trace."""

import asyncio
from datetime import datetime, timedelta
from typing import Any

import pytest
from temporalio.api.enums.v1 import EventType
from temporalio.client import WorkflowUpdateFailedError
from temporalio.exceptions import ApplicationError

from activities.attempts import SESSION_OUTLIVES_HOLD
from database.history import history_of
from database.payments import open_attempt
from domain.checkout import CancelRequest, CheckoutOutcome, ExtendRequest, RecheckRequest
from domain.ids import OrderId
from domain.order import OrderStatus
from domain.payment import DEADLINE_BEFORE_EXPIRY, SessionStatus
from tests.workflows.saga import HOLD, Checkout, Saga
from tests.workflows.telling import CREATE, EXPIRE, begin_debit
from workflows.checkout import CheckoutWorkflow
from workflows.search_attributes import PAYMENT_DEADLINE

EXTEND = ExtendRequest("olga", "the buyer is on the phone")
RECHECK = RecheckRequest("olga", "the buyer says that he has paid")
CANCEL = CancelRequest("olga", "a duplicate")
QUARTER = timedelta(minutes=15)
LONGEST_EXTENSION = SESSION_OUTLIVES_HOLD - DEADLINE_BEFORE_EXPIRY


async def refused(checkout: Checkout, update: Any, request: Any) -> tuple[str | None, str]:
    """Return the code and the sentence with which a checkout refuses an operator."""
    with pytest.raises(WorkflowUpdateFailedError) as failed:
        await checkout.execute_update(update, request)
    assert isinstance(failed.value.cause, ApplicationError)
    return failed.value.cause.type, failed.value.cause.message


async def accepted_updates(checkout: Checkout) -> int:
    """Return how many updates stand in a workflow's history."""
    accepted = EventType.EVENT_TYPE_WORKFLOW_EXECUTION_UPDATE_ACCEPTED
    return [event.event_type async for event in checkout.fetch_history_events()].count(accepted)


async def entry(saga: Saga, order: OrderId, action: str) -> tuple[str, str]:
    """Return actor and reason of the last such entry in an order's history."""
    async with saga.database.transaction() as connection:
        found = [row for row in await history_of(connection, order) if row.action == action]
    return found[-1].actor, found[-1].reason


async def deadline(saga: Saga, order: OrderId) -> datetime:
    """Return until when an order's tickets are held."""
    async with saga.database.transaction() as connection:
        attempt = await open_attempt(connection, order)
    assert attempt is not None
    return attempt.expires_at


async def until_pending(checkout: Checkout, activity: str) -> None:
    """Wait until a checkout is at an activity that does not succeed."""
    while True:
        pending = (await checkout.describe()).raw_description.pending_activities
        if any(one.activity_type.name == activity and one.attempt > 1 for one in pending):
            return
        await asyncio.sleep(0.01)


async def test_an_extension_moves_the_deadline_everywhere(saga: Saga) -> None:
    tickets = await saga.ticket_type(capacity=2)
    order = await saga.order(tickets)
    checkout, session = await saga.checkout(order)
    until = session.expires_at + QUARTER
    assert await checkout.execute_update(CheckoutWorkflow.extend, EXTEND) == until
    assert (await checkout.execute_update(CheckoutWorkflow.checkout_session)).expires_at == until
    assert await deadline(saga, order) == until
    attributes = (await checkout.describe()).typed_search_attributes
    assert attributes.get(PAYMENT_DEADLINE) == until
    actor, reason = await entry(saga, order, "deadline_extended")
    assert actor == "olga"
    assert reason.endswith("the buyer is on the phone")
    await saga.skip(HOLD + timedelta(minutes=14))
    assert await saga.available(tickets) == 0
    await saga.pay(session)
    await checkout.signal(CheckoutWorkflow.payment_completed, await saga.report(session))
    assert await checkout.result() is CheckoutOutcome.PAID


async def test_an_extended_deadline_is_a_deadline(saga: Saga) -> None:
    order = await saga.order()
    checkout, session = await saga.checkout(order)
    await checkout.execute_update(CheckoutWorkflow.extend, EXTEND)
    await saga.skip(HOLD + QUARTER)
    assert await checkout.result() is CheckoutOutcome.CANCELLED
    assert await saga.stripe_status(session) == "expired"


async def test_no_extension_outlives_stripes_session(saga: Saga) -> None:
    order = await saga.order()
    checkout, session = await saga.checkout(order)
    minutes = LONGEST_EXTENSION // timedelta(minutes=1)
    furthest = ExtendRequest("olga", "as long as it goes", minutes)
    latest = await checkout.execute_update(CheckoutWorkflow.extend, furthest)
    assert latest == session.expires_at + LONGEST_EXTENSION
    code, sentence = await refused(
        checkout, CheckoutWorkflow.extend, ExtendRequest("olga", "one more", 1)
    )
    assert code == "not_extendable"
    assert f"{latest:%H:%M:%S} UTC" in sentence
    assert await deadline(saga, order) == latest
    assert (await saga.actions(order)).count("deadline_extended") == 1
    await saga.skip(HOLD * 2)
    assert await checkout.result() is CheckoutOutcome.CANCELLED


async def test_a_recheck_finds_the_payment_whose_event_was_lost(saga: Saga) -> None:
    order = await saga.order()
    checkout, session = await saga.checkout(order)
    assert await recheck(checkout) is SessionStatus.OPEN
    assert (await saga.see(order)).status is OrderStatus.CREATED
    await saga.pay(session)
    assert await recheck(checkout) is SessionStatus.PAID
    assert (await saga.see(order)).status is OrderStatus.PAID
    assert await saga.actions(order) == [
        "order_created",
        "tickets_held",
        "stripe_asked",
        "stripe_asked",
        "order_paid",
    ]
    assert await entry(saga, order, "stripe_asked") == (
        "olga",
        "Stripe says paid: the buyer says that he has paid",
    )


async def test_a_recheck_takes_up_a_terminated_checkout(saga: Saga) -> None:
    order = await saga.order()
    checkout, session = await saga.checkout(order)
    await checkout.terminate("pressed by mistake")
    await saga.pay(session)
    assert await saga.operate(order, CheckoutWorkflow.recheck, RECHECK) is SessionStatus.PAID
    assert (await saga.see(order)).status is OrderStatus.PAID


async def test_a_recheck_behind_the_deadline_closes_and_decides(saga: Saga) -> None:
    tickets = await saga.ticket_type(capacity=2)
    order = await saga.order(tickets)
    checkout, _ = await saga.checkout(order)
    await checkout.terminate("pressed by mistake")
    await saga.skip(HOLD)
    assert await saga.operate(order, CheckoutWorkflow.recheck, RECHECK) is SessionStatus.EXPIRED
    assert (await saga.see(order)).status is OrderStatus.CANCELLED
    assert await saga.available(tickets) == 2


async def test_a_recheck_holds_no_tickets(saga: Saga) -> None:
    tickets = await saga.ticket_type(capacity=2)
    order = await saga.order(tickets)
    with pytest.raises(WorkflowUpdateFailedError):
        await saga.operate(order, CheckoutWorkflow.recheck, RECHECK)
    assert await saga.available(tickets) == 2
    assert await saga.actions(order) == ["order_created"]


async def test_an_operators_cancellation_is_audited(saga: Saga) -> None:
    order = await saga.order()
    checkout, _ = await saga.checkout(order)
    assert await checkout.execute_update(CheckoutWorkflow.cancel, CANCEL) is OrderStatus.CANCELLED
    assert await entry(saga, order, "order_cancelled") == ("olga", "cancelled: a duplicate")


@pytest.mark.parametrize(
    ("update", "request_"),
    [
        (CheckoutWorkflow.cancel, CancelRequest("olga", " ")),
        (CheckoutWorkflow.extend, ExtendRequest("", "nobody asks")),
        (CheckoutWorkflow.recheck, RecheckRequest("olga", "")),
    ],
)
async def test_who_says_not_who_or_why_leaves_no_trace(
    saga: Saga, update: Any, request_: Any
) -> None:
    order = await saga.order()
    checkout, _ = await saga.checkout(order)
    before = await accepted_updates(checkout)
    assert await refused(checkout, update, request_) == (
        "reason_missing",
        "An actor and a reason are needed.",
    )
    assert await accepted_updates(checkout) == before
    await saga.cancel(order)


@pytest.mark.parametrize("minutes", [0, -15, 24 * 60 + 1])
async def test_an_extension_is_some_minutes(saga: Saga, minutes: int) -> None:
    order = await saga.order()
    checkout, _ = await saga.checkout(order)
    before = await accepted_updates(checkout)
    request = ExtendRequest("olga", "a typing error", minutes)
    code, _ = await refused(checkout, CheckoutWorkflow.extend, request)
    assert code == "not_extendable"
    assert await accepted_updates(checkout) == before
    await saga.cancel(order)


async def test_a_delayed_payment_has_no_deadline_to_move(saga: Saga) -> None:
    order = await saga.order()
    checkout, session = await saga.checkout(order)
    await begin_debit(saga, order, checkout, session)
    before = await accepted_updates(checkout)
    code, sentence = await refused(checkout, CheckoutWorkflow.extend, EXTEND)
    assert code == "not_extendable"
    assert "delayed payment" in sentence
    assert await accepted_updates(checkout) == before
    assert await recheck(checkout) is SessionStatus.PROCESSING
    await saga.settle(session, succeeds=True)
    assert await recheck(checkout) is SessionStatus.PAID


async def test_while_stripe_is_silent_nothing_more_can_be_asked(saga: Saga) -> None:
    order = await saga.order()
    await saga.fault(CREATE, "error_before", times=None, status=503)
    checkout = await saga.start(order)
    await until_pending(checkout, "create_session")
    code, sentence = await refused(checkout, CheckoutWorkflow.extend, EXTEND)
    assert (code, sentence) == ("not_extendable", "Stripe has not made the session yet.")
    await saga.fault("", "", times=0)
    await checkout.execute_update(CheckoutWorkflow.checkout_session)
    await saga.fault(EXPIRE, "error_before", times=None, status=503)
    await saga.skip(HOLD + timedelta(minutes=1))
    assert (await refused(checkout, CheckoutWorkflow.recheck, RECHECK))[0] == "already_asking"
    assert (await refused(checkout, CheckoutWorkflow.extend, EXTEND))[0] == "not_extendable"
    await saga.fault("", "", times=0)
    assert await checkout.result() is CheckoutOutcome.CANCELLED


async def test_nine_operators_at_once_are_all_answered(saga: Saga) -> None:
    order = await saga.order()
    checkout, _ = await saga.checkout(order)
    said = await asyncio.gather(*(recheck(checkout) for _ in range(9)))
    assert set(said) == {SessionStatus.OPEN}
    assert (await saga.actions(order)).count("stripe_asked") == 9
    await saga.cancel(order)


async def recheck(checkout: Checkout) -> SessionStatus:
    """Have the checkout ask Stripe."""
    return await checkout.execute_update(CheckoutWorkflow.recheck, RECHECK)
