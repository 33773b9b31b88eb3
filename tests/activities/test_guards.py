"""The guards of the states, one by one and against each other."""

import asyncio
from dataclasses import replace

import pytest
from sqlalchemy import delete, insert, literal, select, update
from sqlalchemy.exc import IntegrityError
from temporalio.exceptions import ApplicationError

from database.models import OrderItemRow, OrderRow, PaymentRow, TicketRow
from database.ops import resolve
from database.payments import give_up_key, session_request, store_session
from database.tickets import tickets_of
from domain.checkout import CloseAttempt, CloseReason, HoldTickets
from domain.ids import new_id
from domain.money import Cents, Currency
from domain.order import OrderStatus
from domain.payment import (
    CheckoutSession,
    PaymentStatus,
    Settlement,
)
from tests.activities.guarding import NOW, Guarded


async def test_holding_twice_holds_once(guarded: Guarded) -> None:
    tickets = await guarded.ticket_type(capacity=5)
    order = await guarded.order(tickets, 2)
    wanted = HoldTickets(order, NOW)
    attempts = await asyncio.gather(*(guarded.attempts.hold_tickets(wanted) for _ in range(8)))
    assert len({attempt.id for attempt in attempts if attempt}) == 1
    assert await guarded.available(tickets) == 3


async def test_of_many_orders_only_as_many_hold_as_there_are_tickets(guarded: Guarded) -> None:
    tickets = await guarded.ticket_type(capacity=3)
    orders = [await guarded.order(tickets, 1) for _ in range(12)]
    answers = await asyncio.gather(
        *(guarded.attempts.hold_tickets(HoldTickets(order, NOW)) for order in orders),
        return_exceptions=True,
    )
    refused = [answer for answer in answers if isinstance(answer, ApplicationError)]
    assert [error.type for error in refused] == ["sold_out"] * 9
    assert await guarded.available(tickets) == 0


async def test_paying_and_cancelling_at_once_has_one_winner(guarded: Guarded) -> None:
    for _ in range(10):
        tickets = await guarded.ticket_type(capacity=2)
        attempt, report = await guarded.attempt(await guarded.order(tickets, 2))
        settled, status = await asyncio.gather(guarded.pay(report), guarded.cancel(attempt))
        order = await guarded.see(attempt.order_id)
        assert order.status is status
        assert (settled is Settlement.PAID) == (status is OrderStatus.PAID)
        assert settled in (Settlement.PAID, Settlement.LATE)


async def test_cancelling_twice_gives_the_tickets_back_once(guarded: Guarded) -> None:
    tickets = await guarded.ticket_type(capacity=4)
    await guarded.attempt(await guarded.order(tickets, 2))
    attempt, _ = await guarded.attempt(await guarded.order(tickets, 2))
    assert await guarded.cancel(attempt) is OrderStatus.CANCELLED
    assert await guarded.cancel(attempt) is OrderStatus.CANCELLED
    assert await guarded.available(tickets) == 2
    assert (await guarded.actions(attempt.order_id)).count("order_cancelled") == 1


async def test_a_paid_order_cannot_be_cancelled(guarded: Guarded) -> None:
    attempt, report = await guarded.attempt(await guarded.order())
    assert await guarded.pay(report) is Settlement.PAID
    assert await guarded.cancel(attempt) is OrderStatus.PAID
    assert (await guarded.see(attempt.order_id)).status is OrderStatus.PAID


async def test_an_order_that_is_not_created_cannot_become_paid(guarded: Guarded) -> None:
    attempt, report = await guarded.attempt(await guarded.order())
    async with guarded.database.transaction() as connection:
        await connection.execute(
            update(OrderRow)
            .where(OrderRow.id == attempt.order_id)
            .values(status=OrderStatus.CANCELLED, cancelled_at=NOW)
        )
    assert await guarded.pay(report) is Settlement.LATE
    assert (await guarded.see(attempt.order_id)).status is OrderStatus.CANCELLED
    await guarded.cancel(attempt)


@pytest.mark.parametrize("given_back", [PaymentStatus.REFUNDED, PaymentStatus.PARTIALLY_REFUNDED])
async def test_a_payment_that_went_back_is_no_late_money_when_it_is_reported_again(
    guarded: Guarded, given_back: PaymentStatus
) -> None:
    attempt, report = await guarded.attempt(await guarded.order())
    await guarded.pay(report)
    async with guarded.database.transaction() as connection:
        await connection.execute(
            update(PaymentRow).where(PaymentRow.id == attempt.id).values(status=given_back)
        )
    assert await guarded.pay(report) is Settlement.PAID


async def test_a_closed_attempt_cannot_be_paid_though_its_order_can(guarded: Guarded) -> None:
    tickets = await guarded.ticket_type(capacity=2)
    order = await guarded.order(tickets, 2)
    first, late = await guarded.attempt(order)
    refused = CloseAttempt(order, first.id, CloseReason.REFUSED, "checkout")
    assert await guarded.attempts.refuse_checkout(refused) is OrderStatus.CREATED
    assert await guarded.pay(late) is Settlement.LATE
    _, report = await guarded.attempt(order)
    assert await guarded.pay(late) is Settlement.LATE
    assert await guarded.pay(report) is Settlement.PAID
    assert await guarded.available(tickets) == 0


@pytest.mark.parametrize(
    "change",
    [
        {"amount_total": Cents(1)},
        {"currency": Currency("usd")},
        {"livemode": True},
        {"session_id": "cs_of_somebody_else"},
    ],
)
async def test_a_payment_that_differs_is_set_aside_once(
    guarded: Guarded, change: dict[str, object]
) -> None:
    attempt, report = await guarded.attempt(await guarded.order())
    for _ in range(2):
        assert await guarded.pay(replace(report, **change)) is Settlement.SET_ASIDE  # type: ignore[arg-type]
    order = await guarded.see(attempt.order_id)
    assert order.status is OrderStatus.CREATED
    assert order.needs_attention
    assert (await guarded.actions(order.id)).count("payment_set_aside") == 1
    assert await guarded.pay(report) is Settlement.PAID


async def test_a_payment_that_overtakes_the_answer_naming_its_session_is_taken_later(
    guarded: Guarded,
) -> None:
    _, like = await guarded.attempt(await guarded.order())
    attempt = await guarded.attempts.hold_tickets(HoldTickets(await guarded.order(), NOW))
    assert attempt
    session = CheckoutSession(new_id("cs"), "http://pay", attempt.expires_at)
    report = replace(like, order_id=attempt.order_id, session_id=session.session_id)
    with pytest.raises(ApplicationError, match="not known yet"):
        await guarded.pay(report)
    async with guarded.database.transaction() as connection:
        await store_session(connection, attempt.id, session)
    assert await guarded.pay(report) is Settlement.PAID
    assert not (await guarded.see(attempt.order_id)).needs_attention


async def test_attention_is_resolved_once_and_only_for_the_order_that_was_seen(
    guarded: Guarded,
) -> None:
    attempt, report = await guarded.attempt(await guarded.order())
    await guarded.pay(replace(report, amount_total=Cents(1)))
    await guarded.pay(report)
    resolved = []
    for seen in (OrderStatus.CREATED, OrderStatus.PAID, OrderStatus.PAID):
        async with guarded.database.transaction() as connection:
            resolved.append(await resolve(connection, attempt.order_id, seen, "olga", "looked"))
    assert resolved == [False, True, False]
    assert (await guarded.actions(attempt.order_id)).count("attention_resolved") == 1


async def test_a_session_that_is_known_is_never_replaced(guarded: Guarded) -> None:
    attempt, report = await guarded.attempt(await guarded.order())
    other = CheckoutSession(new_id("cs"), "http://elsewhere", attempt.expires_at)
    async with guarded.database.transaction() as connection:
        await store_session(connection, attempt.id, other)
        await give_up_key(connection, attempt.id)
        request = await session_request(connection, attempt.id)
    assert request.session
    assert request.session.session_id == report.session_id
    assert request.idempotency_key == attempt.id


async def test_a_session_of_another_order_pays_nothing(guarded: Guarded) -> None:
    first, report = await guarded.attempt(await guarded.order())
    second, _ = await guarded.attempt(await guarded.order())
    mixed_up = replace(report, order_id=second.order_id)
    assert await guarded.pay(mixed_up) is Settlement.SET_ASIDE
    assert (await guarded.see(first.order_id)).status is OrderStatus.CREATED
    assert (await guarded.see(second.order_id)).status is OrderStatus.CREATED


async def test_no_order_becomes_paid_without_its_tickets(guarded: Guarded) -> None:
    attempt, report = await guarded.attempt(await guarded.order())
    in_the_way = TicketRow.order_id == attempt.order_id
    async with guarded.database.transaction() as connection:
        seat = select(literal("tic_of_nobody"), OrderItemRow.order_id, OrderItemRow.ticket_type_id)
        seat = seat.add_columns(literal(1), literal(new_id("code")))
        await connection.execute(
            insert(TicketRow).from_select(
                ["id", "order_id", "ticket_type_id", "number", "code"],
                seat.where(OrderItemRow.order_id == attempt.order_id),
            )
        )
    with pytest.raises(IntegrityError, match="one_ticket_a_seat"):
        await guarded.pay(report)
    assert (await guarded.see(attempt.order_id)).status is OrderStatus.CREATED
    assert await guarded.payment_statuses(attempt.order_id) == [PaymentStatus.PENDING]
    async with guarded.database.transaction() as connection:
        await connection.execute(delete(TicketRow).where(in_the_way))
    assert await guarded.pay(report) is Settlement.PAID
    async with guarded.database.transaction() as connection:
        assert len(await tickets_of(connection, attempt.order_id)) == 2
