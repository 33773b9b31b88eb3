"""The reconciler mends what events, workflows and people have left behind."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import pytest
import stripe
from temporalio import activity
from temporalio.service import RPCError

from activities import reconciliation, stripe_client
from domain.ids import checkout_workflow_id, stripe_event_workflow_id
from domain.order import OrderStatus
from domain.reconciliation import GRACE, Findings
from tests.workflows.refunding import late_refund_ended
from tests.workflows.saga import Saga
from tests.workflows.telling import delayed, pay_and_tell, reconcile, start_reconciling
from tests.workflows.world import fresh
from workflows.checkout import CheckoutWorkflow

NOTHING = Findings()

ListOfSessions = stripe.ListObject[stripe.checkout.Session]


@pytest.fixture
async def world(sandbox_url: str, database_url: str) -> AsyncIterator[Saga]:
    """A fresh world for each story: see there."""
    async with fresh(sandbox_url, database_url) as saga:
        yield saga


async def test_on_a_healthy_day_it_finds_nothing(saga: Saga) -> None:
    paid = await saga.order()
    checkout, session = await saga.checkout(paid)
    await saga.pay(session)
    await checkout.signal(CheckoutWorkflow.payment_completed, await saga.report(session))
    await checkout.result()
    waiting = await saga.order()
    await saga.checkout(waiting)
    assert await reconcile(saga) == NOTHING
    await saga.cancel(waiting)


async def test_what_is_only_on_its_way_is_no_drift(saga: Saga) -> None:
    order = await saga.order()
    checkout, session = await saga.checkout(order)
    await saga.pay(session)
    async with saga.interruptions.standing_still("unheard_reports", "after") as seen_once:
        run = await start_reconciling(saga)
        saga.told.append(run)
        await seen_once
        await checkout.signal(CheckoutWorkflow.payment_completed, await saga.report(session))
        await checkout.result()
    assert await run.result() == NOTHING
    assert "drift_found" not in await saga.actions(order)


async def test_a_lost_event_is_made_good_before_the_deadline(saga: Saga) -> None:
    order = await saga.order()
    checkout, session = await saga.checkout(order)
    await saga.pay(session)
    assert await reconcile(saga) == Findings(unsettled_payment=1)
    await checkout.result()
    assert (await saga.see(order)).status is OrderStatus.PAID
    assert "drift_found" in await saga.actions(order)
    assert await reconcile(saga) == NOTHING


@pytest.mark.parametrize("succeeds", [True, False])
async def test_the_end_of_a_delayed_payment_whose_event_was_lost_is_heard_of_days_later(
    saga: Saga, succeeds: bool
) -> None:
    order, checkout, session = await delayed(saga)
    await saga.skip(timedelta(days=3, hours=1))
    await saga.settle(session, succeeds=succeeds)
    found = await reconcile(saga)
    assert found == (Findings(unsettled_payment=1) if succeeds else Findings(unheard_hint=1))
    await checkout.result()
    assert (await saga.see(order)).status == ("PAID" if succeeds else "CANCELLED")
    assert await reconcile(saga) == NOTHING


async def test_a_lost_event_of_a_session_that_somebody_expired_is_made_good(saga: Saga) -> None:
    order = await saga.order()
    checkout, session = await saga.checkout(order)
    await saga.sandbox("POST", f"sessions/{session.session_id}/expire")
    assert await reconcile(saga) == Findings(unheard_hint=1)
    await checkout.result()
    assert (await saga.see(order)).status is OrderStatus.CANCELLED
    assert await reconcile(saga) == NOTHING


async def test_a_delayed_payment_whose_checkout_was_terminated_is_watched_again(
    saga: Saga,
) -> None:
    order, checkout, session = await delayed(saga)
    await checkout.terminate("pressed by mistake")
    assert await reconcile(saga) == NOTHING
    now = await saga.environment.get_current_time()
    await saga.alter_attempt(order, looked_at=now - timedelta(hours=26))
    assert await reconcile(saga) == Findings(unwatched_payment=1)
    again = saga.environment.client.get_workflow_handle(checkout_workflow_id(order))
    await saga.until_looked_at(order, since=now)
    assert await reconcile(saga) == NOTHING
    await saga.settle(session, succeeds=True)
    await again.signal(CheckoutWorkflow.look_at_stripe)
    await again.result()
    assert (await saga.see(order)).status is OrderStatus.PAID


@pytest.mark.parametrize("succeeds", [True, False])
async def test_the_end_of_a_debit_that_came_just_before_its_checkout_was_terminated_is_heard(
    saga: Saga, succeeds: bool
) -> None:
    order, checkout, session = await delayed(saga)
    await saga.skip(timedelta(days=3, hours=1))
    await saga.settle(session, succeeds=succeeds)
    await saga.deliver(await saga.event_id(session))
    await checkout.terminate("pressed by mistake")
    found = await reconcile(saga)
    assert found == (Findings(unsettled_payment=1) if succeeds else Findings(unheard_hint=1))
    assert await saga.decided(order) == ("PAID" if succeeds else "CANCELLED")
    assert await reconcile(saga) == NOTHING


async def test_an_expired_session_whose_checkout_was_terminated_is_closed_at_once(
    saga: Saga,
) -> None:
    order = await saga.order()
    checkout, session = await saga.checkout(order)
    await saga.sandbox("POST", f"sessions/{session.session_id}/expire")
    await checkout.terminate("pressed by mistake")
    assert await reconcile(saga) == Findings(unheard_hint=1)
    assert await saga.decided(order) is OrderStatus.CANCELLED


async def test_an_order_that_is_paid_while_stripe_is_listed_is_backed(
    saga: Saga, monkeypatch: pytest.MonkeyPatch
) -> None:
    order = await saga.order()
    checkout, session = await saga.checkout(order)
    await saga.skip(2 * GRACE)

    async def listed(pages: ListOfSessions) -> AsyncIterator[list[stripe.checkout.Session]]:
        async for page in stripe_client.pages(pages):
            yield page
        if activity.info().activity_type == "unbacked_orders":  # what it says is on its way to us
            await pay_and_tell(saga, checkout, session)
            await checkout.result()

    monkeypatch.setattr(reconciliation, "pages", listed)
    assert await reconcile(saga) == NOTHING
    assert not (await saga.see(order)).needs_attention


async def test_a_payment_for_another_shop_of_the_account_is_left_alone(saga: Saga) -> None:
    order = await saga.order()
    await saga.checkout(order)
    foreign = await saga.session_of_another_shop()
    await saga.pay(foreign)
    assert await reconcile(saga) == NOTHING
    with pytest.raises(RPCError, match="not found"):
        await saga.ended(stripe_event_workflow_id(await saga.event_id(foreign)))
    await saga.cancel(order)


async def test_what_nobody_can_mend_is_found_once(saga: Saga) -> None:
    order = await saga.order()
    checkout, session = await saga.checkout(order)
    await checkout.terminate("pressed by mistake")
    await saga.pay(session)
    await saga.cancel_in_database(order)
    await saga.fault("POST /v1/refunds", "error_before", times=None, status=400)
    assert await reconcile(saga) == Findings(unsettled_payment=1)
    event_id = await saga.event_id(session)
    await saga.ended(stripe_event_workflow_id(event_id))
    await late_refund_ended(saga, order)
    assert (await saga.see(order)).needs_attention
    settling = saga.environment.client.get_workflow_handle(stripe_event_workflow_id(event_id))
    before = (await settling.describe()).run_id
    assert await reconcile(saga) == NOTHING
    assert (await settling.describe()).run_id == before  # a finding costs one workflow
    assert (await saga.actions(order)).count("refund_failed") == 1


async def test_a_terminated_checkout_is_closed_and_decided(saga: Saga) -> None:
    tickets = await saga.ticket_type(capacity=2)
    order = await saga.order(tickets)
    checkout, session = await saga.checkout(order)
    await checkout.terminate("pressed by mistake")
    await saga.alter_attempt(order, expires_at=datetime.now(UTC) - timedelta(minutes=5))
    assert await reconcile(saga) == Findings(overdue_checkout=1)
    await saga.ended(checkout_workflow_id(order))
    assert (await saga.see(order)).status is OrderStatus.CANCELLED
    assert await saga.stripe_status(session) == "expired"
    assert await saga.available(tickets) == 2
    assert await reconcile(saga) == NOTHING


async def test_a_terminated_checkout_that_was_paid_makes_the_order_paid(saga: Saga) -> None:
    order = await saga.order()
    checkout, session = await saga.checkout(order)
    await checkout.terminate("pressed by mistake")
    await saga.pay(session)
    assert await reconcile(saga) == Findings(unsettled_payment=1)
    await saga.ended(stripe_event_workflow_id(await saga.event_id(session)))
    assert (await saga.see(order)).status is OrderStatus.PAID


async def test_late_money_whose_event_was_lost_goes_back(saga: Saga) -> None:
    order = await saga.order()
    checkout, session = await saga.checkout(order)
    await checkout.terminate("pressed by mistake")
    await saga.pay(session)
    await saga.cancel_in_database(order)
    assert await reconcile(saga) == Findings(unsettled_payment=1)
    await saga.ended(stripe_event_workflow_id(await saga.event_id(session)))
    await late_refund_ended(saga, order)
    assert await saga.refunded(order) == [9000]
    assert await reconcile(saga) == NOTHING


async def test_an_order_that_stripe_knows_no_payment_of_asks_for_attention(saga: Saga) -> None:
    order = await saga.order()
    checkout, session = await saga.checkout(order)
    await checkout.terminate("pressed by mistake")
    now = await saga.environment.get_current_time()
    await saga.pretend_paid(order, begun=now - timedelta(minutes=5))
    assert await reconcile(saga) == Findings(unbacked_order=1)
    assert (await saga.see(order)).needs_attention
    assert await reconcile(saga) == NOTHING
    await saga.pay(session)


async def test_an_order_at_the_edge_of_the_window_is_not_missed_by_stripes_clock(
    saga: Saga,
) -> None:
    order = await saga.order()
    saga.stripe_is_ahead = timedelta(minutes=-10)
    checkout, session = await saga.checkout(order)
    await pay_and_tell(saga, checkout, session)
    await checkout.result()
    began = await saga.environment.get_current_time()
    await saga.alter_attempt(order, created_at=began)
    await saga.skip(timedelta(hours=24, minutes=55))
    assert await reconcile(saga) == NOTHING
    assert not (await saga.see(order)).needs_attention
