"""What others got wrong in public: one test a case."""

from dataclasses import replace
from datetime import timedelta

import pytest

from domain.checkout import CheckoutOutcome
from domain.order import OrderStatus
from domain.payment import Settlement
from tests.workflows.saga import HOLD, Saga
from tests.workflows.test_checkout import CREATE, EXPIRE, refusal_of
from tests.workflows.test_stripe_event import settle
from workflows.checkout import CheckoutWorkflow


async def test_expiring_fails_for_an_hour(saga: Saga) -> None:
    order = await saga.order()
    checkout, session = await saga.checkout(order)
    await saga.fault(EXPIRE, "error_before", times=None, status=500)
    await saga.skip(HOLD + timedelta(hours=1))
    assert (await saga.see(order)).status is OrderStatus.CREATED
    await saga.fault("", "", times=0)
    assert await checkout.result() is CheckoutOutcome.CANCELLED
    assert await saga.stripe_status(session) == "expired"


async def test_a_buyer_pays_while_expiring_fails(saga: Saga) -> None:
    order = await saga.order()
    checkout, session = await saga.checkout(order)
    await saga.fault(EXPIRE, "error_before", times=None, status=500)
    await saga.skip(HOLD + timedelta(minutes=1))
    await saga.pay(session)
    await saga.fault("", "", times=0)
    assert await checkout.result() is CheckoutOutcome.PAID


async def test_the_event_overtakes_the_answer_that_names_the_session(saga: Saga) -> None:
    order = await saga.order()
    await saga.fault(CREATE, "timeout_after", times=3)
    checkout = await saga.start(order)
    session = await saga.session_at_stripe(order)
    await saga.pay(session)
    await checkout.signal(CheckoutWorkflow.payment_completed, await saga.report(session))
    assert await checkout.result() is CheckoutOutcome.PAID
    assert (await saga.see(order)).status is OrderStatus.PAID
    assert not (await saga.see(order)).needs_attention


@pytest.mark.parametrize("kind", ["timeout_before", "timeout_after", "error_before", "error_after"])
async def test_an_operator_cancels_while_the_session_is_being_created(
    saga: Saga, kind: str
) -> None:
    tickets = await saga.ticket_type(capacity=2)
    order = await saga.order(tickets)
    await saga.fault(CREATE, kind, times=2, status=500)
    checkout = await saga.start(order)
    await checkout.cancel()
    assert await checkout.result() is CheckoutOutcome.CANCELLED
    assert await saga.available(tickets) == 2


async def test_a_late_event_of_a_refused_attempt_does_not_touch_the_second(saga: Saga) -> None:
    order = await saga.order()
    await saga.fault(CREATE, "error_before", times=None, status=400)
    refused = await saga.start(order)
    assert await refusal_of(refused) == "session_refused"
    await refused.result()
    await saga.fault("", "", times=0)
    checkout, session = await saga.checkout(order)
    await saga.pay(session)
    report = await saga.report(session)
    of_the_first = replace(report, session_id="cs_of_the_first", event_id="evt_of_the_first")
    assert await settle(saga, of_the_first) is Settlement.SET_ASIDE
    await checkout.signal(CheckoutWorkflow.payment_completed, report)
    assert await checkout.result() is CheckoutOutcome.PAID


async def test_the_holder_lets_the_last_ticket_lapse_and_the_next_gets_it(saga: Saga) -> None:
    tickets = await saga.ticket_type(capacity=1)
    holder, next_in_line = await saga.order(tickets, 1), await saga.order(tickets, 1)
    holding, _ = await saga.checkout(holder)
    assert await refusal_of(await saga.start(next_in_line)) == "sold_out"
    await saga.skip(HOLD)
    assert await holding.result() is CheckoutOutcome.CANCELLED
    checkout, session = await saga.checkout(next_in_line)
    await saga.pay(session)
    await checkout.signal(CheckoutWorkflow.payment_completed, await saga.report(session))
    assert await checkout.result() is CheckoutOutcome.PAID


async def test_a_session_that_is_paid_in_one_tab_cannot_be_paid_in_another(saga: Saga) -> None:
    order = await saga.order()
    checkout, session = await saga.checkout(order)
    await saga.pay(session)
    with pytest.raises(AssertionError, match="complete"):
        await saga.pay(session)
    await checkout.signal(CheckoutWorkflow.look_at_stripe)
    assert await checkout.result() is CheckoutOutcome.PAID
    assert await saga.refunded(order) == [0]
