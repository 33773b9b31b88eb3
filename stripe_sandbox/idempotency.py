"""Idempotency keys as Stripe keeps them: https://docs.stripe.com/api/idempotent_requests.

The first answer after execution began is saved and replayed, 500s included; errors of the
parameters are not saved.
"""

import hashlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager

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

    @contextmanager
    def running(self, key: str | None) -> Iterator[None]:
        """Keep a key to one request at a time.

        Raises StripeError: 400 for a key that is too long, 409 while another request runs with it.
        """
        if key is None:
            yield
            return
        if len(key) > LONGEST_KEY:
            raise StripeError(400, "Idempotency keys can have up to 255 characters.")
        if key in self._running:
            raise StripeError(
                409,
                "There is currently another in-progress request using this Idempotent Key.",
                type="idempotency_error",
                code="idempotency_key_in_use",
            )
        self._running.add(key)
        try:
            yield
        finally:
            self._running.discard(key)

    def once(self, key: str, path: str, body: bytes, run: Callable[[], Response]) -> Response:
        """Run a request, or replay its answer. Effect and answer are kept together or not at all.

        Raises StripeError 400 when the key came with other parameters.
        """
        fingerprint = _fingerprint(path, body)
        if replayed := self._replay(key, fingerprint):
            return replayed
        with self._account.store.transaction():
            response = run()
            self._save(key, fingerprint, response)
        return response

    def answer_with(self, key: str, path: str, body: bytes, response: Response) -> None:
        """Let a key be answered so from now on: Stripe failed after execution began."""
        self._save(key, _fingerprint(path, body), response)

    def _save(self, key: str, fingerprint: str, response: Response) -> None:
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


def _fingerprint(path: str, body: bytes) -> str:
    return hashlib.sha256(path.encode() + b"\n" + body).hexdigest()
