"""The hosted payment page, as a browser without JavaScript meets it."""

import pytest
import stripe

from tests.sandbox.buying import (
    DECLINED_CARD,
    GOOD_CARD,
    SECURE_CARD,
    Sandbox,
    line,
    payment_page,
    shown_error,
)

SEE_OTHER = 303
PAYMENT_REQUIRED = 402


async def test_the_page_shows_what_is_bought_and_that_it_is_a_sandbox(sandbox: Sandbox) -> None:
    session = await sandbox.open(line_items=[line(name="<b>Rock</b> & Roll")])
    page = await sandbox.see(session)
    assert page.status_code == 200
    assert "sandbox" in page.text
    assert "90.00 EUR" in page.text
    assert "&lt;b&gt;Rock&lt;/b&gt; &amp; Roll" in page.text
    assert "http://shop.test/cancelled?order_id=ord_1" in page.text


async def test_the_good_card_pays_and_leads_back_to_the_shop(sandbox: Sandbox) -> None:
    session = await sandbox.open()
    answer = await sandbox.type_in(session, GOOD_CARD)
    assert answer.status_code == SEE_OTHER
    assert answer.headers["location"] == f"http://shop.test/return?session_id={session.id}"
    paid = await sandbox.look(session)
    assert (paid.status, paid.payment_status, paid.url) == ("complete", "paid", None)
    assert isinstance(paid.payment_intent, stripe.PaymentIntent)
    assert paid.payment_intent.status == "succeeded"


@pytest.mark.parametrize(
    ("card", "code", "decline_code"),
    [
        (DECLINED_CARD, "card_declined", "generic_decline"),
        ("4000 0000 0000 9995", "card_declined", "insufficient_funds"),
        ("4000 0000 0000 9987", "card_declined", "lost_card"),
        ("4000 0000 0000 0069", "expired_card", None),
        ("4000 0000 0000 0127", "incorrect_cvc", None),
        ("4000 0000 0000 0119", "processing_error", None),
        ("4242 4242 4242 4241", "incorrect_number", None),
        ("a card", "incorrect_number", None),
    ],
)
async def test_a_declined_card_is_shown_and_leaves_the_session_open(
    sandbox: Sandbox, card: str, code: str, decline_code: str | None
) -> None:
    session = await sandbox.open()
    answer = await sandbox.type_in(session, card)
    assert answer.status_code == PAYMENT_REQUIRED
    assert shown_error(answer)
    tried = await sandbox.look(session)
    assert (tried.status, tried.payment_status) == ("open", "unpaid")
    assert isinstance(tried.payment_intent, stripe.PaymentIntent)
    error = tried.payment_intent.last_payment_error
    assert error is not None
    assert (error.code, getattr(error, "decline_code", None)) == (code, decline_code)


async def test_after_a_declined_card_another_pays_in_the_same_session(sandbox: Sandbox) -> None:
    session = await sandbox.open()
    await sandbox.type_in(session, DECLINED_CARD)
    assert (await sandbox.type_in(session, GOOD_CARD)).status_code == SEE_OTHER
    paid = await sandbox.look(session)
    assert paid.payment_status == "paid"
    assert isinstance(paid.payment_intent, stripe.PaymentIntent)
    assert paid.payment_intent.last_payment_error is None
    charges = await sandbox.sdk.v1.charges.list_async({"payment_intent": paid.payment_intent.id})
    assert [(charge.status, charge.amount_captured) for charge in charges.data] == [
        ("succeeded", 9000),
        ("failed", 0),
    ]


async def test_a_secure_card_pays_once_the_bank_was_answered(sandbox: Sandbox) -> None:
    session = await sandbox.open()
    question = await sandbox.type_in(session, SECURE_CARD)
    assert question.status_code == 200
    assert "3-D Secure" in question.text
    assert (await sandbox.look(session)).payment_status == "unpaid"
    answer = await sandbox.authenticate(session, "complete")
    assert answer.status_code == SEE_OTHER
    assert (await sandbox.look(session)).payment_status == "paid"


async def test_failed_authentication_can_be_tried_again(sandbox: Sandbox) -> None:
    session = await sandbox.open()
    await sandbox.type_in(session, SECURE_CARD)
    answer = await sandbox.authenticate(session, "fail")
    assert shown_error(answer) == "We are unable to authenticate your payment method."
    assert (await sandbox.look(session)).status == "open"
    assert (await sandbox.type_in(session, GOOD_CARD)).status_code == SEE_OTHER


async def test_nobody_is_authenticated_who_was_not_asked(sandbox: Sandbox) -> None:
    session = await sandbox.open()
    answer = await sandbox.authenticate(session, "complete")
    assert answer.status_code == 400
    assert (await sandbox.look(session)).payment_status == "unpaid"


async def test_an_expired_session_says_so_and_takes_no_money(sandbox: Sandbox) -> None:
    session = await sandbox.open()
    await sandbox.sessions.expire_async(session.id)
    assert "expired" in (await sandbox.see(session)).text
    answer = await sandbox.type_in(session, GOOD_CARD)
    assert answer.status_code == 400
    assert "This session is expired" in answer.text
    assert (await sandbox.look(session)).payment_status == "unpaid"


async def test_a_complete_session_is_paid_only_once(sandbox: Sandbox) -> None:
    session = await sandbox.open()
    await sandbox.type_in(session, GOOD_CARD)
    assert "This session is complete" in (await sandbox.see(session)).text
    assert (await sandbox.type_in(session, GOOD_CARD)).status_code == 400
    captures = (await sandbox.ledger())["captures"]
    assert [capture["amount"] for capture in captures if capture["session"] == session.id] == [9000]


async def test_an_unknown_session_has_no_page(sandbox: Sandbox) -> None:
    session = await sandbox.open()
    unknown = payment_page(session).replace(session.id, "cs_test_nobody")
    assert (await sandbox.http.get(unknown)).status_code == 404
