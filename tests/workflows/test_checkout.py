"""Every branch of the story of one checkout."""

import pytest
from temporalio.client import WorkflowUpdateFailedError
from temporalio.exceptions import ApplicationError

from domain.checkout import CheckoutOutcome
from domain.ids import OrderId
from domain.order import OrderStatus
from domain.payment import CheckoutSession
from tests.orders import PRICE
from tests.workflows.refunding import late_refund_ended
from tests.workflows.saga import (
    DEBIT_THAT_SUCCEEDS,
    HOLD,
    Checkout,
    Saga,
)
from workflows.checkout import CheckoutWorkflow

CREATE = "POST /v1/checkout/sessions"
EXPIRE = "POST /v1/checkout/sessions/*/expire"


async def refusal_of(checkout: Checkout) -> str | None:
    """Return the code with which the checkout refuses to answer a session."""
    with pytest.raises(WorkflowUpdateFailedError) as failed:
        await checkout.execute_update(CheckoutWorkflow.checkout_session)
    assert isinstance(failed.value.cause, ApplicationError)
    return failed.value.cause.type


async def test_a_paid_session_makes_the_order_paid(saga: Saga) -> None:
    tickets = await saga.ticket_type(capacity=5)
    order = await saga.order(tickets, quantity=2)
    checkout, session = await saga.checkout(order)
    assert await saga.available(tickets) == 3
    await saga.pay(session)
    await checkout.signal(CheckoutWorkflow.payment_completed, await saga.report(session))
    assert await checkout.result() is CheckoutOutcome.PAID
    paid = await saga.see(order)
    assert paid.status is OrderStatus.PAID
    assert paid.paid_at is not None
    assert await saga.available(tickets) == 3
    assert await saga.actions(order) == ["order_created", "tickets_held", "order_paid"]
    assert await saga.payment_statuses(order) == ["SUCCEEDED"]


async def test_an_unpaid_order_is_closed_at_stripe_and_then_cancelled(saga: Saga) -> None:
    tickets = await saga.ticket_type(capacity=5)
    order = await saga.order(tickets)
    checkout, session = await saga.checkout(order)
    await saga.skip(HOLD)
    assert await checkout.result() is CheckoutOutcome.CANCELLED
    assert (await saga.see(order)).status is OrderStatus.CANCELLED
    assert await saga.available(tickets) == 5
    assert await saga.payment_statuses(order) == ["EXPIRED"]
    assert await saga.stripe_status(session) == "expired"


async def test_paying_at_the_last_second_wins_over_the_deadline(saga: Saga) -> None:
    order = await saga.order()
    checkout, session = await saga.checkout(order)
    await saga.pay(session)
    await saga.skip(HOLD)
    assert await checkout.result() is CheckoutOutcome.PAID


async def test_a_returning_buyer_needs_no_webhook(saga: Saga) -> None:
    order = await saga.order()
    checkout, session = await saga.checkout(order)
    await saga.pay(session)
    await checkout.signal(CheckoutWorkflow.look_at_stripe)
    assert await checkout.result() is CheckoutOutcome.PAID
    assert (await saga.see(order)).status is OrderStatus.PAID


async def test_a_buyer_who_returns_unpaid_can_still_pay(saga: Saga) -> None:
    order = await saga.order()
    checkout, session = await saga.checkout(order)
    await checkout.signal(CheckoutWorkflow.look_at_stripe)
    await saga.skip(HOLD / 2)
    await saga.pay(session)
    await checkout.signal(CheckoutWorkflow.payment_completed, await saga.report(session))
    assert await checkout.result() is CheckoutOutcome.PAID


async def test_the_same_event_twice_pays_once(saga: Saga) -> None:
    order = await saga.order()
    checkout, session = await saga.checkout(order)
    await saga.pay(session)
    report = await saga.report(session)
    for _ in range(3):
        await checkout.signal(CheckoutWorkflow.payment_completed, report)
    assert await checkout.result() is CheckoutOutcome.PAID
    assert (await saga.actions(order)).count("order_paid") == 1


async def test_asking_again_answers_the_same_session(saga: Saga) -> None:
    order = await saga.order()
    checkout, session = await saga.checkout(order)
    assert await checkout.execute_update(CheckoutWorkflow.checkout_session) == session
    assert len(await saga.session_ids(order)) == 1


async def test_a_buyer_may_give_up(saga: Saga) -> None:
    order = await saga.order()
    checkout, session = await saga.checkout(order)
    assert await saga.cancel(order) is OrderStatus.CANCELLED
    assert await checkout.result() is CheckoutOutcome.CANCELLED
    assert await saga.stripe_status(session) == "expired"


async def test_an_order_that_was_never_checked_out_can_be_cancelled(saga: Saga) -> None:
    tickets = await saga.ticket_type(capacity=1)
    order = await saga.order(tickets, quantity=1)
    other = await saga.order(tickets, quantity=1)
    await saga.checkout(other)
    assert await saga.cancel(order) is OrderStatus.CANCELLED
    assert (await saga.see(order)).status is OrderStatus.CANCELLED
    assert await saga.session_ids(order) == []
    await saga.cancel(other)


async def test_giving_up_too_late_answers_already_paid(saga: Saga) -> None:
    order = await saga.order()
    checkout, session = await saga.checkout(order)
    await saga.pay(session)
    with pytest.raises(WorkflowUpdateFailedError) as failed:
        await saga.cancel(order)
    assert isinstance(failed.value.cause, ApplicationError)
    assert failed.value.cause.type == "already_paid"
    assert await checkout.result() is CheckoutOutcome.PAID


async def test_cancelling_the_workflow_cancels_the_order(saga: Saga) -> None:
    order = await saga.order()
    checkout, session = await saga.checkout(order)
    await checkout.cancel()
    assert await checkout.result() is CheckoutOutcome.CANCELLED
    assert (await saga.see(order)).status is OrderStatus.CANCELLED
    assert await saga.stripe_status(session) == "expired"


async def test_cancelling_the_workflow_of_a_paid_session_makes_the_order_paid(saga: Saga) -> None:
    order = await saga.order()
    checkout, session = await saga.checkout(order)
    await saga.pay(session)
    await checkout.cancel()
    assert await checkout.result() is CheckoutOutcome.PAID


async def test_tickets_that_are_gone_are_refused(saga: Saga) -> None:
    tickets = await saga.ticket_type(capacity=2)
    holder = await saga.order(tickets, quantity=2)
    await saga.checkout(holder)
    late = await saga.order(tickets, quantity=1)
    checkout = await saga.start(late)
    assert await refusal_of(checkout) == "sold_out"
    assert await checkout.result() is CheckoutOutcome.REFUSED
    assert (await saga.see(late)).status is OrderStatus.CREATED
    await saga.cancel(holder)
    assert await saga.available(tickets) == 2
    await saga.checkout(late)
    await saga.cancel(late)


async def test_a_finished_order_is_refused(saga: Saga) -> None:
    order = await saga.order()
    await saga.checkout(order)
    await saga.cancel(order)
    again = await saga.start(order)
    assert await refusal_of(again) == "order_not_payable"
    assert await again.result() is CheckoutOutcome.REFUSED


async def test_a_session_that_stripe_refuses_gives_the_tickets_back(saga: Saga) -> None:
    tickets = await saga.ticket_type(capacity=2)
    order = await saga.order(tickets)
    await saga.fault(CREATE, "error_before", times=None, status=400)
    checkout = await saga.start(order)
    assert await refusal_of(checkout) == "session_refused"
    assert await checkout.result() is CheckoutOutcome.REFUSED
    assert await saga.available(tickets) == 2
    await saga.fault("", "", times=0)
    again, session = await saga.checkout(order)
    await saga.pay(session)
    await again.signal(CheckoutWorkflow.payment_completed, await saga.report(session))
    assert await again.result() is CheckoutOutcome.PAID
    assert (await saga.payment_statuses(order))[-2:] == ["FAILED", "SUCCEEDED"]


async def test_an_answer_lost_on_the_way_makes_no_second_session(saga: Saga) -> None:
    order = await saga.order()
    await saga.fault(CREATE, "timeout_after")
    await saga.checkout(order)
    assert len(await saga.session_ids(order)) == 1
    await saga.cancel(order)


@pytest.mark.parametrize("kind", ["error_after", "error_saved"])
async def test_a_failure_that_stripe_saved_makes_one_session(saga: Saga, kind: str) -> None:
    order = await saga.order()
    await saga.fault(CREATE, kind)
    checkout, session = await saga.checkout(order)
    assert await saga.session_ids(order) == [session.session_id]
    await saga.pay(session)
    await checkout.signal(CheckoutWorkflow.payment_completed, await saga.report(session))
    assert await checkout.result() is CheckoutOutcome.PAID


async def test_a_refusal_after_a_lost_answer_leaves_no_session_that_we_do_not_know_of(
    saga: Saga,
) -> None:
    order = await saga.order()
    made, refused = {"kind": "timeout_after"}, {"kind": "error_before", "status": 400}
    faults = [{"match": CREATE, **made}, {"match": CREATE, **refused}]
    await saga.sandbox("PUT", "faults", {"faults": faults})
    _, session = await saga.checkout(order)
    assert await saga.session_ids(order) == [session.session_id]
    assert await saga.cancel(order) is OrderStatus.CANCELLED
    assert await saga.stripe_status(session) == "expired"


async def test_stripe_being_down_until_the_deadline_ends_in_cancelled(saga: Saga) -> None:
    order = await saga.order()
    await saga.fault("* /v1/*", "error_before", times=None, status=503)
    checkout = await saga.start(order)
    await saga.skip(HOLD * 2)
    assert (await saga.see(order)).status is OrderStatus.CREATED
    await saga.fault("", "", times=0)
    await saga.skip(HOLD)
    assert await checkout.result() is CheckoutOutcome.CANCELLED


async def test_an_expiry_whose_answer_is_lost_is_still_an_expiry(saga: Saga) -> None:
    order = await saga.order()
    checkout, _ = await saga.checkout(order)
    await saga.fault(EXPIRE, "timeout_after")
    await saga.skip(HOLD)
    assert await checkout.result() is CheckoutOutcome.CANCELLED


async def test_a_delayed_payment_keeps_the_tickets_until_it_succeeds(saga: Saga) -> None:
    tickets = await saga.ticket_type(capacity=2)
    order = await saga.order(tickets)
    checkout, session = await saga.checkout(order)
    await begin_debit(saga, order, checkout, session)
    await saga.skip(HOLD * 4)
    assert await saga.available(tickets) == 0
    assert await saga.payment_statuses(order) == ["PROCESSING"]
    await saga.settle(session, succeeds=True)
    await checkout.signal(CheckoutWorkflow.look_at_stripe)
    assert await checkout.result() is CheckoutOutcome.PAID


async def test_a_delayed_payment_that_fails_cancels_the_order(saga: Saga) -> None:
    order = await saga.order()
    checkout, session = await saga.checkout(order)
    await begin_debit(saga, order, checkout, session)
    with pytest.raises(WorkflowUpdateFailedError):
        await saga.cancel(order)
    await saga.settle(session, succeeds=False)
    await checkout.signal(CheckoutWorkflow.look_at_stripe)
    assert await checkout.result() is CheckoutOutcome.CANCELLED
    assert await saga.payment_statuses(order) == ["FAILED"]


async def test_a_delayed_payment_is_asked_after_once_a_day(saga: Saga) -> None:
    order = await saga.order()
    checkout, session = await saga.checkout(order)
    await begin_debit(saga, order, checkout, session)
    await saga.settle(session, succeeds=True)
    assert await checkout.result() is CheckoutOutcome.PAID


async def test_a_delayed_payment_survives_its_terminated_checkout(saga: Saga) -> None:
    order = await saga.order()
    checkout, session = await saga.checkout(order)
    await begin_debit(saga, order, checkout, session)
    await checkout.terminate("pressed by mistake")
    await saga.settle(session, succeeds=True)
    again = await saga.start(order)
    assert await again.result() is CheckoutOutcome.PAID


async def test_a_payment_of_another_amount_is_set_aside(saga: Saga) -> None:
    order = await saga.order()
    checkout, session = await saga.checkout(order)
    await saga.alter_attempt(order, amount_cents=1)
    await saga.pay(session)
    await checkout.signal(CheckoutWorkflow.payment_completed, await saga.report(session))
    assert await checkout.result() is CheckoutOutcome.CANCELLED
    seen = await saga.see(order)
    assert seen.needs_attention
    assert seen.paid_at is None
    await late_refund_ended(saga, order)
    assert await saga.refunded(order) == [PRICE * 2]


async def test_a_payment_in_another_currency_is_set_aside(saga: Saga) -> None:
    order = await saga.order()
    checkout, session = await saga.checkout(order)
    await saga.alter_attempt(order, currency="usd")
    await saga.pay(session)
    await checkout.signal(CheckoutWorkflow.payment_completed, await saga.report(session))
    assert await checkout.result() is CheckoutOutcome.CANCELLED
    assert (await saga.see(order)).needs_attention


async def test_a_checkout_after_a_terminated_one_finds_its_session(saga: Saga) -> None:
    order = await saga.order()
    checkout, session = await saga.checkout(order)
    await checkout.terminate("pressed by mistake")
    _, same = await saga.checkout(order)
    assert same == session
    assert len(await saga.session_ids(order)) == 1
    await saga.cancel(order)


async def begin_debit(
    saga: Saga, order: OrderId, checkout: Checkout, session: CheckoutSession
) -> None:
    """Pay by bank debit, and wait until the workflow knows that this takes days."""
    await saga.pay(session, bank_account=DEBIT_THAT_SUCCEEDS)
    await checkout.signal(CheckoutWorkflow.look_at_stripe)
    await saga.until_processing(order)
    await saga.until_idle(checkout)
