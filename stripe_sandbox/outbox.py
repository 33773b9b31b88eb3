"""The events that have not been delivered, and when each is to be sent."""

import asyncio
import heapq
import time
from collections import deque

from stripe_sandbox.store import Document, Store


class Outbox:
    """New deliveries in the order in which they came, failed ones by the time of their retry.

    Times are real ones, in seconds since the epoch: the admin's clock does not hasten the post.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self.something_to_send = asyncio.Event()
        self.not_delivered: dict[str, Document] = {
            delivery["event"]: delivery
            for delivery in store.all("delivery")
            if not delivery["delivered"]
        }
        waiting = [found for found in self.not_delivered.values() if not found["given_up"]]
        self._new = deque(delivery for delivery in waiting if not delivery["attempts"])
        self._again = [_turn(delivery) for delivery in waiting if delivery["attempts"]]
        heapq.heapify(self._again)

    def add(self, event: Document) -> None:
        """Take an event that is to be sent."""
        delivery = {
            "event": event["id"],
            "type": event["type"],
            "attempts": 0,
            "last_status": None,
            "delivered": False,
            "given_up": False,
            "next_at": time.time(),
        }
        self.keep(delivery)
        self._new.append(delivery)
        self.something_to_send.set()

    def keep(self, delivery: Document) -> None:
        """Write down how a delivery stands."""
        self._store.put("delivery", delivery["event"], delivery)
        if delivery["delivered"]:
            self.not_delivered.pop(delivery["event"], None)
        else:
            self.not_delivered[delivery["event"]] = delivery

    def retry(self, delivery: Document) -> None:
        """Let a delivery have its next turn, unless it has arrived or was given up."""
        if not (delivery["delivered"] or delivery["given_up"]):
            heapq.heappush(self._again, _turn(delivery))

    def waits_since(self) -> float:
        """Return when the first turn came, or will come."""
        turns = [at for at, _ in self._again[:1]]
        if self._new:
            turns.append(self._new[0]["next_at"])
        return min(turns, default=time.time())

    def take_due(self, delay_seconds: float = 0) -> list[Document]:
        """Take out what is to be sent now; new deliveries wait for the delay first."""
        now, due = time.time(), []
        while self._new and self._new[0]["next_at"] + delay_seconds <= now:
            due.append(self._new.popleft())
        while self._again and self._again[0][0] <= now:
            _, event_id = heapq.heappop(self._again)
            if delivery := self.not_delivered.get(event_id):  # else it was sent by hand meanwhile
                due.append(delivery)
        return [found for found in due if not (found["delivered"] or found["given_up"])]


def _turn(delivery: Document) -> tuple[float, str]:
    return delivery["next_at"], delivery["event"]
