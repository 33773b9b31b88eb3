"""The story of a payment that Stripe reports while no checkout is running to take it."""

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from domain.payment import PaymentReport, Settlement
    from workflows.settlement import settle


@workflow.defn
class StripeEventWorkflow:
    """Holds a reported payment against its order, in the open."""

    @workflow.run
    async def run(self, report: PaymentReport) -> Settlement:
        """Settle one event; its id is the workflow's, so that a duplicate meets itself."""
        return await settle(report)
