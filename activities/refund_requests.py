"""Writing down that money is to go back, before Stripe hears of it."""

from temporalio import activity

from activities.errors import refusal
from database.engine import Database
from database.history import record
from database.orders import lock_order, touch_order
from database.refunds import open_late_refund, open_refund, refund_by_id
from domain.errors import DomainError
from domain.money import display
from domain.payment import PaymentReport
from domain.refund import Refund, RefundRequest


class RefundRequests:
    """The rows of refunds, each opened once."""

    def __init__(self, database: Database) -> None:
        self._database = database

    @activity.defn
    async def open_refund(self, request: RefundRequest) -> Refund:
        """Write down that money of an order goes back, or return what stands there already.

        Raises ApplicationError of type `nothing_to_refund`, `amount_too_large` or
        `payment_disputed`, not retryable.
        """
        try:
            async with self._database.transaction() as connection:
                await lock_order(connection, request.order_id)
                if refund := await refund_by_id(connection, request.id):
                    return refund
                refund = await open_refund(connection, request)
                await touch_order(connection, request.order_id)
                await record(
                    connection,
                    request.order_id,
                    "refund_requested",
                    actor=request.actor,
                    reason=f"{display(refund.amount_cents, refund.currency)}: {request.reason}",
                    payment_intent=refund.payment_intent,
                )
                return refund
        except DomainError as error:
            raise refusal(error) from error

    @activity.defn
    async def open_late_refund(self, report: PaymentReport) -> Refund:
        """Write down that late money goes back; repeating it changes nothing."""
        async with self._database.transaction() as connection:
            await lock_order(connection, report.order_id)
            refund, is_new = await open_late_refund(connection, report)
            if is_new:
                await touch_order(connection, report.order_id)
                await record(
                    connection,
                    report.order_id,
                    "refund_opened",
                    actor="checkout",
                    reason=f"{display(refund.amount_cents, refund.currency)}: {refund.reason}",
                    session=report.session_id,
                    payment_intent=report.payment_intent,
                    event=report.event_id,
                )
            return refund
