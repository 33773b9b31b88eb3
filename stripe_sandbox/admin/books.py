"""The sandbox's health and its ledger."""

from typing import Any

from fastapi import APIRouter

from stripe_sandbox import ledger
from stripe_sandbox.admin.parts import TheAccount

router = APIRouter()


@router.get("/health")
async def health() -> dict[str, str]:
    """Say that the sandbox is up."""
    return {"status": "ok"}


@router.get("/ledger")
async def see_ledger(account: TheAccount, order_id: str | None = None) -> dict[str, Any]:
    """Return the sandbox's own account of the money: the witness that tests rely on."""
    return ledger.ledger(account, order_id)
