"""Events: how they are delivered, one sent again, one forged."""

from typing import Any

from fastapi import APIRouter
from pydantic import BaseModel

from stripe_sandbox.account import Account
from stripe_sandbox.admin.parts import TheAccount, TheCourier
from stripe_sandbox.delivery import Webhooks, webhooks
from stripe_sandbox.store import Document

router = APIRouter()


class Forgery(BaseModel):
    """What a forged event has otherwise than the true one; `object`: fields of the object in it."""

    livemode: bool | None = None
    type: str | None = None
    object: dict[str, Any] = {}


class Sent(BaseModel):
    """What was sent, and the receiver's status; null where there was none."""

    event: str
    status: int | None


@router.get("/webhooks")
async def see_webhooks(account: TheAccount) -> Webhooks:
    """See how events are delivered."""
    return webhooks(account)


@router.put("/webhooks")
async def set_webhooks(how: Webhooks, account: TheAccount) -> Webhooks:
    """Deliver, drop, double, delay, hold or reorder events from now on."""
    # What was never set here stays with the command line, also when that changes.
    already = account.store.get("setting", "webhooks") or {}
    account.store.put("setting", "webhooks", already | how.model_dump(exclude_unset=True))
    account.outbox.something_to_send.set()
    return webhooks(account)


@router.post("/webhooks/release")
async def release(account: TheAccount) -> Webhooks:
    """Deliver what was held."""
    return await set_webhooks(Webhooks(mode="deliver"), account)


@router.post("/events/{event_id}/send")
async def send(event_id: str, courier: TheCourier) -> dict[str, int | None]:
    """Send one event again, now; answers the receiver's status, null where there was none."""
    return {"status": await courier.send_now(event_id)}


@router.post("/events/{event_id}/forge")
async def forge(event_id: str, forgery: Forgery, account: TheAccount, courier: TheCourier) -> Sent:
    """Send a changed copy of an event, rightly signed, that Stripe's API knows nothing of."""
    event = forged(account, account.find("event", event_id), forgery)
    return Sent(event=event["id"], status=await courier.send_once(event))


def forged(account: Account, true: Document, forgery: Forgery) -> Document:
    """Return a copy of an event, with an id of its own and the forgery's changes."""
    changes = forgery.model_dump(include={"livemode", "type"}, exclude_none=True)
    data = true["data"] | {"object": true["data"]["object"] | forgery.object}
    return true | {"id": account.new_id("evt"), "data": data} | changes
