"""Taking a reported payment: PAID, given back, or set aside, wherever it was reported to."""

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from activities.refund_requests import RefundRequests
    from activities.settlement import Settlements
    from domain.checkout import Attention, PaidReport
    from domain.ids import OrderId
    from domain.payment import PaymentReport, Settlement
    from workflows.refund import start_refund
    from workflows.search_attributes import NEEDS_ATTENTION
    from workflows.steps import in_database


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
    """Let a captured payment go back in full, once, however often it is reported."""
    refund = await in_database(
        RefundRequests.open_late_refund, report, summary="write the refund down"
    )
    if refund.is_under_way:
        await start_refund(refund, actor="checkout")


async def ask_for_attention(order_id: OrderId, reason: str) -> None:
    """Mark the order for a person to look at, in the database and in Temporal's search."""
    workflow.upsert_search_attributes([NEEDS_ATTENTION.value_set(True)])
    attention = Attention(order_id, reason)
    await in_database(Settlements.ask_for_attention, attention, summary="ask for attention")
