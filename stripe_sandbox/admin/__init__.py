"""The admin API: what a test or a curious person may do to the sandbox, and its ledger."""

from fastapi import APIRouter

from stripe_sandbox.admin import books, buyers, disputes, events, refunds, weather

router = APIRouter(prefix="/_sandbox", tags=["Sandbox"])
for module in (buyers, refunds, disputes, events, weather, books):
    router.include_router(module.router)
