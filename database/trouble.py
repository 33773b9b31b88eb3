"""What went wrong so far and is wrong now, counted: cheap enough for every scrape.

Each count reads a partial index that holds nothing but what is counted.
"""

from dataclasses import dataclass

from sqlalchemy import func, select, text
from sqlalchemy.ext.asyncio import AsyncConnection

from database.models import OrderHistoryRow, OrderRow, PaymentRow
from database.outbox import Backlog, backlog
from database.payments import IS_OPEN
from database.reconciliation import DRIFT_FOUND
from domain.reconciliation import DriftKind

_KIND = func.split_part(OrderHistoryRow.reason, text("':'"), text("1"))  # as the index has it
_DRIFT = (
    select(_KIND.label("kind"), func.count().label("found"))
    .where(OrderHistoryRow.action == text(f"'{DRIFT_FOUND}'"))
    .group_by(_KIND)
)
_NOW = select(
    select(func.count())
    .select_from(OrderRow)
    .where(OrderRow.needs_attention)
    .scalar_subquery()
    .label("orders_for_a_person"),
    select(func.count())
    .select_from(PaymentRow)
    .where(IS_OPEN, PaymentRow.expires_at < func.now())
    .scalar_subquery()
    .label("overdue_attempts"),
)


@dataclass(frozen=True)
class Trouble:
    """How much drift the reconciler has ever found, and how much trouble there is now."""

    drift: dict[DriftKind, int]
    orders_for_a_person: int
    overdue_attempts: int
    untold: Backlog


async def trouble(connection: AsyncConnection) -> Trouble:
    """Count all of it; kinds that were never found count 0."""
    found = {row.kind: row.found for row in await connection.execute(_DRIFT)}
    now = (await connection.execute(_NOW)).one()
    return Trouble(
        drift={kind: found.get(kind, 0) for kind in DriftKind},
        orders_for_a_person=now.orders_for_a_person,
        overdue_attempts=now.overdue_attempts,
        untold=await backlog(connection),
    )
