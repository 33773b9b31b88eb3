"""Stripe's webhook, when it tells of refunds."""

import asyncio
import secrets
from typing import Any

import httpx2
import pytest
from temporalio import client as temporal_client

from domain.ids import OrderId, RefundId, new_id, refund_workflow_id
from domain.refund import RefundRequest
from tests.api.stripe import is_settled, send, signals
from tests.api.world import TASK_QUEUE
from workflows.refund import RefundWorkflow

Client = httpx2.AsyncClient
Temporal = temporal_client.Client


def refund_event(kind: str, refund_id: str | None = None, **subject: Any) -> dict[str, Any]:
    """Return an event about a refund, or about the charge that was given back."""
    told = {"id": "re_1", "metadata": {"refundId": refund_id} if refund_id else {}}
    return {
        "id": f"evt_{secrets.token_hex(8)}",
        "object": "event",
        "type": kind,
        "data": {"object": told | {"payment_intent": "pi_1"} | subject},
    }


@pytest.mark.parametrize("kind", ["refund.created", "refund.updated", "refund.failed"])
async def test_an_event_of_a_refund_is_signalled_to_the_one_that_runs(
    anonymous: Client, temporal: Temporal, kind: str
) -> None:
    request = RefundRequest(RefundId(new_id("re")), OrderId(new_id("ord")), None, "ill", "operator")
    running = await temporal.start_workflow(
        RefundWorkflow.run,
        request,
        id=refund_workflow_id(request.id),
        task_queue=TASK_QUEUE,
    )
    told = refund_event(kind, request.id)
    assert (await send(anonymous, told)).status_code == 200
    assert await signals(running) == ["refund_changed"]
    assert not await is_settled(temporal, told)
    await running.terminate()
    again = refund_event(kind, request.id)
    assert (await send(anonymous, again)).status_code == 200
    assert await is_settled(temporal, again)


@pytest.mark.parametrize("kind", ["refund.created", "charge.refunded"])
async def test_an_event_of_a_refund_that_nobody_follows_is_settled_once(
    anonymous: Client, temporal: Temporal, kind: str
) -> None:
    told = refund_event(kind)
    answers = await asyncio.gather(*(send(anonymous, told) for _ in range(5)))
    assert {answer.status_code for answer in answers} == {200}
    assert await is_settled(temporal, told)


@pytest.mark.parametrize("subject", [{"payment_intent": None}, {"payment_intent": 7}])
async def test_a_refund_of_no_payment_intent_is_left_alone(
    anonymous: Client, temporal: Temporal, subject: dict[str, Any]
) -> None:
    told = refund_event("refund.created", **subject)
    assert (await send(anonymous, told)).status_code == 200
    assert not await is_settled(temporal, told)
