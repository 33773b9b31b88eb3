"""Which orders operators look for: those of a queue, or those that an id names."""

from dataclasses import dataclass

from sqlalchemy import ColumnElement, CompoundSelect, and_, func, or_, select, union
from sqlalchemy.ext.asyncio import AsyncConnection

from database.models import DisputeRow, OrderHistoryRow, OrderRow, PaymentRow, RefundRow
from database.payments import IS_OPEN
from database.reconciliation import DRIFT_FOUND
from domain.dispute import DECIDED
from domain.order import OrderStatus
from domain.queues import DRIFT_SHOWN_FOR, STUCK_AFTER, Queue
from domain.refund import UNDER_WAY

IS_OVERDUE = PaymentRow.expires_at < func.now() - STUCK_AFTER
_HAS_NO_SESSION = and_(
    PaymentRow.provider_ref.is_(None), PaymentRow.created_at < func.now() - STUCK_AFTER
)
_FOR_A_PERSON: ColumnElement[bool] = OrderRow.needs_attention.expression  # as its index says it
_OF_QUEUE: dict[Queue, ColumnElement[bool]] = {
    Queue.IN_FLIGHT: OrderRow.id.in_(select(PaymentRow.order_id).where(IS_OPEN)),
    Queue.STUCK: OrderRow.id.in_(
        select(PaymentRow.order_id).where(IS_OPEN, or_(IS_OVERDUE, _HAS_NO_SESSION))
    ),
    Queue.NEEDS_ATTENTION: _FOR_A_PERSON,
    Queue.DRIFT: OrderRow.id.in_(
        select(OrderHistoryRow.order_id).where(
            OrderHistoryRow.action == DRIFT_FOUND,
            OrderHistoryRow.at > func.now() - DRIFT_SHOWN_FOR,
        )
    ),
    Queue.REFUNDS_PENDING: OrderRow.id.in_(
        select(RefundRow.order_id).where(RefundRow.status.in_(UNDER_WAY))
    ),
    Queue.DISPUTES: OrderRow.id.in_(
        select(DisputeRow.order_id).where(DisputeRow.status.not_in(DECIDED))
    ),
}


@dataclass(frozen=True)
class Wanted:
    """What an operator looks for; None leaves it open. `text` is an id, or how one begins."""

    status: OrderStatus | None = None
    needs_attention: bool | None = None
    text: str | None = None
    queue: Queue | None = None

    def conditions(self) -> list[ColumnElement[bool]]:
        """Return what must be true of an order."""
        found: list[ColumnElement[bool]] = []
        if self.status is not None:
            found.append(OrderRow.status == self.status)
        if self.needs_attention is not None:
            found.append(_FOR_A_PERSON if self.needs_attention else ~_FOR_A_PERSON)
        if self.text is not None:
            found.append(OrderRow.id.in_(_named_by(self.text)))
        if self.queue is not None:
            found.append(_OF_QUEUE[self.queue])
        return found


async def queue_lengths(connection: AsyncConnection) -> dict[Queue, int]:
    """Return how many orders wait in each queue."""
    counts = (
        select(func.count()).select_from(OrderRow).where(condition).scalar_subquery().label(queue)
        for queue, condition in _OF_QUEUE.items()
    )
    row = (await connection.execute(select(*counts))).one()
    return dict(zip(_OF_QUEUE, row, strict=True))


def _named_by(text: str) -> CompoundSelect[str]:
    """Select the ids of the orders that an id names, ours or Stripe's; each way has its index.

    Only orders and users are also found by how their id begins.
    """
    return union(
        select(OrderRow.id).where(OrderRow.id.startswith(text, autoescape=True)),
        select(OrderRow.id).where(OrderRow.user_id.startswith(text, autoescape=True)),
        *(
            select(PaymentRow.order_id).where(column == text)
            for column in (PaymentRow.id, PaymentRow.provider_ref, PaymentRow.payment_intent)
        ),
        *(
            select(RefundRow.order_id).where(column == text)
            for column in (RefundRow.id, RefundRow.stripe_id)
        ),
        select(DisputeRow.order_id).where(DisputeRow.id == text),
    )
