"""The pages a buyer comes back to, as HTTP shows them; tests/browser shows them to a browser."""

import re

import httpx2
import pytest
from sqlalchemy import text

from database.engine import Database
from tests.api.world import assert_problem, on_sale, ordered

Client = httpx2.AsyncClient
ATTEMPT = """
    INSERT INTO payments (id, order_id, provider_ref, amount_cents, currency, status, livemode,
                          base_url, expires_at, session_expires_at, looked_at)
    VALUES (:session, :order, :session, 9000, 'eur', :status, false, '', now(), now(), now())
"""
EVIL = "<script>alert(1)</script>"


@pytest.fixture
async def order_id(seller: Client, buyer: Client) -> str:
    """An order for tickets with a nasty name."""
    return await ordered(buyer, await on_sale(seller, name=EVIL))


async def attempt(database_url: str, order_id: str, status: str = "PENDING") -> str:
    """Write down an attempt to pay; returns its session's id."""
    session_id = f"cs_test_{order_id}"
    database = Database(database_url)
    async with database.transaction() as connection:
        values = {"order": order_id, "session": session_id, "status": status}
        await connection.execute(text(ATTEMPT), values)
    await database.close()
    return session_id


async def test_the_return_page_shows_the_order(
    anonymous: Client, order_id: str, database_url: str
) -> None:
    session_id = await attempt(database_url, order_id)
    page = await anonymous.get("/return", params={"session_id": session_id})
    assert page.status_code == 200
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    assert 'data-status="CREATED"' in page.text
    assert '<noscript><meta http-equiv="refresh"' in page.text
    assert "90.00 EUR" in page.text
    assert order_id in page.text
    assert EVIL not in page.text
    assert "&lt;script&gt;" in page.text


async def test_the_return_page_tells_of_a_delayed_payment(
    anonymous: Client, order_id: str, database_url: str
) -> None:
    session_id = await attempt(database_url, order_id, "PROCESSING")
    page = await anonymous.get("/return", params={"session_id": session_id})
    assert "Your bank is moving the money" in page.text
    assert 'http-equiv="refresh"' not in page.text  # each look at the page is one at Stripe


async def test_a_page_runs_no_script_but_its_own(
    anonymous: Client, order_id: str, database_url: str
) -> None:
    session_id = await attempt(database_url, order_id)
    pages = [
        await anonymous.get("/return", params={"session_id": session_id}),
        await anonymous.get("/return", params={"session_id": session_id}),
        await anonymous.get("/cancelled", params={"order_id": EVIL}),
    ]
    nonces = [re.findall(r'nonce="([^"]+)"', page.text)[0] for page in pages]
    assert len(set(nonces)) == len(nonces)
    for page, nonce in zip(pages, nonces, strict=True):
        policy = page.headers["Content-Security-Policy"]
        assert policy.startswith("default-src 'none'")
        assert f"script-src 'nonce-{nonce}'" in policy
        assert "unsafe" not in policy
        assert page.headers["X-Content-Type-Options"] == "nosniff"
        assert page.headers["Referrer-Policy"] == "no-referrer"
        assert not re.search(r"""(src|href)=["']?https?:""", page.text)


async def test_an_unknown_session_has_no_page(anonymous: Client, order_id: str) -> None:
    for path in ("/return", "/return/events"):
        for session_id in ("cs_unknown", order_id):
            response = await anonymous.get(path, params={"session_id": session_id})
            assert_problem(response, 404, "session_not_found")
        assert_problem(await anonymous.get(path), 422, "invalid_request")


async def test_the_cancel_page_shows_nothing_that_is_the_owners(
    anonymous: Client, order_id: str
) -> None:
    known = await anonymous.get("/cancelled", params={"order_id": order_id})
    unknown = await anonymous.get("/cancelled", params={"order_id": "ord_unknown"})
    assert known.status_code == unknown.status_code == 200
    assert "Nothing was paid" in known.text

    def without_ids(page: httpx2.Response) -> str:
        nonceless = re.sub(r'nonce="[^"]+"', "", page.text)
        return nonceless.replace(order_id, "").replace("ord_unknown", "")

    assert without_ids(known) == without_ids(unknown)


async def test_the_cancel_page_quotes_what_it_is_given(anonymous: Client) -> None:
    page = await anonymous.get("/cancelled", params={"order_id": EVIL})
    assert EVIL not in page.text
