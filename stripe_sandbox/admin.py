"""The admin API: what a test or a curious person may do to the sandbox, and its ledger."""

from typing import Any

from fastapi import APIRouter, Request
from pydantic import BaseModel

from stripe_sandbox import payments, sessions
from stripe_sandbox.account import Account
from stripe_sandbox.delivery import Courier, Webhooks, webhooks
from stripe_sandbox.faults import Faults, switched_on
from stripe_sandbox.store import Document

GOOD_CARD = "4242424242424242"

router = APIRouter(prefix="/_sandbox", tags=["Sandbox"])


class Payment(BaseModel):
    """How to pay: by card, by default the one that always works, or by bank account.

    `late` pays by card even though the session is no longer open: money that came all the same.
    """

    card: str = GOOD_CARD
    bank_account: str | None = None
    late: bool = False


class Settlement(BaseModel):
    """How a delayed payment ends."""

    succeeds: bool


class Clock(BaseModel):
    """How far the sandbox is ahead of real time."""

    offset_seconds: float


def _account(request: Request) -> Account:
    account: Account = request.app.state.account
    return account


@router.get("/health")
async def health() -> dict[str, str]:
    """Say that the sandbox is up."""
    return {"status": "ok"}


@router.post("/sessions/{session_id}/pay")
async def pay(session_id: str, request: Request, payment: Payment | None = None) -> Document:
    """Pay a session as a buyer would; with a 3-D Secure card he completes it."""
    account, payment = _account(request), payment or Payment()
    if payment.bank_account:
        payments.pay_by_bank(account, session_id, payment.bank_account, by_hand=True)
    else:
        payments.pay_by_card(
            account, session_id, payment.card, authenticated=True, late=payment.late
        )
    return sessions.find(account, session_id)


@router.post("/sessions/{session_id}/settle")
async def settle(session_id: str, settlement: Settlement, request: Request) -> Document:
    """End a delayed payment."""
    return payments.settle(_account(request), session_id, succeeds=settlement.succeeds)


@router.post("/sessions/{session_id}/expire")
async def expire(session_id: str, request: Request) -> Document:
    """Expire a session, as somebody could in Stripe's dashboard."""
    return sessions.expire(_account(request), session_id)


@router.get("/webhooks")
async def see_webhooks(request: Request) -> Webhooks:
    """See how events are delivered."""
    return webhooks(_account(request))


@router.put("/webhooks")
async def set_webhooks(how: Webhooks, request: Request) -> Webhooks:
    """Deliver, drop, double, delay, hold or reorder events from now on."""
    account = _account(request)
    # What was never set here stays with the command line, also when that changes.
    already = account.store.get("setting", "webhooks") or {}
    account.store.put("setting", "webhooks", already | how.model_dump(exclude_unset=True))
    account.something_to_send.set()
    return webhooks(account)


@router.post("/webhooks/release")
async def release(request: Request) -> Webhooks:
    """Deliver what was held."""
    return await set_webhooks(Webhooks(mode="deliver"), request)


@router.post("/events/{event_id}/send")
async def send(event_id: str, request: Request) -> dict[str, int | None]:
    """Send one event again, now; answers the receiver's status, null where there was none."""
    courier: Courier = request.app.state.courier
    return {"status": await courier.send_now(event_id)}


@router.get("/faults")
async def see_faults(request: Request) -> Faults:
    """See the faults of the API that are switched on."""
    return switched_on(_account(request))


@router.put("/faults")
async def set_faults(faults: Faults, request: Request) -> Faults:
    """Switch these faults on, and all others off."""
    _account(request).store.put("setting", "faults", faults.model_dump())
    return faults


@router.get("/clock")
async def see_clock(request: Request) -> Clock:
    """See how far the sandbox is ahead of real time."""
    return Clock.model_validate(_account(request).setting("clock", offset_seconds=0))


@router.put("/clock")
async def set_clock(clock: Clock, request: Request) -> Clock:
    """Move the sandbox's clock."""
    account = _account(request)
    account.store.put("setting", "clock", clock.model_dump())
    account.something_to_send.set()
    return clock


@router.get("/ledger")
async def ledger(request: Request, order_id: str | None = None) -> dict[str, Any]:
    """Return the sandbox's own account of the money: the witness that tests rely on."""
    account = _account(request)
    sessions.expire_overdue(account)
    found = [
        session
        for session in account.store.all(sessions.KIND)
        if order_id in (None, session["client_reference_id"])
    ]
    by_intent = {session["payment_intent"]: session for session in found}
    return {
        "sessions": found,
        "captures": [
            {
                "charge": charge["id"],
                "payment_intent": charge["payment_intent"],
                "session": by_intent[charge["payment_intent"]]["id"],
                "order_id": by_intent[charge["payment_intent"]]["client_reference_id"],
                "amount": charge["amount_captured"],
                "currency": charge["currency"],
                "created": charge["created"],
                "amount_refunded": charge["amount_refunded"],
            }
            for charge in account.store.all("charge")
            if charge["captured"] and charge["payment_intent"] in by_intent
        ],
        "deliveries": account.store.all("delivery"),
        "requests": {count["id"]: count["requests"] for count in account.store.all("count")},
    }
