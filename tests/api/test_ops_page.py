"""The operators' page as HTTP shows it: public, and without data; tests/browser works with it."""

import re

import httpx2
import pytest

Client = httpx2.AsyncClient


async def test_the_page_is_public_and_runs_its_own_script_only(anonymous: Client) -> None:
    page = await anonymous.get("/ops")
    assert page.status_code == 200
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    policy = page.headers["Content-Security-Policy"]
    assert policy.startswith("default-src 'none'; script-src 'self'; style-src 'self';")
    assert "form-action 'none'" in policy
    assert "unsafe" not in policy
    assert page.headers["Referrer-Policy"] == "no-referrer"
    assert page.headers["X-Content-Type-Options"] == "nosniff"
    assert "set-cookie" not in page.headers
    assert not re.search(r"<script(?![^>]* src=)|<style| on[a-z]+=|https?://", page.text)


async def test_no_field_of_a_form_would_go_into_an_address(anonymous: Client) -> None:
    page = (await anonymous.get("/ops")).text
    assert re.findall(r"<(?:input|textarea)[^>]* name=", page) == []


@pytest.mark.parametrize(
    ("name", "media_type"), [("main.js", "text/javascript"), ("ops.css", "text/css")]
)
async def test_what_the_page_needs_comes_from_here(
    anonymous: Client, name: str, media_type: str
) -> None:
    asset = await anonymous.get(f"/ops/assets/{name}")
    assert asset.headers["content-type"].startswith(media_type)
    again = await anonymous.get(
        f"/ops/assets/{name}", headers={"If-None-Match": asset.headers["etag"]}
    )
    assert again.status_code == 304


@pytest.mark.parametrize("name", ["none.js", "../page.py", "%2e%2e/page.py", ""])
async def test_nothing_else_is_served(anonymous: Client, name: str) -> None:
    response = await anonymous.get(f"/ops/assets/{name}")
    assert response.status_code == 404
    assert response.headers["content-type"] == "application/problem+json"


async def test_no_script_writes_html(anonymous: Client) -> None:
    names = {"main.js"}
    for _ in range(3):  # what they import
        for name in list(names):
            text = (await anonymous.get(f"/ops/assets/{name}")).text
            names |= set(re.findall(r'from "\./([a-z]+\.js)"', text))
            assert not re.search(r"innerHTML|outerHTML|insertAdjacent|document\.write|eval\(", text)
    assert len(names) > 8
