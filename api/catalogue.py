"""Ticket types: putting them on sale and seeing what is left."""

from typing import Annotated, Self

from fastapi import APIRouter
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from api.auth import CallerOf, needs
from api.bodies import Body, Id, ListOf, Text
from api.documentation import FOR_USERS, KEYED, ONCE_A_KEY, example, problems
from api.idempotency import IdempotentRoute, ResourceSuffix
from api.services import ServicesOf
from database.catalogue import add_ticket_type, ticket_types, ticket_types_by_id
from domain.errors import TicketTypeNotFound
from domain.ids import TicketTypeId
from domain.money import CURRENCIES, MAXIMUM_CENTS, Cents, Currency, smallest_step
from domain.order import TicketType

MAXIMUM_CAPACITY = 1_000_000

router = APIRouter(tags=["catalogue"], route_class=IdempotentRoute)


def _known_currency(code: str) -> str:
    if code not in CURRENCIES:
        raise ValueError("is not a currency that Stripe takes, in lower case")
    return code


CurrencyCode = Annotated[str, AfterValidator(_known_currency)]


class NewTicketType(Body):
    """A kind of ticket to put on sale."""

    model_config = ConfigDict(
        json_schema_extra=example(
            name="Opera, box", unit_price_cents=12000, currency="eur", capacity=8
        )
    )

    name: Text
    unit_price_cents: int = Field(ge=1, le=MAXIMUM_CENTS, description="in the minor unit")
    currency: CurrencyCode
    capacity: int = Field(ge=1, le=MAXIMUM_CAPACITY)

    @model_validator(mode="after")
    def _chargeable(self) -> Self:
        step = smallest_step(Currency(self.currency))
        if self.unit_price_cents % step:
            raise ValueError(f"unit_price_cents must be a multiple of {step} in {self.currency}")
        return self


class TicketTypeView(BaseModel):
    """A kind of ticket on sale; `available` = capacity - sold - held."""

    model_config = ConfigDict(
        from_attributes=True,
        json_schema_extra=example(
            id="tkt_064f",
            name="Opera, box",
            unit_price_cents=12000,
            currency="eur",
            capacity=8,
            available=6,
        ),
    )

    id: str
    name: str
    unit_price_cents: int
    currency: str
    capacity: int
    available: int


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
