"""Refunds by the API: what is refused, how they begin, and what becomes of them."""

from typing import Any

import pytest
import stripe
from stripe import Refund
from stripe.params import RefundCreateParams

from tests.sandbox.buying import GOOD_ACCOUNT, Sandbox, until

FAILING_CARD = "4000000000005126"
PENDING_CARD = "4000000000007726"
LATER_SECONDS = 60
TOTAL = 9000


@pytest.fixture
async def payment(sandbox: Sandbox) -> stripe.PaymentIntent:
    """A payment that can be refunded."""
    return await sandbox.paid()


async def begin(sandbox: Sandbox, payment: stripe.PaymentIntent, status: str) -> Refund:
    """Return a refund that begins with a status."""
    await sandbox.admin("PUT", "refunds", {"next": status})
    return await sandbox.refund(payment)


async def move(sandbox: Sandbox, moved: Refund, status: str, **more: str) -> Refund:
    """Move a refund on; return it as it is now."""
    await sandbox.admin("POST", f"refunds/{moved.id}/move", {"status": status} | more)
    return await sandbox.sdk.v1.refunds.retrieve_async(moved.id)


def labels(refund: Refund) -> dict[str, Any]:
    """Return a refund's metadata."""
    assert refund.metadata is not None
    return refund.metadata.to_dict()


async def refusal(sandbox: Sandbox, payment: stripe.PaymentIntent, **more: Any) -> Any:
    """Return what the sandbox says to a refund that it must not make."""
    before = (await sandbox.charge(payment)).amount_refunded
    with pytest.raises(stripe.InvalidRequestError) as refused:
        await sandbox.refund(payment, **more)
    assert (await sandbox.charge(payment)).amount_refunded == before
    return refused.value


async def capture(sandbox: Sandbox, payment: stripe.PaymentIntent) -> dict[str, Any]:
    """Return a payment in the ledger."""
    captures = (await sandbox.ledger())["captures"]
    return next(found for found in captures if found["payment_intent"] == payment.id)


async def test_a_refund_gives_all_back_at_once(
    sandbox: Sandbox, payment: stripe.PaymentIntent
) -> None:
    made = await sandbox.refund(payment, reason="duplicate", metadata={"refundId": "re_1"})
    assert (made.status, made.amount, made.currency) == ("succeeded", TOTAL, "eur")
    assert (made.reason, made.charge) == ("duplicate", payment.latest_charge)
    assert labels(made) == {"refundId": "re_1"}
    charge = await sandbox.charge(payment)
    assert (charge.amount_refunded, charge.refunded) == (TOTAL, True)
    assert await sandbox.told(made) == ["refund.created"]


async def test_several_partial_refunds_add_up(
    sandbox: Sandbox, payment: stripe.PaymentIntent
) -> None:
    first = await sandbox.refund(payment, amount=1000)
    second = await sandbox.refund(payment, amount=3000)
    assert not (await sandbox.charge(payment)).refunded
    rest = await sandbox.refund(payment)
    assert rest.amount == TOTAL - 4000
    assert (await sandbox.charge(payment)).refunded
    listed = await sandbox.sdk.v1.refunds.list_async({"payment_intent": payment.id})
    assert [found.id for found in listed.data] == [rest.id, second.id, first.id]


async def test_refunds_are_listed_by_charge_and_by_time(
    sandbox: Sandbox, payment: stripe.PaymentIntent
) -> None:
    assert isinstance(payment.latest_charge, str)
    made = await sandbox.refund(payment)
    refunds = sandbox.sdk.v1.refunds
    by_charge = await refunds.list_async({"charge": payment.latest_charge})
    since = await refunds.list_async({"created": {"gte": made.created}, "limit": 100})
    later = await refunds.list_async({"created": {"gt": made.created + LATER_SECONDS}})
    assert [found.id for found in by_charge.data] == [made.id]
    assert made.id in [found.id for found in since.data]
    assert later.data == []


async def test_the_charge_tells_of_each_refund(
    fresh_sandbox: Sandbox,
) -> None:
    payment = await fresh_sandbox.paid()
    for amount in (1000, 2000):
        await fresh_sandbox.refund(payment, amount=amount)
    events = await fresh_sandbox.sdk.v1.events.list_async({"type": "charge.refunded"})
    assert [event.data.object["amount_refunded"] for event in events.data] == [3000, 1000]


@pytest.mark.parametrize("amount", [TOTAL + 1, 0, -1, "all"])
async def test_an_amount_that_does_not_fit_is_refused(
    sandbox: Sandbox, payment: stripe.PaymentIntent, amount: Any
) -> None:
    assert (await refusal(sandbox, payment, amount=amount)).param == "amount"


async def test_no_more_than_the_rest_is_given_back(
    sandbox: Sandbox, payment: stripe.PaymentIntent
) -> None:
    await begin(sandbox, payment, "pending")
    assert (await refusal(sandbox, payment)).code == "charge_already_refunded"
    other = await sandbox.paid()
    await sandbox.refund(other, amount=8000)
    refused = await refusal(sandbox, other, amount=1001)
    assert "greater than unrefunded amount on charge (10.00 EUR)" in str(refused.user_message)


@pytest.mark.parametrize(
    ("params", "param"),
    [
        ({"payment_intent": "pi_nobody"}, "payment_intent"),
        ({"charge": "ch_nobody"}, "charge"),
        ({}, "payment_intent"),
        ({"payment_intent": "pi_nobody", "colour": "red"}, "colour"),
    ],
)
async def test_a_refund_of_nothing_is_refused(
    sandbox: Sandbox, params: RefundCreateParams, param: str
) -> None:
    with pytest.raises(stripe.InvalidRequestError) as refused:
        await sandbox.sdk.v1.refunds.create_async(params)
    assert refused.value.param == param


async def test_an_unknown_reason_is_refused(
    sandbox: Sandbox, payment: stripe.PaymentIntent
) -> None:
    assert (await refusal(sandbox, payment, reason="regret")).param == "reason"


async def test_one_key_makes_one_refund(sandbox: Sandbox, payment: stripe.PaymentIntent) -> None:
    params: RefundCreateParams = {"payment_intent": payment.id, "amount": 1000}
    made = [
        await sandbox.sdk.v1.refunds.create_async(params, {"idempotency_key": "re_1"})
        for _ in range(3)
    ]
    assert len({found.id for found in made}) == 1
    assert (await sandbox.charge(payment)).amount_refunded == 1000


@pytest.mark.parametrize("first", ["pending", "requires_action"])
async def test_money_that_is_under_way_is_counted_but_not_gone(
    sandbox: Sandbox, payment: stripe.PaymentIntent, first: str
) -> None:
    made = await begin(sandbox, payment, first)
    assert (made.status, made.balance_transaction) == (first, None)
    assert (await sandbox.charge(payment)).amount_refunded == TOTAL
    assert (await capture(sandbox, payment))["amount_refunded"] == 0
    ended = await move(sandbox, made, "succeeded")
    assert ended.status == "succeeded"
    assert ended.balance_transaction
    assert (await capture(sandbox, payment))["amount_refunded"] == TOTAL
    assert await sandbox.told(made) == ["refund.created", "refund.updated", "charge.refund.updated"]


@pytest.mark.parametrize("first", ["pending", "requires_action", "succeeded"])
async def test_a_refund_that_fails_brings_the_money_back(
    sandbox: Sandbox, payment: stripe.PaymentIntent, first: str
) -> None:
    made = await begin(sandbox, payment, first)
    failed = await move(sandbox, made, "failed", failure_reason="declined")
    assert (failed.status, failed.failure_reason) == ("failed", "declined")
    charge = await sandbox.charge(payment)
    assert (charge.amount_refunded, charge.refunded) == (0, False)
    assert (await capture(sandbox, payment))["amount_refunded"] == 0
    assert (await sandbox.told(made))[-1] == "refund.failed"
    assert (await sandbox.refund(payment)).status == "succeeded"


async def test_a_refund_may_fail_at_once(sandbox: Sandbox, payment: stripe.PaymentIntent) -> None:
    failed = await begin(sandbox, payment, "failed")
    assert (failed.status, failed.failure_reason) == ("failed", "declined")
    assert (await sandbox.charge(payment)).amount_refunded == 0
    assert await sandbox.told(failed) == ["refund.created", "refund.failed"]


async def test_only_a_refund_that_waits_for_the_buyer_can_be_canceled(
    sandbox: Sandbox, payment: stripe.PaymentIntent
) -> None:
    made = await begin(sandbox, payment, "requires_action")
    refunds = sandbox.sdk.v1.refunds
    assert (await refunds.cancel_async(made.id)).status == "canceled"
    assert (await sandbox.charge(payment)).amount_refunded == 0
    pending = await begin(sandbox, payment, "pending")
    for refund_id in (made.id, pending.id):
        with pytest.raises(stripe.InvalidRequestError):
            await refunds.cancel_async(refund_id)


@pytest.mark.parametrize("end", ["failed", "canceled"])
async def test_what_has_ended_stays_so(
    sandbox: Sandbox, payment: stripe.PaymentIntent, end: str
) -> None:
    made = await begin(sandbox, payment, "pending")
    await move(sandbox, made, end)
    url = f"{sandbox.url}/_sandbox/refunds/{made.id}/move"
    assert (await sandbox.http.post(url, json={"status": "succeeded"})).status_code == 400
    assert (await sandbox.charge(payment)).amount_refunded == 0


async def test_refunds_begin_as_told_as_often_as_told(sandbox: Sandbox) -> None:
    await sandbox.admin("PUT", "refunds", {"next": "pending", "times": 2})
    began = [(await sandbox.refund(await sandbox.paid())).status for _ in range(3)]
    assert began == ["pending", "pending", "succeeded"]
    await sandbox.admin("PUT", "refunds", {"next": "failed", "times": None})
    began = [(await sandbox.refund(await sandbox.paid())).status for _ in range(3)]
    assert began == ["failed"] * 3


async def test_metadata_is_all_that_can_be_changed(
    sandbox: Sandbox, payment: stripe.PaymentIntent
) -> None:
    refunds = sandbox.sdk.v1.refunds
    made = await sandbox.refund(payment, metadata={"kept": "1", "gone": "2"})
    changed = await refunds.update_async(made.id, {"metadata": {"gone": "", "new": "3"}})
    assert labels(changed) == {"kept": "1", "new": "3"}
    assert labels(await refunds.update_async(made.id, {"metadata": ""})) == {}
    with pytest.raises(stripe.InvalidRequestError):
        await refunds.update_async(made.id, {"amount": 1})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("how", "first", "end"),
    [
        ({"card": FAILING_CARD}, "succeeded", "failed"),
        ({"card": PENDING_CARD}, "pending", "succeeded"),
        ({"bank_account": GOOD_ACCOUNT}, "pending", "succeeded"),
    ],
)
async def test_some_refunds_end_later_by_the_clock(
    sandbox: Sandbox, how: dict[str, str], first: str, end: str
) -> None:
    async def ended() -> bool:
        return (await sandbox.sdk.v1.refunds.retrieve_async(made.id)).status == end

    made = await sandbox.refund(await sandbox.paid(**how, by_hand=False))
    left = await sandbox.refund(await sandbox.paid(**how))
    assert (made.status, left.status) == (first, first)
    await sandbox.skip(LATER_SECONDS)
    await until(ended)
    assert (await sandbox.sdk.v1.refunds.retrieve_async(left.id)).status == first


@pytest.mark.parametrize("by", ["charge", "payment"])
async def test_a_person_refunds_in_the_dashboard(
    sandbox: Sandbox, payment: stripe.PaymentIntent, by: str
) -> None:
    path = f"charges/{payment.latest_charge}" if by == "charge" else f"payments/{payment.id}"
    made = await sandbox.admin("POST", f"{path}/refund", {"amount": 2500})
    found = await sandbox.sdk.v1.refunds.retrieve_async(made["id"])
    assert (found.amount, found.status, labels(found)) == (2500, "succeeded", {})
    rest = await sandbox.admin("POST", f"{path}/refund")
    assert rest["amount"] == TOTAL - 2500
    assert (await sandbox.http.post(f"{sandbox.url}/_sandbox/{path}/refund")).status_code == 400


async def test_the_ledger_names_the_order_of_a_refund(
    sandbox: Sandbox, payment: stripe.PaymentIntent
) -> None:
    made = await sandbox.refund(payment, amount=100)
    refunds = (await sandbox.ledger())["refunds"]
    entry = next(found for found in refunds if found["id"] == made.id)
    assert (entry["order_id"], entry["amount"], entry["status"]) == ("ord_1", 100, "succeeded")
