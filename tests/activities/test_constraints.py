"""What the database itself refuses, whatever the code above it does."""

import pytest
from sqlalchemy import delete, insert, text, update
from sqlalchemy.exc import DBAPIError, IntegrityError

from database.models import OrderRow, PaymentRow, RefundRow, TicketTypeRow
from domain.ids import new_id
from domain.payment import (
    Attempt,
    Settlement,
)
from tests.activities.guarding import Guarded


def refund_of(attempt: Attempt, name: str) -> dict[str, str | int]:
    """Return a row of `refunds` whose ids at Stripe have a name."""
    return {
        "id": new_id("re"),
        "order_id": attempt.order_id,
        "payment_id": attempt.id,
        "payment_intent": f"pi_{name}",
        "idempotency_key": f"key_{name}",
        "stripe_id": f"re_{name}",
        "amount_cents": 1,
        "currency": attempt.currency,
        "reason": "to be met again",
    }


async def test_the_database_itself_takes_each_of_stripes_ids_once(guarded: Guarded) -> None:
    (first, report), (second, _) = [await guarded.attempt(await guarded.order()) for _ in range(2)]
    for attempt, name in ((first, "one"), (second, "two")):
        async with guarded.database.transaction() as connection:
            await connection.execute(insert(RefundRow).values(refund_of(attempt, name)))
    assert await guarded.pay(report) is Settlement.PAID
    payment = update(PaymentRow).where(PaymentRow.id == second.id)
    refund = update(RefundRow).where(RefundRow.payment_id == second.id)
    for again in (
        payment.values(provider_ref=report.session_id),
        payment.values(payment_intent=report.payment_intent),
        refund.values(stripe_id="re_one"),
        refund.values(idempotency_key="key_one"),
    ):
        with pytest.raises(IntegrityError, match="duplicate key"):
            async with guarded.database.transaction() as connection:
                await connection.execute(again)


async def test_the_database_itself_never_oversells(guarded: Guarded) -> None:
    tickets = await guarded.ticket_type(capacity=1)
    for wrong in (-1, 2):
        with pytest.raises(IntegrityError, match="never_oversold"):
            async with guarded.database.transaction() as connection:
                await connection.execute(
                    update(TicketTypeRow).where(TicketTypeRow.id == tickets).values(available=wrong)
                )


async def test_the_database_itself_keeps_orders_and_their_history(guarded: Guarded) -> None:
    order = await guarded.order()
    for change in (
        delete(OrderRow).where(OrderRow.id == order),
        text("UPDATE order_history SET actor = 'nobody'"),
        text("DELETE FROM order_history"),
    ):
        with pytest.raises(DBAPIError, match="is not allowed"):
            async with guarded.database.transaction() as connection:
                await connection.execute(change)
