"""What must hold of the events that another system got, when all is at rest."""

from collections import Counter

from domain.ids import OrderId
from domain.order import OrderStatus
from domain.outgoing import OutgoingType
from tests.receiver import Delivery
from trials.walk.books import SOLD, Books, demand
from trials.walk.stage import Stage


def check_told(stage: Stage, books: Books) -> None:
    """Check that the receiver took each event, in order, and knows how it ended. Raises Broken."""
    (order,) = books.orders
    came = _taken(stage, OrderId(order.id))
    bodies = {one.id: one.event for one in came}  # in the order in which each came first
    written = [row.id for row in sorted(books.outgoing, key=lambda row: row.number)]
    demand(list(bodies) == written, order, f"took {list(bodies)}, written were {written}")
    told = Counter(event["type"] for event in bodies.values())
    final = {
        OutgoingType.ORDER_PAID: int(order.status in SOLD),
        OutgoingType.ORDER_CANCELLED: int(order.status == OrderStatus.CANCELLED),
    }
    for type, times in final.items():
        demand(told[type] == times, order, f"is {order.status}, told {told[type]} times {type}")
    amounts = [
        event["data"]["amount_refunded_cents"]
        for event in bodies.values()
        if event["type"] == OutgoingType.ORDER_REFUNDED
    ]
    most = max(amounts, default=0)
    demand(most >= order.amount_refunded_cents, order, f"gave back more than was told, {most}")
    disputed = told[OutgoingType.ORDER_DISPUTED] or not order.disputed
    demand(bool(disputed), order, "is disputed, and that was not told")
    attention = told[OutgoingType.ORDER_NEEDS_ATTENTION] or not order.needs_attention
    demand(bool(attention), order, "needs attention, and that was not told")
    last = list(bodies.values())[-1]["data"]["status"] if bodies else order.status
    demand(last == order.status, order, f"is {order.status}, the last event said {last}")


def count_told(stage: Stage) -> None:
    """Count what the receiver took, and how much of it more than once."""
    came = [one.id for order_id in stage.orders for one in _taken(stage, order_id)]
    stage.saw("events told", len(set(came)))
    stage.saw("events told again", len(came) - len(set(came)))


def _taken(stage: Stage, order_id: OrderId) -> list[Delivery]:
    return [one for one in stage.world.receiver.taken if one.order_id == order_id]
