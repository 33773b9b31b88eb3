"""A person in front of a browser: what he does on the pages, and what must not happen there."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from playwright.async_api import Browser, ConsoleMessage, Page, expect

# https://docs.stripe.com/testing
GOOD_CARD = "4242 4242 4242 4242"
DECLINED_CARD = "4000 0000 0000 0002"
CARD_WITH_3DS = "4000 0025 0000 3155"
ACCOUNT = "000123456789"
ACCOUNT_THAT_FAILS = "000111111116"
# Chromium reports an answer of 402 to the page itself as an error; it is Stripe's for a decline.
_A_DECLINE = "the server responded with a status of 402"


class Buyer:
    """A page of a browser, and hands."""

    def __init__(self, page: Page) -> None:
        self.page = page

    async def opens(self, url: str) -> None:
        """Go to an address."""
        await self.page.goto(url)

    async def pays_by_card(self, number: str = GOOD_CARD) -> None:
        """Type a card and press Pay."""
        for label, text in {
            "Card number": number,
            "Expiry": "12 / 34",
            "CVC": "123",
            "Name on card": "Alice",
        }.items():
            await self.page.get_by_label(label).fill(text)
        await self.page.get_by_role("button", name="Pay").click()

    async def pays_by_bank_debit(self, account: str) -> None:
        """Type an account number and press the button."""
        await self.page.get_by_text("Bank debit").click()
        await self.page.get_by_label("Account number").fill(account)
        await self.page.get_by_role("button", name="Debit my account").click()

    async def presses(self, name: str) -> None:
        """Press a button."""
        await self.page.get_by_role("button", name=name).click()

    async def follows(self, name: str) -> None:
        """Follow a link."""
        await self.page.get_by_role("link", name=name).click()

    async def reads(self, text: str) -> None:
        """See a text, now or when the page has changed by itself."""
        await expect(self.page.get_by_text(text)).to_be_visible(timeout=15_000)

    async def sees_status(self, status: str) -> None:
        """See the return page in this state, now or when it has changed by itself."""
        heading = self.page.locator("#status")
        await expect(heading).to_have_attribute("data-status", status, timeout=15_000)


@asynccontextmanager
async def buyer_in(
    browser: Browser, origins: tuple[str, ...], **context: Any
) -> AsyncIterator[Buyer]:
    """Seat a buyer in a fresh profile; when he leaves, nothing may have gone wrong."""
    async with page_in(browser, origins, _A_DECLINE, **context) as page:
        yield Buyer(page)


@asynccontextmanager
async def page_in(
    browser: Browser, origins: tuple[str, ...], expected: str, **context: Any
) -> AsyncIterator[Page]:
    """Open a page in a fresh profile; when it is closed, nothing may have gone wrong.

    Raises AssertionError after an error in a page or on its console (a violated Content Security
    Policy is one) other than the `expected`, or a request to another place than `origins`.
    """
    wrong: list[str] = []

    def on_console(message: ConsoleMessage) -> None:
        if message.type in ("error", "warning") and expected not in message.text:
            wrong.append(message.text)

    async with await browser.new_context(**context) as profile:
        page = await profile.new_page()
        page.on("pageerror", lambda error: wrong.append(str(error)))
        page.on("console", on_console)
        page.on(
            "request",
            lambda request: None if request.url.startswith(origins) else wrong.append(request.url),
        )
        yield page
    assert not wrong, wrong
