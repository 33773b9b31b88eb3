"""Every webhook of a day is lost: all orders are right by their deadline plus ten minutes."""

from datetime import timedelta

from domain.checkout import CheckoutOutcome
from domain.order import OrderStatus
from tests.workflows.saga import DEBIT_THAT_SUCCEEDS, HOLD, Saga
from workflows.checkout import CheckoutWorkflow

BY_THEN = HOLD + timedelta(minutes=10)


async def test_without_one_webhook_all_orders_are_right_ten_minutes_after_their_deadline(
    saga: Saga,
) -> None:
    tickets = await saga.ticket_type(capacity=30)
    paid, unpaid, debited = [[await saga.order(tickets) for _ in range(3)] for _ in range(3)]
    sessions = {order: (await saga.checkout(order))[1] for order in (*paid, *unpaid, *debited)}
    for order in paid:
        await saga.pay(sessions[order])
    for order in debited:
        await saga.pay(sessions[order], bank_account=DEBIT_THAT_SUCCEEDS)
    await saga.skip(BY_THEN)
    assert await saga.statuses(paid) == {OrderStatus.PAID}
    assert await saga.statuses(unpaid) == {OrderStatus.CANCELLED}
    assert {tuple(await saga.payment_statuses(order)) for order in debited} == {("PROCESSING",)}
    for order in debited:
        await saga.settle(sessions[order], succeeds=True)
    await saga.skip(timedelta(days=1))
    assert await saga.statuses(debited) == {OrderStatus.PAID}
    assert await saga.available(tickets) == 30 - 2 * 6


async def test_a_buyer_who_returns_has_his_order_at_once(saga: Saga) -> None:
    order = await saga.order()
    checkout, session = await saga.checkout(order)
    await saga.pay(session)
    began = await saga.environment.get_current_time()
    await checkout.signal(CheckoutWorkflow.look_at_stripe)
    assert await checkout.result() is CheckoutOutcome.PAID
    ended = (await checkout.describe()).close_time
    assert ended
    assert ended - began < timedelta(seconds=10)
