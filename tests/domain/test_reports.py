"""What a Checkout Session of Stripe's means for an order."""

from typing import Any

import pytest

from domain.payment import SessionStatus
from domain.reports import report_of, report_of_event
from domain.stripe_event import SESSION_EVENTS

SESSION: dict[str, Any] = {
    "id": "cs_test_1",
    "status": "complete",
    "payment_status": "paid",
    "amount_total": 9000,
    "currency": "eur",
    "livemode": False,
    "payment_intent": "pi_1",
    "metadata": {"orderId": "ord_1"},
}


def intent(status: str) -> dict[str, str]:
    return {"id": "pi_1", "status": status}


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({"status": "open", "payment_status": "unpaid"}, SessionStatus.OPEN),
        ({"status": "expired", "payment_status": "unpaid"}, SessionStatus.EXPIRED),
        ({}, SessionStatus.PAID),
        ({"payment_status": "unpaid"}, SessionStatus.PROCESSING),
        (
            {"payment_status": "unpaid", "payment_intent": intent("processing")},
            SessionStatus.PROCESSING,
        ),
        (
            {"payment_status": "unpaid", "payment_intent": intent("requires_payment_method")},
            SessionStatus.FAILED,
        ),
        ({"payment_status": "no_payment_required"}, SessionStatus.PROCESSING),
    ],
)
def test_only_a_complete_and_paid_session_is_paid(
    changes: dict[str, Any], status: SessionStatus
) -> None:
    report = report_of(SESSION | changes)
    assert report is not None
    assert report.status is status


@pytest.mark.parametrize(
    "metadata",
    [{}, None, {"order": "ord_1"}, {"orderId": ""}, {"orderId": "\x00"}, {"orderId": 7}],
)
def test_a_session_without_our_order_is_not_ours(metadata: dict[str, Any] | None) -> None:
    assert report_of(SESSION | {"metadata": metadata}) is None


def test_an_expanded_payment_intent_is_read_by_its_id() -> None:
    report = report_of(SESSION | {"payment_intent": intent("succeeded")}, "evt_1")
    assert report is not None
    assert (report.payment_intent, report.event_id) == ("pi_1", "evt_1")


def test_an_event_says_that_a_delayed_payment_failed_though_its_session_does_not() -> None:
    session = SESSION | {"payment_status": "unpaid"}
    said = {
        kind: report_of_event({"id": "evt_1", "type": kind, "data": {"object": session}})
        for kind in SESSION_EVENTS
    }
    failed = said.pop("checkout.session.async_payment_failed")
    assert failed is not None
    assert failed.status is SessionStatus.FAILED
    assert {report and report.status for report in said.values()} == {SessionStatus.PROCESSING}
