"""Putting tickets on sale."""

from typing import Any

import httpx2
import pytest

from tests.api.world import CONCERT, assert_problem, on_sale

Client = httpx2.AsyncClient


async def test_a_ticket_type_is_on_sale_at_once(seller: Client, buyer: Client) -> None:
    made = await seller.post("/ticket-types", json=CONCERT | {"name": "  Opéra, 1er rang 🎭 "})
    assert made.status_code == 201
    ticket_type = made.json()
    assert ticket_type["id"].startswith("tkt_")
    expected = CONCERT | {"name": "Opéra, 1er rang 🎭", "available": 100}
    assert ticket_type == {"id": ticket_type["id"], **expected}
    assert (await buyer.get(f"/ticket-types/{ticket_type['id']}")).json() == ticket_type
    assert ticket_type in (await buyer.get("/ticket-types")).json()["data"]


async def test_the_oldest_ticket_type_is_listed_first(seller: Client) -> None:
    made = [await on_sale(seller, name=f"Row {row}") for row in range(3)]
    listed = [found["id"] for found in (await seller.get("/ticket-types")).json()["data"]]
    assert [found for found in listed if found in made] == made


@pytest.mark.parametrize(
    ("field", "value"),
    [
        *(("name", value) for value in ("", "   ", "n" * 201, "a\x00b", 7, None)),
        *(("unit_price_cents", value) for value in (0, -1, 1.5, 1.0, "1", True, 10**8, None)),
        *(("currency", value) for value in ("EUR", "xxx", "", "euro", 1, None)),
        *(("capacity", value) for value in (0, -1, 1_000_001, 1.0, "1", True, None)),
        ("available", 5),
    ],
)
async def test_a_wrong_field_is_named(seller: Client, field: str, value: Any) -> None:
    response = await seller.post("/ticket-types", json=CONCERT | {field: value})
    problem = assert_problem(response, 422, "invalid_request")
    assert [error["field"] for error in problem["errors"]] == [field]


@pytest.mark.parametrize("field", CONCERT)
async def test_a_missing_field_is_named(seller: Client, field: str) -> None:
    wanted = {name: value for name, value in CONCERT.items() if name != field}
    problem = assert_problem(
        await seller.post("/ticket-types", json=wanted), 422, "invalid_request"
    )
    assert [error["field"] for error in problem["errors"]] == [field]


@pytest.mark.parametrize(
    ("currency", "price", "status"),
    [
        ("jpy", 501, 201),
        ("kwd", 1005, 422),
        ("kwd", 1010, 201),
        ("isk", 150, 422),
        ("isk", 20_000, 201),
    ],
)
async def test_a_price_must_be_one_that_stripe_can_charge(
    seller: Client, currency: str, price: int, status: int
) -> None:
    wanted = CONCERT | {"currency": currency, "unit_price_cents": price}
    assert (await seller.post("/ticket-types", json=wanted)).status_code == status


async def test_an_unknown_ticket_type_is_not_found(buyer: Client) -> None:
    response = await buyer.get("/ticket-types/tkt_unknown")
    assert_problem(response, 404, "ticket_type_not_found")
