"""Failures that Stripe saved under our key, and would repeat for a day."""

from datetime import timedelta

import pytest

from domain.checkout import CheckoutOutcome
from domain.payment import Settlement
from tests.orders import PRICE
from tests.workflows.saga import HOLD, Saga
from tests.workflows.test_checkout import CREATE
from tests.workflows.test_stripe_event import paid_behind_our_back, settle

LIST = "GET /v1/checkout/sessions"


async def test_a_session_that_was_found_when_it_had_expired_is_closed(saga: Saga) -> None:
    tickets = await saga.ticket_type(capacity=2)
    order = await saga.order(tickets)
    saved = {"match": CREATE, "kind": "error_after"}
    unlisted = {"match": LIST, "kind": "error_before", "times": None}
    await saga.sandbox("PUT", "faults", {"faults": [saved, unlisted]})
    checkout = await saga.start(order)
    await saga.session_at_stripe(order)
    await saga.skip(HOLD + timedelta(minutes=40))
    await saga.fault("", "", times=0)
    assert await checkout.result() is CheckoutOutcome.CANCELLED
    assert await saga.available(tickets) == 2


async def times_asked(saga: Saga) -> int:
    """Return how often Stripe was asked for a refund."""
    requests = (await saga.sandbox("GET", "ledger"))["requests"]
    return int(requests.get("POST /v1/refunds", 0))


@pytest.mark.parametrize("kind", ["error_saved", "error_after"])
async def test_late_money_goes_back_soon_behind_a_saved_failure(saga: Saga, kind: str) -> None:
    order = await saga.order()
    report = await paid_behind_our_back(saga, order)
    await saga.fault("POST /v1/refunds", kind)
    asked = await times_asked(saga)
    assert await settle(saga, report) is Settlement.LATE
    assert await times_asked(saga) - asked == 3  # the failure, its repetition, another key
    assert await saga.refunded(order) == [PRICE * 2]
    assert (await saga.actions(order)).count("late_payment_refunded") == 1
