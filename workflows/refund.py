"""The story of one refund, from its row to what Stripe finally says of it."""

import asyncio
from contextlib import suppress
from datetime import timedelta

from temporalio import workflow
from temporalio.common import SearchAttributePair, TypedSearchAttributes
from temporalio.exceptions import WorkflowAlreadyStartedError
from temporalio.workflow import ParentClosePolicy

with workflow.unsafe.imports_passed_through():
    from activities.refund_requests import RefundRequests
    from activities.refunds import Refunds
    from domain.errors import PaymentDisputed, RefundRefused
    from domain.ids import refund_workflow_id
    from domain.money import display
    from domain.refund import CAME_TO_NOTHING, Refund, RefundRequest, RefundStatus
    from workflows.search_attributes import AMOUNT_CENTS, CURRENCY, NEEDS_ATTENTION, ORDER_ID
    from workflows.steps import StepRefused, at_stripe, in_database
    from workflows.story import tell_refund

ASK_STRIPE_EVERY = timedelta(days=1)
REFUSED_BY_STRIPE = (RefundRefused.code, PaymentDisputed.code)


@workflow.defn
class RefundWorkflow:
    """One refund. Nothing takes it back once its row stands: it can only end at Stripe."""

    @workflow.init
    def __init__(self, request: RefundRequest) -> None:
        self._request = request
        self._refund: Refund | None = None
        self._answer: Refund | None = None
        self._refusal: StepRefused | None = None
        self._changed = False

    @workflow.run
    async def run(self, request: RefundRequest) -> RefundStatus | None:
        """Give the money back and follow it; None when that was refused.

        A request to cancel the workflow does not reach the plot, which runs in a task of its own.
        """
        plot = asyncio.create_task(self._plot())
        try:
            return await asyncio.shield(plot)
        except asyncio.CancelledError:
            return await plot

    @workflow.signal
    def refund_changed(self) -> None:
        """An event hints that Stripe has something new to say of the refund."""
        self._changed = True

    @workflow.update
    async def refund(self) -> Refund:
        """Return the refund as Stripe first answered.

        Fails with `nothing_to_refund`, `amount_too_large`, `payment_disputed` or `refund_refused`.
        """
        await workflow.wait_condition(lambda: bool(self._answer or self._refusal))
        if self._answer is None:
            assert self._refusal is not None
            raise self._refusal.error
        return self._answer

    async def _plot(self) -> RefundStatus | None:
        try:
            status: RefundStatus | None = await self._give_back()
        except StepRefused as refused:
            self._refusal, status = refused, None
            self._tell(needs_attention=refused.error.type in REFUSED_BY_STRIPE)
        await workflow.wait_condition(workflow.all_handlers_finished)
        return status

    async def _give_back(self) -> RefundStatus:
        self._refund = await in_database(
            RefundRequests.open_refund, self._request, summary="write the refund down"
        )
        workflow.upsert_search_attributes(
            [
                AMOUNT_CENTS.value_set(self._refund.amount_cents),
                CURRENCY.value_set(self._refund.currency),
            ]
        )
        self._tell()
        while True:
            self._changed = False
            self._refund = await at_stripe(
                Refunds.carry_out,
                self._refund.id,
                summary="look at Stripe" if self._answer else "give the money back",
            )
            self._answer = self._answer or self._refund
            self._tell(needs_attention=self._refund.status in CAME_TO_NOTHING)
            if not self._refund.is_under_way and not self._changed:
                return self._refund.status
            with suppress(TimeoutError):
                await workflow.wait_condition(
                    lambda: self._changed,
                    timeout=ASK_STRIPE_EVERY,
                    timeout_summary="until Stripe is asked again",
                )

    def _tell(self, *, needs_attention: bool = False) -> None:
        if needs_attention and self._refund:
            workflow.upsert_search_attributes([NEEDS_ATTENTION.value_set(True)])
        why_not = self._refusal.error.message if self._refusal else None
        workflow.set_current_details(tell_refund(self._request.order_id, self._refund, why_not))


async def start_refund(refund: Refund, actor: str) -> bool:
    """Let a workflow of its own bring a refund to its end; False where one is doing so."""
    amount = display(refund.amount_cents, refund.currency)
    try:
        await workflow.start_child_workflow(
            RefundWorkflow.run,
            RefundRequest(refund.id, refund.order_id, refund.amount_cents, refund.reason, actor),
            id=refund_workflow_id(refund.id),
            parent_close_policy=ParentClosePolicy.ABANDON,
            static_summary=f"{amount} back: {refund.reason}",
            search_attributes=TypedSearchAttributes(
                [SearchAttributePair(ORDER_ID, refund.order_id)]
            ),
        )
    except WorkflowAlreadyStartedError:
        return False
    return True
