"""A person buys tickets, in Chromium."""

from playwright.async_api import expect

from tests.browser.box import Box
from tests.browser.buyer import (
    ACCOUNT,
    ACCOUNT_THAT_FAILS,
    CARD_WITH_3DS,
    DECLINED_CARD,
    Buyer,
)


async def test_a_person_buys_tickets(box: Box, buyer: Buyer) -> None:
    order, session = await box.checkout()
    await buyer.opens(session["url"])
    await expect(buyer.page.get_by_role("heading")).to_have_text("90.00 EUR")
    await buyer.pays_by_card()
    await buyer.sees_status("PAID")
    await buyer.reads(order)
    assert await box.final_status(order) == "PAID"


async def test_the_return_page_turns_paid_also_when_no_webhook_arrives(
    box: Box, buyer: Buyer
) -> None:
    await box.stripe("PUT", "webhooks", {"mode": "drop"})
    order, session = await box.checkout()
    await buyer.opens(session["url"])
    await buyer.pays_by_card()
    await buyer.sees_status("PAID")
    assert await box.final_status(order) == "PAID"


async def test_the_return_page_changes_by_itself_when_a_delayed_payment_arrives(
    box: Box, buyer: Buyer
) -> None:
    _, session = await box.checkout()
    stripes_session = f"sessions/{session['session_id']}"
    await box.stripe("POST", f"{stripes_session}/pay", {"bank_account": ACCOUNT})
    await buyer.opens(box.return_page(session))
    await buyer.sees_status("CREATED")
    await box.stripe("POST", f"{stripes_session}/settle", {"succeeds": True})
    await buyer.sees_status("PAID")


async def test_a_bank_debit_that_fails_ends_with_a_cancelled_order(box: Box, buyer: Buyer) -> None:
    _, session = await box.checkout()
    await buyer.opens(session["url"])
    await buyer.pays_by_bank_debit(ACCOUNT_THAT_FAILS)
    await buyer.sees_status("CANCELLED")


async def test_after_a_declined_card_another_one_pays(box: Box, buyer: Buyer) -> None:
    _, session = await box.checkout()
    await buyer.opens(session["url"])
    await buyer.pays_by_card(DECLINED_CARD)
    await expect(buyer.page.get_by_role("alert")).to_have_text("Your card was declined.")
    await buyer.pays_by_card()
    await buyer.sees_status("PAID")


async def test_a_card_that_asks_for_3d_secure_pays_once_it_is_completed(
    box: Box, buyer: Buyer
) -> None:
    _, session = await box.checkout()
    await buyer.opens(session["url"])
    await buyer.pays_by_card(CARD_WITH_3DS)
    await buyer.presses("Fail")
    await expect(buyer.page.get_by_role("alert")).to_contain_text("unable to authenticate")
    await buyer.pays_by_card(CARD_WITH_3DS)
    await buyer.presses("Complete")
    await buyer.sees_status("PAID")


async def test_who_leaves_by_the_back_link_reads_that_nothing_was_paid(
    box: Box, buyer: Buyer
) -> None:
    order, session = await box.checkout()
    await buyer.opens(session["url"])
    await buyer.follows("Back without paying")
    await buyer.reads("Nothing was paid")
    await buyer.reads(order)


async def test_without_javascript_the_return_page_shows_the_state_and_refreshes(
    box: Box, buyer_without_scripts: Buyer
) -> None:
    buyer = buyer_without_scripts
    _, session = await box.checkout()
    await buyer.opens(box.return_page(session))
    await buyer.sees_status("CREATED")
    await box.stripe("POST", f"sessions/{session['session_id']}/pay", {})
    await buyer.sees_status("PAID")
