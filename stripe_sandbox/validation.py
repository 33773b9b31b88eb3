"""What Stripe checks before it opens a Checkout Session."""

from dataclasses import dataclass
from typing import Any

from stripe.params.checkout import SessionCreateParams

from stripe_sandbox.currencies import CURRENCIES, MAXIMUM, MINIMUM, shown
from stripe_sandbox.errors import StripeError, invalid, required
from stripe_sandbox.metadata import checked
from stripe_sandbox.parameters import check, integer

MOST_LINES = 100
SHORTEST_SECONDS = 30 * 60
LONGEST_SECONDS = 24 * 60 * 60
LONGEST_REFERENCE = 200


@dataclass(frozen=True)
class Line:
    """One line item with inline price data."""

    name: str
    unit_amount: int
    quantity: int


@dataclass(frozen=True)
class NewSession:
    """The parameters of a session, checked."""

    lines: list[Line]
    currency: str
    total: int
    success_url: str
    cancel_url: str | None
    client_reference_id: str | None
    metadata: dict[str, str]
    intent_metadata: dict[str, str]
    expires_at: int


def new_session(params: dict[str, Any], now: int) -> NewSession:
    """Check the parameters of a new session. Raises StripeError 400 as Stripe does."""
    check(params, SessionCreateParams)
    if params.get("mode") != "payment":
        raise required("mode") if "mode" not in params else invalid("mode", "Invalid mode.")
    if not params.get("success_url"):
        raise required("success_url")
    lines, currency = _lines(params.get("line_items"))
    intent_data = params.get("payment_intent_data") or {}
    return NewSession(
        lines=lines,
        currency=currency,
        total=_total(lines, currency),
        success_url=_url(params, "success_url"),
        cancel_url=_url(params, "cancel_url") if params.get("cancel_url") else None,
        client_reference_id=_reference(params.get("client_reference_id")),
        metadata=checked(params.get("metadata")),
        intent_metadata=checked(intent_data.get("metadata"), "payment_intent_data[metadata]"),
        expires_at=_expires_at(params.get("expires_at"), now),
    )


def _lines(items: list[dict[str, Any]] | None) -> tuple[list[Line], str]:
    if not items:
        raise required("line_items")
    if len(items) > MOST_LINES:
        raise invalid("line_items", f"You can only have up to {MOST_LINES} line items.")
    lines = []
    currencies = set()
    for number, item in enumerate(items):
        prefix = f"line_items[{number}]"
        data = item.get("price_data")
        if data is None:
            raise required(f"{prefix}[price_data]")
        currencies.add(_currency(data.get("currency"), prefix))
        lines.append(_line(item, data, prefix))
    if len(currencies) > 1:
        raise invalid("line_items", "All line items must have the same currency.")
    return lines, currencies.pop()


def _line(item: dict[str, Any], data: dict[str, Any], prefix: str) -> Line:
    name = (data.get("product_data") or {}).get("name")
    if not name:
        raise required(f"{prefix}[price_data][product_data][name]")
    unit_amount = _integer(data.get("unit_amount"), f"{prefix}[price_data][unit_amount]")
    quantity = _integer(item.get("quantity"), f"{prefix}[quantity]")
    if unit_amount < 0 or quantity < 1:
        raise invalid(prefix, "This value must be greater than or equal to 1.")
    return Line(name, unit_amount, quantity)


def _currency(code: Any, prefix: str) -> str:
    param = f"{prefix}[price_data][currency]"
    if not code:
        raise required(param)
    lower = str(code).lower()
    if lower not in CURRENCIES:
        raise invalid(
            param,
            f"Invalid currency: {lower}. Stripe currently supports these currencies: "
            f"{', '.join(sorted(CURRENCIES))}",
        )
    return lower


def _total(lines: list[Line], currency: str) -> int:
    total = sum(line.unit_amount * line.quantity for line in lines)
    minimum = MINIMUM.get(currency, 1)
    if total < minimum:
        raise StripeError(
            400,
            "The Checkout Session's total amount due must add up to at least "
            f"{shown(minimum, currency)}",
            code="amount_too_small",
        )
    if total > MAXIMUM:
        raise StripeError(
            400,
            f"The Checkout Session's total amount must be no more than {shown(MAXIMUM, currency)}",
            code="amount_too_large",
        )
    return total


def _expires_at(value: Any, now: int) -> int:
    if value is None:
        return now + LONGEST_SECONDS
    expires_at = integer(value, "expires_at")
    if expires_at < now + SHORTEST_SECONDS:
        raise invalid(
            "expires_at",
            "The `expires_at` timestamp must be at least 30 minutes from Checkout Session "
            "creation.",
        )
    if expires_at > now + LONGEST_SECONDS:
        raise invalid(
            "expires_at",
            "The `expires_at` timestamp must be less than 24 hours from Checkout Session creation.",
        )
    return expires_at


def _reference(value: str | None) -> str | None:
    if value is not None and len(value) > LONGEST_REFERENCE:
        raise invalid(
            "client_reference_id",
            f"Invalid string: must be at most {LONGEST_REFERENCE} characters",
        )
    return value or None


def _url(params: dict[str, Any], param: str) -> str:
    url: str = params[param]
    if not url.startswith(("http://", "https://")):
        raise invalid(param, "Not a valid URL", "url_invalid")
    return url


def _integer(value: Any, param: str) -> int:
    if value is None:
        raise required(param)
    return integer(value, param)
