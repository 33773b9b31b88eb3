"""Events that are not true: rightly signed, but Stripe's API knows nothing of them."""

import pytest
import stripe

from tests.sandbox.buying import Sandbox
from tests.sandbox.receiver import Receiver


@pytest.fixture
def sandbox(fresh_sandbox: Sandbox) -> Sandbox:
    """A sandbox of the test's own, so that no other test's events arrive."""
    return fresh_sandbox


async def true_event(sandbox: Sandbox) -> stripe.Event:
    """Return the event of a payment, which is not delivered."""
    session = await sandbox.open()
    await sandbox.pay(session)
    return await sandbox.completed(session)


@pytest.mark.parametrize(
    "change",
    [
        {"livemode": True},
        {"object": {"amount_total": 1, "currency": "usd"}},
        {"type": "checkout.session.async_payment_succeeded"},
    ],
)
async def test_a_forged_event_is_the_true_one_but_for_its_changes(
    sandbox: Sandbox, receiver: Receiver, change: dict[str, object]
) -> None:
    await sandbox.send_events(receiver.url, "hold")
    true = await true_event(sandbox)
    sent = await sandbox.admin("POST", f"events/{true.id}/forge", change)
    [event] = receiver.events
    assert (sent["event"], sent["status"]) == (event.id, 200)
    assert event.id != true.id
    forged, original = event.to_dict(), true.to_dict()
    expected = original | change | {"id": event.id, "data": original["data"]}
    if "object" in change:
        expected["object"] = "event"
        expected["data"] = {"object": original["data"]["object"] | change["object"]}
    assert forged == expected


async def test_stripe_knows_nothing_of_a_forged_event(sandbox: Sandbox, receiver: Receiver) -> None:
    await sandbox.send_events(receiver.url, "hold")
    true = await true_event(sandbox)
    sent = await sandbox.admin("POST", f"events/{true.id}/forge", {"livemode": True})
    with pytest.raises(stripe.InvalidRequestError):
        await sandbox.sdk.v1.events.retrieve_async(sent["event"])
    assert (await sandbox.sdk.v1.events.retrieve_async(true.id)).livemode is False


async def test_a_forged_event_may_meet_nobody(sandbox: Sandbox) -> None:
    await sandbox.send_events("http://127.0.0.1:9/webhook", "hold")
    true = await true_event(sandbox)
    assert (await sandbox.admin("POST", f"events/{true.id}/forge", {}))["status"] is None
