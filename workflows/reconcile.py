"""The reconciler: brings to a true end what fell between Stripe, PostgreSQL and Temporal."""

from collections import Counter
from contextlib import suppress
from datetime import timedelta

from temporalio import workflow
from temporalio.common import (
    SearchAttributePair,
    TypedSearchAttributes,
    WorkflowIDReusePolicy,
)
from temporalio.exceptions import FailureError, WorkflowAlreadyStartedError
from temporalio.workflow import ParentClosePolicy

with workflow.unsafe.imports_passed_through():
    from activities.disputes import Disputes
    from activities.lost_disputes import LostDisputes
    from activities.lost_refunds import LostRefunds
    from activities.outgoing import Outbox
    from activities.reconciliation import Reconciliation
    from activities.refunds import Refunds
    from domain.checkout import OrderRef
    from domain.ids import (
        OrderId,
        RefundId,
        checkout_workflow_id,
        refund_workflow_id,
        stripe_event_workflow_id,
    )
    from domain.order import OrderStatus
    from domain.payment import PaymentReport, SessionStatus
    from domain.reconciliation import Drift, DriftKind, Findings
    from domain.stripe_event import StripeEvent
    from workflows.checkout import CheckoutWorkflow
    from workflows.refund import RefundWorkflow, start_refund
    from workflows.search_attributes import ORDER_ID, ORDER_STATUS
    from workflows.settlement import ask_for_attention
    from workflows.steps import at_stripe, in_database, listed_at_stripe
    from workflows.stripe_event import StripeEventWorkflow

ON_ITS_WAY = timedelta(seconds=10)


@workflow.defn
class ReconcileWorkflow:
    """One look at everything. What it mends is audited; what it cannot mend asks for attention."""

    @workflow.init
    def __init__(self) -> None:
        self._found: Counter[str] = Counter()

    @workflow.run
    async def run(self) -> Findings:
        """Hold the three owners of the truth against each other, once."""
        for report in await self._reports_that_nobody_hears():
            await self._tell(report)
        for drift in await in_database(
            Reconciliation.abandoned_checkouts,
            workflow.now(),
            summary="checkouts that nobody minds",
        ):
            await self._take_up(drift)
        for drift in await listed_at_stripe(
            Reconciliation.unbacked_orders,
            workflow.now(),
            summary="orders that Stripe knows no payment of",
        ):
            await self._record(drift)
            await ask_for_attention(drift.order_id, "PAID here, but Stripe knows of no payment")
        await self._follow_refunds_and_disputes()
        for order_id in await in_database(
            Outbox.resume_deliveries, workflow.now(), summary="events that nobody delivers"
        ):
            await self._record(Drift(order_id, DriftKind.UNTOLD_EVENT, "its events lay waiting"))
        return Findings(**self._found)

    async def _follow_refunds_and_disputes(self) -> None:
        now = workflow.now()
        for refund in await in_database(
            LostRefunds.abandoned_refunds, now, summary="refunds that nobody follows"
        ):
            if await start_refund(refund, actor="reconciler"):
                await self._record(Drift(refund.order_id, DriftKind.ABANDONED_REFUND, refund.id))
        for refunded in await listed_at_stripe(
            LostRefunds.unheard_refunds, now, summary="refunds that Stripe says more of"
        ):
            order_id = await at_stripe(
                Refunds.take_refunds, str(refunded.payment_intent), summary="take the refunds"
            )
            if refunded.refund_id:
                await _hint_at_refund(refunded.refund_id)
            if order_id:
                what = f"{refunded.stripe_id} is {refunded.status} at Stripe"
                await self._record(Drift(order_id, DriftKind.UNHEARD_REFUND, what))
        for disputed in await listed_at_stripe(
            LostDisputes.unheard_disputes, now, summary="disputes that Stripe says more of"
        ):
            order_id = await at_stripe(
                Disputes.take_dispute, disputed.id, summary="take the dispute"
            )
            if order_id:
                what = f"{disputed.id} is {disputed.status} at Stripe"
                await self._record(Drift(order_id, DriftKind.UNHEARD_DISPUTE, what))

    async def _reports_that_nobody_hears(self) -> list[PaymentReport]:
        """Look twice: what is only on its way has arrived by then."""
        once = {report.session_id for report in await self._unheard_reports()}
        if not once:
            return []
        await workflow.sleep(ON_ITS_WAY)
        return [report for report in await self._unheard_reports() if report.session_id in once]

    async def _unheard_reports(self) -> list[PaymentReport]:
        return await listed_at_stripe(
            Reconciliation.unheard_reports,
            workflow.now(),
            summary="what Stripe reports and no order knows",
        )

    async def _tell(self, report: PaymentReport) -> None:
        """Bring a report that never reached us the webhook's own way."""
        is_payment = report.status is SessionStatus.PAID
        if await _signal(report) or await (
            _settle_in_the_open(report) if is_payment else _look_anew(report)
        ):
            kind = DriftKind.UNSETTLED_PAYMENT if is_payment else DriftKind.UNHEARD_HINT
            what = f"{report.session_id} is {report.status} at Stripe"
            await self._record(Drift(report.order_id, kind, what))

    async def _take_up(self, drift: Drift) -> None:
        """Let a fresh checkout close and decide, unless one is running."""
        if await _start_checkout(drift.order_id):
            await self._record(drift)

    async def _record(self, drift: Drift) -> None:
        new = await in_database(
            Reconciliation.record_drift, drift, summary="write the finding down"
        )
        self._found[drift.kind] += new


async def _signal(report: PaymentReport) -> bool:
    """Signal the running checkout, if there is one."""
    running = workflow.get_external_workflow_handle_for(
        CheckoutWorkflow.run, checkout_workflow_id(report.order_id)
    )
    try:
        if report.status is SessionStatus.PAID:
            await running.signal(CheckoutWorkflow.payment_completed, report)
        else:
            await running.signal(CheckoutWorkflow.look_at_stripe)
    except FailureError:
        return False
    return True


async def _hint_at_refund(refund_id: RefundId) -> None:
    """Let the workflow that follows a refund look at it now, if there is one."""
    running = workflow.get_external_workflow_handle_for(
        RefundWorkflow.run, refund_workflow_id(refund_id)
    )
    with suppress(FailureError):
        await running.signal(RefundWorkflow.refund_changed)


async def _settle_in_the_open(report: PaymentReport) -> bool:
    """Let a workflow of its own settle a payment, unless one is doing so or has done it."""
    try:
        await workflow.start_child_workflow(
            StripeEventWorkflow.run,
            StripeEvent(report.event_id or report.session_id, payment=report),
            id=stripe_event_workflow_id(report.event_id or report.session_id),
            id_reuse_policy=WorkflowIDReusePolicy.ALLOW_DUPLICATE_FAILED_ONLY,
            parent_close_policy=ParentClosePolicy.ABANDON,
            static_summary=f"a payment for {report.order_id}",
        )
    except WorkflowAlreadyStartedError:
        return False
    return True


async def _look_anew(report: PaymentReport) -> bool:
    """Let a fresh checkout ask Stripe, unless one has begun meanwhile: then that one asks."""
    is_fresh = await _start_checkout(report.order_id)
    await _signal(report)
    return is_fresh


async def _start_checkout(order_id: OrderId) -> bool:
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
    return True
