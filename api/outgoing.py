"""Outgoing events, for operators: what other systems were told, and telling them again."""

from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Query
from pydantic import BaseModel, ConfigDict

from api.auth import CallerOf, needs
from api.bodies import Body, Id, PageOf, Text
from api.documentation import FOR_USERS, KEYED, ONCE_A_KEY, example, problems
from api.engine import temporal_or_503
from api.idempotency import IdempotentRoute
from api.services import ServicesOf
from database.history import record
from database.outbox import events_of, let_wait_again
from domain.errors import OutgoingEventNotFound
from domain.ids import OrderId
from domain.outgoing import OutgoingType
from workflows.announcer import TemporalAnnouncer

router = APIRouter(
    prefix="/ops/outgoing-events",
    tags=["operators"],
    dependencies=[needs("ops")],
    route_class=IdempotentRoute,
)


class OutgoingEventView(BaseModel):
    """An event: `id` is its `webhook-id`, `payload` its body; not delivered, it is on its way."""

    model_config = ConfigDict(
        from_attributes=True,
        json_schema_extra=example(
            id="msg_0651",
            order_id="ord_0650",
            type="order.cancelled",
            payload={
                "type": "order.cancelled",
                "timestamp": "2026-01-31T12:30:00Z",
                "data": {"id": "ord_0650", "status": "CANCELLED"},
            },
            created_at="2026-01-31T12:30:00Z",
            delivered_at=None,
        ),
    )

    id: str
    order_id: str
    type: OutgoingType
    payload: dict[str, Any]
    created_at: datetime
    delivered_at: datetime | None


class Replay(Body):
    """Why an event is sent again."""

    model_config = ConfigDict(json_schema_extra=example(reason="The receiver lost its database."))

    reason: Text


@router.get("", responses=problems(*FOR_USERS, "missing_scope"))
async def list_outgoing_events(
    services: ServicesOf,
    order_id: Annotated[Id | None, Query()] = None,
    delivered: Annotated[bool | None, Query()] = None,
    limit: Annotated[int, Query(ge=1, le=100)] = 20,
    starting_after: Annotated[Id | None, Query()] = None,
) -> PageOf[OutgoingEventView]:
    """List what other systems are told, newest first (scope `ops`)."""
    async with services.database.transaction() as connection:
        found = await events_of(
            connection,
            order_id=OrderId(order_id) if order_id else None,
            delivered=delivered,
            limit=limit + 1,
            starting_after=starting_after,
        )
    views = [OutgoingEventView.model_validate(row) for row in found[:limit]]
    return PageOf(data=views, has_more=len(found) > limit)


@router.post(
    "/{event_id}/replay",
    status_code=202,
    responses=problems(*ONCE_A_KEY, "missing_scope", "outgoing_event_not_found"),
    openapi_extra=KEYED,
)
async def replay_outgoing_event(
    event_id: Id, replay: Replay, caller: CallerOf, services: ServicesOf
) -> OutgoingEventView:
    """Send an event again, as it was and with the same `webhook-id` (scope `ops`)."""
    async with services.database.transaction() as connection:
        event = await let_wait_again(connection, event_id)
        if event is None:
            raise OutgoingEventNotFound
        await record(
            connection,
            OrderId(event.order_id),
            "outgoing_event_replayed",
            actor=caller.user_id,
            reason=f"{event.type} {event.id}: {replay.reason}",
        )
    with temporal_or_503("The event cannot be sent again now; please try again."):
        announcer = TemporalAnnouncer(services.temporal, services.settings.temporal_task_queue)
        await announcer.announce(OrderId(event.order_id))
    return OutgoingEventView.model_validate(event)
