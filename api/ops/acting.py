"""Acting: each time with a reason, and only on an order that is still as the operator saw it."""

from fastapi import APIRouter

from api import engine
from api.auth import CallerOf, needs
from api.bodies import Id
from api.documentation import KEYED, ONCE_A_KEY, problems
from api.idempotency import IdempotentRoute, ResourceSuffix
from api.ops.views import Action, CaseView, Extension, RecheckedView
from api.problems import Problem
from api.services import Services, ServicesOf
from database.ops import case_of, resolve
from database.orders import order_of
from database.payability import CheckoutTarget, checkout_target
from database.payments import open_attempt
from domain.checkout import CancelRequest, ExtendRequest, RecheckRequest
from domain.errors import AlreadyPaid, NotExtendable, OrderNotPayable, StateChanged
from domain.ids import OrderId
from domain.order import OrderStatus
from domain.payment import SessionStatus

router = APIRouter(tags=["operators"], route_class=IdempotentRoute, dependencies=[needs("ops")])
ACTING = (*ONCE_A_KEY, "missing_scope", "order_not_found", "state_changed")


@router.post(
    "/ops/orders/{order_id}/cancel",
    responses=problems(*ACTING, "already_paid", "payment_processing"),
    openapi_extra=KEYED,
)
async def cancel(order_id: Id, action: Action, caller: CallerOf, services: ServicesOf) -> CaseView:
    """Cancel an order: its session is closed at Stripe first (scope `ops`)."""
    target, _ = await _as_expected(services, order_id, action)
    if action.expected_status in (OrderStatus.PAID, OrderStatus.REFUNDED):
        raise AlreadyPaid
    if action.expected_status is OrderStatus.CREATED:
        await engine.cancel(services, target, CancelRequest(caller.user_id, action.reason))
    return await _case(services, target)


@router.post(
    "/ops/orders/{order_id}/extend",
    responses=problems(*ACTING, "not_extendable", "order_not_payable"),
    openapi_extra=KEYED,
)
async def extend(
    order_id: Id,
    extension: Extension,
    caller: CallerOf,
    services: ServicesOf,
    suffix: ResourceSuffix,
) -> CaseView:
    """Give the buyer more time, as far as Stripe's session allows (scope `ops`)."""
    target, is_waiting = await _as_expected(services, order_id, extension)
    if not is_waiting:
        raise NotExtendable("No payment is awaited, so that there is no deadline.")
    request = ExtendRequest(caller.user_id, extension.reason, extension.minutes)
    await engine.extend(services, target, request, suffix)
    return await _case(services, target)


@router.post(
    "/ops/orders/{order_id}/recheck",
    responses=problems(*ACTING, "already_asking"),
    openapi_extra=KEYED,
)
async def recheck(
    order_id: Id, action: Action, caller: CallerOf, services: ServicesOf, suffix: ResourceSuffix
) -> RecheckedView:
    """Ask Stripe now how an awaited payment stands, and act on what it says (scope `ops`).

    A checkout whose workflow is gone is taken up. Where no payment is awaited, nothing is asked.
    """
    target, is_waiting = await _as_expected(services, order_id, action)
    said = None
    if is_waiting:
        said = await _recheck(
            services, target, RecheckRequest(caller.user_id, action.reason), suffix
        )
    async with services.database.transaction() as connection:
        case = await case_of(connection, target.order_id)
    return RecheckedView.of_case(services, case, stripe_says=said)


@router.post("/ops/orders/{order_id}/resolve", responses=problems(*ACTING), openapi_extra=KEYED)
async def resolve_attention(
    order_id: Id, action: Action, caller: CallerOf, services: ServicesOf
) -> CaseView:
    """Note that a person has dealt with what an order needed attention for (scope `ops`)."""
    target, _ = await _as_expected(services, order_id, action)
    async with services.database.transaction() as connection:
        if not await resolve(
            connection, target.order_id, action.expected_status, caller.user_id, action.reason
        ):
            raise StateChanged("The order needs no attention any more, or has changed meanwhile.")
    return await _case(services, target)


async def _as_expected(
    services: Services, order_id: str, action: Action
) -> tuple[CheckoutTarget, bool]:
    """Return the order if it is still as the operator saw it, and whether a payment is awaited.

    Raises OrderNotFound, StateChanged.
    """
    async with services.database.transaction() as connection:
        order = await order_of(connection, OrderId(order_id))
        if order.status is not action.expected_status:
            expected = action.expected_status
            raise StateChanged(f"The order is {order.status} and no longer {expected}.")
        target, _ = await checkout_target(connection, order.id, None)
        return target, await open_attempt(connection, order.id) is not None


async def _recheck(
    services: Services, target: CheckoutTarget, request: RecheckRequest, key: str
) -> SessionStatus | None:
    try:
        return await engine.recheck(services, target, request, key)
    except Problem as problem:
        if problem.code != OrderNotPayable.code:
            raise
        return None  # it was decided in the same moment


async def _case(services: Services, target: CheckoutTarget) -> CaseView:
    async with services.database.transaction() as connection:
        return CaseView.of_case(services, await case_of(connection, target.order_id))
