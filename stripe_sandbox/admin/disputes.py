"""Disputes: what a buyer's bank does."""

from typing import Literal

from fastapi import APIRouter
from pydantic import BaseModel, PositiveInt

from stripe_sandbox import disputes, refund_requests
from stripe_sandbox.admin.parts import TheAccount
from stripe_sandbox.store import Document

router = APIRouter()


class NewDispute(BaseModel):
    """What a buyer wants back and why; without an amount (minor units) all that he paid.

    An `inquiry` takes no money yet: its statuses are those that begin with `warning_`.
    """

    reason: str = "fraudulent"
    amount: PositiveInt | None = None
    inquiry: bool = False


class Move(BaseModel):
    """Where an open dispute goes; `needs_response` turns an inquiry into a chargeback."""

    status: Literal["under_review", "warning_under_review", "needs_response"]


class End(BaseModel):
    """How a dispute ends; an inquiry as `warning_closed`."""

    outcome: Literal["won", "lost", "warning_closed", "prevented"]


@router.post("/payments/{payment_intent}/dispute")
async def dispute(
    payment_intent: str, account: TheAccount, dispute: NewDispute | None = None
) -> Document:
    """Dispute a payment."""
    dispute = dispute or NewDispute()
    charge = refund_requests.charge_of(account, {"payment_intent": payment_intent})
    return disputes.create(account, charge, **dispute.model_dump())


@router.post("/disputes/{dispute_id}/move")
async def move(dispute_id: str, move: Move, account: TheAccount) -> Document:
    """Let a dispute go on without ending it."""
    return disputes.move(account, dispute_id, move.status)


@router.post("/disputes/{dispute_id}/close")
async def close(dispute_id: str, end: End, account: TheAccount) -> Document:
    """End a dispute."""
    return disputes.close(account, dispute_id, end.outcome)
