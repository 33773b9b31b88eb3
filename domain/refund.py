"""Money on its way back to a buyer."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from domain.errors import (
    AmountTooLarge,
    DomainError,
    NothingToRefund,
    PaymentDisputed,
    RefundRefused,
)
from domain.ids import OrderId, RefundId
from domain.money import Cents, Currency


class RefundStatus(StrEnum):
    """Stripe's words: https://docs.stripe.com/api/refunds/object#refund_object-status.

    A refund may still fail after it succeeded, where the buyer's bank sends the money back.
    """

    PENDING = "pending"
    REQUIRES_ACTION = "requires_action"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELED = "canceled"


UNDER_WAY = (RefundStatus.PENDING, RefundStatus.REQUIRES_ACTION)
TAKEN_FROM_THE_REST = (*UNDER_WAY, RefundStatus.SUCCEEDED)
CAME_TO_NOTHING = (RefundStatus.FAILED, RefundStatus.CANCELED)


@dataclass(frozen=True)
class RefundRequest:
    """Somebody wants money of an order given back; without an amount, all that is left."""

    id: RefundId
    order_id: OrderId
    amount_cents: Cents | None
    reason: str
    actor: str


@dataclass(frozen=True)
class Refund:
    """A refund as we know it; `stripe_id` is None until Stripe has made it."""

    id: RefundId
    order_id: OrderId
    payment_intent: str
    amount_cents: Cents
    currency: Currency
    status: RefundStatus
    reason: str
    stripe_id: str | None
    failure_reason: str | None
    created_at: datetime

    @property
    def is_under_way(self) -> bool:
        """Whether its end is still to come."""
        return self.status in UNDER_WAY

    @property
    def refusal(self) -> DomainError | None:
        """Why it was never made at Stripe, if it was refused."""
        if self.stripe_id or self.failure_reason is None:
            return None
        match self.failure_reason:
            case NothingToRefund.code:
                return NothingToRefund()
            case AmountTooLarge.code:
                return AmountTooLarge("Less than this is left of the payment.")
            case "charge_disputed":
                return PaymentDisputed()
            case reason:
                return RefundRefused(f"Stripe refused the refund: {reason}")


@dataclass(frozen=True)
class RefundReport:
    """A refund as Stripe has it; `refund_id` is ours, None where it was not made by us."""

    stripe_id: str
    payment_intent: str | None
    refund_id: RefundId | None
    amount_cents: Cents
    currency: Currency
    status: RefundStatus
    reason: str | None
    failure_reason: str | None


def refund_report_of(refund: Mapping[str, Any]) -> RefundReport:
    """Return what Stripe says of a refund: https://docs.stripe.com/api/refunds/object."""
    refund_id = (refund.get("metadata") or {}).get("refundId")
    return RefundReport(
        stripe_id=refund["id"],
        payment_intent=refund.get("payment_intent"),
        refund_id=RefundId(refund_id) if refund_id else None,
        amount_cents=Cents(refund["amount"]),
        currency=Currency(refund["currency"]),
        status=RefundStatus(refund.get("status") or RefundStatus.PENDING),
        reason=refund.get("reason"),
        failure_reason=refund.get("failure_reason"),
    )
