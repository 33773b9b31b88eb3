"""The story of a payment that Stripe reports while no checkout is running to take it."""

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from activities.settlement import Settlements
    from domain.checkout import PaidReport
    from domain.payment import PaymentReport, Settlement
    from workflows.search_attributes import NEEDS_ATTENTION
    from workflows.steps import in_database


@workflow.defn
class StripeEventWorkflow:
    """Holds a reported payment against its order: PAID if it fits, else set aside, in the open."""

    @workflow.run
    async def run(self, report: PaymentReport) -> Settlement:
        """Settle one event; its id is the workflow's, so that a duplicate meets itself."""
        paid = PaidReport(report, actor="stripe")
        settlement = await in_database(Settlements.mark_paid, paid, summary="settle the payment")
        if settlement is Settlement.SET_ASIDE:
            workflow.upsert_search_attributes([NEEDS_ATTENTION.value_set(True)])
        return settlement
