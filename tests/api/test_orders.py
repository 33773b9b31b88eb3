"""Ordering: what is accepted, what is refused, and who sees the result."""

from typing import Any

import httpx2
import pytest

from tests.api.world import assert_problem, caller, on_sale, ordered

Client = httpx2.AsyncClient


async def test_an_order_has_the_catalogues_prices(seller: Client, buyer: Client) -> None:
    standing = await on_sale(seller, name="Standing", unit_price_cents=4500)
    balcony = await on_sale(seller, name="Balcony", unit_price_cents=7900)
    lines = [
        {"ticket_type_id": balcony, "quantity": 1},
        {"ticket_type_id": standing, "quantity": 2},
    ]
    response = await buyer.post("/orders", json={"items": lines})
    assert response.status_code == 201
    order = response.json()
    assert order["id"].startswith("ord_")
    assert order["created_at"].endswith("Z")
    expected = {
        "user_id": "buyer",
        "status": "CREATED",
        "currency": "eur",
        "total_cents": 16900,
        "items": [
            {**lines[0], "name": "Balcony", "unit_price_cents": 7900},
            {**lines[1], "name": "Standing", "unit_price_cents": 4500},
        ],
        "amount_refunded_cents": 0,
        "disputed": False,
        "paid_at": None,
        "cancelled_at": None,
    }
    assert order.items() >= expected.items()
    assert (await buyer.get(f"/orders/{order['id']}")).json() == order


async def test_lines_for_the_same_ticket_type_add_up(seller: Client, buyer: Client) -> None:
    line = {"ticket_type_id": await on_sale(seller), "quantity": 2}
    order = (await buyer.post("/orders", json={"items": [line, line]})).json()
    assert [item["quantity"] for item in order["items"]] == [4]


@pytest.mark.parametrize("quantity", [0, -1, 10**9, 1.5, 1.0, "1", True, None, 10**30])
async def test_a_quantity_is_a_whole_number_in_bounds(
    seller: Client, buyer: Client, quantity: Any
) -> None:
    lines = [{"ticket_type_id": await on_sale(seller), "quantity": quantity}]
    problem = assert_problem(
        await buyer.post("/orders", json={"items": lines}), 422, "invalid_request"
    )
    assert [error["field"] for error in problem["errors"]] == ["items.0.quantity"]


@pytest.mark.parametrize(
    "body",
    [
        {"items": []},
        {},
        [],
        None,
        {"items": None},
        {"items": [{"ticket_type_id": "tkt_a", "quantity": 1}], "total_cents": 1},
        {"items": [{"ticket_type_id": "tkt_a", "quantity": 1, "unit_price_cents": 1}]},
        {"items": [{"ticket_type_id": "tkt_\x00", "quantity": 1}]},
        {"items": [{"ticket_type_id": "", "quantity": 1}]},
        {"items": [{"ticket_type_id": 7, "quantity": 1}]},
    ],
)
async def test_an_order_that_is_none_is_refused(buyer: Client, body: Any) -> None:
    assert_problem(await buyer.post("/orders", json=body), 422, "invalid_request")


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"\xff",
        b"[" * 100_000,
        b'{"items": 1e999999}',
        b'{"items": NaN}',
        b'{"items": ' + b"9" * 5000 + b"}",
        rb'{"items": [{"ticket_type_id": "\ud800", "quantity": 1}]}',
        rb'{"items": [], "\ud800": 1}',
    ],
)
async def test_a_body_that_is_no_json_is_refused(buyer: Client, body: bytes) -> None:
    response = await buyer.post(
        "/orders", content=body, headers={"Content-Type": "application/json"}
    )
    assert response.status_code in (400, 422)
    assert_problem(response, response.status_code, response.json()["code"])


async def test_a_hundred_lines_are_the_most(seller: Client, buyer: Client) -> None:
    line = {"ticket_type_id": await on_sale(seller), "quantity": 1}
    assert (await buyer.post("/orders", json={"items": [line] * 100})).status_code == 201
    response = await buyer.post("/orders", json={"items": [line] * 101})
    assert_problem(response, 422, "invalid_request")


async def test_two_currencies_do_not_go_together(seller: Client, buyer: Client) -> None:
    lines = [
        {"ticket_type_id": await on_sale(seller, currency=currency), "quantity": 1}
        for currency in ("eur", "usd")
    ]
    assert_problem(await buyer.post("/orders", json={"items": lines}), 422, "invalid_order")


async def test_an_unknown_ticket_type_cannot_be_ordered(buyer: Client) -> None:
    lines = [{"ticket_type_id": "tkt_unknown", "quantity": 1}]
    response = await buyer.post("/orders", json={"items": lines})
    assert_problem(response, 422, "ticket_type_not_found")


async def test_more_tickets_than_exist_cannot_be_ordered(seller: Client, buyer: Client) -> None:
    lines = [{"ticket_type_id": await on_sale(seller, capacity=3), "quantity": 4}]
    assert_problem(await buyer.post("/orders", json={"items": lines}), 422, "invalid_order")


@pytest.mark.parametrize(("unit_price_cents", "quantity"), [(49, 1), (99_999_999, 2)])
async def test_a_total_that_stripe_does_not_charge_is_refused(
    seller: Client, buyer: Client, unit_price_cents: int, quantity: int
) -> None:
    ticket_type_id = await on_sale(seller, unit_price_cents=unit_price_cents)
    lines = [{"ticket_type_id": ticket_type_id, "quantity": quantity}]
    assert_problem(await buyer.post("/orders", json={"items": lines}), 422, "invalid_order")


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", ""),
        ("GET", "/payments"),
        ("GET", "/history"),
        ("GET", "/events"),
        ("POST", "/checkout"),
        ("POST", "/cancel"),
    ],
)
async def test_a_foreign_order_looks_like_an_unknown_one(
    seller: Client, buyer: Client, stranger: Client, method: str, path: str
) -> None:
    foreign = await ordered(buyer, await on_sale(seller))
    answers = [
        assert_problem(
            await stranger.request(method, f"/orders/{order_id}{path}"), 404, "order_not_found"
        )
        for order_id in (foreign, "ord_unknown", "0ae6f5c2-2f1c-4b0e-9a53-2a53c9d3d9a1")
    ]
    assert answers[0] == answers[1] == answers[2]


async def test_an_operator_sees_everybodys_orders(
    seller: Client, buyer: Client, operator: Client
) -> None:
    order_id = await ordered(buyer, await on_sale(seller))
    assert (await operator.get(f"/orders/{order_id}")).json()["user_id"] == "buyer"


async def test_an_id_with_a_nul_is_refused(buyer: Client) -> None:
    assert_problem(await buyer.get("/orders/ord_%00"), 422, "invalid_request")
    assert_problem(await buyer.get("/ticket-types/%00"), 422, "invalid_request")
    response = await buyer.get("/orders", params={"starting_after": "\x00"})
    assert_problem(response, 422, "invalid_request")


async def test_orders_are_listed_in_pages_newest_first(seller: Client, api_url: str) -> None:
    ticket_type_id = await on_sale(seller)
    async with caller(api_url, "collector") as collector:
        made = [await ordered(collector, ticket_type_id, 1) for _ in range(5)]
        pages: list[list[str]] = []
        after: dict[str, str] = {}
        while True:
            page = (await collector.get("/orders", params={"limit": 2, **after})).json()
            pages.append([order["id"] for order in page["data"]])
            if not page["has_more"]:
                break
            after = {"starting_after": pages[-1][-1]}
    newest_first = made[::-1]
    assert pages == [newest_first[:2], newest_first[2:4], newest_first[4:]]


@pytest.mark.parametrize("limit", ["0", "101", "-1", "x", "1.5", ""])
async def test_a_page_holds_one_to_a_hundred_orders(buyer: Client, limit: str) -> None:
    response = await buyer.get("/orders", params={"limit": limit})
    assert_problem(response, 422, "invalid_request")


async def test_the_history_begins_with_the_order(seller: Client, buyer: Client) -> None:
    order_id = await ordered(buyer, await on_sale(seller))
    (entry,) = (await buyer.get(f"/orders/{order_id}/history")).json()["data"]
    assert (entry["actor"], entry["action"]) == ("buyer", "order_created")
    assert (await buyer.get(f"/orders/{order_id}/payments")).json() == {"data": []}
