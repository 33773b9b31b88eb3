"""Refunds: giving money back, and seeing what became of it."""

from fastapi import APIRouter
from temporalio.client import WithStartWorkflowOperation
from temporalio.common import SearchAttributePair, TypedSearchAttributes, WorkflowIDConflictPolicy

from api import engine
from api.auth import CallerOf, needs
from api.documentation import KEYED, ONCE_A_KEY, problems
from api.idempotency import IdempotentRoute, ResourceSuffix
from api.orders import SEEING, VisibleOrder
from api.problems import Problem
from api.schemas import ListOf, NewRefund, RefundView
from api.services import Services, ServicesOf
from database.refunds import refunds_of
from domain.ids import RefundId, refund_workflow_id
from domain.money import Cents, Currency, display, smallest_step
from domain.refund import Refund, RefundRequest, RefundStatus
from workflows import search_attributes
from workflows.refund import RefundWorkflow

SORRY = "The refund is taking longer than usual; ask again with the same Idempotency-Key."

router = APIRouter(tags=["refunds"], route_class=IdempotentRoute)


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
