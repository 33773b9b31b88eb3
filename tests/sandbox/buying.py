"""What the sandbox's tests do: call it as the product does, pay as a buyer, turn its knobs."""

import asyncio
import re
from collections.abc import Awaitable, Callable
from typing import Any, cast

import httpx2
import stripe
from stripe.checkout import Session
from stripe.params import RefundCreateParams
from stripe.params.checkout import SessionCreateParams

SECRET_KEY = "sk_test_a_key_of_the_tests"
GOOD_CARD = "4242 4242 4242 4242"
DECLINED_CARD = "4000 0000 0000 0002"
SECURE_CARD = "4000 0025 0000 3155"
GOOD_ACCOUNT = "000123456789"
BAD_ACCOUNT = "000111111116"
PATIENCE_SECONDS = 20


class Sandbox:
    """A running sandbox, with the real SDK in front of it."""

    def __init__(self, url: str, sdk: stripe.StripeClient, http: httpx2.AsyncClient) -> None:
        self.url = url
        self.sdk = sdk
        self.http = http
        self.sessions = sdk.v1.checkout.sessions

    async def is_up(self) -> bool:
        """Say whether the sandbox answers."""
        try:
            return (await self.http.get(f"{self.url}/_sandbox/health")).is_success
        except httpx2.ConnectError:
            return False

    async def open(self, key: str | None = None, **changes: Any) -> Session:
        """Open a session, under an idempotency key if one is given."""
        options: stripe.RequestOptions = {"idempotency_key": key} if key else {}
        return await self.sessions.create_async(order(**changes), options)

    async def look(self, session: Session) -> Session:
        """Return a session as it is now, with its payment intent."""
        return await self.sessions.retrieve_async(session.id, {"expand": ["payment_intent"]})

    async def pay(self, session: Session, **how: str | bool | int) -> None:
        """Pay a session through the admin API."""
        await self.admin("POST", f"sessions/{session.id}/pay", how)

    async def see(self, session: Session) -> httpx2.Response:
        """Open a session's payment page."""
        return await self.http.get(payment_page(session))

    async def type_in(self, session: Session, card_number: str) -> httpx2.Response:
        """Send the card form of a session's payment page."""
        form = {"method": "card", "card_number": card_number, "expiry": "12/34", "cvc": "123"}
        return await self.http.post(payment_page(session), data=form | {"name": "Ada"})

    async def authenticate(self, session: Session, answer: str) -> httpx2.Response:
        """Answer the bank's question: `complete` or `fail`."""
        return await self.http.post(f"{session.url}/authenticate", data={"answer": answer})

    async def debit(self, session: Session, account_number: str) -> httpx2.Response:
        """Send the bank form of a session's payment page."""
        form = {"method": "bank", "account_number": account_number}
        return await self.http.post(payment_page(session), data=form)

    async def skip(self, seconds: float) -> None:
        """Set the sandbox's clock ahead of real time."""
        await self.admin("PUT", "clock", {"offset_seconds": seconds})

    async def fault(self, match: str, kind: str, **more: Any) -> None:
        """Switch on one fault of the API."""
        await self.admin("PUT", "faults", {"faults": [{"match": match, "kind": kind} | more]})

    async def send_events(self, url: str, mode: str = "deliver", **more: Any) -> None:
        """Set where events go, and how badly."""
        await self.admin("PUT", "webhooks", {"url": url, "mode": mode} | more)

    async def delivery(self, session: Session) -> dict[str, Any]:
        """Return how the delivery of `checkout.session.completed` stands."""
        event = await self.completed(session)
        deliveries = (await self.ledger())["deliveries"]
        return next(delivery for delivery in deliveries if delivery["event"] == event.id)

    async def completed(self, session: Session) -> stripe.Event:
        """Return a session's event `checkout.session.completed`."""
        events = await self.sdk.v1.events.list_async({"type": "checkout.session.completed"})
        return next(event for event in events.data if event.data.object["id"] == session.id)

    async def ledger(self) -> dict[str, Any]:
        """Return the sandbox's own account."""
        found: dict[str, Any] = await self.admin("GET", "ledger")
        return found

    async def told(self, subject: Session | stripe.Refund | stripe.Dispute) -> list[str]:
        """Return the types of the events about an object itself, oldest first."""
        events = await self.sdk.v1.events.list_async({"limit": 100})
        found = [event async for event in events.auto_paging_iter()]
        return [event.type for event in found[::-1] if event.data.object["id"] == subject.id]

    async def paid(self, **how: str | bool | int) -> stripe.PaymentIntent:
        """Return a payment that has been made, with its charge."""
        session = await self.open()
        await self.pay(session, **how)
        if "bank_account" in how:
            await self.admin("POST", f"sessions/{session.id}/settle", {"succeeds": True})
        intent = (await self.look(session)).payment_intent
        assert isinstance(intent, stripe.PaymentIntent)
        return intent

    async def refund(self, payment: stripe.PaymentIntent, **more: Any) -> stripe.Refund:
        """Refund a payment."""
        params: dict[str, Any] = {"payment_intent": payment.id} | more
        return await self.sdk.v1.refunds.create_async(cast("RefundCreateParams", params))

    async def charge(self, payment: stripe.PaymentIntent) -> stripe.Charge:
        """Return a payment's charge as it is now."""
        assert isinstance(payment.latest_charge, str)
        return await self.sdk.v1.charges.retrieve_async(payment.latest_charge)

    async def admin(self, method: str, path: str, body: Any = None) -> Any:
        """Call the admin API."""
        response = await self.http.request(method, f"{self.url}/_sandbox/{path}", json=body)
        assert response.is_success, response.text
        return response.json()


def order(**changes: Any) -> SessionCreateParams:
    """Return the parameters of a session for two tickets at 45 euros, or changed ones."""
    metadata = {"orderId": "ord_1", "userId": "alice", "paymentId": "pay_1"}
    parameters: dict[str, Any] = {
        "mode": "payment",
        "client_reference_id": "ord_1",
        "metadata": metadata,
        "payment_intent_data": {"metadata": metadata},
        "line_items": [line()],
        "success_url": "http://shop.test/return?session_id={CHECKOUT_SESSION_ID}",
        "cancel_url": "http://shop.test/cancelled?order_id=ord_1",
    } | changes
    given = {name: value for name, value in parameters.items() if value is not None}
    return cast("SessionCreateParams", given)


def line(
    unit_amount: int = 4500, quantity: int = 2, currency: str = "eur", name: str = "Concert"
) -> dict[str, Any]:
    """Return one line item."""
    price = {"currency": currency, "unit_amount": unit_amount, "product_data": {"name": name}}
    return {"quantity": quantity, "price_data": price}


def payment_page(session: Session) -> str:
    """Return the address of a session's payment page, which only an open session has."""
    assert session.url is not None
    return session.url


def shown_error(response: httpx2.Response) -> str | None:
    """Return the error that a payment page shows."""
    found = re.search(r'id="error"[^>]*>([^<]*)<', response.text)
    return found[1] if found else None


async def until(condition: Callable[[], Awaitable[bool]]) -> None:
    """Wait until a condition holds; fail after a generous while."""
    async with asyncio.timeout(PATIENCE_SECONDS):
        while not await condition():  # noqa: ASYNC110 (the sandbox is asked over HTTP)
            await asyncio.sleep(0.02)
