"""Stripe's webhook: what is taken over, what is left alone, what is refused."""

import asyncio
import hashlib
import hmac
import json
import secrets
import time
from typing import Any

import httpx2
import pytest
from temporalio import client as temporal_client
from temporalio.client import WorkflowExecutionStatus
from temporalio.service import RPCError, RPCStatusCode

from domain.checkout import OrderRef
from domain.ids import (
    OrderId,
    RefundId,
    checkout_workflow_id,
    new_id,
    refund_workflow_id,
    stripe_event_workflow_id,
)
from domain.refund import RefundRequest
from tests.api.world import (
    NEXT_WEBHOOK_SECRET,
    TASK_QUEUE,
    WEBHOOK_SECRET,
    assert_problem,
    on_sale,
    ordered,
)
from workflows.checkout import CheckoutWorkflow
from workflows.refund import RefundWorkflow

Client = httpx2.AsyncClient
Temporal = temporal_client.Client
COMPLETED = "checkout.session.completed"


def event(order_id: str | None, kind: str = COMPLETED, **session: Any) -> dict[str, Any]:
    """Return an event about a paid session, or about what else is said of it."""
    paid = {
        "id": f"cs_test_{secrets.token_hex(8)}",
        "object": "checkout.session",
        "metadata": {"orderId": order_id} if order_id else {},
        "status": "complete",
        "payment_status": "paid",
        "amount_total": 9000,
        "currency": "eur",
        "livemode": False,
        "payment_intent": "pi_1",
    }
    event_id = f"evt_{secrets.token_hex(8)}"
    return {
        "id": event_id,
        "object": "event",
        "type": kind,
        "livemode": False,
        "data": {"object": paid | session},
    }


def signature(body: bytes, secret: str = WEBHOOK_SECRET, age_seconds: int = 0) -> str:
    """Return the Stripe-Signature of a body."""
    at = int(time.time()) - age_seconds
    digest = hmac.new(secret.encode(), b"%d.%b" % (at, body), hashlib.sha256).hexdigest()
    return f"t={at},v1={digest}"


async def send(client: Client, told: Any, **signing: Any) -> httpx2.Response:
    """Send an event, or any other body, as Stripe would."""
    body = told if isinstance(told, bytes) else json.dumps(told, indent=2).encode()
    headers = {"Stripe-Signature": signature(body, **signing)}
    return await client.post("/webhooks/stripe", content=body, headers=headers)


async def start_checkout(temporal: Temporal, order_id: str) -> Any:
    """Start a checkout that no worker takes up."""
    return await temporal.start_workflow(
        CheckoutWorkflow.run,
        OrderRef(OrderId(order_id)),
        id=checkout_workflow_id(OrderId(order_id)),
        task_queue=TASK_QUEUE,
    )


async def signals(handle: Any) -> list[str]:
    """Return the names of the signals that a workflow got."""
    history = await handle.fetch_history()
    return [
        found.workflow_execution_signaled_event_attributes.signal_name
        for found in history.events
        if found.HasField("workflow_execution_signaled_event_attributes")
    ]


async def is_settled(temporal: Temporal, told: dict[str, Any]) -> bool:
    """Say whether an event got a workflow of its own."""
    workflow_id = stripe_event_workflow_id(told["id"])
    try:
        await temporal.get_workflow_handle(workflow_id).describe()
    except RPCError as error:
        return error.status is not RPCStatusCode.NOT_FOUND
    return True


@pytest.fixture
async def order_id(seller: Client, buyer: Client) -> str:
    """An order."""
    return await ordered(buyer, await on_sale(seller))


@pytest.mark.parametrize(
    ("kind", "session", "signal"),
    [
        (COMPLETED, {}, "payment_completed"),
        ("checkout.session.async_payment_succeeded", {}, "payment_completed"),
        (COMPLETED, {"payment_status": "unpaid"}, "look_at_stripe"),
        (
            "checkout.session.async_payment_failed",
            {"payment_status": "unpaid"},
            "look_at_stripe",
        ),
        (
            "checkout.session.expired",
            {"status": "expired", "payment_status": "unpaid"},
            "look_at_stripe",
        ),
    ],
)
async def test_an_event_is_signalled_to_the_running_checkout(  # noqa: PLR0917
    anonymous: Client,
    temporal: Temporal,
    order_id: str,
    kind: str,
    session: dict[str, Any],
    signal: str,
) -> None:
    checkout = await start_checkout(temporal, order_id)
    told = event(order_id, kind, **session)
    assert (await send(anonymous, told)).status_code == 200
    assert await signals(checkout) == [signal]
    assert not await is_settled(temporal, told)
    await checkout.terminate()


async def test_a_payment_without_a_running_checkout_is_settled_once(
    anonymous: Client, temporal: Temporal, order_id: str
) -> None:
    told = event(order_id)
    answers = await asyncio.gather(*(send(anonymous, told) for _ in range(200)))
    assert {answer.status_code for answer in answers} == {200}
    assert await is_settled(temporal, told)


async def test_a_payment_whose_workflow_was_terminated_is_settled_when_it_is_told_again(
    anonymous: Client, temporal: Temporal, order_id: str
) -> None:
    told = event(order_id)
    await send(anonymous, told)
    settling = temporal.get_workflow_handle(stripe_event_workflow_id(told["id"]))
    await settling.terminate()
    await send(anonymous, told)
    assert (await settling.describe()).status is WorkflowExecutionStatus.RUNNING


@pytest.mark.parametrize("kind", ["checkout.session.expired", "checkout.session.completed"])
async def test_a_hint_without_a_running_checkout_is_left_alone(
    anonymous: Client, temporal: Temporal, order_id: str, kind: str
) -> None:
    told = event(order_id, kind, payment_status="unpaid")
    assert (await send(anonymous, told)).status_code == 200
    assert not await is_settled(temporal, told)


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
    anonymous: Client, temporal: Temporal, order_id: str, kind: str
) -> None:
    request = RefundRequest(RefundId(new_id("re")), OrderId(order_id), None, "ill", "operator")
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


@pytest.mark.parametrize("order", [None, "ord_of_somebody_else", "\x00", 7, ["ord"]])
async def test_a_payment_that_is_not_ours_is_left_alone(
    anonymous: Client, temporal: Temporal, order: Any
) -> None:
    told = event(order)
    assert (await send(anonymous, told)).status_code == 200
    assert not await is_settled(temporal, told)


async def test_an_event_that_overtook_its_order_is_kept(
    anonymous: Client, temporal: Temporal
) -> None:
    told = event(new_id("ord"))
    assert (await send(anonymous, told)).status_code == 200
    assert await is_settled(temporal, told)


async def test_a_type_that_we_do_not_use_is_left_alone(anonymous: Client, order_id: str) -> None:
    told = event(order_id, "invoice.paid") | {"data": {"object": {"id": "in_1"}}}
    assert (await send(anonymous, told)).status_code == 200


async def test_a_secret_that_is_being_rolled_counts(anonymous: Client, order_id: str) -> None:
    told = event(order_id, "invoice.paid")
    assert (await send(anonymous, told, secret=NEXT_WEBHOOK_SECRET)).status_code == 200


@pytest.mark.parametrize(
    "header",
    [
        None,
        "",
        "nonsense",
        "t=1,v1=",
        "t=x,v1=abc",
        f"t={10**30},v1=abc",
        signature(b"another body"),
    ],
)
async def test_a_wrong_signature_is_refused(
    anonymous: Client, temporal: Temporal, order_id: str, header: str | None
) -> None:
    told = event(order_id)
    headers = {} if header is None else {"Stripe-Signature": header}
    response = await anonymous.post("/webhooks/stripe", json=told, headers=headers)
    assert_problem(response, 400, "bad_signature")
    assert not await is_settled(temporal, told)


async def test_a_signature_of_another_secret_or_an_old_one_is_refused(
    anonymous: Client, order_id: str
) -> None:
    for signing in ({"secret": "whsec_other"}, {"age_seconds": 301}, {"age_seconds": 10**6}):
        assert_problem(await send(anonymous, event(order_id), **signing), 400, "bad_signature")
    young = await send(anonymous, event(order_id, "invoice.paid"), age_seconds=290)
    assert young.status_code == 200


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"not JSON",
        b"[]",
        b"7",
        b"{}",
        b'{"id": 1, "type": "x", "data": {"object": {}}}',
        b'{"id": "evt_1", "type": "checkout.session.completed", "data": null}',
        b"[" * 100_000,
        b'{"id": "evt_1", "type": "checkout.session.completed",'
        b' "data": {"object": {"metadata": {"orderId": "ord_1"}}}}',
    ],
)
async def test_a_body_that_is_no_event_is_refused(anonymous: Client, body: bytes) -> None:
    assert_problem(await send(anonymous, body), 400, "bad_event")


async def test_a_body_that_is_no_text_is_refused(anonymous: Client) -> None:
    response = await send(anonymous, b"\xff\xfe")
    assert response.status_code == 400


async def test_a_body_over_a_mebibyte_is_refused(anonymous: Client) -> None:
    assert_problem(await send(anonymous, b" " * (1024 * 1024 + 1)), 413, "body_too_large")
