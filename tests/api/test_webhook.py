"""Stripe's webhook: what is taken over, what is left alone, what is refused."""

import asyncio
import secrets
from typing import Any

import httpx2
import pytest
from temporalio import client as temporal_client
from temporalio.client import WorkflowExecutionStatus

from domain.checkout import OrderRef
from domain.ids import (
    OrderId,
    checkout_workflow_id,
    new_id,
    stripe_event_workflow_id,
)
from tests.api.stripe import is_settled, send, signals, signature
from tests.api.world import (
    NEXT_WEBHOOK_SECRET,
    TASK_QUEUE,
    assert_problem,
)
from workflows.checkout import CheckoutWorkflow

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


async def start_checkout(temporal: Temporal, order_id: str) -> Any:
    """Start a checkout that no worker takes up."""
    return await temporal.start_workflow(
        CheckoutWorkflow.run,
        OrderRef(OrderId(order_id)),
        id=checkout_workflow_id(OrderId(order_id)),
        task_queue=TASK_QUEUE,
    )


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
