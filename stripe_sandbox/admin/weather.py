"""What nobody at the shop decides: the API's faults, and the time."""

from fastapi import APIRouter
from pydantic import BaseModel

from stripe_sandbox.admin.parts import TheAccount
from stripe_sandbox.faults import Faults, switched_on

router = APIRouter()


class Clock(BaseModel):
    """How far the sandbox is ahead of real time."""

    offset_seconds: float


@router.get("/faults")
async def see_faults(account: TheAccount) -> Faults:
    """See the faults of the API that are switched on."""
    return switched_on(account)


@router.put("/faults")
async def set_faults(faults: Faults, account: TheAccount) -> Faults:
    """Switch these faults on, and all others off."""
    account.store.put("setting", "faults", faults.model_dump())
    return faults


@router.get("/clock")
async def see_clock(account: TheAccount) -> Clock:
    """See how far the sandbox is ahead of real time."""
    return Clock.model_validate(account.setting("clock", offset_seconds=0))


@router.put("/clock")
async def set_clock(clock: Clock, account: TheAccount) -> Clock:
    """Move the sandbox's clock."""
    account.store.put("setting", "clock", clock.model_dump())
    account.outbox.something_to_send.set()
    return clock
