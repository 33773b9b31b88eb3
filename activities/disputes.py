"""Disputes: https://docs.stripe.com/disputes. What Stripe says when asked decides, not an event."""

from typing import Any

import stripe
from sqlalchemy import Row
from sqlalchemy.ext.asyncio import AsyncConnection
from temporalio import activity
from temporalio.exceptions import ApplicationError

from activities.outgoing import Announcer, Outbox
from database.disputes import add_dispute, dispute_by_id, follow_disputes, move_dispute
from database.engine import Database
from database.history import record
from database.orders import lock_order, touch_order
from database.payments import payment_of_intent
from database.refund_reports import is_awaited
from domain.dispute import Dispute, DisputeStatus
from domain.ids import OrderId, PaymentId
from domain.money import Cents, Currency


class Disputes:
    """Brings disputes, and the orders under them, in line with Stripe."""

    def __init__(
        self,
        client: stripe.StripeClient,
        database: Database,
        announcer: Announcer | None = None,
    ) -> None:
        self._disputes = client.v1.disputes
        self._database = database
        self._outbox = Outbox(database, announcer)

    @activity.defn
    async def take_dispute(self, dispute_id: str) -> OrderId | None:
        """Store a dispute as it now is at Stripe; return its order, None when it is not ours.

        Events may come in any order: each only makes us look. Raises ApplicationError, to be
        retried: `too_early` while our own payment is not known yet, `overtaken` when somebody
        else has stored something newer since we asked.
        """
        async with self._database.transaction() as connection:
            known = await dispute_by_id(connection, dispute_id)
        found = await self._disputes.retrieve_async(dispute_id, {"expand": ["payment_intent"]})
        intent = found.payment_intent
        if not isinstance(intent, stripe.PaymentIntent):
            return None
        dispute = _read(found)
        async with self._database.statement() as connection:
            payment = await _our_payment(connection, intent)
        if payment is None:
            return None
        order_id = OrderId(payment.order_id)
        async with self._outbox.transaction(order_id) as connection:
            await lock_order(connection, order_id)
            if await dispute_by_id(connection, dispute_id) != known:
                raise ApplicationError("another look was faster", type="overtaken")
            if known is None or known.status != dispute.status:
                await _store(connection, dispute, payment, is_new=known is None)
        return order_id


async def _our_payment(
    connection: AsyncConnection, intent: stripe.PaymentIntent
) -> Row[Any] | None:
    payment = await payment_of_intent(connection, intent.id)
    if payment is None:
        payment_id = PaymentId(intent.to_dict()["metadata"].get("paymentId", ""))
        if await is_awaited(connection, payment_id, intent.id):
            raise ApplicationError("the payment is not known yet", type="too_early")
    return payment


async def _store(
    connection: AsyncConnection, dispute: Dispute, payment: Row[Any], *, is_new: bool
) -> None:
    order_id = OrderId(payment.order_id)
    if is_new:
        await add_dispute(connection, dispute, order_id, PaymentId(payment.id))
    else:
        await move_dispute(connection, dispute)
    await follow_disputes(connection, order_id)
    await touch_order(connection, order_id)
    await record(
        connection,
        order_id,
        "dispute_opened" if is_new else "dispute_changed",
        actor="stripe",
        reason=f"{dispute.status}, {dispute.reason}",
        dispute=dispute.id,
        payment_intent=payment.payment_intent,
    )


def _read(dispute: stripe.Dispute) -> Dispute:
    return Dispute(
        id=dispute.id,
        amount_cents=Cents(dispute.amount),
        currency=Currency(dispute.currency),
        reason=dispute.reason,
        status=DisputeStatus(dispute.status),
    )
