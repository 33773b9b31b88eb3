"""Seeing: which orders wait for an operator, and the whole story of one."""

from typing import Annotated, Any

from fastapi import APIRouter, Query

from api.auth import needs
from api.bodies import Id, PageOf
from api.documentation import FOR_USERS, problems
from api.ops.unattended import unattended
from api.ops.views import CaseView, Search, StoryView, SummaryView
from api.services import ServicesOf
from database.disputes import disputes_of
from database.history import history_of
from database.ops import case_of, cases
from database.payments import payments_of
from database.queues import queue_lengths
from database.refunds import refunds_of
from database.tickets import tickets_of
from domain.ids import OrderId

SEEING: dict[int | str, dict[str, Any]] = problems(*FOR_USERS, "missing_scope")
router = APIRouter(tags=["operators"], dependencies=[needs("ops")])


@router.get("/ops/summary", responses=SEEING)
async def see_queues(services: ServicesOf) -> SummaryView:
    """See how many orders wait in each queue (scope `ops`)."""
    async with services.database.transaction() as connection:
        return SummaryView(**await queue_lengths(connection))


@router.get("/ops/orders", responses=SEEING)
async def find_orders(search: Annotated[Search, Query()], services: ServicesOf) -> PageOf[CaseView]:
    """Find orders of all users, newest first (scope `ops`)."""
    after = OrderId(search.starting_after) if search.starting_after else None
    async with services.database.transaction() as connection:
        found = await cases(connection, search.wanted, search.limit + 1, after)
    views = [CaseView.of_case(services, case) for case in found[: search.limit]]
    return PageOf(data=views, has_more=len(found) > search.limit)


@router.get("/ops/orders/{order_id}", responses=SEEING | problems("order_not_found"))
async def see_story(order_id: Id, services: ServicesOf) -> StoryView:
    """See all that is known of an order (scope `ops`)."""
    order = OrderId(order_id)
    async with services.database.transaction() as connection:
        case = await case_of(connection, order)
        story = {
            "case": CaseView.of_case(services, case),
            "payments": await payments_of(connection, order),
            "refunds": await refunds_of(connection, order),
            "disputes": await disputes_of(connection, order),
            "tickets": await tickets_of(connection, order),
            "history": await history_of(connection, order),
        }
    return StoryView.model_validate(story | {"unattended": await unattended(services, case)})
