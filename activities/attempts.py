"""Opening and closing attempts: tickets are held by an open attempt and by nothing else."""

from datetime import datetime, timedelta

from sqlalchemy import func, update
from sqlalchemy.ext.asyncio import AsyncConnection
from temporalio import activity

from activities.errors import refusal
from activities.outgoing import Announcer, Outbox
from database import holds, payments
from database.engine import Database
from database.history import record
from database.models import OrderRow
from database.orders import lock_order, touch_order
from domain.checkout import CloseAttempt, CloseReason, Extension, HoldTickets, Recheck
from domain.errors import DomainError, NotExtendable, OrderNotPayable
from domain.ids import PaymentId
from domain.order import OrderStatus
from domain.payment import Attempt, PaymentStatus

# Stripe takes an `expires_at` of 30 minutes to 24 hours after the request, by its own clock. The
# request may come as late as the deadline itself, or a little later when it is repeated in order
# to close; and the clocks may differ by ten minutes.
SESSION_OUTLIVES_HOLD = timedelta(minutes=45)

CLOSED_AS = {
    CloseReason.DEADLINE: PaymentStatus.EXPIRED,
    CloseReason.CANCELLED: PaymentStatus.EXPIRED,
    CloseReason.SESSION_EXPIRED: PaymentStatus.EXPIRED,
    CloseReason.PAYMENT_FAILED: PaymentStatus.FAILED,
    CloseReason.PAYMENT_MISMATCH: PaymentStatus.FAILED,
    CloseReason.REFUSED: PaymentStatus.FAILED,
}


class Attempts:
    """Holds tickets for an order, and gives them back exactly once."""

    def __init__(
        self,
        database: Database,
        *,
        hold: timedelta,
        base_url: str,
        livemode: bool,
        announcer: Announcer | None = None,
    ) -> None:
        self._database = database
        self._outbox = Outbox(database, announcer)
        self._hold = hold
        self._base_url = base_url
        self._livemode = livemode

    @activity.defn
    async def hold_tickets(self, wanted: HoldTickets) -> Attempt | None:
        """Return the order's open attempt, or hold its tickets for a new one.

        None where there is no open attempt and `adopt_only` asks for no new one. Raises
        ApplicationError of type `order_not_payable` or `sold_out`, not retryable.
        """
        try:
            async with self._database.transaction() as connection:
                return await self._open(connection, wanted)
        except DomainError as error:
            raise refusal(error) from error

    async def _open(self, connection: AsyncConnection, wanted: HoldTickets) -> Attempt | None:
        status = await lock_order(connection, wanted.order_id)
        if attempt := await payments.open_attempt(connection, wanted.order_id):
            return attempt
        if status is not OrderStatus.CREATED:
            raise OrderNotPayable(f"The order is {status}.")
        if wanted.adopt_only:
            return None
        await holds.hold(connection, wanted.order_id)
        return await self._insert(connection, wanted)

    async def _insert(self, connection: AsyncConnection, wanted: HoldTickets) -> Attempt:
        expires_at = wanted.at + self._hold
        attempt = await payments.add_attempt(
            connection,
            wanted.order_id,
            livemode=self._livemode,
            base_url=self._base_url,
            expires_at=expires_at,
            session_expires_at=expires_at + SESSION_OUTLIVES_HOLD,
        )
        await record(
            connection,
            wanted.order_id,
            "tickets_held",
            actor="checkout",
            reason=f"payment {attempt.id}, until {_at(expires_at)}",
        )
        return attempt

    @activity.defn
    async def refuse_checkout(self, closing: CloseAttempt) -> OrderStatus:
        """Close the attempt, if there is one; the order stays as it is and can be tried again.

        `updated_at` tells the API that the answer to this checkout no longer stands. Returns what
        the order is: it is not CREATED if it had already been decided.
        """
        async with self._database.transaction() as connection:
            status = await lock_order(connection, closing.order_id)
            if status is OrderStatus.CREATED:
                await _give_back(connection, closing)
                await touch_order(connection, closing.order_id)
                await _record(connection, "checkout_refused", closing)
            return status

    @activity.defn
    async def cancel_order(self, closing: CloseAttempt) -> OrderStatus:
        """Close the attempt, give its tickets back and mark the order CANCELLED.

        Stripe has said that nobody can pay any more. Returns what the order is afterwards:
        it is not CANCELLED if it had already been paid.
        """
        async with self._outbox.transaction(closing.order_id) as connection:
            status = await lock_order(connection, closing.order_id)
            await _give_back(connection, closing)
            if status is not OrderStatus.CREATED:
                return status
            await connection.execute(
                update(OrderRow)
                .where(OrderRow.id == closing.order_id, OrderRow.status == OrderStatus.CREATED)
                .values(
                    status=OrderStatus.CANCELLED, cancelled_at=func.now(), updated_at=func.now()
                )
            )
            await _record(connection, "order_cancelled", closing)
            return OrderStatus.CANCELLED

    @activity.defn
    async def extend_deadline(self, extension: Extension) -> Attempt:
        """Give the buyer more time, as far as Stripe's session allows; return the attempt then.

        Repeating it changes nothing. `updated_at` tells the API that an answered session has
        another deadline now. Raises ApplicationError of type `not_extendable`, not retryable.
        """
        payment_id, until = extension.attempt.id, extension.until
        async with self._outbox.transaction(extension.attempt.order_id) as connection:
            await lock_order(connection, extension.attempt.order_id)
            if await payments.extend(connection, extension.attempt, until):
                await touch_order(connection, extension.attempt.order_id)
                await record(
                    connection,
                    extension.attempt.order_id,
                    "deadline_extended",
                    actor=extension.actor,
                    reason=f"until {_at(until)}: {extension.reason}",
                )
            attempt = await payments.attempt_by_id(connection, payment_id)
            latest = await payments.latest_deadline(connection, payment_id)
        if attempt.expires_at == until:
            return attempt
        if attempt.status is PaymentStatus.PENDING and until > latest:
            raise refusal(NotExtendable(f"Stripe's session allows a deadline of {_at(latest)}."))
        raise refusal(NotExtendable("The attempt no longer waits for a payment until then."))

    @activity.defn
    async def record_recheck(self, recheck: Recheck) -> None:
        """Write down that an operator had Stripe asked, and what it said."""
        request, report = recheck.request, recheck.report
        async with self._database.transaction() as connection:
            await record(
                connection,
                recheck.order_id,
                "stripe_asked",
                actor=request.actor,
                reason=f"Stripe says {report.status}: {request.reason}",
                session=report.session_id,
                payment_intent=report.payment_intent,
            )


def _at(time: datetime) -> str:
    return f"{time:%Y-%m-%d %H:%M:%S} UTC"


async def _give_back(connection: AsyncConnection, closing: CloseAttempt) -> bool:
    if closing.payment_id is None or not await payments.close(
        connection, PaymentId(closing.payment_id), CLOSED_AS[closing.reason]
    ):
        return False
    await holds.release(connection, closing.order_id)
    return True


async def _record(connection: AsyncConnection, action: str, closing: CloseAttempt) -> None:
    reason = f"{closing.reason}: {closing.detail}" if closing.detail else str(closing.reason)
    await record(connection, closing.order_id, action, actor=closing.actor, reason=reason)
