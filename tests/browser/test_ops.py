"""Operators find out where the money is and act on it, in Chromium."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
from playwright.async_api import Browser, Route, expect
from sqlalchemy import update
from temporalio.client import Client

from database.engine import Database
from database.models import PaymentRow
from database.orders import touch_order
from domain.ids import OrderId, checkout_workflow_id
from tests.browser.box import Box
from tests.browser.buyer import page_in
from tests.browser.desk import REFUSED, Desk

EVIL = "<img src=x onerror=document.title='evil'><script>document.title='evil'</script>"

# Both answers of a look come just behind the press of the search's button.
SEARCH_WHILE_LOOKING = """async (order) => {
    const fetch = window.fetch;
    let arrived = 0, allCame, letThrough;
    const came = new Promise((resolve) => { allCame = resolve; });
    const pressed = new Promise((resolve) => { letThrough = resolve; });
    window.fetch = async (...call) => {
        const answer = await fetch(...call);
        const said = await answer.json();
        if ((arrived += 1) === 2) allCame();
        await pressed;
        return { ok: true, json: async () => said };
    };
    document.dispatchEvent(new Event("visibilitychange"));
    await came;
    window.fetch = fetch;
    document.getElementById("q").value = order;
    document.getElementById("search").requestSubmit();
    letThrough();
}"""


@pytest.fixture
async def desk(browser: Browser, box: Box) -> AsyncIterator[Desk]:
    """A desk in a fresh browser profile, with the page open."""
    async with page_in(browser, box.origins, REFUSED) as page:
        desk = Desk(page, box)
        await desk.opens()
        yield desk


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    """The box's database."""
    database = Database(database_url)
    yield database
    await database.close()


async def strand(box: Box, database: Database, order_id: str) -> None:
    """Terminate an order's checkout and let its deadline pass: nobody looks after it any more."""
    temporal = await Client.connect(f"127.0.0.1:{box.site.ports.temporal}")
    await temporal.get_workflow_handle(checkout_workflow_id(OrderId(order_id))).terminate(
        reason="cleaning up"
    )
    async with database.transaction() as connection:
        await connection.execute(
            update(PaymentRow)
            .where(PaymentRow.order_id == order_id)
            .values(expires_at=PaymentRow.created_at - timedelta(minutes=5))
        )


async def test_an_operator_finds_a_stuck_payment_understands_and_mends_it(
    box: Box, desk: Desk, database: Database
) -> None:
    await box.stripe("PUT", "webhooks", {"mode": "drop"})
    order, session = await box.checkout()
    await box.stripe("POST", f"sessions/{session['session_id']}/pay", {})
    await strand(box, database, order)
    await desk.signs_in()
    await desk.looks_through("Stuck")
    await desk.opens_order(order)
    await desk.reads("Unknown: the deadline has passed")
    await desk.reads("Nobody waits for this payment")
    await desk.reads("(terminated: cleaning up)")
    await desk.does("Recheck", "Ask Stripe")
    await desk.hears("Stripe says paid. The order is PAID.")
    await desk.reads("90.00 EUR here.")
    await desk.reads("stripe asked by olga")
    await expect(desk.page.get_by_text("Nothing is stuck.")).to_be_visible()
    assert await box.final_status(order) == "PAID"


async def test_a_search_in_the_middle_of_a_look_opens_what_it_finds(box: Box, desk: Desk) -> None:
    await box.checkout()
    order, _ = await box.checkout()
    await desk.signs_in()
    await expect(desk.page.get_by_role("link", name=order, exact=True)).to_be_visible()
    await desk.page.evaluate(SEARCH_WHILE_LOOKING, order)
    await desk.reads(order)


async def test_an_order_is_searched_extended_and_cancelled(box: Box, desk: Desk) -> None:
    order, session = await box.checkout()
    await desk.signs_in()
    await desk.searches(session["session_id"])
    await desk.reads(order)
    await desk.story.get_by_role("button", name="Extend").click()
    await desk.dialog.get_by_label("Minutes").fill("31")
    await desk.dialog.get_by_label("Reason").fill("the buyer called")
    await desk.dialog.get_by_role("button", name="Extend the deadline").click()
    await expect(desk.dialog.get_by_role("alert")).to_contain_text("Stripe's session allows")
    await desk.dialog.get_by_label("Minutes").fill("10")
    await desk.dialog.get_by_role("button", name="Extend the deadline").click()
    await desk.hears("The deadline is")
    await desk.reads("deadline extended by olga")
    await desk.does("Cancel", "Cancel the order", "a duplicate")
    await desk.hears("The order is CANCELLED.")
    await desk.reads("cancelled: a duplicate")
    await expect(desk.story.get_by_role("button", name="Cancel")).to_have_count(0)


async def test_a_stale_page_cannot_act(box: Box, desk: Desk) -> None:
    order, session = await box.checkout()
    await desk.signs_in()
    await desk.searches(order)
    await desk.reads(order)
    await desk.story.get_by_role("button", name="Cancel").click()
    await box.stripe("POST", f"sessions/{session['session_id']}/pay", {})
    assert await box.final_status(order) == "PAID"
    await desk.dialog.get_by_label("Reason").fill("too late")
    await desk.dialog.get_by_role("button", name="Cancel the order").click()
    alert = desk.dialog.get_by_role("alert")
    await expect(alert).to_have_text("The order is PAID and no longer CREATED.")
    await expect(desk.dialog.get_by_role("button", name="Cancel the order")).to_be_disabled()
    await desk.dialog.get_by_role("button", name="Leave it").click()
    await desk.reads("90.00 EUR here.")


async def test_a_part_of_the_money_is_given_back(box: Box, desk: Desk) -> None:
    order, session = await box.checkout()
    await box.stripe("POST", f"sessions/{session['session_id']}/pay", {})
    assert await box.final_status(order) == "PAID"
    await desk.signs_in()
    await desk.searches(order)
    await desk.story.get_by_role("button", name="Refund").click()
    await desk.dialog.get_by_label("Amount").fill("30.00")
    await desk.dialog.get_by_label("Reason").fill("one seat was wet")
    await desk.dialog.get_by_role("button", name="Give the money back").click()
    await desk.hears("Refund of 30.00 EUR: succeeded.")
    await desk.reads("60.00 EUR here, 30.00 EUR went back.")
    await desk.reads("one seat was wet")


async def test_what_was_not_answered_is_sent_again_as_the_same_request(
    box: Box, desk: Desk
) -> None:
    keys: list[str | None] = []

    async def answer(route: Route) -> None:
        keys.append(route.request.headers.get("idempotency-key"))
        if len(keys) < 3:
            problem = {"code": "idempotency_key_in_use", "detail": "Nobody knows yet."}
            await route.fulfill(status=409, json=problem)
        else:
            await route.continue_()

    order, session = await box.checkout()
    await box.stripe("POST", f"sessions/{session['session_id']}/pay", {})
    assert await box.final_status(order) == "PAID"
    await desk.page.route("**/refunds", answer)
    await desk.signs_in()
    await desk.searches(order)
    for _ in range(2):
        await desk.does("Refund", "Give the money back", "the show was cancelled")
        await expect(desk.dialog.get_by_role("alert")).to_have_text("Nobody knows yet.")
        await desk.dialog.get_by_role("button", name="Leave it").click()
    await desk.does("Refund", "Give the money back", "the show was cancelled")
    await desk.hears("Refund of 90.00 EUR: succeeded.")
    assert len(keys) == 3
    assert len(set(keys)) == 1


async def test_what_needed_attention_is_resolved(box: Box, desk: Desk, database: Database) -> None:
    order, _ = await box.checkout()
    async with database.transaction() as connection:
        await touch_order(connection, OrderId(order), needs_attention=True)
    await desk.signs_in()
    await desk.looks_through("Needs attention")
    await desk.opens_order(order)
    await desk.does("Resolved", "It is resolved", "I have looked at it")
    await desk.hears("needs no attention any more")
    await desk.reads("attention resolved by olga")


async def test_an_action_without_a_reason_is_not_sent(box: Box, desk: Desk) -> None:
    order, _ = await box.checkout()
    await desk.signs_in()
    await desk.searches(order)
    await desk.does("Cancel", "Cancel the order", "   ")
    await expect(desk.dialog.get_by_role("alert")).to_have_text("A reason is needed.")
    await desk.dialog.get_by_role("button", name="Leave it").click()
    await desk.reads("CREATED")


async def test_the_token_stays_out_of_every_address(box: Box, desk: Desk) -> None:
    addresses: list[str] = []
    referrers: list[str | None] = []
    desk.page.on("request", lambda request: addresses.append(request.url))
    desk.page.on("request", lambda request: referrers.append(request.headers.get("referer")))
    order, _ = await box.checkout()
    token = await desk.signs_in()
    await desk.searches(order)
    await desk.reads(order)
    await desk.page.reload()
    await desk.reads(order)
    assert len(addresses) > 5
    assert not [address for address in [*addresses, desk.page.url] if token in address]
    assert not any(referrers)
    assert await desk.page.context.cookies() == []


async def test_signing_out_forgets_token_and_data(box: Box, desk: Desk) -> None:
    order, _ = await box.checkout()
    await desk.signs_in()
    await desk.opens_order(order)
    await desk.page.get_by_role("button", name="Sign out").click()
    await expect(desk.page.get_by_label("Bearer token")).to_be_focused()
    assert await desk.page.evaluate("sessionStorage.length") == 0
    assert order not in await desk.page.content()
    await desk.page.reload()
    await expect(desk.page.get_by_label("Bearer token")).to_be_visible()


@pytest.mark.parametrize(
    ("scope", "why"), [("", "The token needs the scope ops."), ("catalog:write", "scope ops")]
)
async def test_who_is_no_operator_is_told_so(desk: Desk, scope: str, why: str) -> None:
    await desk.signs_in("alice", scope)
    await expect(desk.page.get_by_role("alert")).to_contain_text(why)
    assert await desk.page.evaluate("sessionStorage.length") == 0


async def test_a_token_that_is_none_is_refused(desk: Desk) -> None:
    await desk.page.get_by_label("Bearer token").fill("no token")
    await desk.page.get_by_label("Bearer token").press("Enter")
    await expect(desk.page.get_by_role("alert")).to_have_text("A valid bearer token is needed.")


async def test_a_users_name_is_text_whatever_it_says(box: Box, desk: Desk) -> None:
    order, _ = await box.checkout(EVIL)
    await desk.signs_in()
    await desk.opens_order(order)
    await expect(desk.page.get_by_role("row", name=order)).to_contain_text(EVIL)
    await desk.reads(EVIL)
    await desk.searches(EVIL)
    await expect(desk.page.get_by_role("heading", level=1)).to_have_text(f"Search: {EVIL}")
    assert await desk.page.title() == "Operators · Paysaga"
    assert await desk.page.locator("#desk img, #desk script").count() == 0


async def test_the_page_works_by_keyboard_alone(box: Box, desk: Desk) -> None:
    order, _ = await box.checkout()
    keyboard = desk.page.keyboard
    await expect(desk.page.get_by_label("Bearer token")).to_be_focused()
    await keyboard.insert_text(box.shop("olga", "ops").token)
    await keyboard.press("Enter")
    row = desk.page.get_by_role("link", name=order, exact=True)
    await row.focus()
    await keyboard.press("Enter")
    await expect(desk.page.locator("#story-heading")).to_be_focused()
    await keyboard.press("Tab")
    await expect(desk.page.get_by_label("Close the story")).to_be_focused()
    await keyboard.press("Escape")
    await expect(desk.story).to_be_hidden()
    await expect(row).to_be_focused()


async def test_the_page_refreshes_itself_without_taking_the_focus(box: Box, desk: Desk) -> None:
    order, session = await box.checkout()
    await desk.signs_in()
    await desk.opens_order(order)
    close = desk.page.get_by_label("Close the story")
    await close.focus()
    await box.stripe("POST", f"sessions/{session['session_id']}/pay", {})
    await desk.reads("90.00 EUR here.")
    await expect(close).to_be_focused()


async def test_the_rows_of_one_queue_are_gone_before_another_has_come(box: Box, desk: Desk) -> None:
    order, _ = await box.checkout()
    await desk.signs_in()
    row = desk.page.get_by_role("link", name=order, exact=True)
    await expect(row).to_be_visible()
    never = asyncio.Event()
    await desk.page.route("**/ops/orders?queue=stuck*", lambda _: never.wait())
    await desk.looks_through("Stuck")
    await expect(row).to_have_count(0)
    never.set()


async def test_a_narrow_screen_shows_one_thing_at_a_time(browser: Browser, box: Box) -> None:
    order, _ = await box.checkout()
    phone = {"width": 360, "height": 700}
    async with page_in(browser, box.origins, REFUSED, viewport=phone) as page:
        desk = Desk(page, box)
        await desk.opens()
        await desk.signs_in()
        await desk.opens_order(order)
        await expect(page.get_by_role("table")).to_be_hidden()
        await page.get_by_label("Close the story").click()
        await expect(page.get_by_role("table")).to_be_visible()
        assert await page.evaluate("document.documentElement.scrollWidth") <= phone["width"]
