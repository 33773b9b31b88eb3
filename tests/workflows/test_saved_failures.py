"""Failures that Stripe saved under our key, and would repeat for a day."""

from datetime import timedelta

from domain.checkout import CheckoutOutcome
from tests.workflows.saga import Saga
from tests.workflows.telling import CREATE

LIST = "GET /v1/checkout/sessions"


async def test_a_session_that_was_found_when_it_had_expired_is_closed(saga: Saga) -> None:
    tickets = await saga.ticket_type(capacity=2)
    order = await saga.order(tickets)
    saved = {"match": CREATE, "kind": "error_after"}
    unlisted = {"match": LIST, "kind": "error_before", "times": None}
    await saga.sandbox("PUT", "faults", {"faults": [saved, unlisted]})
    checkout = await saga.start(order)
    await saga.session_at_stripe(order)
    await saga.skip(timedelta(hours=3))
    assert [one["url"] for one in (await saga.sandbox("GET", "ledger"))["sessions"]][-1] is None
    await saga.fault("", "", times=0)
    assert await saga.end_of(checkout) is CheckoutOutcome.CANCELLED
    assert await saga.available(tickets) == 2
