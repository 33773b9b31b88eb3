"""The workflow."""

from contextlib import suppress
from datetime import timedelta

from temporalio import workflow

_HOLD = timedelta(minutes=30)


@workflow.defn
class BareWorkflow:
    """Begins, waits for the payment or the deadline, ends."""

    def __init__(self) -> None:
        self._paid = False

    @workflow.run
    async def run(self, _: str) -> None:
        """Wait."""
        with suppress(TimeoutError):
            await workflow.wait_condition(lambda: self._paid, timeout=_HOLD)

    @workflow.update
    async def begin(self) -> str:
        """Answer at once."""
        return "begun"

    @workflow.signal
    def payment_completed(self) -> None:
        """Stripe said that the session was paid."""
        self._paid = True
