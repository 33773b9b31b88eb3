"""Reading Stripe's Checkout Session, whichever way it reached us."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from domain.ids import OrderId
from domain.money import Cents, Currency
from domain.payment import PaymentReport, SessionStatus
from domain.stripe_event import DEBIT_FAILED


def report_of_event(event: Mapping[str, Any]) -> PaymentReport | None:
    """Return what one of the events we use says of one of our orders; None when it is not ours.

    Only a report that says PAID is a fact, which can never change again; any other is a hint to
    ask Stripe. Raises KeyError, TypeError or ValueError when the event's session is not complete.
    """
    report = report_of(event["data"]["object"], event["id"])
    if report and event["type"] == DEBIT_FAILED and report.status is SessionStatus.PROCESSING:
        return replace(report, status=SessionStatus.FAILED)  # its payment intent is not expanded
    return report


def report_of(session: Mapping[str, Any], event_id: str | None = None) -> PaymentReport | None:
    """Return what a Checkout Session says of one of our orders; None when it is not ours.

    https://docs.stripe.com/api/checkout/sessions/object. With an expanded `payment_intent` a
    delayed payment that failed can be told from one that is still under way.
    """
    order_id = (session.get("metadata") or {}).get("orderId")
    if not isinstance(order_id, str) or not order_id or "\x00" in order_id:
        return None  # nothing that we could have written
    intent = session.get("payment_intent")
    return PaymentReport(
        order_id=OrderId(order_id),
        session_id=session["id"],
        status=_status_of(session),
        amount_total=Cents(session["amount_total"]),
        currency=Currency(session["currency"]),
        livemode=session["livemode"],
        payment_intent=intent if isinstance(intent, str) or intent is None else intent["id"],
        event_id=event_id,
    )


def _status_of(session: Mapping[str, Any]) -> SessionStatus:
    if session["status"] != "complete":
        return SessionStatus(session["status"])
    if session["payment_status"] == "paid":
        return SessionStatus.PAID
    intent = session.get("payment_intent")
    if isinstance(intent, Mapping) and intent["status"] in ("requires_payment_method", "canceled"):
        return SessionStatus.FAILED
    return SessionStatus.PROCESSING
