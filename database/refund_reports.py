"""Taking what Stripe says of the refunds of a payment: its rows, the payment, and the order."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row, and_, exists, func, insert, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from database.given_back import settle_payment
from database.history import record
from database.models import OrderHistoryRow, PaymentRow, RefundRow
from database.orders import touch_order
from database.refunds import IS_LATE, late_key
from domain.ids import OrderId, PaymentId, new_id
from domain.money import display
from domain.refund import CAME_TO_NOTHING, UNDER_WAY, RefundReport, RefundStatus


@dataclass(frozen=True)
class KnownRefunds:
    """What we knew of a payment and its refunds at one moment; `versions` changes with any of it.

    An answer of Stripe's may only be written while what was known before asking still stands.
    """

    order_id: OrderId
    payment_id: PaymentId
    payment_intent: str
    is_late: bool
    versions: tuple[tuple[str, datetime], ...]


async def known_refunds(connection: AsyncConnection, payment_intent: str) -> KnownRefunds | None:
    """Return what we know of a captured payment and its refunds; None when it is not ours yet."""
    statement = select(PaymentRow.id, PaymentRow.order_id, IS_LATE.label("is_late")).where(
        PaymentRow.payment_intent == payment_intent
    )
    payment = (await connection.execute(statement)).one_or_none()
    if payment is None:
        return None
    rows = await _rows(connection, OrderId(payment.order_id), payment_intent)
    return KnownRefunds(
        order_id=OrderId(payment.order_id),
        payment_id=PaymentId(payment.id),
        payment_intent=payment_intent,
        is_late=payment.is_late,
        versions=tuple((row.id, row.updated_at) for row in rows),
    )


async def is_awaited(
    connection: AsyncConnection, payment_id: PaymentId, payment_intent: str
) -> bool:
    """Say whether an attempt is still to take a payment, or has done so just now.

    A payment that was set aside never will be taken.
    """
    aside = exists().where(
        OrderHistoryRow.order_id == PaymentRow.order_id,
        OrderHistoryRow.action == "payment_set_aside",
        OrderHistoryRow.stripe_ids["payment_intent"].astext == payment_intent,
    )
    attempt = exists().where(
        PaymentRow.id == payment_id,
        or_(
            PaymentRow.payment_intent == payment_intent,
            and_(PaymentRow.payment_intent.is_(None), ~aside),
        ),
    )
    return bool((await connection.execute(select(attempt))).scalar_one())


async def take(
    connection: AsyncConnection, known: KnownRefunds, reports: Sequence[RefundReport]
) -> None:
    """Bring the refunds of a payment in line with Stripe's; taking the same again changes nothing.

    A refund that no row knows was made in Stripe's dashboard, and gets its row now. The caller
    holds the order's lock.
    """
    rows = await _rows(connection, known.order_id, known.payment_intent)
    by_stripe_id = {row.stripe_id: row for row in rows if row.stripe_id}
    unmade = {row.id: row for row in rows if row.stripe_id is None}
    is_news = False
    for report in reports:
        row = by_stripe_id.get(report.stripe_id) or unmade.pop(report.refund_id, None)
        if row is None:
            await _adopt(connection, known, report)
        elif _differs(row, report):
            await _move(connection, row, report)
        else:
            continue
        is_news = True
        await _record(connection, known, row, report)
    if is_news:
        await settle_payment(connection, known.order_id, known.payment_id, is_late=known.is_late)
    await _note_that_stripe_was_asked(connection, known)


async def _rows(
    connection: AsyncConnection, order_id: OrderId, payment_intent: str
) -> Sequence[Row[Any]]:
    statement = (
        select(RefundRow.__table__)
        .where(RefundRow.order_id == order_id, RefundRow.payment_intent == payment_intent)
        .order_by(RefundRow.id)
    )
    return (await connection.execute(statement)).all()


def _differs(row: Row[Any], report: RefundReport) -> bool:
    return (row.stripe_id, row.status, row.failure_reason) != (
        report.stripe_id,
        report.status,
        report.failure_reason,
    )


async def _adopt(connection: AsyncConnection, known: KnownRefunds, report: RefundReport) -> None:
    await connection.execute(
        insert(RefundRow).values(
            id=new_id("re"),
            order_id=known.order_id,
            payment_id=known.payment_id,
            payment_intent=known.payment_intent,
            idempotency_key=f"stripe-{report.stripe_id}",
            stripe_id=report.stripe_id,
            amount_cents=report.amount_cents,
            currency=report.currency,
            status=report.status,
            reason=report.reason or "made in Stripe's dashboard",
            failure_reason=report.failure_reason,
        )
    )


async def _move(connection: AsyncConnection, row: Row[Any], report: RefundReport) -> None:
    await connection.execute(
        update(RefundRow)
        .where(RefundRow.id == row.id, RefundRow.updated_at == row.updated_at)
        .values(
            stripe_id=report.stripe_id,
            amount_cents=report.amount_cents,
            status=report.status,
            failure_reason=report.failure_reason,
            updated_at=func.now(),
        )
    )


async def _record(
    connection: AsyncConnection, known: KnownRefunds, row: Row[Any] | None, report: RefundReport
) -> None:
    """Write down what became of a refund, and ask for a person where the money came back."""
    failed = report.status in CAME_TO_NOTHING
    if failed:
        await touch_order(connection, known.order_id, needs_attention=True)
    else:
        await touch_order(connection, known.order_id)
    amount = display(report.amount_cents, report.currency)
    why = report.failure_reason or (row is None and "made in Stripe's dashboard")
    await record(
        connection,
        known.order_id,
        _action(known, row, report),
        actor="stripe",
        reason=f"{amount}: {why}" if why else amount,
        refund=report.stripe_id,
        payment_intent=known.payment_intent,
    )


def _action(known: KnownRefunds, row: Row[Any] | None, report: RefundReport) -> str:
    is_late = row is not None and row.idempotency_key == late_key(known.payment_intent)
    if is_late and report.status is RefundStatus.SUCCEEDED:
        return "late_payment_refunded"
    return f"refund_{report.status}"


async def _note_that_stripe_was_asked(connection: AsyncConnection, known: KnownRefunds) -> None:
    """Refunds that nobody asks after any more are found by the age of `updated_at`."""
    await connection.execute(
        update(RefundRow)
        .where(
            RefundRow.order_id == known.order_id,
            RefundRow.payment_id == known.payment_id,
            RefundRow.status.in_(UNDER_WAY),
        )
        .values(updated_at=func.now())
    )
