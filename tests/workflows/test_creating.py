"""Creating the session: however it goes wrong, there is one, and what happens to it is heard of."""

import pytest

from domain.checkout import CheckoutOutcome
from domain.order import OrderStatus
from tests.workflows.saga import Saga
from tests.workflows.telling import CREATE, pay_and_tell, refusal_of


async def test_a_session_that_stripe_refuses_gives_the_tickets_back(saga: Saga) -> None:
    tickets = await saga.ticket_type(capacity=2)
    order = await saga.order(tickets)
    await saga.fault(CREATE, "error_before", times=None, status=400)
    checkout = await saga.start(order)
    assert await refusal_of(checkout) == "session_refused"
    assert await checkout.result() is CheckoutOutcome.REFUSED
    assert await saga.available(tickets) == 2
    await saga.fault("", "", times=0)
    again, session = await saga.checkout(order)
    await pay_and_tell(saga, again, session)
    assert await again.result() is CheckoutOutcome.PAID
    assert (await saga.payment_statuses(order))[-2:] == ["FAILED", "SUCCEEDED"]


async def test_an_answer_lost_on_the_way_makes_no_second_session(saga: Saga) -> None:
    order = await saga.order()
    await saga.fault(CREATE, "timeout_after")
    await saga.checkout(order)
    assert len(await saga.session_ids(order)) == 1
    await saga.cancel(order)


@pytest.mark.parametrize("kind", ["error_after", "error_saved"])
async def test_a_failure_that_stripe_saved_makes_one_session(saga: Saga, kind: str) -> None:
    order = await saga.order()
    await saga.fault(CREATE, kind)
    checkout, session = await saga.checkout(order)
    assert await saga.session_ids(order) == [session.session_id]
    await pay_and_tell(saga, checkout, session)
    assert await checkout.result() is CheckoutOutcome.PAID


async def test_the_event_overtakes_the_answer_that_names_the_session(saga: Saga) -> None:
    order = await saga.order()
    await saga.fault(CREATE, "timeout_after", times=3)
    checkout = await saga.start(order)
    session = await saga.session_at_stripe(order)
    await pay_and_tell(saga, checkout, session)
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


async def test_a_refusal_after_a_lost_answer_leaves_no_session_that_we_do_not_know_of(
    saga: Saga,
) -> None:
    order = await saga.order()
    made, refused = {"kind": "timeout_after"}, {"kind": "error_before", "status": 400}
    faults = [{"match": CREATE, **made}, {"match": CREATE, **refused}]
    await saga.sandbox("PUT", "faults", {"faults": faults})
    _, session = await saga.checkout(order)
    assert await saga.session_ids(order) == [session.session_id]
    assert await saga.cancel(order) is OrderStatus.CANCELLED
    assert await saga.stripe_status(session) == "expired"
