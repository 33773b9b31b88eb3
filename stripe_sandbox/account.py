"""One account at the sandbox: its objects, its clock, and the events it tells of."""

import copy
import heapq
import secrets
import time
from typing import Any

from stripe_sandbox.errors import missing
from stripe_sandbox.outbox import Outbox
from stripe_sandbox.settings import Settings
from stripe_sandbox.store import Document, Store

API_VERSION = "2026-10-28.endive"
# So long after a payment or a refund comes what comes later: a debit's money, a failure, a dispute.
SOON_SECONDS = 5


class Account:
    """Everything behind the API. All of it runs on one event loop: a change is atomic."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.store = Store(settings.database)
        self.outbox = Outbox(self.store)
        self._agenda = [(planned["at"], planned["id"]) for planned in self.store.all("planned")]
        heapq.heapify(self._agenda)

    def now(self) -> int:
        """Return the time, in seconds since the epoch: real time plus the admin's offset."""
        return int(time.time() + self.setting("clock", offset_seconds=0.0)["offset_seconds"])

    def setting(self, name: str, **default: Any) -> Document:
        """Return what the admin API set under a name, or the default."""
        return default | (self.store.get("setting", name) or {})

    def new_id(self, prefix: str, length: int = 24) -> str:
        """Return a fresh id such as `pi_3f…`."""
        return f"{prefix}_{secrets.token_hex(length)[:length]}"

    def save(self, document: Document) -> None:
        """Keep one of Stripe's objects."""
        self.store.put(document["object"], document["id"], document)

    def find(self, kind: str, key: str, param: str = "id") -> Document:
        """Return one of Stripe's objects. Raises StripeError 404."""
        document = self.store.get(kind, key)
        if document is None:
            raise missing(kind, key, param)
        return document

    def plan(self, what: str, subject: str, at: int) -> None:
        """Let something happen to an object by itself, when the time is `at`: see agenda.py."""
        key = f"{what} {subject}"
        planned = {"id": key, "what": what, "subject": subject, "at": at}
        self.store.put("planned", key, planned)
        heapq.heappush(self._agenda, (at, key))

    def take_due(self) -> Document | None:
        """Return, and forget, one thing that was planned for now or earlier."""
        if not self._agenda or self._agenda[0][0] > self.now():
            return None
        _, key = heapq.heappop(self._agenda)
        planned = self.store.get("planned", key)
        self.store.remove("planned", key)
        return planned

    def emit(self, type: str, subject: Document, previous: Document | None = None) -> None:
        """Tell of what happened to an object: an event, to be delivered as a webhook.

        `previous` are the fields that an update changed, as they were before.
        """
        data = {"object": copy.deepcopy(subject)}
        if previous is not None:
            data["previous_attributes"] = previous
        event: Document = {
            "id": self.new_id("evt"),
            "object": "event",
            "api_version": API_VERSION,
            "created": self.now(),
            "data": data,
            "livemode": False,
            "pending_webhooks": 1,
            "request": {"id": None, "idempotency_key": None},
            "type": type,
        }
        self.save(event)
        self.outbox.add(event)
