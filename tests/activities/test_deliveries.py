"""Deliveries: signed as the specification says, the same each time, and only 2xx takes one."""

import base64
import hashlib
import hmac
from collections.abc import AsyncIterator
from datetime import UTC, datetime

import aiohttp
import pytest
from hypothesis import given
from hypothesis import strategies as st
from standardwebhooks import Webhook, WebhookVerificationError
from temporalio.exceptions import ApplicationError

from activities import deliveries
from activities.deliveries import Deliveries, signed_headers
from activities.outgoing import Outbox
from database.engine import Database
from database.orders import touch_order
from database.outbox import let_wait_again
from domain.ids import OrderId
from domain.outgoing import OutgoingType, WaitingEvent, body_of
from tests.activities.test_outbox import Announced
from tests.orders import Orders
from tests.receiver import BODY_OF_ANSWERS, SECRET, Receiver, tell

PAYLOADS = st.dictionaries(
    st.text(st.characters(codec="utf-8", exclude_characters="\x00")),
    st.integers() | st.booleans() | st.text(st.characters(codec="utf-8")),
)


class Sender(Orders):
    """Tells a receiver of orders."""

    def __init__(self, database: Database, deliveries: Deliveries) -> None:
        super().__init__(database)
        self.deliveries = deliveries
        self._outbox = Outbox(database, Announced())

    async def told(self, *types: OutgoingType) -> tuple[OrderId, list[WaitingEvent]]:
        """Write events of a new order; returns what has to be delivered."""
        order_id = await self.order()
        await tell(self._outbox, order_id, *types)
        return order_id, await self.deliveries.waiting(order_id)

    async def again(self, event: WaitingEvent) -> None:
        """Let an event wait once more."""
        async with self.database.transaction() as connection:
            assert await let_wait_again(connection, event.id)


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    receiver = Receiver()
    async with receiver.up():
        yield receiver


@pytest.fixture
async def sender(database_url: str, receiver: Receiver) -> AsyncIterator[Sender]:
    database = Database(database_url)
    async with aiohttp.ClientSession() as http:
        yield Sender(database, Deliveries(database, http, url=receiver.url, secret=SECRET))
    await database.close()


async def test_events_of_an_order_are_delivered_in_their_order(
    sender: Sender, receiver: Receiver
) -> None:
    order_id, waiting = await sender.told(OutgoingType.ORDER_PAID, OutgoingType.ORDER_REFUNDED)
    assert [event.type for event in waiting] == ["order.paid", "order.refunded"]
    assert await sender.deliveries.deliver(waiting[0]) == waiting[1:]
    assert await sender.deliveries.deliver(waiting[1]) == []
    assert receiver.told_of(order_id) == ["order.paid", "order.refunded"]
    assert [delivery.id for delivery in receiver.taken] == [event.id for event in waiting]


async def test_a_delivered_event_is_not_sent_by_a_repeated_activity(
    sender: Sender, receiver: Receiver
) -> None:
    _, (event,) = await sender.told(OutgoingType.ORDER_PAID)
    for _ in range(2):
        assert await sender.deliveries.deliver(event) == []
    assert len(receiver.came) == 1


async def test_a_delivery_is_the_same_byte_for_byte_whenever_it_is_sent(
    sender: Sender, receiver: Receiver
) -> None:
    order_id, (event,) = await sender.told(OutgoingType.ORDER_PAID)
    await sender.deliveries.deliver(event)
    async with sender.database.transaction() as connection:
        assert (await sender.see(order_id)).needs_attention is False
        await touch_order(connection, order_id, needs_attention=True)
    await sender.again(event)
    await sender.deliveries.deliver(event)
    first, second = receiver.taken
    assert (first.id, first.body) == (second.id, second.body)


@pytest.mark.parametrize("status", [204, 299])
async def test_an_answer_of_2xx_takes_an_event(
    sender: Sender, receiver: Receiver, status: int
) -> None:
    _, (event,) = await sender.told(OutgoingType.ORDER_PAID)
    receiver.answers = [status]
    assert await sender.deliveries.deliver(event) == []


@pytest.mark.parametrize("status", [301, 307, 400, 404, 410, 429, 500])
async def test_any_other_answer_does_not_and_nothing_is_followed_or_quoted(
    sender: Sender, receiver: Receiver, status: int, caplog: pytest.LogCaptureFixture
) -> None:
    order_id, (event,) = await sender.told(OutgoingType.ORDER_PAID)
    receiver.answers = [status]
    with pytest.raises(ApplicationError, match=f"answered {status}") as refused:
        await sender.deliveries.deliver(event)
    assert not refused.value.non_retryable
    assert BODY_OF_ANSWERS not in f"{refused.value!r} {caplog.text}"
    assert len(receiver.came) == 1
    assert await sender.deliveries.waiting(order_id) == [event]


async def test_a_receiver_that_is_away_or_hangs_is_tried_again(
    sender: Sender, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, (event,) = await sender.told(OutgoingType.ORDER_PAID)
    monkeypatch.setattr(deliveries, "PATIENCE", aiohttp.ClientTimeout(total=0.2))
    receiver.open.clear()
    with pytest.raises(ApplicationError, match="does not answer: TimeoutError"):
        await sender.deliveries.deliver(event)
    receiver.open.set()
    async with aiohttp.ClientSession() as http:
        away = Deliveries(sender.database, http, url="http://127.0.0.1:9", secret=SECRET)
        with pytest.raises(ApplicationError, match="does not answer: ClientConnectorError"):
            await away.deliver(event)
    assert await sender.deliveries.deliver(event) == []


def test_the_signature_is_that_of_the_specifications_own_example() -> None:
    at = datetime.fromtimestamp(1614265330, UTC)
    headers = signed_headers(
        Webhook(SECRET), "msg_p5jXN8AQM9LWM0D4loKWxJek", b'{"test": 2432232314}', at
    )
    assert headers["webhook-signature"] == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


@given(PAYLOADS, st.from_regex(r"msg_[0-9a-f]{30}", fullmatch=True), st.binary(min_size=24))
def test_what_is_signed_is_verified_and_nothing_else(
    payload: dict[str, int | bool | str], event_id: str, key: bytes
) -> None:
    secret = "whsec_" + base64.b64encode(key).decode()
    body, now = body_of(payload), datetime.now(UTC)
    headers = signed_headers(Webhook(secret), event_id, body, now)
    assert Webhook(secret).verify(body, headers) == payload
    signed = b".".join((event_id.encode(), str(int(now.timestamp())).encode(), body))
    expected = base64.b64encode(hmac.digest(key, signed, hashlib.sha256)).decode()
    assert headers["webhook-signature"] == f"v1,{expected}"
    for wrong_body, wrong_headers in (
        (body + b" ", headers),
        (body, headers | {"webhook-id": f"{event_id}0"}),
        (body, headers | {"webhook-timestamp": str(int(now.timestamp()) - 1)}),
    ):
        with pytest.raises(WebhookVerificationError):
            Webhook(secret).verify(wrong_body, wrong_headers)
