"""Bank debits: the session is complete at once, the money comes or fails days later."""

import pytest
import stripe

from tests.sandbox.buying import BAD_ACCOUNT, GOOD_ACCOUNT, Sandbox, shown_error, until

SEE_OTHER = 303
LATER_SECONDS = 60


async def test_a_debit_leads_back_to_the_shop_before_it_is_paid(sandbox: Sandbox) -> None:
    session = await sandbox.open()
    answer = await sandbox.debit(session, GOOD_ACCOUNT)
    assert answer.status_code == SEE_OTHER
    assert answer.headers["location"] == f"http://shop.test/return?session_id={session.id}"
    waiting = await sandbox.look(session)
    assert (waiting.status, waiting.payment_status) == ("complete", "unpaid")
    assert isinstance(waiting.payment_intent, stripe.PaymentIntent)
    assert waiting.payment_intent.status == "processing"


@pytest.mark.parametrize(
    ("account", "payment_status", "intent_status", "event"),
    [
        (GOOD_ACCOUNT, "paid", "succeeded", "checkout.session.async_payment_succeeded"),
        (BAD_ACCOUNT, "unpaid", "requires_payment_method", "checkout.session.async_payment_failed"),
    ],
)
async def test_a_debit_ends_by_the_clock(
    sandbox: Sandbox, account: str, payment_status: str, intent_status: str, event: str
) -> None:
    session = await sandbox.open()
    await sandbox.debit(session, account)
    await sandbox.skip(LATER_SECONDS)

    async def ended() -> bool:
        return await sandbox.told(session) == ["checkout.session.completed", event]

    await until(ended)
    settled = await sandbox.look(session)
    assert (settled.status, settled.payment_status) == ("complete", payment_status)
    assert isinstance(settled.payment_intent, stripe.PaymentIntent)
    assert settled.payment_intent.status == intent_status


@pytest.mark.parametrize("succeeds", [True, False])
async def test_a_debit_by_hand_ends_by_hand(sandbox: Sandbox, succeeds: bool) -> None:
    session = await sandbox.open()
    await sandbox.pay(session, bank_account=GOOD_ACCOUNT)
    await sandbox.skip(LATER_SECONDS)
    assert (await sandbox.look(session)).payment_status == "unpaid"
    settled = await sandbox.admin("POST", f"sessions/{session.id}/settle", {"succeeds": succeeds})
    assert settled["payment_status"] == ("paid" if succeeds else "unpaid")


async def test_a_debit_ends_only_once(sandbox: Sandbox) -> None:
    session = await sandbox.open()
    await sandbox.pay(session, bank_account=GOOD_ACCOUNT)
    settle = f"{sandbox.url}/_sandbox/sessions/{session.id}/settle"
    assert (await sandbox.http.post(settle, json={"succeeds": False})).status_code == 200
    assert (await sandbox.http.post(settle, json={"succeeds": True})).status_code == 400
    assert (await sandbox.look(session)).payment_status == "unpaid"


async def test_an_unknown_account_is_shown_and_can_be_tried_again(sandbox: Sandbox) -> None:
    session = await sandbox.open()
    assert shown_error(await sandbox.debit(session, "000000000000"))
    assert (await sandbox.look(session)).status == "open"
    assert (await sandbox.debit(session, GOOD_ACCOUNT)).status_code == SEE_OTHER
