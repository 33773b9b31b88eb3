"""Events that come twice, out of order, or to the wrong address."""

from domain.checkout import CheckoutOutcome
from tests.workflows.saga import Saga
from workflows.checkout import CheckoutWorkflow


async def test_the_same_event_twice_pays_once(saga: Saga) -> None:
    order = await saga.order()
    checkout, session = await saga.checkout(order)
    await saga.pay(session)
    report = await saga.report(session)
    for _ in range(3):
        await checkout.signal(CheckoutWorkflow.payment_completed, report)
    assert await checkout.result() is CheckoutOutcome.PAID
    assert (await saga.actions(order)).count("order_paid") == 1
