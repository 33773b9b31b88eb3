"""The last ticket is held by one buyer at a time."""

from domain.checkout import CheckoutOutcome
from domain.order import OrderStatus
from tests.workflows.saga import HOLD, Saga
from tests.workflows.telling import pay_and_tell, refusal_of


async def test_tickets_that_are_gone_are_refused(saga: Saga) -> None:
    tickets = await saga.ticket_type(capacity=2)
    holder = await saga.order(tickets, quantity=2)
    await saga.checkout(holder)
    late = await saga.order(tickets, quantity=1)
    checkout = await saga.start(late)
    assert await refusal_of(checkout) == "sold_out"
    assert await checkout.result() is CheckoutOutcome.REFUSED
    assert (await saga.see(late)).status is OrderStatus.CREATED
    await saga.cancel(holder)
    assert await saga.available(tickets) == 2
    await saga.checkout(late)
    await saga.cancel(late)


async def test_the_holder_lets_the_last_ticket_lapse_and_the_next_gets_it(saga: Saga) -> None:
    tickets = await saga.ticket_type(capacity=1)
    holder, next_in_line = await saga.order(tickets, 1), await saga.order(tickets, 1)
    holding, _ = await saga.checkout(holder)
    assert await refusal_of(await saga.start(next_in_line)) == "sold_out"
    await saga.skip(HOLD)
    assert await holding.result() is CheckoutOutcome.CANCELLED
    checkout, session = await saga.checkout(next_in_line)
    await pay_and_tell(saga, checkout, session)
    assert await checkout.result() is CheckoutOutcome.PAID
