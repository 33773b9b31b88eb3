"""The Stripe sandbox as a kill run needs it: its money and its ledger."""

from contextlib import suppress
from typing import Any

import aiohttp

from trials.kill.client import GOOD_CARD

_BANK_ACCOUNT = "000123456789"
# A session of somebody else's, or made by hand in the dashboard.
_STRANGER = {
    "mode": "payment",
    "success_url": "https://example.com/thanks",
    "line_items[0][quantity]": "1",
    "line_items[0][price_data][currency]": "eur",
    "line_items[0][price_data][unit_amount]": "4500",
    "line_items[0][price_data][product_data][name]": "Not ours",
}


class Stripe:
    """The sandbox at `url`: its admin API, and Stripe's own for whoever has the key."""

    def __init__(self, http: aiohttp.ClientSession, url: str, secret_key: str) -> None:
        self._http = http
        self._url = url
        self._secret_key = secret_key

    async def pay(self, session_id: str, card: str) -> bool:
        """Try to pay; False when the card is declined or the session is no longer open."""
        return await self._post(f"sessions/{session_id}/pay", {"card": card})

    async def charge_late(self, session_id: str) -> bool:
        """Take the money although the session has expired; False when it was paid before."""
        return await self._post(f"sessions/{session_id}/pay", {"late": True})

    async def begin_debit(self, session_id: str) -> bool:
        """Begin a bank debit; False when the session is no longer open."""
        return await self._post(f"sessions/{session_id}/pay", {"bank_account": _BANK_ACCOUNT})

    async def end_debit(self, session_id: str, *, succeeds: bool) -> bool:
        """Let a debit succeed or fail; False when it has ended before."""
        return await self._post(f"sessions/{session_id}/settle", {"succeeds": succeeds})

    async def pay_a_stranger(self, order_id: str) -> None:
        """Have a session paid that names our order and was not made by us.

        Making it may fail before or after its effect, like all that is asked of Stripe: only the
        ledger tells.
        """
        while not (made := await self._strangers_of(order_id)):
            about = {"client_reference_id": order_id, "metadata[orderId]": order_id}
            with suppress(aiohttp.ClientError):
                await self._ask("checkout/sessions", _STRANGER | about)
        await self.pay(made[0], GOOD_CARD)

    async def refund_in_dashboard(self, payment_intent: str, amount: int | None = None) -> bool:
        """Give a payment back, without an amount (minor units) the rest; False if refused."""
        return await self._post(f"payments/{payment_intent}/refund", {"amount": amount})

    async def move_refund(self, refund_id: str, status: str) -> bool:
        """Let a refund go on; False where it cannot become that."""
        return await self._post(f"refunds/{refund_id}/move", {"status": status})

    async def let_refunds_come_back(self, order_id: str) -> None:
        """Let all refunds of an order fail that have succeeded."""
        for refund in (await self.ledger(order_id=order_id))["refunds"]:
            await self.move_refund(refund["id"], "failed")

    async def dispute(self, payment_intent: str, *, inquiry: bool) -> str | None:
        """Dispute a payment, return the dispute's id; None where nothing is left to dispute."""
        path = f"{self._url}/_sandbox/payments/{payment_intent}/dispute"
        async with self._http.post(path, json={"inquiry": inquiry}) as answer:
            return str((await answer.json())["id"]) if answer.ok else None

    async def close_dispute(self, dispute_id: str, outcome: str) -> bool:
        """End a dispute; False where it cannot end so."""
        return await self._post(f"disputes/{dispute_id}/close", {"outcome": outcome})

    async def payments_of(self, order_id: str) -> list[str]:
        """Return the payment intents that were captured in the sessions we made for an order."""
        ledger = await self.ledger(order_id=order_id)
        strangers = {session["id"] for session in ledger["sessions"] if _is_strange(session)}
        return [
            capture["payment_intent"]
            for capture in ledger["captures"]
            if capture["session"] not in strangers
        ]

    async def ledger(self, **filters: str) -> dict[str, Any]:
        """Return the sandbox's own account of the money."""
        async with self._http.get(f"{self._url}/_sandbox/ledger", params=filters) as answer:
            answer.raise_for_status()
            ledger: dict[str, Any] = await answer.json()
            return ledger

    async def put(self, path: str, body: dict[str, Any]) -> None:
        """Change one of the sandbox's settings."""
        async with self._http.put(f"{self._url}/_sandbox/{path}", json=body) as answer:
            answer.raise_for_status()

    async def _strangers_of(self, order_id: str) -> list[str]:
        sessions = (await self.ledger(order_id=order_id))["sessions"]
        return [session["id"] for session in sessions if _is_strange(session)]

    async def _ask(self, path: str, form: dict[str, str]) -> None:
        key = {"Authorization": f"Bearer {self._secret_key}"}
        async with self._http.post(f"{self._url}/v1/{path}", data=form, headers=key):
            return

    async def _post(self, path: str, body: dict[str, Any]) -> bool:
        async with self._http.post(f"{self._url}/_sandbox/{path}", json=body) as answer:
            return answer.ok


def _is_strange(session: dict[str, Any]) -> bool:
    return "paymentId" not in session["metadata"]
