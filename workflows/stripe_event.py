"""The story of an event of Stripe's that no running workflow takes."""

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from activities.refunds import Refunds
    from domain.payment import Settlement
    from domain.stripe_event import StripeEvent
    from workflows.search_attributes import ORDER_ID
    from workflows.settlement import settle
    from workflows.steps import at_stripe


@workflow.defn
class StripeEventWorkflow:
    """Holds what an event is about against its order, in the open."""

    @workflow.run
    async def run(self, event: StripeEvent) -> Settlement | None:
        """Settle one event; its id is the workflow's, so that a duplicate meets itself."""
        if event.payment:
            return await settle(event.payment)
        if event.refunded_payment_intent:
            await _take_refunds(event.refunded_payment_intent)
        return None


async def _take_refunds(payment_intent: str) -> None:
    """Take all refunds of a payment; one of another shop ends here, quietly."""
    order_id = await at_stripe(Refunds.take_refunds, payment_intent, summary="take the refunds")
    if order_id:
        workflow.upsert_search_attributes([ORDER_ID.value_set(order_id)])
