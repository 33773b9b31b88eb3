"""Idempotency keys as Stripe keeps them: https://docs.stripe.com/api/idempotent_requests.

The first answer after execution began is saved and replayed, 500s included; errors of the
parameters are not saved.
"""

import hashlib
from collections.abc import Awaitable, Callable

from fastapi import Response

from stripe_sandbox.account import Account
from stripe_sandbox.errors import StripeError

LONGEST_KEY = 255
KEPT_SECONDS = 24 * 60 * 60


class Idempotency:
    """Runs each keyed request once."""

    def __init__(self, account: Account) -> None:
        self._account = account
        self._running: set[str] = set()

    async def once(
        self, key: str, path: str, body: bytes, run: Callable[[], Awaitable[Response]]
    ) -> Response:
        """Run a request, or replay its answer.

        Raises StripeError: 400 when the key came with other parameters, 409 while it is running.
        """
        if len(key) > LONGEST_KEY:
            raise StripeError(400, "Idempotency keys can have up to 255 characters.")
        fingerprint = hashlib.sha256(path.encode() + b"\n" + body).hexdigest()
        if replayed := self._replay(key, fingerprint):
            return replayed
        if key in self._running:
            raise StripeError(
                409,
                "There is currently another in-progress request using this Idempotent Key.",
                type="idempotency_error",
                code="idempotency_key_in_use",
            )
        self._running.add(key)
        try:
            response = await run()
        finally:
            self._running.discard(key)
        if response.status_code < 300 or response.status_code >= 500:
            self.save(key, fingerprint, response)
        return response

    def save(self, key: str, fingerprint: str, response: Response) -> None:
        """Keep the answer to a key."""
        saved = {
            "fingerprint": fingerprint,
            "status": response.status_code,
            "body": bytes(response.body).decode(),
            "at": self._account.now(),
        }
        self._account.store.put("idempotency", key, saved)

    def _replay(self, key: str, fingerprint: str) -> Response | None:
        saved = self._account.store.get("idempotency", key)
        if saved is None or saved["at"] + KEPT_SECONDS <= self._account.now():
            return None
        if saved["fingerprint"] != fingerprint:
            raise StripeError(
                400,
                "Keys for idempotent requests can only be used with the same parameters they were "
                f"first used with. Try using a key other than '{key}' if you meant to execute a "
                "different request.",
                type="idempotency_error",
            )
        return Response(
            saved["body"],
            saved["status"],
            {"Idempotent-Replayed": "true"},
            media_type="application/json",
        )
