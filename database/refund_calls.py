"""What is asked of Stripe for a refund: it fits into what is left, or it is not asked at all."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row, func, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from database.history import record
from database.models import PaymentRow, RefundRow
from database.orders import touch_order
from database.refunds import LEFT_CENTS, late_key
from domain.errors import AmountTooLarge, NothingToRefund
from domain.ids import OrderId, RefundId
from domain.money import Cents
from domain.refund import CAME_TO_NOTHING, Refund, RefundStatus


@dataclass(frozen=True)
class RefundCall:
    """Everything that goes into the Stripe call of a refund."""

    refund_id: RefundId
    order_id: OrderId
    payment_intent: str
    amount_cents: Cents
    reason: str
    idempotency_key: str
    key_number: int


async def refund_call(connection: AsyncConnection, refund: Refund) -> RefundCall | None:
    """Return what to ask of Stripe, None where the refund was made or is not to be made any more.

    What went back in Stripe's dashboard meanwhile is gone: late money then goes back for the rest
    only, any other refund is closed as `canceled`. The caller holds the order's lock.
    """
    statement = (
        select(RefundRow.__table__, LEFT_CENTS.label("left_cents"))
        .join(PaymentRow, PaymentRow.id == RefundRow.payment_id)
        .where(
            RefundRow.id == refund.id,
            RefundRow.status == RefundStatus.PENDING,
            RefundRow.stripe_id.is_(None),
        )
    )
    row = (await connection.execute(statement)).one_or_none()
    if row is None:
        return None
    most = Cents(row.left_cents + row.amount_cents)  # the refund itself counts in what is left
    if row.amount_cents <= most:
        return _call_of(row)
    if most > 0 and row.idempotency_key == late_key(row.payment_intent):
        return await _ask_for_less(connection, refund, most)
    code = AmountTooLarge.code if most > 0 else NothingToRefund.code
    await refuse(connection, refund, RefundStatus.CANCELED, code)
    return None


def _call_of(row: Row[Any]) -> RefundCall:
    key, number = row.idempotency_key, row.key_number
    return RefundCall(
        refund_id=RefundId(row.id),
        order_id=OrderId(row.order_id),
        payment_intent=row.payment_intent,
        amount_cents=Cents(row.amount_cents),
        reason=row.reason,
        idempotency_key=key if number == 1 else f"{key}-{number}",
        key_number=number,
    )


async def _ask_for_less(connection: AsyncConnection, refund: Refund, amount: Cents) -> RefundCall:
    """Change what is asked, under another key: Stripe refuses one that comes with something new."""
    changed = await connection.execute(
        update(RefundRow)
        .where(RefundRow.id == refund.id)
        .values(amount_cents=amount, key_number=RefundRow.key_number + 1, updated_at=func.now())
        .returning(RefundRow.__table__)
    )
    return _call_of(changed.one())


async def give_up_key(connection: AsyncConnection, call: RefundCall) -> None:
    """Use another idempotency key for the refund from now on."""
    await connection.execute(
        update(RefundRow)
        .where(RefundRow.id == call.refund_id, RefundRow.key_number == call.key_number)
        .values(key_number=RefundRow.key_number + 1, updated_at=func.now())
    )


async def refuse(
    connection: AsyncConnection, refund: Refund, status: RefundStatus, reason: str
) -> None:
    """Close a refund that Stripe never made; one that failed asks for a person."""
    assert status in CAME_TO_NOTHING
    closed = await connection.execute(
        update(RefundRow)
        .where(
            RefundRow.id == refund.id,
            RefundRow.status == RefundStatus.PENDING,
            RefundRow.stripe_id.is_(None),
        )
        .values(status=status, failure_reason=reason, updated_at=func.now())
        .returning(RefundRow.id)
    )
    if closed.one_or_none() is None:
        return
    if status is RefundStatus.FAILED:
        await touch_order(connection, refund.order_id, needs_attention=True)
    else:
        await touch_order(connection, refund.order_id)
    await record(
        connection,
        refund.order_id,
        f"refund_{status}",
        actor="stripe" if status is RefundStatus.FAILED else "refund",
        reason=f"{refund.id}: {reason}",
        payment_intent=refund.payment_intent,
    )
