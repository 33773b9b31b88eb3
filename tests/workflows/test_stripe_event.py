"""Payments that Stripe reports while no checkout is running to take them."""

from datetime import timedelta

import pytest
from temporalio.client import WorkflowFailureError
from temporalio.exceptions import ApplicationError

from domain.ids import OrderId, new_id
from domain.order import OrderStatus
from domain.payment import Settlement
from tests.workflows.saga import Saga
from tests.workflows.telling import settle, start_settling


async def test_a_payment_whose_checkout_was_terminated_makes_the_order_paid(saga: Saga) -> None:
    order = await saga.order()
    checkout, session = await saga.checkout(order)
    await checkout.terminate("pressed by mistake")
    await saga.pay(session)
    assert await settle(saga, await saga.report(session)) is Settlement.PAID
    assert (await saga.see(order)).status is OrderStatus.PAID


async def test_a_payment_for_a_paid_order_changes_nothing_when_it_is_the_same(saga: Saga) -> None:
    order = await saga.order()
    checkout, session = await saga.checkout(order)
    await checkout.terminate("pressed by mistake")
    await saga.pay(session)
    report = await saga.report(session)
    await settle(saga, report)
    assert await settle(saga, report) is Settlement.PAID
    assert (await saga.actions(order)).count("order_paid") == 1
    assert not (await saga.see(order)).needs_attention


async def test_an_event_that_overtook_its_order_waits_for_it(saga: Saga) -> None:
    order = await saga.order()
    checkout, session = await saga.checkout(order)
    await saga.until_idle(checkout)
    await checkout.terminate("pressed by mistake")
    await saga.pay(session)
    elsewhere = OrderId(new_id("ord"))
    await saga.rename(order, elsewhere)
    settling = await start_settling(saga, await saga.report(session))
    await saga.skip(timedelta(minutes=5))
    await saga.rename(elsewhere, order)
    assert await saga.end_of(settling) is Settlement.PAID
    assert (await saga.see(order)).status is OrderStatus.PAID


async def test_a_payment_whose_order_never_comes_fails_in_the_open(saga: Saga) -> None:
    session = await saga.session_of_another_shop()
    await saga.pay(session)
    began = await saga.environment.get_current_time()
    settling = await start_settling(saga, await saga.report(session))
    with pytest.raises(WorkflowFailureError) as failed:
        await saga.end_of(settling)
    assert isinstance(failed.value.cause, ApplicationError)
    assert failed.value.cause.type == "order_not_found"
    ended = (await settling.describe()).close_time
    assert ended
    assert timedelta(hours=1) <= ended - began < timedelta(hours=2)
