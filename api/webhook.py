"""Stripe's webhook: verify, hand over to the order's workflow, answer.

https://docs.stripe.com/webhooks. Temporal is the inbox: an accepted signal is durable.
"""

import json
from typing import Any

import stripe
from fastapi import APIRouter, Request, Response
from temporalio.common import WorkflowIDReusePolicy
from temporalio.exceptions import WorkflowAlreadyStartedError
from temporalio.service import RPCError, RPCStatusCode

from api import engine
from api.documentation import problems
from api.metrics import WEBHOOKS
from api.problems import Problem
from api.services import Services, ServicesOf
from domain.ids import (
    RefundId,
    checkout_workflow_id,
    has_our_form,
    refund_workflow_id,
    stripe_event_workflow_id,
)
from domain.payment import PaymentReport, SessionStatus
from domain.reports import report_of_event
from domain.stripe_event import (
    DISPUTE_EVENTS,
    REFUND_EVENTS,
    SESSION_EVENTS,
    USED_EVENTS,
    StripeEvent,
)
from settings import ApiSettings
from workflows.checkout import CheckoutWorkflow
from workflows.refund import RefundWorkflow
from workflows.stripe_event import StripeEventWorkflow

TOLERANCE_SECONDS = 300  # Stripe's own advice: older signatures may be replayed ones

router = APIRouter(tags=["stripe"])


@router.post(
    "/webhooks/stripe",
    response_class=Response,
    response_description="Durably taken over, or none of our business",
    responses=problems("bad_signature", "bad_event", "body_too_large", "temporarily_unavailable"),
)
async def take_event(request: Request, services: ServicesOf) -> Response:
    """Take over one of Stripe's events. 503 asks Stripe to send it again."""
    event = _verified(
        await request.body(), request.headers.get("Stripe-Signature", ""), services.settings
    )
    outcome = "unavailable"
    try:
        with engine.temporal_or_503("The event cannot be taken over now; send it again."):
            outcome = await _hand_over(services, event)
    finally:
        WEBHOOKS.labels(event["type"] if event["type"] in USED_EVENTS else "other", outcome).inc()
    return Response(status_code=200)


def _verified(body: bytes, signature: str, settings: ApiSettings) -> dict[str, Any]:
    """Return the event, if one of our secrets signed it in the last five minutes."""
    for secret in settings.stripe_webhook_secret:
        try:
            stripe.WebhookSignature.verify_header(
                body.decode(),
                signature,
                secret.get_secret_value(),
                TOLERANCE_SECONDS,
            )
            return _parsed(body)
        except stripe.SignatureVerificationError:
            continue
        except UnicodeDecodeError:
            break
    raise Problem("bad_signature", "The Stripe-Signature does not fit the body.")


def _parsed(body: bytes) -> dict[str, Any]:
    try:
        event = json.loads(body)
        if isinstance(event["id"], str) and isinstance(event["data"]["object"], dict):
            return dict(event) | {"type": str(event["type"])}
    except (ValueError, KeyError, TypeError, RecursionError):
        pass
    raise Problem("bad_event", "The body is not one of Stripe's events.")


async def _hand_over(services: Services, event: dict[str, Any]) -> str:
    if event["type"] in SESSION_EVENTS:
        return await _tell_of_session(services, event)
    if event["type"] in REFUND_EVENTS:
        return await _tell_of_refund(services, event)
    if event["type"] in DISPUTE_EVENTS:
        told = StripeEvent(event["id"], dispute_id=_id_of_subject(event))
        return await _settle_in_the_open(services, told, f"dispute {told.dispute_id}")
    return "ignored"


async def _tell_of_session(services: Services, event: dict[str, Any]) -> str:
    try:
        report = report_of_event(event)
    except (KeyError, TypeError, ValueError) as error:
        raise Problem("bad_event", "The event's session is not complete.") from error
    if report is None:
        return "not_ours"
    if report.status is not SessionStatus.PAID:
        await engine.look_at_stripe(services, report.order_id)
        return "hint"
    return await _tell_of_payment(services, report)


async def _tell_of_payment(services: Services, report: PaymentReport) -> str:
    handle = services.temporal.get_workflow_handle(checkout_workflow_id(report.order_id))
    try:
        await handle.signal(
            CheckoutWorkflow.payment_completed, report, rpc_timeout=engine.SIGNAL_WITHIN
        )
        return "signalled"
    except RPCError as error:
        if error.status is not RPCStatusCode.NOT_FOUND:
            raise
    if not has_our_form(report.order_id):
        return "not_ours"
    event = StripeEvent(str(report.event_id), payment=report)
    return await _settle_in_the_open(services, event, f"a payment for {report.order_id}")


async def _tell_of_refund(services: Services, event: dict[str, Any]) -> str:
    """Stripe is asked in any case; an event of a refund or a charge only names the payment."""
    subject = event["data"]["object"]
    refund_id = (subject.get("metadata") or {}).get("refundId")
    if isinstance(refund_id, str) and await _hint_at_refund(services, RefundId(refund_id)):
        return "hint"
    payment_intent = subject.get("payment_intent")
    if not isinstance(payment_intent, str):
        return "not_ours"
    told = StripeEvent(event["id"], refunded_payment_intent=payment_intent)
    return await _settle_in_the_open(services, told, f"a refund of {payment_intent}")


async def _hint_at_refund(services: Services, refund_id: RefundId) -> bool:
    handle = services.temporal.get_workflow_handle(refund_workflow_id(refund_id))
    try:
        await handle.signal(RefundWorkflow.refund_changed, rpc_timeout=engine.SIGNAL_WITHIN)
    except RPCError as error:
        if error.status is not RPCStatusCode.NOT_FOUND:
            raise
        return False
    return True


def _id_of_subject(event: dict[str, Any]) -> str:
    subject_id = event["data"]["object"].get("id")
    if not isinstance(subject_id, str):
        raise Problem("bad_event", "The event's object has no id.")
    return subject_id


async def _settle_in_the_open(services: Services, event: StripeEvent, summary: str) -> str:
    """No workflow is running that takes an event: one of its own settles it.

    Also when its order is not there yet.
    """
    try:
        await services.temporal.start_workflow(
            StripeEventWorkflow.run,
            event,
            id=stripe_event_workflow_id(event.id),
            task_queue=services.settings.temporal_task_queue,
            id_reuse_policy=WorkflowIDReusePolicy.ALLOW_DUPLICATE_FAILED_ONLY,
            static_summary=summary,
            rpc_timeout=engine.SIGNAL_WITHIN,
        )
    except WorkflowAlreadyStartedError:
        return "duplicate"
    return "settling"
