"""Payments that are not what the session asked for, which a shop must notice."""

import pytest
import stripe

from tests.sandbox.buying import DECLINED_CARD, GOOD_ACCOUNT, Sandbox

ASKED = 9000


@pytest.mark.parametrize("bank_account", [None, GOOD_ACCOUNT])
async def test_another_amount_is_taken_and_told(sandbox: Sandbox, bank_account: str | None) -> None:
    how = {"bank_account": bank_account} if bank_account else {}
    payment = await sandbox.paid(**how, amount=ASKED - 1)
    assert (payment.amount, payment.amount_received) == (ASKED - 1, ASKED - 1)
    assert (await sandbox.charge(payment)).amount_captured == ASKED - 1
    events = await sandbox.sdk.v1.events.list_async({"type": "checkout.session.*"})
    session = next(
        event.data.object
        for event in events.data
        if event.data.object["payment_intent"] == payment.id
    )
    assert session["amount_total"] == ASKED - 1


async def test_another_currency_is_taken_and_told(sandbox: Sandbox) -> None:
    session = await sandbox.open()
    await sandbox.pay(session, currency="usd")
    event = await sandbox.completed(session)
    assert (event.data.object["currency"], event.data.object["amount_total"]) == ("usd", ASKED)
    captures = (await sandbox.ledger())["captures"]
    [capture] = [found for found in captures if found["session"] == session.id]
    assert capture["currency"] == "usd"


async def test_another_amount_is_taken_after_a_declined_card(sandbox: Sandbox) -> None:
    session = await sandbox.open()
    await sandbox.type_in(session, DECLINED_CARD)
    await sandbox.pay(session, amount=1)
    paid = await sandbox.look(session)
    assert isinstance(paid.payment_intent, stripe.PaymentIntent)
    assert paid.payment_intent.amount_received == 1


async def test_what_has_been_paid_is_not_repriced(sandbox: Sandbox) -> None:
    session = await sandbox.open()
    await sandbox.pay(session)
    answer = await sandbox.http.post(
        f"{sandbox.url}/_sandbox/sessions/{session.id}/pay", json={"amount": 1}
    )
    assert answer.status_code == 400
    assert (await sandbox.look(session)).amount_total == ASKED


async def test_money_comes_late_for_a_session_that_has_expired(sandbox: Sandbox) -> None:
    session = await sandbox.open()
    await sandbox.sessions.expire_async(session.id)
    await sandbox.pay(session, late=True)
    paid = await sandbox.look(session)
    assert (paid.status, paid.payment_status) == ("complete", "paid")
