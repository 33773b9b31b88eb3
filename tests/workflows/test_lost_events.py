"""Events of refunds and disputes that were never delivered: the reconciler reads them at Stripe."""

from datetime import timedelta

from database.disputes import disputes_of
from database.ops import resolve
from domain.order import OrderStatus
from domain.reconciliation import GRACE, Findings
from domain.refund import RefundStatus
from tests.workflows.refunding import begin, in_the_dashboard, move, paid, refund, refunds, tell
from tests.workflows.saga import Saga
from tests.workflows.telling import reconcile

NOTHING = Findings()
PART = 4000
LONG_AFTER = timedelta(days=3)


async def test_a_dashboard_refund_of_days_ago_is_adopted(saga: Saga) -> None:
    order, report = await paid(saga)
    await in_the_dashboard(saga, report, PART)
    await saga.skip(LONG_AFTER)
    assert await reconcile(saga) == Findings(unheard_refund=1)
    assert (await saga.see(order)).amount_refunded_cents == PART
    assert await reconcile(saga) == NOTHING


async def test_a_refund_that_the_bank_sent_back_days_ago_asks_for_attention(saga: Saga) -> None:
    order, _ = await paid(saga)
    given = await refund(saga, order)
    assert (await saga.see(order)).status is OrderStatus.REFUNDED
    await saga.skip(LONG_AFTER)
    await move(saga, given, "failed")
    await saga.skip(2 * GRACE)
    assert await reconcile(saga) == Findings(unheard_refund=1)
    assert (await saga.see(order)).needs_attention
    assert [found.status for found in await refunds(saga, order)] == [RefundStatus.FAILED]
    assert await reconcile(saga) == NOTHING


async def test_a_refund_whose_end_nobody_told_of_ends_with_the_reconciler(saga: Saga) -> None:
    order, _ = await paid(saga)
    await saga.sandbox("PUT", "refunds", {"next": "pending"})
    story, given = await begin(saga, order)
    await move(saga, given, "succeeded")
    await saga.skip(2 * GRACE)
    heard = await saga.environment.get_current_time()
    assert await reconcile(saga) == Findings(unheard_refund=1)
    assert await story.result() is RefundStatus.SUCCEEDED
    assert await saga.environment.get_current_time() - heard < timedelta(hours=1)
    assert (await saga.see(order)).status is OrderStatus.REFUNDED


async def test_an_old_event_of_a_refund_is_no_news(saga: Saga) -> None:
    order, report = await paid(saga)
    await saga.sandbox("PUT", "refunds", {"next": "pending"})
    await in_the_dashboard(saga, report, PART)
    await saga.ended(await tell(saga, report.payment_intent))
    (adopted,) = await refunds(saga, order)
    await move(saga, adopted, "succeeded")
    await saga.ended(await tell(saga, report.payment_intent))
    await saga.skip(LONG_AFTER)
    assert await reconcile(saga) == NOTHING


async def test_a_dispute_of_days_ago_is_found(saga: Saga) -> None:
    order, report = await paid(saga)
    dispute = await saga.sandbox("POST", f"payments/{report.payment_intent}/dispute", {})
    await saga.skip(LONG_AFTER)
    assert await reconcile(saga) == Findings(unheard_dispute=1)
    assert (await saga.see(order)).disputed
    assert await reconcile(saga) == NOTHING
    await saga.sandbox("POST", f"disputes/{dispute['id']}/close", {"outcome": "won"})
    await saga.skip(2 * GRACE)
    assert await reconcile(saga) == Findings(unheard_dispute=1)
    assert not (await saga.see(order)).disputed
    async with saga.database.transaction() as connection:
        (found,) = await disputes_of(connection, order)
    assert found.status == "won"


async def test_who_has_dealt_with_an_unbacked_order_is_not_asked_again(saga: Saga) -> None:
    order = await saga.order()
    checkout, session = await saga.checkout(order)
    await saga.until_idle(checkout)
    await checkout.terminate("pressed by mistake")
    now = await saga.environment.get_current_time()
    await saga.pretend_paid(order, begun=now - timedelta(minutes=5))
    assert await reconcile(saga) == Findings(unbacked_order=1)
    async with saga.database.transaction() as connection:
        assert await resolve(connection, order, OrderStatus.PAID, "olga", "a test of ours")
    assert await reconcile(saga) == NOTHING
    assert not (await saga.see(order)).needs_attention
    await saga.pay(session)
