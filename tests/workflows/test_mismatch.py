"""Payments that do not match their order to the letter never make it PAID."""

from dataclasses import replace

from domain.checkout import CheckoutOutcome
from domain.order import OrderStatus
from domain.payment import Settlement
from tests.orders import PRICE
from tests.workflows.saga import Saga
from tests.workflows.telling import pay_and_tell, settle


async def test_a_payment_of_another_amount_is_set_aside(saga: Saga) -> None:
    order = await saga.order()
    checkout, session = await saga.checkout(order)
    await saga.alter_attempt(order, amount_cents=1)
    await pay_and_tell(saga, checkout, session)
    assert await checkout.result() is CheckoutOutcome.CANCELLED
    seen = await saga.see(order)
    assert seen.needs_attention
    assert seen.paid_at is None
    assert await saga.refunded(order) == [PRICE * 2]


async def test_a_payment_in_another_currency_is_set_aside(saga: Saga) -> None:
    order = await saga.order()
    checkout, session = await saga.checkout(order)
    await saga.alter_attempt(order, currency="usd")
    await pay_and_tell(saga, checkout, session)
    assert await checkout.result() is CheckoutOutcome.CANCELLED
    assert (await saga.see(order)).needs_attention


async def test_a_session_that_was_not_made_by_us_is_set_aside(saga: Saga) -> None:
    order = await saga.order()
    _, session = await saga.checkout(order)
    await saga.pay(session)
    ours = await saga.report(session)
    stranger = replace(ours, session_id="cs_of_somebody_else", event_id="evt_of_somebody_else")
    assert await settle(saga, stranger) is Settlement.SET_ASIDE
    assert (await saga.see(order)).status is OrderStatus.CREATED
    assert await settle(saga, ours) is Settlement.PAID


async def test_a_test_payment_on_a_live_key_is_set_aside(saga: Saga) -> None:
    order = await saga.order()
    checkout, session = await saga.checkout(order)
    await saga.alter_attempt(order, livemode=True)
    await pay_and_tell(saga, checkout, session)
    assert await checkout.result() is CheckoutOutcome.CANCELLED
    seen = await saga.see(order)
    assert seen.needs_attention
    assert seen.paid_at is None
