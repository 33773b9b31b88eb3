"""Ticket types: putting them on sale and seeing what is left."""

from fastapi import APIRouter

from api.auth import CallerOf, needs
from api.documentation import FOR_USERS, KEYED, ONCE_A_KEY, problems
from api.idempotency import IdempotentRoute, ResourceSuffix
from api.schemas import Id, ListOf, NewTicketType, TicketTypeView
from api.services import ServicesOf
from database.catalogue import add_ticket_type, ticket_types, ticket_types_by_id
from domain.errors import TicketTypeNotFound
from domain.ids import TicketTypeId
from domain.money import Cents, Currency
from domain.order import TicketType

router = APIRouter(tags=["catalogue"], route_class=IdempotentRoute)


@router.post(
    "/ticket-types",
    status_code=201,
    dependencies=[needs("catalog:write")],
    responses=problems(*ONCE_A_KEY, "missing_scope"),
    openapi_extra=KEYED,
)
async def put_on_sale(
    wanted: NewTicketType, services: ServicesOf, suffix: ResourceSuffix
) -> TicketTypeView:
    """Put a ticket type on sale (scope `catalog:write`)."""
    ticket_type_id = TicketTypeId(f"tkt_{suffix}")
    ticket_type = TicketType(
        id=ticket_type_id,
        name=wanted.name,
        unit_price_cents=Cents(wanted.unit_price_cents),
        currency=Currency(wanted.currency),
        capacity=wanted.capacity,
        available=wanted.capacity,
    )
    async with services.database.transaction() as connection:
        await add_ticket_type(connection, ticket_type)
        stored = await ticket_types_by_id(connection, [ticket_type_id])
    return TicketTypeView.model_validate(stored[ticket_type_id])


@router.get("/ticket-types", responses=problems("unauthorized", "temporarily_unavailable"))
async def list_ticket_types(services: ServicesOf, _: CallerOf) -> ListOf[TicketTypeView]:
    """List what is on sale, oldest first."""
    async with services.database.transaction() as connection:
        found = await ticket_types(connection)
    return ListOf(data=[TicketTypeView.model_validate(ticket_type) for ticket_type in found])


@router.get(
    "/ticket-types/{ticket_type_id}", responses=problems(*FOR_USERS, "ticket_type_not_found")
)
async def see_ticket_type(ticket_type_id: Id, services: ServicesOf, _: CallerOf) -> TicketTypeView:
    """See one ticket type and how many are left."""
    wanted = TicketTypeId(ticket_type_id)
    async with services.database.transaction() as connection:
        found = await ticket_types_by_id(connection, [wanted])
    if wanted not in found:
        raise TicketTypeNotFound(ticket_type_id)
    return TicketTypeView.model_validate(found[wanted])
