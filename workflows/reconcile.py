"""The reconciler: brings to a true end what fell between Stripe, PostgreSQL and Temporal."""

from contextlib import suppress
from datetime import timedelta

from temporalio import workflow
from temporalio.common import SearchAttributePair, TypedSearchAttributes
from temporalio.exceptions import FailureError, WorkflowAlreadyStartedError
from temporalio.workflow import ParentClosePolicy

with workflow.unsafe.imports_passed_through():
    from activities.reconciliation import Reconciliation
    from domain.checkout import OrderRef
    from domain.ids import OrderId, checkout_workflow_id, stripe_event_workflow_id
    from domain.order import OrderStatus
    from domain.payment import PaymentReport
    from domain.reconciliation import Drift, Findings
    from domain.stripe_event import StripeEvent
    from workflows.checkout import CheckoutWorkflow
    from workflows.search_attributes import ORDER_ID, ORDER_STATUS
    from workflows.settlement import ask_for_attention
    from workflows.steps import at_stripe, in_database
    from workflows.stripe_event import StripeEventWorkflow

ON_ITS_WAY = timedelta(seconds=10)


@workflow.defn
class ReconcileWorkflow:
    """One look at everything. What it mends is audited; what it cannot mend asks for attention."""

    @workflow.run
    async def run(self) -> Findings:
        """Hold the three owners of the truth against each other, once."""
        now = workflow.now()
        payments = await self._payments_that_nobody_takes()
        for report in payments:
            await self._tell_of_payment(report)
        overdue = await in_database(
            Reconciliation.overdue_checkouts, now, summary="checkouts behind their deadline"
        )
        taken_up = [order_id for order_id in overdue if await self._take_up(order_id)]
        unbacked = await at_stripe(
            Reconciliation.unbacked_orders, now, summary="orders that Stripe knows no payment of"
        )
        for order_id in unbacked:
            await ask_for_attention(order_id, "PAID here, but Stripe knows of no payment")
        return Findings(len(payments), len(taken_up), len(unbacked))

    async def _payments_that_nobody_takes(self) -> list[PaymentReport]:
        """Look twice: what is only on its way has arrived by then."""
        once = await self._unsettled_payments()
        if not once:
            return []
        await workflow.sleep(ON_ITS_WAY)
        return [report for report in await self._unsettled_payments() if report in once]

    async def _unsettled_payments(self) -> list[PaymentReport]:
        return await at_stripe(
            Reconciliation.unsettled_payments,
            workflow.now(),
            summary="payments that no order has taken",
        )

    async def _tell_of_payment(self, report: PaymentReport) -> None:
        """Bring a payment whose event never reached us the webhook's own way."""
        await self._record(report.order_id, f"payment of {report.session_id} was not taken")
        running = workflow.get_external_workflow_handle_for(
            CheckoutWorkflow.run, checkout_workflow_id(report.order_id)
        )
        try:
            await running.signal(CheckoutWorkflow.payment_completed, report)
        except FailureError:  # there is none
            with suppress(WorkflowAlreadyStartedError):
                await workflow.start_child_workflow(
                    StripeEventWorkflow.run,
                    StripeEvent(report.event_id or report.session_id, payment=report),
                    id=stripe_event_workflow_id(report.session_id),
                    parent_close_policy=ParentClosePolicy.ABANDON,
                    static_summary=f"a payment for {report.order_id}",
                )

    async def _take_up(self, order_id: OrderId) -> bool:
        """Let a fresh checkout close and decide; False where one is running."""
        try:
            await workflow.start_child_workflow(
                CheckoutWorkflow.run,
                OrderRef(order_id),
                id=checkout_workflow_id(order_id),
                parent_close_policy=ParentClosePolicy.ABANDON,
                static_summary="taken up by the reconciler",
                search_attributes=TypedSearchAttributes(
                    [
                        SearchAttributePair(ORDER_ID, order_id),
                        SearchAttributePair(ORDER_STATUS, OrderStatus.CREATED),
                    ]
                ),
            )
        except WorkflowAlreadyStartedError:
            return False
        await self._record(order_id, "its checkout had ended before it was decided")
        return True

    async def _record(self, order_id: OrderId, what: str) -> None:
        drift = Drift(order_id, what)
        await in_database(Reconciliation.record_drift, drift, summary="write the finding down")
