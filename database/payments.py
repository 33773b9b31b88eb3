"""Payments: the attempts of an order, and the guarded statements that move them on."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Row, bindparam, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from database.models import OrderRow, PaymentRow
from database.orders import ITEMS, items_of
from domain.ids import OrderId, PaymentId, UserId, new_id
from domain.money import Cents, Currency
from domain.order import OrderItem
from domain.payment import (
    DEADLINE_BEFORE_EXPIRY,
    OPEN_STATUSES,
    Attempt,
    CheckoutSession,
    PaymentReport,
    PaymentStatus,
)

IS_OPEN: ColumnElement[bool] = PaymentRow.status.in_(OPEN_STATUSES)

_OPEN = select(PaymentRow.__table__).where(PaymentRow.order_id == bindparam("order_id"), IS_OPEN)
_OF_SESSION = select(PaymentRow.__table__).where(PaymentRow.provider_ref == bindparam("session_id"))
_GIVEN = ("id", "livemode", "base_url", "expires_at", "session_expires_at")
_ADD = (
    insert(PaymentRow)
    .from_select(
        ["order_id", "amount_cents", "currency", *_GIVEN],
        select(
            OrderRow.id,
            OrderRow.total_cents,
            OrderRow.currency,
            *(bindparam(name, type_=PaymentRow.__table__.c[name].type) for name in _GIVEN),
        ).where(OrderRow.id == bindparam("of_order")),
    )
    .returning(PaymentRow.__table__)
)
_SESSION_REQUEST = (
    select(PaymentRow.__table__, OrderRow.user_id, ITEMS.label("items"))
    .join(OrderRow, OrderRow.id == PaymentRow.order_id)
    .where(PaymentRow.id == bindparam("payment_id"))
)
_STORE_SESSION = (
    update(PaymentRow)
    .where(PaymentRow.id == bindparam("payment_id"), PaymentRow.provider_ref.is_(None))
    .values(
        provider_ref=bindparam("session_id"), session_url=bindparam("url"), updated_at=func.now()
    )
)


@dataclass(frozen=True)
class SessionRequest:
    """Everything that goes into the Stripe call of an attempt, and what came of it so far."""

    payment_id: PaymentId
    order_id: OrderId
    user_id: UserId
    currency: Currency
    items: tuple[OrderItem, ...]
    base_url: str
    expires_at: datetime
    session_expires_at: datetime
    created_at: datetime
    idempotency_key: str
    session: CheckoutSession | None


def attempt_of(row: Row[Any]) -> Attempt:
    """Return what a workflow knows of a row of `payments`."""
    return Attempt(
        id=PaymentId(row.id),
        order_id=OrderId(row.order_id),
        amount_cents=Cents(row.amount_cents),
        currency=Currency(row.currency),
        expires_at=row.expires_at,
        status=PaymentStatus(row.status),
    )


async def open_attempt(connection: AsyncConnection, order_id: OrderId) -> Attempt | None:
    """Return the order's open attempt: there is one at the most."""
    row = (await connection.execute(_OPEN, {"order_id": order_id})).one_or_none()
    return attempt_of(row) if row else None


async def add_attempt(
    connection: AsyncConnection, order_id: OrderId, **given: str | bool | datetime
) -> Attempt:
    """Open an attempt to collect what an order costs; its tickets are held by now."""
    new = {"id": new_id("pay"), "of_order": order_id, **given}
    return attempt_of((await connection.execute(_ADD, new)).one())


async def attempt_by_id(connection: AsyncConnection, payment_id: PaymentId) -> Attempt:
    """Return an attempt."""
    statement = select(PaymentRow.__table__).where(PaymentRow.id == payment_id)
    return attempt_of((await connection.execute(statement)).one())


async def payment_of_session(connection: AsyncConnection, session_id: str) -> Row[Any] | None:
    """Return the attempt whose Checkout Session has this id."""
    return (await connection.execute(_OF_SESSION, {"session_id": session_id})).one_or_none()


async def payment_of_intent(connection: AsyncConnection, payment_intent: str) -> Row[Any] | None:
    """Return the attempt that was paid by one of Stripe's payment intents."""
    statement = select(PaymentRow.__table__).where(PaymentRow.payment_intent == payment_intent)
    return (await connection.execute(statement)).one_or_none()


async def our_intents(
    connection: AsyncConnection, payment_intents: Iterable[str | None]
) -> set[str]:
    """Return those of Stripe's payment intents by which our orders were paid."""
    statement = select(PaymentRow.payment_intent).where(
        PaymentRow.payment_intent.in_(set(payment_intents))
    )
    return {intent for intent in (await connection.execute(statement)).scalars() if intent}


async def session_request(connection: AsyncConnection, payment_id: PaymentId) -> SessionRequest:
    """Return what to ask of Stripe for an attempt."""
    row = (await connection.execute(_SESSION_REQUEST, {"payment_id": payment_id})).one()
    return SessionRequest(
        payment_id=payment_id,
        order_id=OrderId(row.order_id),
        user_id=UserId(row.user_id),
        currency=Currency(row.currency),
        items=items_of(row.items),
        base_url=row.base_url,
        expires_at=row.expires_at,
        session_expires_at=row.session_expires_at,
        created_at=row.created_at,
        idempotency_key=payment_id if row.key_number == 1 else f"{payment_id}-{row.key_number}",
        session=CheckoutSession(row.provider_ref, row.session_url, row.expires_at)
        if row.provider_ref
        else None,
    )


async def give_up_key(connection: AsyncConnection, payment_id: PaymentId) -> None:
    """Use another idempotency key for the attempt from now on."""
    await connection.execute(
        update(PaymentRow)
        .where(PaymentRow.id == payment_id, PaymentRow.provider_ref.is_(None))
        .values(key_number=PaymentRow.key_number + 1, updated_at=func.now())
    )


async def store_session(
    connection: AsyncConnection, payment_id: PaymentId, session: CheckoutSession
) -> None:
    """Write the session that Stripe made for an attempt into its row; it never changes again."""
    made = {"payment_id": payment_id, "session_id": session.session_id, "url": session.url}
    await connection.execute(_STORE_SESSION, made)


async def looked_at(connection: AsyncConnection, payment_id: PaymentId, at: datetime) -> None:
    """Note that Stripe said at a time (UTC) how an attempt's session stands."""
    await connection.execute(
        update(PaymentRow).where(PaymentRow.id == payment_id).values(looked_at=at)
    )


async def payments_of(connection: AsyncConnection, order_id: OrderId) -> list[Row[Any]]:
    """Return all attempts of an order, oldest first."""
    statement = (
        select(PaymentRow.__table__)
        .where(PaymentRow.order_id == order_id)
        .order_by(PaymentRow.created_at, PaymentRow.id)
    )
    return list((await connection.execute(statement)).all())


async def close(connection: AsyncConnection, payment_id: PaymentId, status: PaymentStatus) -> bool:
    """Move an open attempt to a closed status; False when somebody was faster."""
    statement = (
        update(PaymentRow)
        .where(PaymentRow.id == payment_id, IS_OPEN)
        .values(status=status, updated_at=func.now())
        .returning(PaymentRow.id)
    )
    return (await connection.execute(statement)).one_or_none() is not None


async def extend(connection: AsyncConnection, attempt: Attempt, until: datetime) -> bool:
    """Move the deadline that an attempt knows to a later one (UTC) that its session outlives.

    False when the attempt waits for no payment, has no session yet, or has another deadline.
    """
    statement = (
        update(PaymentRow)
        .where(
            PaymentRow.id == attempt.id,
            PaymentRow.status == PaymentStatus.PENDING,
            PaymentRow.provider_ref.is_not(None),
            PaymentRow.expires_at == attempt.expires_at,
            PaymentRow.session_expires_at >= until + DEADLINE_BEFORE_EXPIRY,
        )
        .values(expires_at=until, updated_at=func.now())
        .returning(PaymentRow.id)
    )
    return (await connection.execute(statement)).one_or_none() is not None


async def latest_deadline(connection: AsyncConnection, payment_id: PaymentId) -> datetime:
    """Return how far an attempt's deadline can be moved (UTC)."""
    statement = select(PaymentRow.session_expires_at).where(PaymentRow.id == payment_id)
    return (await connection.execute(statement)).scalar_one() - DEADLINE_BEFORE_EXPIRY


def mismatch(row: Row[Any] | None, report: PaymentReport) -> str | None:
    """Say in what a report differs from the attempt it claims to pay; None when it agrees."""
    if row is None:
        return f"session {report.session_id} was not made by us"
    compared = {
        "order": (row.order_id, report.order_id),
        "amount": (row.amount_cents, report.amount_total),
        "currency": (row.currency, report.currency),
        "livemode": (row.livemode, report.livemode),
    }
    return next(
        (
            f"{name} is {reported!r} and should be {expected!r}"
            for name, (expected, reported) in compared.items()
            if expected != reported
        ),
        None,
    )
