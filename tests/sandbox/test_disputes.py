"""Disputes: what the buyer's bank takes, and what it gives back."""

from typing import Any

import pytest
import stripe

from tests.sandbox.buying import Sandbox, until

DISPUTED_CARD = "4000000000000259"
INQUIRY_CARD = "4000000000001976"
LATER_SECONDS = 60
TOTAL = 9000
WITHDRAWN = ["charge.dispute.created", "charge.dispute.funds_withdrawn"]


@pytest.fixture
async def payment(sandbox: Sandbox) -> stripe.PaymentIntent:
    """A payment that can be disputed."""
    return await sandbox.paid()


async def dispute(sandbox: Sandbox, payment: stripe.PaymentIntent, **how: Any) -> stripe.Dispute:
    """Let a buyer dispute his payment."""
    made = await sandbox.admin("POST", f"payments/{payment.id}/dispute", how)
    return await sandbox.sdk.v1.disputes.retrieve_async(made["id"])


async def move(sandbox: Sandbox, moved: stripe.Dispute, status: str) -> stripe.Dispute:
    """Let a dispute go on; return it as it is now."""
    await sandbox.admin("POST", f"disputes/{moved.id}/move", {"status": status})
    return await sandbox.sdk.v1.disputes.retrieve_async(moved.id)


async def close(sandbox: Sandbox, closed: stripe.Dispute, outcome: str) -> stripe.Dispute:
    """End a dispute; return it as it is now."""
    await sandbox.admin("POST", f"disputes/{closed.id}/close", {"outcome": outcome})
    return await sandbox.sdk.v1.disputes.retrieve_async(closed.id)


async def taken(sandbox: Sandbox, payment: stripe.PaymentIntent) -> int:
    """Return what disputes have taken of a payment, as the ledger has it."""
    captures = (await sandbox.ledger())["captures"]
    found = next(capture for capture in captures if capture["payment_intent"] == payment.id)
    amount: int = found["amount_disputed"]
    return amount


async def test_a_dispute_takes_the_money(sandbox: Sandbox, payment: stripe.PaymentIntent) -> None:
    made = await dispute(sandbox, payment, reason="product_not_received")
    assert (made.status, made.amount, made.currency) == ("needs_response", TOTAL, "eur")
    assert (made.reason, made.payment_intent) == ("product_not_received", payment.id)
    assert (await sandbox.charge(payment)).disputed
    assert await taken(sandbox, payment) == TOTAL
    assert await sandbox.told(made) == WITHDRAWN


async def test_a_dispute_that_is_won_gives_it_back(
    sandbox: Sandbox, payment: stripe.PaymentIntent
) -> None:
    made = await dispute(sandbox, payment)
    assert (await move(sandbox, made, "under_review")).status == "under_review"
    assert await taken(sandbox, payment) == TOTAL
    assert (await close(sandbox, made, "won")).status == "won"
    assert await taken(sandbox, payment) == 0
    assert await sandbox.told(made) == [
        *WITHDRAWN,
        "charge.dispute.updated",
        "charge.dispute.closed",
        "charge.dispute.funds_reinstated",
    ]


async def test_a_dispute_that_is_lost_does_not(
    sandbox: Sandbox, payment: stripe.PaymentIntent
) -> None:
    made = await dispute(sandbox, payment)
    assert (await close(sandbox, made, "lost")).status == "lost"
    assert await taken(sandbox, payment) == TOTAL
    assert await sandbox.told(made) == [*WITHDRAWN, "charge.dispute.closed"]


@pytest.mark.parametrize("outcome", ["warning_closed", "prevented"])
async def test_an_inquiry_takes_nothing(
    sandbox: Sandbox, payment: stripe.PaymentIntent, outcome: str
) -> None:
    made = await dispute(sandbox, payment, inquiry=True)
    assert made.status == "warning_needs_response"
    await move(sandbox, made, "warning_under_review")
    assert (await close(sandbox, made, outcome)).status == outcome
    assert await taken(sandbox, payment) == 0
    assert await sandbox.told(made) == [
        "charge.dispute.created",
        "charge.dispute.updated",
        "charge.dispute.closed",
    ]


async def test_an_inquiry_may_become_a_chargeback(
    sandbox: Sandbox, payment: stripe.PaymentIntent
) -> None:
    made = await dispute(sandbox, payment, inquiry=True)
    assert (await move(sandbox, made, "needs_response")).status == "needs_response"
    assert await taken(sandbox, payment) == TOTAL
    assert (await sandbox.told(made))[-1] == "charge.dispute.funds_withdrawn"


async def test_only_what_was_not_given_back_can_be_disputed(
    sandbox: Sandbox, payment: stripe.PaymentIntent
) -> None:
    await sandbox.refund(payment, amount=4000)
    path = f"{sandbox.url}/_sandbox/payments/{payment.id}/dispute"
    assert (await sandbox.http.post(path, json={"amount": 5001})).status_code == 400
    assert (await dispute(sandbox, payment)).amount == TOTAL - 4000


async def test_a_payment_is_not_disputed_twice_at_a_time(
    sandbox: Sandbox, payment: stripe.PaymentIntent
) -> None:
    await dispute(sandbox, payment, amount=1000)
    path = f"{sandbox.url}/_sandbox/payments/{payment.id}/dispute"
    assert (await sandbox.http.post(path, json={"amount": 1000})).status_code == 400


@pytest.mark.parametrize("outcome", [None, "lost"])
async def test_a_disputed_charge_is_not_refunded(
    sandbox: Sandbox, payment: stripe.PaymentIntent, outcome: str | None
) -> None:
    made = await dispute(sandbox, payment)
    if outcome:
        made = await close(sandbox, made, outcome)
    assert not made.is_charge_refundable
    with pytest.raises(stripe.InvalidRequestError) as refused:
        await sandbox.refund(payment)
    assert refused.value.code == "charge_disputed"
    assert (await sandbox.charge(payment)).amount_refunded == 0


async def test_a_charge_can_be_refunded_when_the_dispute_was_won(
    sandbox: Sandbox, payment: stripe.PaymentIntent
) -> None:
    made = await close(sandbox, await dispute(sandbox, payment), "won")
    assert made.is_charge_refundable
    assert (await sandbox.refund(payment)).status == "succeeded"


async def test_a_charge_can_be_refunded_during_an_inquiry(
    sandbox: Sandbox, payment: stripe.PaymentIntent
) -> None:
    made = await dispute(sandbox, payment, inquiry=True)
    assert made.is_charge_refundable
    assert (await sandbox.refund(payment)).status == "succeeded"


async def test_a_dispute_stops_the_refund_that_is_under_way(
    sandbox: Sandbox, payment: stripe.PaymentIntent
) -> None:
    await sandbox.admin("PUT", "refunds", {"next": "pending"})
    under_way = await sandbox.refund(payment)
    assert (await dispute(sandbox, payment)).amount == TOTAL
    stopped = await sandbox.sdk.v1.refunds.retrieve_async(under_way.id)
    assert stopped.status == "failed"
    assert stopped.failure_reason == "charge_for_pending_refund_disputed"


@pytest.mark.parametrize(
    ("first", "step", "then"),
    [
        (False, "close", "warning_closed"),
        (False, "move", "warning_under_review"),
        (True, "close", "won"),
        (True, "move", "under_review"),
    ],
)
async def test_a_dispute_does_not_go_where_it_cannot(
    sandbox: Sandbox, payment: stripe.PaymentIntent, first: bool, step: str, then: str
) -> None:
    made = await dispute(sandbox, payment, inquiry=first)
    body = {"outcome" if step == "close" else "status": then}
    answer = await sandbox.http.post(f"{sandbox.url}/_sandbox/disputes/{made.id}/{step}", json=body)
    assert answer.status_code == 400
    assert (await sandbox.sdk.v1.disputes.retrieve_async(made.id)).status == made.status


async def test_a_dispute_ends_once(sandbox: Sandbox, payment: stripe.PaymentIntent) -> None:
    made = await close(sandbox, await dispute(sandbox, payment), "lost")
    url = f"{sandbox.url}/_sandbox/disputes/{made.id}/close"
    assert (await sandbox.http.post(url, json={"outcome": "won"})).status_code == 400
    assert await taken(sandbox, payment) == TOTAL


async def test_disputes_are_listed_by_payment_charge_and_time(
    sandbox: Sandbox, payment: stripe.PaymentIntent
) -> None:
    made = await dispute(sandbox, payment)
    disputes = sandbox.sdk.v1.disputes
    assert isinstance(payment.latest_charge, str)
    by_payment = await disputes.list_async({"payment_intent": payment.id})
    by_charge = await disputes.list_async({"charge": payment.latest_charge})
    since = await disputes.list_async({"created": {"gte": made.created}, "limit": 100})
    assert [found.id for found in by_payment.data] == [made.id]
    assert [found.id for found in by_charge.data] == [made.id]
    assert made.id in [found.id for found in since.data]


async def test_a_dispute_is_expanded(sandbox: Sandbox, payment: stripe.PaymentIntent) -> None:
    made = await dispute(sandbox, payment)
    whole = await sandbox.sdk.v1.disputes.retrieve_async(
        made.id, {"expand": ["charge", "payment_intent"]}
    )
    assert isinstance(whole.charge, stripe.Charge)
    assert isinstance(whole.payment_intent, stripe.PaymentIntent)
    assert whole.charge.disputed
    assert whole.payment_intent.metadata["orderId"] == "ord_1"


@pytest.mark.parametrize(
    ("card", "status"),
    [(DISPUTED_CARD, "needs_response"), (INQUIRY_CARD, "warning_needs_response")],
)
async def test_some_cards_are_disputed_later_by_the_clock(
    sandbox: Sandbox, card: str, status: str
) -> None:
    async def of(paid: stripe.PaymentIntent) -> list[str]:
        found = await sandbox.sdk.v1.disputes.list_async({"payment_intent": paid.id})
        return [dispute.status for dispute in found.data]

    async def disputed() -> bool:
        return await of(soon) == [status]

    soon = await sandbox.paid(card=card, by_hand=False)
    left = await sandbox.paid(card=card)
    assert await of(soon) == []
    await sandbox.skip(LATER_SECONDS)
    await until(disputed)
    assert await of(left) == []


async def test_the_ledger_names_the_order_of_a_dispute(
    sandbox: Sandbox, payment: stripe.PaymentIntent
) -> None:
    made = await dispute(sandbox, payment, amount=100)
    disputes = (await sandbox.ledger())["disputes"]
    entry = next(found for found in disputes if found["id"] == made.id)
    assert (entry["order_id"], entry["amount"]) == ("ord_1", 100)
