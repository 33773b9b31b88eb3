"""Stripe, as far as the webhook meets it: signed events, and what became of them."""

import hashlib
import hmac
import json
import time
from typing import Any

import httpx2
from temporalio.client import Client
from temporalio.service import RPCError, RPCStatusCode

from domain.ids import stripe_event_workflow_id
from tests.api.world import WEBHOOK_SECRET


def signature(body: bytes, secret: str = WEBHOOK_SECRET, age_seconds: int = 0) -> str:
    """Return the Stripe-Signature of a body."""
    at = int(time.time()) - age_seconds
    digest = hmac.new(secret.encode(), b"%d.%b" % (at, body), hashlib.sha256).hexdigest()
    return f"t={at},v1={digest}"


async def send(client: httpx2.AsyncClient, told: Any, **signing: Any) -> httpx2.Response:
    """Send an event, or any other body, as Stripe would."""
    body = told if isinstance(told, bytes) else json.dumps(told, indent=2).encode()
    headers = {"Stripe-Signature": signature(body, **signing)}
    return await client.post("/webhooks/stripe", content=body, headers=headers)


async def signals(handle: Any) -> list[str]:
    """Return the names of the signals that a workflow got."""
    history = await handle.fetch_history()
    return [
        found.workflow_execution_signaled_event_attributes.signal_name
        for found in history.events
        if found.HasField("workflow_execution_signaled_event_attributes")
    ]


async def is_settled(temporal: Client, told: dict[str, Any]) -> bool:
    """Say whether an event got a workflow of its own."""
    workflow_id = stripe_event_workflow_id(told["id"])
    try:
        await temporal.get_workflow_handle(workflow_id).describe()
    except RPCError as error:
        return error.status is not RPCStatusCode.NOT_FOUND
    return True
