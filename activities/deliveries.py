"""Sending events to the receiver as Standard Webhooks: https://www.standardwebhooks.com."""

from datetime import UTC, datetime

import aiohttp
from standardwebhooks import Webhook
from temporalio import activity
from temporalio.exceptions import ApplicationError

from database.engine import Database
from database.outbox import mark_delivered, payload_to_deliver, waiting_events
from domain.ids import OrderId
from domain.outgoing import WaitingEvent, body_of

# The receiver has fifteen seconds for its answer, as the specification recommends.
PATIENCE = aiohttp.ClientTimeout(total=15, connect=5)


class Deliveries:
    """Brings events to the one receiver there is. Only an answer of 2xx says that it took one."""

    def __init__(
        self, database: Database, http: aiohttp.ClientSession, *, url: str, secret: str
    ) -> None:
        self._database = database
        self._http = http
        self._url = url
        self._webhook = Webhook(secret)

    @activity.defn
    async def waiting(self, order_id: OrderId) -> list[WaitingEvent]:
        """Return what has to be delivered for an order, the first to be sent first."""
        async with self._database.transaction() as connection:
            return await waiting_events(connection, order_id)

    @activity.defn
    async def deliver(self, event: WaitingEvent) -> list[WaitingEvent]:
        """Send an event unless it has been delivered; return what waits behind it.

        Raises ApplicationError of type `not_taken` while the receiver does not take it.
        """
        async with self._database.transaction() as connection:
            payload = await payload_to_deliver(connection, event.id)
        if payload is not None:
            await self._send(event.id, body_of(payload))
        async with self._database.transaction() as connection:
            await mark_delivered(connection, event.id)
            return await waiting_events(connection, event.order_id)

    async def _send(self, event_id: str, body: bytes) -> None:
        headers = signed_headers(self._webhook, event_id, body, at=datetime.now(UTC))
        try:
            async with self._http.post(
                self._url, data=body, headers=headers, allow_redirects=False, timeout=PATIENCE
            ) as response:
                status = response.status
        except (aiohttp.ClientError, TimeoutError) as error:
            raise ApplicationError(
                f"the receiver does not answer: {type(error).__name__}", type="not_taken"
            ) from error
        if not 200 <= status < 300:
            raise ApplicationError(f"the receiver answered {status}", type="not_taken")


def signed_headers(webhook: Webhook, event_id: str, body: bytes, at: datetime) -> dict[str, str]:
    """Return the headers of one delivery at a time (UTC); the id is the same at each."""
    return {
        "content-type": "application/json",
        "webhook-id": event_id,
        "webhook-timestamp": str(int(at.timestamp())),
        "webhook-signature": webhook.sign(event_id, at, body.decode()),
    }
