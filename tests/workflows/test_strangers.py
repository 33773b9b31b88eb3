"""Money that comes through a session which names our order, and which was not made by us."""

import asyncio
from datetime import UTC, datetime

from domain.checkout import CheckoutOutcome
from domain.ids import OrderId
from domain.order import OrderStatus
from domain.payment import CheckoutSession
from tests.workflows.saga import Saga
from tests.workflows.telling import reconcile
from workflows.checkout import CheckoutWorkflow


async def stranger_sells(saga: Saga, order: OrderId) -> None:
    """Let somebody else sell something in our order's name, and be paid."""
    session = await saga.sdk.v1.checkout.sessions.create_async(
        {
            "mode": "payment",
            "line_items": [
                {
                    "quantity": 1,
                    "price_data": {
                        "currency": "eur",
                        "unit_amount": 9000,
                        "product_data": {"name": "Something else"},
                    },
                }
            ],
            "metadata": {"orderId": order},
            "success_url": "http://elsewhere",
        }
    )
    await saga.pay(CheckoutSession(session.id, "", datetime.now(UTC)))


async def test_a_strangers_payment_that_the_reconciler_finds_touches_no_running_checkout(
    saga: Saga,
) -> None:
    order = await saga.order()
    checkout, session = await saga.checkout(order)
    await stranger_sells(saga, order)
    await reconcile(saga)
    while not (await saga.see(order)).needs_attention:  # noqa: ASYNC110
        await asyncio.sleep(0.01)
    assert (await saga.see(order)).status is OrderStatus.CREATED
    await saga.pay(session)
    await checkout.signal(CheckoutWorkflow.look_at_stripe)
    assert await checkout.result() is CheckoutOutcome.PAID
