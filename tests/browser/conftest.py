"""One box and one Chromium for all of them; for each test a browser profile of its own."""

import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from playwright.async_api import Browser, async_playwright

from tests.browser.box import Box, running_box
from tests.browser.buyer import Buyer, buyer_in

# Quiet, and as root too; Debian's Chromium would otherwise look for updates of its own.
_FLAGS = """--no-sandbox --disable-gpu --disable-quic --no-first-run --disable-sync
--disable-background-networking --disable-component-update""".split()


@pytest.fixture(scope="module")
def chromium() -> str:
    """The path of Debian's Chromium; without it the test is skipped."""
    found = shutil.which("chromium")
    if not found:
        pytest.skip("no Chromium on this machine (Debian: apt-get install chromium)")
    return found


@pytest.fixture(scope="module")
async def browser(chromium: str) -> AsyncIterator[Browser]:
    """Chromium, without a window."""
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=chromium, args=_FLAGS)
        yield browser
        await browser.close()


@pytest.fixture(scope="module")
async def running(
    chromium: str, database_url: str, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Box]:
    """A box that stays up for the module. It asks for Chromium first: no box without a visitor."""
    directory: Path = tmp_path_factory.mktemp("box")
    async with running_box(directory, database_url) as box:
        yield box


@pytest.fixture
async def box(running: Box) -> Box:
    """The box, with webhooks delivered."""
    await running.stripe("PUT", "webhooks", {"mode": "deliver"})
    return running


@pytest.fixture
async def buyer(browser: Browser, box: Box) -> AsyncIterator[Buyer]:
    """A person in front of a browser, in which nothing may go wrong."""
    async with buyer_in(browser, box.origins) as buyer:
        yield buyer


@pytest.fixture
async def buyer_without_scripts(browser: Browser, box: Box) -> AsyncIterator[Buyer]:
    """The same with JavaScript switched off."""
    async with buyer_in(browser, box.origins, java_script_enabled=False) as buyer:
        yield buyer
