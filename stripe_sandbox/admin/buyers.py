"""What buyers do in their sessions."""

from fastapi import APIRouter
from pydantic import BaseModel

from stripe_sandbox import payments, sessions
from stripe_sandbox.admin.parts import TheAccount
from stripe_sandbox.payments import Outcome
from stripe_sandbox.store import Document

GOOD_CARD = "4242424242424242"

router = APIRouter(prefix="/sessions")


class Payment(BaseModel):
    """How to pay: by card, by default the one that always works, or by bank account.

    `late` pays by card even though the session is no longer open: money that came all the same.
    `amount` (minor units) and `currency` are taken instead of what the session asks for.
    `by_hand`: what would follow by itself, a debit's end, a refund's or a dispute, waits for the
    admin API.
    """

    card: str = GOOD_CARD
    bank_account: str | None = None
    late: bool = False
    amount: int | None = None
    currency: str | None = None
    by_hand: bool = True


class Settlement(BaseModel):
    """How a delayed payment ends."""

    succeeds: bool


@router.post("/{session_id}/pay")
async def pay(session_id: str, account: TheAccount, payment: Payment | None = None) -> Document:
    """Pay a session as a buyer would; with a 3-D Secure card he completes it."""
    payment = payment or Payment()
    sessions.reprice(account, session_id, payment.amount, payment.currency)
    if payment.bank_account:
        payments.pay_by_bank(account, session_id, payment.bank_account, by_hand=payment.by_hand)
    else:
        outcome = payments.pay_by_card(
            account, session_id, payment.card, late=payment.late, by_hand=payment.by_hand
        )
        if outcome is Outcome.AUTHENTICATE:
            payments.authenticate(account, session_id, complete=True)
    return sessions.find(account, session_id)


@router.post("/{session_id}/settle")
async def settle(session_id: str, settlement: Settlement, account: TheAccount) -> Document:
    """End a delayed payment."""
    return payments.settle(account, session_id, succeeds=settlement.succeeds)


@router.post("/{session_id}/expire")
async def expire(session_id: str, account: TheAccount) -> Document:
    """Expire a session, as somebody could in Stripe's dashboard."""
    return sessions.expire(account, session_id)
