"""Failures that Stripe saved under our key, and would repeat for a day."""

from datetime import timedelta
from itertools import count

import pytest
from stripe.params.checkout import SessionCreateParams

from activities import sessions
from database.payments import SessionRequest
from domain.checkout import CheckoutOutcome
from tests.workflows.saga import Saga
from tests.workflows.telling import CREATE, assert_closed_at_the_deadline, pay_and_tell

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


@pytest.fixture
def next_release(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have a worker of another release, with other parameters, repeat what the first has asked."""
    asked = count()

    def changed(request: SessionRequest) -> SessionCreateParams:
        own: SessionCreateParams = {"locale": "de"} if next(asked) else {}
        return parameters(request) | own

    parameters = sessions._parameters
    monkeypatch.setattr(sessions, "_parameters", changed)


@pytest.mark.usefixtures("next_release")
async def test_a_key_that_came_with_other_parameters_has_made_a_session(saga: Saga) -> None:
    order = await saga.order()
    await saga.fault(CREATE, "timeout_after")
    checkout, session = await saga.checkout(order)
    assert await saga.session_ids(order) == [session.session_id]
    await pay_and_tell(saga, checkout, session)
    assert await checkout.result() is CheckoutOutcome.PAID


@pytest.mark.usefixtures("next_release")
async def test_a_session_that_its_key_does_not_find_any_more_is_closed(saga: Saga) -> None:
    order = await saga.order()
    lost = {"match": CREATE, "kind": "timeout_after"}
    unheard = {"match": CREATE, "kind": "timeout_before", "times": None}
    await saga.sandbox("PUT", "faults", {"faults": [lost, unheard]})
    checkout = await saga.start(order)
    session = await saga.session_at_stripe(order)
    await assert_closed_at_the_deadline(saga, checkout, session)
