"""Events are written with the change they tell of, and announced behind its commit."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Row, text
from sqlalchemy.exc import IntegrityError
from temporalio.service import RPCError, RPCStatusCode

from activities.attempts import Attempts
from activities.outgoing import Outbox
from activities.settlement import Settlements
from database.engine import Database
from database.orders import touch_order
from database.outbox import backlog, events_of, mark_delivered
from domain.checkout import Attention
from domain.ids import OrderId
from domain.money import Cents
from domain.order import OrderStatus
from domain.outgoing import OutgoingType
from domain.payment import Settlement
from domain.reconciliation import GRACE
from tests.activities.guarding import Guarded


class Announced:
    """Takes announcements; some are lost on the way, some orders are being delivered already."""

    def __init__(self) -> None:
        self.orders: list[OrderId] = []
        self.losses = 0
        self.under_way: set[OrderId] = set()

    async def announce(self, order_id: OrderId) -> None:
        """Take one, or lose it."""
        if self.losses:
            self.losses -= 1
            raise RPCError("Temporal is away", RPCStatusCode.UNAVAILABLE, b"")
        self.orders.append(order_id)

    async def resume(self, order_id: OrderId) -> bool:
        """Say whether the delivery had to be begun."""
        return order_id not in self.under_way


class Telling(Guarded):
    """Guarded activities that tell of what they do."""

    def __init__(self, database: Database) -> None:
        super().__init__(database)
        self.announced = Announced()
        self.outbox = Outbox(database, self.announced)
        self.attempts = Attempts(
            database,
            hold=timedelta(minutes=30),
            base_url="http://shop",
            livemode=False,
            announcer=self.announced,
        )
        self.settlements = Settlements(
            database, processing=timedelta(days=14), announcer=self.announced
        )

    async def events(self, order_id: OrderId) -> list[Row[Any]]:
        """Return what was written for an order, oldest first."""
        async with self.database.transaction() as connection:
            found = await events_of(
                connection, order_id=order_id, delivered=None, limit=100, starting_after=None
            )
        return found[::-1]

    async def types(self, order_id: OrderId) -> list[str]:
        """Return the types of what was written for an order, oldest first."""
        return [event.type for event in await self.events(order_id)]


@pytest.fixture
async def telling(database_url: str) -> AsyncIterator[Telling]:
    telling = Telling(Database(database_url))
    yield telling
    await telling.assert_no_seat_twice()
    await telling.database.close()


async def test_a_payment_is_told_of_once_with_the_order_as_it_left_it(telling: Telling) -> None:
    attempt, report = await telling.attempt(await telling.order())
    for _ in range(2):
        assert await telling.pay(report) is Settlement.PAID
    (event,) = await telling.events(attempt.order_id)
    order = await telling.see(attempt.order_id)
    assert event.type == OutgoingType.ORDER_PAID
    assert event.delivered_at is None
    assert event.payload["data"]["status"] == OrderStatus.PAID
    assert event.payload["data"]["paid_at"] == f"{order.paid_at:%Y-%m-%dT%H:%M:%S.%fZ}"
    assert event.payload["timestamp"] == f"{order.updated_at:%Y-%m-%dT%H:%M:%S.%fZ}"


async def test_a_cancellation_is_told_of_once(telling: Telling) -> None:
    attempt, _ = await telling.attempt(await telling.order())
    for _ in range(2):
        assert await telling.cancel(attempt) is OrderStatus.CANCELLED
    assert await telling.types(attempt.order_id) == [OutgoingType.ORDER_CANCELLED]


async def test_only_the_first_of_several_reasons_for_attention_is_told(telling: Telling) -> None:
    attempt, report = await telling.attempt(await telling.order())
    order_id, asked = attempt.order_id, [OutgoingType.ORDER_NEEDS_ATTENTION]
    assert await telling.pay(replace(report, amount_total=Cents(1))) is Settlement.SET_ASIDE
    assert await telling.pay(replace(report, session_id="cs_of_nobody")) is Settlement.SET_ASIDE
    await telling.settlements.ask_for_attention(Attention(order_id, "it takes too long"))
    assert await telling.types(order_id) == asked
    async with telling.database.transaction() as connection:
        await touch_order(connection, order_id, needs_attention=False)
    await telling.settlements.ask_for_attention(Attention(order_id, "again"))
    assert await telling.types(order_id) == asked * 2


async def test_what_is_not_changed_is_not_told(telling: Telling) -> None:
    order_id = await telling.order()

    async def fail_behind_the_change() -> None:
        async with telling.outbox.transaction(order_id) as connection:
            await touch_order(connection, order_id, disputed=True)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await fail_behind_the_change()
    assert await telling.types(order_id) == telling.announced.orders == []


async def test_a_change_that_cannot_be_told_of_is_not_made(telling: Telling) -> None:
    attempt, report = await telling.attempt(await telling.order())
    full = "ALTER TABLE outgoing_events ADD CONSTRAINT no_space_left CHECK (false) NOT VALID"
    async with telling.database.transaction() as connection:
        await connection.execute(text(full))
    with pytest.raises(IntegrityError, match="no_space_left"):
        await telling.pay(report)
    async with telling.database.transaction() as connection:
        await connection.execute(text("ALTER TABLE outgoing_events DROP CONSTRAINT no_space_left"))
    assert (await telling.see(attempt.order_id)).status is OrderStatus.CREATED
    assert await telling.pay(report) is Settlement.PAID
    assert await telling.types(attempt.order_id) == [OutgoingType.ORDER_PAID]


async def test_a_change_that_tells_nothing_is_not_announced(telling: Telling) -> None:
    attempt, report = await telling.attempt(await telling.order())
    await telling.pay(report)
    (event,) = await telling.events(attempt.order_id)
    async with telling.database.transaction() as connection:
        await mark_delivered(connection, event.id)
    telling.announced.orders.clear()
    await telling.pay(report)
    assert telling.announced.orders == []


async def test_an_announcement_that_was_lost_is_repeated_with_its_activity(
    telling: Telling,
) -> None:
    attempt, report = await telling.attempt(await telling.order())
    telling.announced.losses = 1
    with pytest.raises(RPCError):
        await telling.pay(report)
    assert (await telling.see(attempt.order_id)).status is OrderStatus.PAID
    assert await telling.pay(report) is Settlement.PAID
    assert telling.announced.orders == [attempt.order_id]
    assert await telling.types(attempt.order_id) == [OutgoingType.ORDER_PAID]


async def test_what_nobody_delivers_is_found_after_a_while(telling: Telling) -> None:
    (forgotten, _), (running, _) = [await telling.attempt(await telling.order()) for _ in range(2)]
    telling.announced.under_way.add(running.order_id)
    for attempt in (forgotten, running):
        telling.announced.losses = 1
        with pytest.raises(RPCError):
            await telling.cancel(attempt)
    assert forgotten.order_id not in await telling.outbox.resume_deliveries(datetime.now(UTC))
    found = await telling.outbox.resume_deliveries(datetime.now(UTC) + 2 * GRACE)
    assert forgotten.order_id in found
    assert running.order_id not in found


async def test_the_backlog_is_counted_and_has_an_age(telling: Telling) -> None:
    async with telling.database.transaction() as connection:
        before = await backlog(connection)
    attempt, _ = await telling.attempt(await telling.order())
    await telling.cancel(attempt)
    (event,) = await telling.events(attempt.order_id)
    async with telling.database.transaction() as connection:
        assert (await backlog(connection)).events == before.events + 1
        assert (await backlog(connection)).oldest_seconds > before.oldest_seconds
        await mark_delivered(connection, event.id)
        assert (await backlog(connection)).events == before.events


async def test_where_nobody_listens_nothing_is_written(database_url: str) -> None:
    guarded = Guarded(Database(database_url))
    async with guarded.database.transaction() as connection:
        before = await backlog(connection)
    attempt, report = await guarded.attempt(await guarded.order())
    assert await guarded.pay(report) is Settlement.PAID
    await guarded.settlements.ask_for_attention(Attention(attempt.order_id, "look"))
    async with guarded.database.transaction() as connection:
        assert (await backlog(connection)).events == before.events
    assert (
        await Outbox(guarded.database, None).resume_deliveries(datetime.now(UTC) + 2 * GRACE) == []
    )
    await guarded.database.close()
