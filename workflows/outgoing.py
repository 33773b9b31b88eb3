"""The story of an order's events on their way to another system, in the open for operators."""

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from activities.deliveries import Deliveries
    from domain.checkout import OrderRef
    from domain.outgoing import WaitingEvent
    from workflows.steps import at_receiver, in_database


@workflow.defn
class OutgoingEventsWorkflow:
    """Delivers the events of one order, each until the receiver has taken it, then the next."""

    @workflow.init
    def __init__(self, order: OrderRef) -> None:
        self._order_id = order.order_id
        self._announced = True

    @workflow.run
    async def run(self, order: OrderRef) -> None:
        """Deliver until nothing waits, and nothing was announced since that was seen.

        An event is committed before it is announced: a look behind the announcement finds it. An
        announcement that meets the end of the workflow makes Temporal repeat its last task.
        """
        while self._announced:
            self._announced = False
            waiting = await in_database(
                Deliveries.waiting, self._order_id, summary="what waits for its delivery"
            )
            while waiting:
                workflow.set_current_details(_details(waiting))
                first = waiting[0]
                waiting = await at_receiver(
                    Deliveries.deliver, first, summary=f"{first.type} {first.id}"
                )
        workflow.set_current_details("**Everything is delivered**")

    @workflow.signal
    def announce(self) -> None:
        """Something was written for the order, or shall be sent again."""
        self._announced = True


def _details(waiting: list[WaitingEvent]) -> str:
    """Return what an operator reads at the top of the workflow's page, in Markdown."""
    lines = [
        f"{number}. {event.type} `{event.id}` of {event.created_at:%Y-%m-%d %H:%M:%S} UTC"
        for number, event in enumerate(waiting, 1)
    ]
    return "\n".join(["**Waiting for the receiver, in this order**", "", *lines])
