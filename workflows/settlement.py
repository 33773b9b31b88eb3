"""Taking a reported payment: PAID, given back, or set aside, wherever it was reported to."""

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from activities.refunds import Refunds
    from activities.settlement import Settlements
    from domain.checkout import Attention, PaidReport
    from domain.ids import OrderId
    from domain.payment import PaymentReport, Settlement
    from workflows.search_attributes import NEEDS_ATTENTION
    from workflows.steps import StepRefused, at_stripe, in_database


async def settle(report: PaymentReport) -> Settlement:
    """Hold a payment against its order; late money goes back by itself."""
    paid = PaidReport(report, actor="stripe" if report.event_id else "checkout")
    settlement = await in_database(Settlements.mark_paid, paid, summary="mark the order PAID")
    if settlement is Settlement.LATE:
        await give_back(report)
    elif settlement is Settlement.SET_ASIDE:
        workflow.upsert_search_attributes([NEEDS_ATTENTION.value_set(True)])
    return settlement


async def give_back(report: PaymentReport) -> None:
    """Refund a captured payment in full, once, however often it is reported."""
    await in_database(Refunds.open_refund, report, summary="write the refund down")
    try:
        await at_stripe(Refunds.refund_late_payment, report, summary="give the money back")
    except StepRefused as refused:
        await ask_for_attention(report.order_id, refused.error.message)


async def ask_for_attention(order_id: OrderId, reason: str) -> None:
    """Mark the order for a person to look at, in the database and in Temporal's search."""
    workflow.upsert_search_attributes([NEEDS_ATTENTION.value_set(True)])
    attention = Attention(order_id, reason)
    await in_database(Settlements.ask_for_attention, attention, summary="ask for attention")
