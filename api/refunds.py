"""Refunds: giving money back, and seeing what became of it."""

from datetime import datetime

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field
from temporalio.client import WithStartWorkflowOperation
from temporalio.common import SearchAttributePair, TypedSearchAttributes, WorkflowIDConflictPolicy

from api import engine
from api.auth import CallerOf, needs
from api.bodies import Body, ListOf, Text
from api.documentation import KEYED, ONCE_A_KEY, example, problems
from api.idempotency import IdempotentRoute, ResourceSuffix
from api.orders import SEEING, VisibleOrder
from api.problems import Problem
from api.services import Services, ServicesOf
from database.refunds import refunds_of
from domain.ids import RefundId, refund_workflow_id
from domain.money import MAXIMUM_CENTS, Cents, Currency, display, smallest_step
from domain.refund import Refund, RefundRequest, RefundStatus
from workflows import search_attributes
from workflows.refund import RefundWorkflow

SORRY = "The refund is taking longer than usual; ask again with the same Idempotency-Key."

router = APIRouter(tags=["refunds"], route_class=IdempotentRoute)


class NewRefund(Body):
    """How much to give back, in the currency's minor unit, and why; by default all that is left."""

    model_config = ConfigDict(
        json_schema_extra=example(amount_cents=12000, reason="one guest is ill")
    )

    amount_cents: int | None = Field(default=None, ge=1, le=MAXIMUM_CENTS)
    reason: Text = "on request"


class RefundView(BaseModel):
    """Money on its way back; `failure_reason` says in Stripe's words why it did not get there."""

    model_config = ConfigDict(
        from_attributes=True,
        json_schema_extra=example(
            id="re_0651",
            order_id="ord_0650",
            amount_cents=12000,
            currency="eur",
            status="succeeded",
            reason="one guest is ill",
            failure_reason=None,
            created_at="2026-02-01T09:00:00Z",
        ),
    )

    id: str
    order_id: str
    amount_cents: int
    currency: str
    status: RefundStatus
    reason: str
    failure_reason: str | None
    created_at: datetime


@router.post(
    "/orders/{order_id}/refunds",
    status_code=201,
    dependencies=[needs("ops")],
    responses=problems(
        *ONCE_A_KEY,
        "missing_scope",
        "order_not_found",
        "nothing_to_refund",
        "amount_too_large",
        "payment_disputed",
        "refund_refused",
    ),
    openapi_extra=KEYED,
)
async def refund_order(
    order: VisibleOrder,
    caller: CallerOf,
    services: ServicesOf,
    suffix: ResourceSuffix,
    wanted: NewRefund | None = None,
) -> RefundView:
    """Give money of an order back (scope `ops`): an amount, or all that is left.

    Its `status` is what Stripe says at first; a refund may be `pending` for days, and may fail.
    """
    wanted = wanted or NewRefund()
    _check_step(wanted, order.currency)
    request = RefundRequest(
        id=RefundId(f"re_{suffix}"),
        order_id=order.id,
        amount_cents=None if wanted.amount_cents is None else Cents(wanted.amount_cents),
        reason=wanted.reason,
        actor=caller.user_id,
    )
    return RefundView.model_validate(await _refund(services, request, order.currency))


@router.get("/orders/{order_id}/refunds", responses=SEEING)
async def see_refunds(order: VisibleOrder, services: ServicesOf) -> ListOf[RefundView]:
    """See what went back of an order or is on its way, oldest first."""
    async with services.database.transaction() as connection:
        found = await refunds_of(connection, order.id)
    return ListOf(data=[RefundView.model_validate(refund) for refund in found])


def _check_step(wanted: NewRefund, currency: Currency) -> None:
    step = smallest_step(currency)
    if wanted.amount_cents is not None and wanted.amount_cents % step:
        message = f"must be a multiple of {step} in {currency}"
        raise Problem(
            "invalid_request",
            f"amount_cents: {message}",
            errors=[{"field": "amount_cents", "message": message}],
        )


async def _refund(services: Services, request: RefundRequest, currency: Currency) -> Refund:
    """Start the refund's workflow, or join the one that runs, and return Stripe's first answer."""

    async def ask(update_id: str) -> Refund:
        async with engine.starting(_start(services, request, currency)) as start:
            return await services.temporal.execute_update_with_start_workflow(
                RefundWorkflow.refund,
                start_workflow_operation=start,
                id=update_id,
                rpc_timeout=engine.ANSWER_WITHIN,
            )

    return await engine.answered(ask, "refund", sorry=SORRY)


def _start(
    services: Services, request: RefundRequest, currency: Currency
) -> WithStartWorkflowOperation[RefundWorkflow, RefundStatus | None]:
    amount = display(request.amount_cents, currency) if request.amount_cents else "all that is left"
    return WithStartWorkflowOperation(
        RefundWorkflow.run,
        request,
        id=refund_workflow_id(request.id),
        task_queue=services.settings.temporal_task_queue,
        id_conflict_policy=WorkflowIDConflictPolicy.USE_EXISTING,
        static_summary=f"{amount} back: {request.reason}",
        static_details=f"**{amount}** back, asked for by `{request.actor}`",
        search_attributes=TypedSearchAttributes(
            [
                SearchAttributePair(search_attributes.ORDER_ID, request.order_id),
                SearchAttributePair(search_attributes.CURRENCY, currency),
            ]
        ),
    )
