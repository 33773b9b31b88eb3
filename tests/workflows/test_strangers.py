"""Money that comes through a session which names our order, and which was not made by us."""

import asyncio

from domain.checkout import CheckoutOutcome
from domain.order import OrderStatus
from domain.payment import PaymentReport, SessionStatus
from tests.orders import EUR, PRICE
from tests.workflows.saga import Saga
from workflows.checkout import CheckoutWorkflow


async def test_a_strangers_payment_that_no_event_tells_of_touches_no_running_checkout(
    saga: Saga,
) -> None:
    order = await saga.order()
    checkout, session = await saga.checkout(order)
    found_by_the_reconciler = PaymentReport(
        order, "cs_of_somebody_else", SessionStatus.PAID, PRICE, EUR, False, "pi_of_somebody_else"
    )
    await checkout.signal(CheckoutWorkflow.payment_completed, found_by_the_reconciler)
    while not (await saga.see(order)).needs_attention:  # noqa: ASYNC110
        await asyncio.sleep(0.01)
    await saga.pay(session)
    await checkout.signal(CheckoutWorkflow.look_at_stripe)
    while (await saga.see(order)).status is OrderStatus.CREATED:  # noqa: ASYNC110
        await asyncio.sleep(0.01)
    assert (await saga.see(order)).status is OrderStatus.PAID
    assert await checkout.result() is CheckoutOutcome.PAID
