"""The workflow."""

from datetime import timedelta

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from bench.peers.samples_style import activities

_TIMEOUT = timedelta(seconds=10)


@workflow.defn
class OrderWorkflow:
    """One order, from reserved tickets to PAID."""

    def __init__(self) -> None:
        self._url: str | None = None
        self._paid = False

    @workflow.run
    async def run(self, order_id: str) -> str:
        """Reserve, create the session, wait for the payment, mark PAID."""
        if not await workflow.execute_activity(
            activities.reserve_tickets, order_id, start_to_close_timeout=_TIMEOUT
        ):
            return "SOLD_OUT"
        page = await workflow.execute_activity(
            activities.create_checkout_session, order_id, start_to_close_timeout=_TIMEOUT
        )
        self._url = page.url
        await workflow.execute_activity(
            activities.save_session, page, start_to_close_timeout=_TIMEOUT
        )
        await workflow.wait_condition(lambda: self._paid)
        await workflow.execute_activity(
            activities.mark_order_paid, order_id, start_to_close_timeout=_TIMEOUT
        )
        return "PAID"

    @workflow.query
    def checkout_url(self) -> str | None:
        """Where to pay, once it is known."""
        return self._url

    @workflow.signal
    def payment_completed(self) -> None:
        """Stripe said that the session was paid."""
        self._paid = True
