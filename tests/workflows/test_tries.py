"""A buyer who needs more than one try: a refused session, a declined card, a second tab."""

from dataclasses import replace

import pytest

from domain.checkout import CheckoutOutcome
from domain.payment import Settlement
from tests.workflows.saga import Saga
from tests.workflows.telling import pay_and_tell, refused_by_stripe, settle
from workflows.checkout import CheckoutWorkflow


async def test_a_late_event_of_a_refused_attempt_does_not_touch_the_second(saga: Saga) -> None:
    order = await saga.order()
    await refused_by_stripe(saga, order)
    checkout, session = await saga.checkout(order)
    await saga.pay(session)
    report = await saga.report(session)
    of_the_first = replace(report, session_id="cs_of_the_first", event_id="evt_of_the_first")
    assert await settle(saga, of_the_first) is Settlement.SET_ASIDE
    await checkout.signal(CheckoutWorkflow.payment_completed, report)
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


async def test_a_declined_card_can_be_followed_by_a_good_one(saga: Saga) -> None:
    order = await saga.order()
    checkout, session = await saga.checkout(order)
    with pytest.raises(AssertionError, match="declined"):
        await saga.pay(session, card="4000000000000002")
    await checkout.signal(CheckoutWorkflow.look_at_stripe)
    assert await saga.payment_statuses(order) == ["PENDING"]
    await pay_and_tell(saga, checkout, session)
    assert await checkout.result() is CheckoutOutcome.PAID
    assert await saga.session_ids(order) == [session.session_id]
    assert await saga.refunded(order) == [0]
