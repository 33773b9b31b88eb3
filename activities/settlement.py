"""What a report of Stripe's does to an order: PAID, PROCESSING, late, or set aside."""

from datetime import timedelta
from typing import Any

from sqlalchemy import Row, bindparam, exists, func, select, update
from sqlalchemy.ext.asyncio import AsyncConnection
from temporalio import activity
from temporalio.exceptions import ApplicationError

from activities.errors import refusal
from activities.outgoing import Announcer, Outbox
from database import tickets
from database.engine import Database
from database.history import record, record_once
from database.models import OrderRow, PaymentRow
from database.orders import lock_order, touch_order
from database.payments import IS_OPEN, attempt_by_id, mismatch, payment_of_session
from database.refunds import is_late
from domain.checkout import Attention, PaidReport, ProcessingPayment
from domain.errors import OrderNotFound
from domain.ids import OrderId
from domain.order import OrderStatus
from domain.payment import SETTLED_STATUSES, Attempt, PaymentReport, PaymentStatus, Settlement

_ATTEMPT_IS_OPEN = exists().where(PaymentRow.provider_ref == bindparam("session_id"), IS_OPEN)
_PAID_ORDER = (
    update(OrderRow)
    .where(
        OrderRow.id == bindparam("order_of_report"),
        OrderRow.status == OrderStatus.CREATED,
        _ATTEMPT_IS_OPEN,
    )
    .values(status=OrderStatus.PAID, paid_at=func.now(), updated_at=func.now())
    .returning(OrderRow.id)
    .cte("paid_order")
)
_PAY = (
    update(PaymentRow)
    .where(
        PaymentRow.provider_ref == bindparam("session_id"),
        PaymentRow.order_id == _PAID_ORDER.c.id,
    )
    .values(
        status=PaymentStatus.SUCCEEDED,
        payment_intent=bindparam("intent"),
        captured_cents=bindparam("amount_total"),
        updated_at=func.now(),
    )
    .returning(PaymentRow.id)
)


class Settlements:
    """Brings orders in line with what Stripe reported."""

    def __init__(
        self, database: Database, *, processing: timedelta, announcer: Announcer | None = None
    ) -> None:
        self._database = database
        self._outbox = Outbox(database, announcer)
        self._processing = processing

    @activity.defn
    async def mark_paid(self, paid: PaidReport) -> Settlement:
        """Mark the order PAID if the report is a payment of its open attempt, to the letter.

        The tickets are issued with it. LATE if the report is one of ours, but nothing waits for
        the money any more. Anything else is set aside: the order gets `needs_attention` and an
        entry in its history. Repeating a report changes nothing. Raises ApplicationError of type
        `order_not_found`, not retryable.
        """
        try:
            async with self._outbox.transaction(paid.report.order_id) as connection:
                return await _settle(connection, paid)
        except OrderNotFound as error:
            raise refusal(error) from error

    @activity.defn
    async def mark_processing(self, payment: ProcessingPayment) -> Attempt:
        """Note that a delayed payment is on its way; return the attempt with its new deadline."""
        statement = (
            update(PaymentRow)
            .where(PaymentRow.id == payment.payment_id, PaymentRow.status == PaymentStatus.PENDING)
            .values(
                status=PaymentStatus.PROCESSING,
                looked_at=payment.at,
                expires_at=payment.at + self._processing,
                updated_at=func.now(),
            )
            .returning(PaymentRow.provider_ref)
        )
        async with self._database.transaction() as connection:
            await lock_order(connection, payment.order_id)
            if row := (await connection.execute(statement)).one_or_none():
                await touch_order(connection, payment.order_id)
                await record(
                    connection,
                    payment.order_id,
                    "payment_processing",
                    actor="stripe",
                    session=row.provider_ref,
                )
            return await attempt_by_id(connection, payment.payment_id)

    @activity.defn
    async def ask_for_attention(self, attention: Attention) -> None:
        """Mark the order for a person to look at, once for each reason: he may have done so."""
        async with self._outbox.transaction(attention.order_id) as connection:
            await lock_order(connection, attention.order_id)
            if await record_once(
                connection,
                attention.order_id,
                "needs_attention",
                actor="checkout",
                reason=attention.reason,
            ):
                await touch_order(connection, attention.order_id, needs_attention=True)


async def _settle(connection: AsyncConnection, paid: PaidReport) -> Settlement:
    report = paid.report
    await lock_order(connection, report.order_id)
    attempt = await payment_of_session(connection, report.session_id)
    if attempt is None and await _awaits_its_session(connection, report.order_id):
        raise ApplicationError("the attempt's session is not known yet", type="too_early")
    if difference := mismatch(attempt, report):
        return await _set_aside(connection, paid, difference)
    if await _is_settled_by(connection, attempt, report):
        return Settlement.PAID
    if not await _pay(connection, report):
        return Settlement.LATE
    await tickets.issue(connection, report.order_id)
    await record(
        connection,
        report.order_id,
        "order_paid",
        actor=paid.actor,
        session=report.session_id,
        payment_intent=report.payment_intent,
        event=report.event_id,
    )
    return Settlement.PAID


async def _awaits_its_session(connection: AsyncConnection, order_id: OrderId) -> bool:
    """Say whether an event may have overtaken the answer that names its session."""
    nameless = exists().where(
        PaymentRow.order_id == order_id, IS_OPEN, PaymentRow.provider_ref.is_(None)
    )
    return bool((await connection.execute(select(nameless))).scalar_one())


async def _is_settled_by(
    connection: AsyncConnection, attempt: Row[Any] | None, report: PaymentReport
) -> bool:
    """Say whether this payment made its order PAID, whatever went back of it since."""
    return (
        attempt is not None
        and attempt.status in SETTLED_STATUSES
        and attempt.payment_intent is not None
        and attempt.payment_intent == report.payment_intent
        and not await is_late(connection, attempt.payment_intent)
    )


async def _pay(connection: AsyncConnection, report: PaymentReport) -> bool:
    """Move order and attempt together; False unless both were still waiting for the money."""
    paid = {
        "order_of_report": report.order_id,
        "session_id": report.session_id,
        "intent": report.payment_intent,
        "amount_total": report.amount_total,
    }
    return (await connection.execute(_PAY, paid)).one_or_none() is not None


async def _set_aside(connection: AsyncConnection, paid: PaidReport, why: str) -> Settlement:
    report = paid.report
    if await record_once(
        connection,
        report.order_id,
        "payment_set_aside",
        actor=paid.actor,
        reason=why,
        session=report.session_id,
        payment_intent=report.payment_intent,
        event=report.event_id,
    ):
        await touch_order(connection, report.order_id, needs_attention=True)
    return Settlement.SET_ASIDE
