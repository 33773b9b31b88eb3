"""Refunds: how the next ones begin, what becomes of them, and those made in the dashboard."""

from typing import Literal

from fastapi import APIRouter
from pydantic import BaseModel, PositiveInt

from stripe_sandbox import refund_requests, refunds
from stripe_sandbox.account import Account
from stripe_sandbox.admin.parts import TheAccount
from stripe_sandbox.store import Document

router = APIRouter()


class NextRefunds(BaseModel):
    """How refunds begin: the next so many, or all from now on when `times` is null.

    `times` 0: as their cards and bank accounts want it.
    """

    next: Literal["pending", "requires_action", "succeeded", "failed"]
    times: int | None = 1


class Move(BaseModel):
    """Where a refund goes; `failure_reason` as Stripe names it, for one that fails."""

    status: Literal["pending", "requires_action", "succeeded", "failed", "canceled"]
    failure_reason: str = "unknown"


class DashboardRefund(BaseModel):
    """What a person types in Stripe's dashboard; without an amount, in minor units, the rest."""

    amount: PositiveInt | None = None
    reason: Literal["duplicate", "fraudulent", "requested_by_customer"] | None = None


@router.get("/refunds")
async def see_next(account: TheAccount) -> NextRefunds:
    """See how the next refunds begin."""
    return NextRefunds.model_validate(account.setting("refunds", next="succeeded", times=0))


@router.put("/refunds")
async def set_next(how: NextRefunds, account: TheAccount) -> NextRefunds:
    """Set how the next refunds begin, whoever makes them."""
    account.store.put("setting", "refunds", how.model_dump())
    return how


@router.post("/refunds/{refund_id}/move")
async def move(refund_id: str, move: Move, account: TheAccount) -> Document:
    """Move a refund on, now."""
    return refunds.move(account, refund_id, move.status, failure_reason=move.failure_reason)


@router.post("/charges/{charge_id}/refund")
async def refund_charge(
    charge_id: str, account: TheAccount, how: DashboardRefund | None = None
) -> Document:
    """Refund a charge as a person does in the dashboard: no key, no metadata."""
    return _refund(account, {"charge": charge_id}, how)


@router.post("/payments/{payment_intent}/refund")
async def refund_payment(
    payment_intent: str, account: TheAccount, how: DashboardRefund | None = None
) -> Document:
    """Refund a payment as a person does in the dashboard: no key, no metadata."""
    return _refund(account, {"payment_intent": payment_intent}, how)


def _refund(account: Account, of: dict[str, str], how: DashboardRefund | None) -> Document:
    how = how or DashboardRefund()
    charge = refund_requests.charge_of(account, of)
    return refunds.begin(account, charge, how.amount, reason=how.reason)
