"""The list of events: the shop's second way to learn what happened."""

from typing import Any, cast

import pytest
from stripe.params import EventListParams

from tests.sandbox.buying import Sandbox, until
from tests.sandbox.receiver import Receiver

HOUR = 3600


@pytest.fixture
def sandbox(fresh_sandbox: Sandbox) -> Sandbox:
    """A sandbox of the test's own, so that no other test's events are listed."""
    return fresh_sandbox


async def types(sandbox: Sandbox, **filters: Any) -> list[str]:
    """Return the types of the events that pass the filters, oldest first."""
    params = cast("EventListParams", {"limit": 100} | filters)
    events = await sandbox.sdk.v1.events.list_async(params)
    return [event.type for event in events.data[::-1]]


async def test_events_are_listed_by_their_types(sandbox: Sandbox) -> None:
    await sandbox.refund(await sandbox.paid())
    wanted = ["charge.refunded", "refund.created"]
    assert await types(sandbox, types=wanted) == wanted[::-1]
    assert await types(sandbox, type="charge.refunded") == ["charge.refunded"]
    assert await types(sandbox, type="charge.*") == ["charge.succeeded", "charge.refunded"]
    assert await types(sandbox, type="charge.*", types=["refund.failed"]) == []


async def test_events_are_listed_by_the_time_they_were_created(sandbox: Sandbox) -> None:
    payment = await sandbox.paid()
    [event] = (await sandbox.sdk.v1.events.list_async({"type": "charge.succeeded"})).data
    await sandbox.skip(HOUR)
    await sandbox.refund(payment)
    later = {"created": {"gt": event.created + HOUR // 2}}
    assert await types(sandbox, **later) == ["refund.created", "charge.refunded"]
    assert "charge.succeeded" in await types(sandbox, created={"lte": event.created})


async def test_a_dropped_event_counts_as_not_delivered(
    sandbox: Sandbox, receiver: Receiver
) -> None:
    async def dropped() -> bool:
        deliveries = (await sandbox.ledger())["deliveries"]
        return all(delivery["given_up"] for delivery in deliveries)

    await sandbox.send_events(receiver.url, "drop")
    await sandbox.refund(await sandbox.paid())
    await until(dropped)
    undelivered = await types(sandbox, delivery_success=False)
    assert undelivered[-2:] == ["refund.created", "charge.refunded"]
    assert await types(sandbox, delivery_success=True) == []
    pending = await sandbox.sdk.v1.events.list_async({"delivery_success": False})
    assert {event.pending_webhooks for event in pending.data} == {1}


async def test_a_delivered_event_does_not(sandbox: Sandbox, receiver: Receiver) -> None:
    async def arrived() -> bool:
        return not await types(sandbox, delivery_success=False)

    await sandbox.send_events(receiver.url)
    await sandbox.refund(await sandbox.paid())
    await until(arrived)
    delivered = await sandbox.sdk.v1.events.list_async({"delivery_success": True})
    assert [event.type for event in delivered.data[:2]] == ["charge.refunded", "refund.created"]
    assert {event.pending_webhooks for event in delivered.data} == {0}


async def test_the_pages_of_a_filtered_list_join(sandbox: Sandbox) -> None:
    payment = await sandbox.paid()
    for _ in range(5):
        await sandbox.refund(payment, amount=100)
    filters: Any = {"type": "refund.created", "delivery_success": False, "limit": 2}
    events = await sandbox.sdk.v1.events.list_async(filters)
    found = [event.id async for event in events.auto_paging_iter()]
    assert len(set(found)) == len(found) == 5
