"""What we ask of Stripe: Checkout Sessions, made once, looked at, and closed.

https://docs.stripe.com/api/checkout/sessions
"""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import stripe
from stripe.params.checkout import SessionCreateParams
from temporalio import activity
from temporalio.exceptions import ApplicationError

from activities.errors import refusal
from activities.stripe_client import is_repeated
from database.engine import Database
from database.payments import (
    SessionRequest,
    give_up_key,
    looked_at,
    session_request,
    store_session,
)
from domain.errors import SessionRefused
from domain.payment import Attempt, CheckoutSession, PaymentReport, SessionStatus
from domain.reports import report_of

# What Stripe does not take under a key may have been made by an earlier request under that key.
_NOT_TAKEN = (stripe.InvalidRequestError, stripe.IdempotencyError)
_REFUSED = (*_NOT_TAKEN, stripe.AuthenticationError, stripe.PermissionError)

CLOCKS_MAY_DIFFER_BY = timedelta(hours=1)


class Sessions:
    """The Checkout Sessions of our attempts. The attempt's id is the idempotency key."""

    def __init__(self, client: stripe.StripeClient, database: Database) -> None:
        self._sessions = client.v1.checkout.sessions
        self._database = database

    @activity.defn
    async def create_session(self, attempt: Attempt) -> CheckoutSession:
        """Create the attempt's Checkout Session, or return the one that exists.

        Raises ApplicationError of type `session_refused`, not retryable, when Stripe rejects the
        request itself. What a retry may cure (the network, 409, 429, 5xx) is raised as it is.
        """
        try:
            session = await self._session_of(attempt)
        except _REFUSED as error:
            raise refusal(SessionRefused(f"Stripe refused the payment: {error.code}")) from error
        if not session.url:
            raise ApplicationError("Stripe answered a session without a URL", type="no_url")
        return session

    @activity.defn
    async def check_session(self, attempt: Attempt) -> PaymentReport:
        """Ask Stripe how the attempt's session stands."""
        session = await self._session_of(attempt)
        return await self._look_at(attempt, session)

    @activity.defn
    async def close_session(self, attempt: Attempt) -> PaymentReport:
        """Expire the attempt's session and return what Stripe then says: never `open`.

        Where an earlier request may have made a session that we never heard of, asking again
        with the same key finds it, so that nothing payable is left behind.
        """
        try:
            session = await self._session_of(attempt)
        except _NOT_TAKEN as error:
            activity.logger.info("No session was ever made: %s", error.code)
            return _never_existed(attempt)
        try:
            await self._sessions.expire_async(session.session_id)
        except stripe.InvalidRequestError as error:
            activity.logger.info("The session is no longer open: %s", error.user_message)
        report = await self._look_at(attempt, session)
        if report.status is SessionStatus.OPEN:
            raise ApplicationError("Stripe still says open", type="session_still_open")
        return report

    async def _session_of(self, attempt: Attempt) -> CheckoutSession:
        async with self._database.statement() as connection:
            request = await session_request(connection, attempt.id)
        if request.session:
            return request.session
        made = await self._create(request)
        # Found late, behind a failure, it may be closed: then it has no URL any more.
        session = CheckoutSession(made.id, made.url or "", request.expires_at)
        async with self._database.statement() as connection:
            await store_session(connection, attempt.id, session)
        return session

    async def _create(self, request: SessionRequest) -> stripe.checkout.Session:
        options: stripe.RequestOptions = {"idempotency_key": request.idempotency_key}
        try:
            return await self._sessions.create_async(_parameters(request), options)
        except _NOT_TAKEN:
            if made := await self._made_before(request):
                return made
            raise
        except stripe.APIError as error:
            if not is_repeated(error):
                raise
            if made := await self._made_before(request):
                return made
            async with self._database.statement() as connection:
                await give_up_key(connection, request.payment_id)
            raise

    async def _made_before(self, request: SessionRequest) -> stripe.checkout.Session | None:
        """Find the session of an earlier request whose answer was lost: there must never be two."""
        since = int((request.created_at - CLOCKS_MAY_DIFFER_BY).timestamp())
        sessions = await self._sessions.list_async({"created": {"gte": since}, "limit": 100})
        async for session in sessions.auto_paging_iter():
            if _plain(session)["metadata"].get("paymentId") == request.payment_id:
                return session
        return None

    async def _look_at(self, attempt: Attempt, session: CheckoutSession) -> PaymentReport:
        found = await self._sessions.retrieve_async(
            session.session_id, {"expand": ["payment_intent"]}
        )
        report = report_of(_plain(found))
        if report is None:
            raise ApplicationError(f"{session.session_id} names no order", type="not_ours")
        async with self._database.transaction() as connection:
            # Temporal's clock, as that of the reconciler, whatever the worker's or PostgreSQL's.
            await looked_at(connection, attempt.id, activity.info().current_attempt_scheduled_time)
        return report


def _plain(session: stripe.checkout.Session) -> Mapping[str, Any]:
    return session.to_dict()


def _never_existed(attempt: Attempt) -> PaymentReport:
    return PaymentReport(
        order_id=attempt.order_id,
        session_id="",
        status=SessionStatus.EXPIRED,
        amount_total=attempt.amount_cents,
        currency=attempt.currency,
        livemode=False,
    )


def _parameters(request: SessionRequest) -> SessionCreateParams:
    metadata = {
        "orderId": request.order_id,
        "userId": request.user_id,
        "paymentId": request.payment_id,
    }
    return {
        "mode": "payment",
        "client_reference_id": request.order_id,
        "metadata": metadata,
        "payment_intent_data": {"metadata": metadata},
        "line_items": [
            {
                "quantity": item.quantity,
                "price_data": {
                    "currency": request.currency,
                    "unit_amount": item.unit_price_cents,
                    "product_data": {"name": item.name},
                },
            }
            for item in request.items
        ],
        "success_url": f"{request.base_url}/return?session_id={{CHECKOUT_SESSION_ID}}",
        "cancel_url": f"{request.base_url}/cancelled?order_id={request.order_id}",
        "expires_at": int(request.session_expires_at.timestamp()),
    }
