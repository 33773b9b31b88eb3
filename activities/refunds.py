"""Giving money back at Stripe, and taking what Stripe says of it.

https://docs.stripe.com/api/refunds. Rows come first, whoever wants the money back; what Stripe
lists for a payment intent is the only thing that moves them on, however we came to ask.
"""

from collections.abc import Mapping

import stripe
from stripe.params import RefundCreateParams
from temporalio import activity
from temporalio.exceptions import ApplicationError

from activities.errors import refusal
from activities.outgoing import Announcer, Outbox
from activities.stripe_client import is_repeated
from database.engine import Database
from database.orders import lock_order
from database.refund_calls import RefundCall, give_up_key, refund_call, refuse
from database.refund_reports import KnownRefunds, is_awaited, known_refunds, take
from database.refunds import refund_by_id
from domain.ids import OrderId, PaymentId, RefundId
from domain.refund import Refund, RefundReport, RefundStatus, refund_report_of


class Refunds:
    """Refunds at Stripe. What was refused or ended is never asked for again."""

    def __init__(
        self,
        client: stripe.StripeClient,
        database: Database,
        announcer: Announcer | None = None,
    ) -> None:
        self._outbox = Outbox(database, announcer)
        self._refunds = client.v1.refunds
        self._intents = client.v1.payment_intents
        self._database = database

    @activity.defn
    async def carry_out(self, refund_id: RefundId) -> Refund:
        """Have Stripe make a refund, once, and return it as it stands now.

        Stripe is asked first what there is: its idempotency keys are forgotten after a day
        (https://docs.stripe.com/api/idempotent_requests), and the refund they stood for is not.
        Raises ApplicationError, not retryable, of type `nothing_to_refund`, `amount_too_large`,
        `payment_disputed` or `refund_refused`. What a retry may cure is raised as it is.
        """
        refund = await self._see(refund_id)
        await self.take_refunds(refund.payment_intent)
        if call := await self._call(refund):
            await self._make(refund, call)
            await self.take_refunds(refund.payment_intent)
        refund = await self._see(refund_id)
        if refund.refusal:
            raise refusal(refund.refusal)
        return refund

    @activity.defn
    async def take_refunds(self, payment_intent: str) -> OrderId | None:
        """Take what Stripe says of all refunds of a payment; return its order, None if not ours.

        Raises ApplicationError, to be tried again: `too_early` when the payment is ours, but its
        order has not taken it yet; `changed_meanwhile` when the rows did so while Stripe was
        asked, because then nobody knows whether the answer is older than they are.
        """
        async with self._database.transaction() as connection:
            known = await known_refunds(connection, payment_intent)
        if known is None:
            await self._check_that_nobody_awaits(payment_intent)
            return None
        reports = await self._reports(payment_intent)
        await self._write(known, reports)
        return known.order_id

    async def _write(self, known: KnownRefunds, reports: list[RefundReport]) -> None:
        async with self._outbox.transaction(known.order_id) as connection:
            await lock_order(connection, known.order_id)
            if await known_refunds(connection, known.payment_intent) != known:
                raise ApplicationError("changed while Stripe was asked", type="changed_meanwhile")
            await take(connection, known, reports)

    async def _reports(self, payment_intent: str) -> list[RefundReport]:
        """Return what Stripe says, oldest first."""
        listed = await self._refunds.list_async({"payment_intent": payment_intent, "limit": 100})
        newest_first = [
            refund_report_of(refund.to_dict()) async for refund in listed.auto_paging_iter()
        ]
        return newest_first[::-1]

    async def _check_that_nobody_awaits(self, payment_intent: str) -> None:
        try:
            intent = await self._intents.retrieve_async(payment_intent)
        except stripe.InvalidRequestError:  # there is none for this key
            return
        named: Mapping[str, str] = intent.metadata.to_dict() if intent.metadata else {}
        async with self._database.transaction() as connection:
            if await is_awaited(connection, PaymentId(named.get("paymentId", "")), payment_intent):
                raise ApplicationError("the order has not taken this payment yet", type="too_early")

    async def _see(self, refund_id: RefundId) -> Refund:
        async with self._database.transaction() as connection:
            refund = await refund_by_id(connection, refund_id)
        assert refund is not None
        return refund

    async def _call(self, refund: Refund) -> RefundCall | None:
        async with self._outbox.transaction(refund.order_id) as connection:
            await lock_order(connection, refund.order_id)
            return await refund_call(connection, refund)

    async def _make(self, refund: Refund, call: RefundCall) -> None:
        try:
            await self._refunds.create_async(
                _parameters(call), {"idempotency_key": call.idempotency_key}
            )
        except stripe.InvalidRequestError as error:
            await self._refused(refund, call, error)
        except stripe.APIError as error:
            if is_repeated(error):
                await self._give_up_key(call)
            raise

    async def _give_up_key(self, call: RefundCall) -> None:
        """Stripe would repeat its saved failure for a day; the next try looks, then asks anew.

        Only a request that has ended is repeated: none with this key can still take effect.
        """
        async with self._database.transaction() as connection:
            await give_up_key(connection, call)

    async def _refused(
        self, refund: Refund, call: RefundCall, error: stripe.InvalidRequestError
    ) -> None:
        """Close what Stripe refuses, unless our own books now say why, or ask for less."""
        await self.take_refunds(refund.payment_intent)
        async with self._outbox.transaction(refund.order_id) as connection:
            await lock_order(connection, refund.order_id)
            again = await refund_call(connection, refund)
            if again == call:
                reason = error.code or "invalid_request"
                await refuse(connection, refund, RefundStatus.FAILED, reason)
        if again not in (None, call):
            raise error


def _parameters(call: RefundCall) -> RefundCreateParams:
    return {
        "payment_intent": call.payment_intent,
        "amount": call.amount_cents,
        "metadata": {
            "orderId": call.order_id,
            "refundId": call.refund_id,
            "reason": call.reason,
        },
    }
