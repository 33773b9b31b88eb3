"""One account at the sandbox: its objects, its clock, and the events it tells of."""

import asyncio
import copy
import secrets
import time
from typing import Any

from stripe_sandbox.errors import missing
from stripe_sandbox.settings import Settings
from stripe_sandbox.store import Document, Store

API_VERSION = "2026-10-28.endive"


class Account:
    """Everything behind the API. All of it runs on one event loop: a change is atomic."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.store = Store(settings.database)
        self.something_to_send = asyncio.Event()
        self.open_sessions = {
            session["id"]
            for session in self.store.all("checkout.session")
            if session["status"] == "open"
        }
        self.undelivered = {
            delivery["event"]: delivery
            for delivery in self.store.all("delivery")
            if not delivery["delivered"] and not delivery["given_up"]
        }

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

    def find(self, kind: str, key: str) -> Document:
        """Return one of Stripe's objects. Raises StripeError 404."""
        document = self.store.get(kind, key)
        if document is None:
            raise missing(kind, key)
        return document

    def emit(self, type: str, subject: Document) -> None:
        """Tell of what happened to an object: an event, to be delivered as a webhook."""
        event: Document = {
            "id": self.new_id("evt"),
            "object": "event",
            "api_version": API_VERSION,
            "created": self.now(),
            "data": {"object": copy.deepcopy(subject)},
            "livemode": False,
            "pending_webhooks": 1,
            "request": {"id": None, "idempotency_key": None},
            "type": type,
        }
        self.save(event)
        delivery = {
            "event": event["id"],
            "type": type,
            "attempts": 0,
            "last_status": None,
            "delivered": False,
            "given_up": False,
            "next_at": time.time(),
        }
        self.store.put("delivery", event["id"], delivery)
        self.undelivered[event["id"]] = delivery
        self.something_to_send.set()
