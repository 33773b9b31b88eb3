"""The story of an event of Stripe's that no running workflow takes."""

from datetime import timedelta

from temporalio import workflow
from temporalio.exceptions import ApplicationError

with workflow.unsafe.imports_passed_through():
    from activities.disputes import Disputes
    from activities.refunds import Refunds
    from domain.payment import PaymentReport, Settlement
    from domain.stripe_event import StripeEvent
    from workflows.search_attributes import NEEDS_ATTENTION, ORDER_ID
    from workflows.settlement import settle
    from workflows.steps import StepRefused, at_stripe

# An event may overtake its order where PostgreSQL lags behind: a standby took over, or a backup
# was restored. After an hour it is more likely that the order belongs to somebody else.
LOOK_AGAIN_AFTER = tuple(timedelta(seconds=seconds) for seconds in (1, 9, 50, 540, 3000))


@workflow.defn
class StripeEventWorkflow:
    """Holds what an event is about against its order, in the open."""

    @workflow.run
    async def run(self, event: StripeEvent) -> Settlement | None:
        """Settle one event; its id is the workflow's, so that a duplicate meets itself.

        Fails with `order_not_found` when there is no such order, and none comes within an hour.
        """
        if event.payment:
            return await _settle(event.payment)
        if event.refunded_payment_intent:
            order_id = await at_stripe(
                Refunds.take_refunds, event.refunded_payment_intent, summary="take the refunds"
            )
        else:
            order_id = await at_stripe(
                Disputes.take_dispute, str(event.dispute_id), summary="take the dispute"
            )
        if order_id:  # what is another shop's ends here, quietly
            workflow.upsert_search_attributes([ORDER_ID.value_set(order_id)])
        return None


async def _settle(report: PaymentReport) -> Settlement:
    for pause in LOOK_AGAIN_AFTER:
        try:
            return await settle(report)
        except StepRefused:
            await workflow.sleep(pause, summary="until the order is there")
    try:
        return await settle(report)
    except StepRefused as refused:
        workflow.upsert_search_attributes([NEEDS_ATTENTION.value_set(True)])
        raise ApplicationError(
            f"{report.payment_intent} was paid for {report.order_id}, which is no order of "
            "ours. If it is another shop's, nothing is to be done; if ours is lost, give the "
            "money back at Stripe, or bring the order back and reset this workflow.",
            type=refused.error.type,
        ) from refused
