"""An operator in front of the page `/ops`."""

from playwright.async_api import Locator, Page, expect

from tests.browser.box import Box

# Chromium reports every answer of 4xx to a script as an error; the page shows them.
REFUSED = "the server responded with a status of 4"

expect.set_options(timeout=15_000)  # of a page that looks for news every five seconds


class Desk:
    """The page, and hands."""

    def __init__(self, page: Page, box: Box) -> None:
        self.page = page
        self.box = box

    async def opens(self) -> None:
        """Go to the page."""
        await self.page.goto(f"{self.box.site.api_url}/ops")

    async def signs_in(self, user: str = "olga", scope: str = "ops") -> str:
        """Paste a token into the form; returns it."""
        token = self.box.shop(user, scope).token
        await self.page.get_by_label("Bearer token").fill(token)
        await self.page.get_by_role("button", name="Sign in").click()
        return token

    async def looks_through(self, queue: str) -> None:
        """Open a queue."""
        await self.page.get_by_role("navigation").get_by_role("link", name=queue).click()
        await expect(self.page.get_by_role("heading", level=1)).to_have_text(queue)

    async def searches(self, text: str) -> None:
        """Search for something."""
        await self.page.get_by_role("searchbox").fill(text)
        await self.page.get_by_role("searchbox").press("Enter")

    async def opens_order(self, order_id: str) -> None:
        """Open the story of an order in the table."""
        await self.page.get_by_role("link", name=order_id, exact=True).click()
        await self.reads(order_id)

    async def does(self, action: str, yes: str, why: str = "the buyer called") -> None:
        """Press an action, say why, and confirm."""
        await self.story.get_by_role("button", name=action).click()
        await self.dialog.get_by_label("Reason").fill(why)
        await self.dialog.get_by_role("button", name=yes).click()

    async def reads(self, text: str) -> None:
        """See a text in the story, now or when the page has refreshed itself."""
        await expect(self.story).to_contain_text(text)

    async def hears(self, text: str) -> None:
        """See what came of an action."""
        await expect(self.page.get_by_role("status")).to_contain_text(text)

    @property
    def story(self) -> Locator:
        """The story of the open order."""
        return self.page.locator("#story")

    @property
    def dialog(self) -> Locator:
        """The dialog that asks for a reason."""
        return self.page.get_by_role("dialog")
