"""A dispute: the buyer's bank asks for the money back, and somebody decides."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from domain.money import Cents, Currency


class DisputeStatus(StrEnum):
    """Stripe's words: https://docs.stripe.com/api/disputes/object#dispute_object-status."""

    WARNING_NEEDS_RESPONSE = "warning_needs_response"
    WARNING_UNDER_REVIEW = "warning_under_review"
    WARNING_CLOSED = "warning_closed"
    NEEDS_RESPONSE = "needs_response"
    UNDER_REVIEW = "under_review"
    WON = "won"
    LOST = "lost"
    PREVENTED = "prevented"


# The money stayed here, and nobody asks for it any more. A lost dispute stays a dispute.
IN_OUR_FAVOUR = (DisputeStatus.WARNING_CLOSED, DisputeStatus.WON, DisputeStatus.PREVENTED)
# Stripe keeps the money until they are decided; after a warning, an inquiry, it does not.
WITHHELD = (DisputeStatus.NEEDS_RESPONSE, DisputeStatus.UNDER_REVIEW)
DECIDED = (*IN_OUR_FAVOUR, DisputeStatus.LOST)


@dataclass(frozen=True)
class Dispute:
    """A dispute as Stripe reports it; `amount_cents` is in minor units."""

    id: str
    amount_cents: Cents
    currency: Currency
    reason: str
    status: DisputeStatus


@dataclass(frozen=True)
class DisputeReport:
    """How far a dispute is at Stripe, or was when Stripe said so."""

    id: str
    payment_intent: str | None
    status: DisputeStatus


def dispute_report_of(dispute: Mapping[str, Any]) -> DisputeReport:
    """Return what Stripe says of a dispute: https://docs.stripe.com/api/disputes/object."""
    return DisputeReport(
        dispute["id"], dispute.get("payment_intent"), DisputeStatus(dispute["status"])
    )
