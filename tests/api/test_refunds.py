"""Asking for refunds: who may, and what is no amount."""

from datetime import timedelta
from typing import Any

import httpx2
import pytest

from api import engine
from tests.api.world import assert_problem, on_sale, ordered

Client = httpx2.AsyncClient


async def test_only_operators_give_money_back(
    buyer: Client, anonymous: Client, order_id: str
) -> None:
    path = f"/orders/{order_id}/refunds"
    assert_problem(await buyer.post(path, json={}), 403, "missing_scope")
    assert_problem(await anonymous.post(path, json={}), 401, "unauthorized")


async def test_whoever_sees_an_order_sees_its_refunds(
    buyer: Client, stranger: Client, operator: Client, order_id: str
) -> None:
    path = f"/orders/{order_id}/refunds"
    for client in (buyer, operator):
        assert (await client.get(path)).json() == {"data": []}
    assert_problem(await stranger.get(path), 404, "order_not_found")


async def test_an_order_that_does_not_exist_is_not_found(operator: Client) -> None:
    response = await operator.post("/orders/ord_nobody/refunds", json={})
    assert_problem(response, 404, "order_not_found")


@pytest.mark.parametrize("amount", [0, -1, 10**9, 1.5, 100.0, "100", True, "all"])
async def test_an_amount_is_a_positive_whole_number(
    operator: Client, order_id: str, amount: Any
) -> None:
    response = await operator.post(f"/orders/{order_id}/refunds", json={"amount_cents": amount})
    problem = assert_problem(response, 422, "invalid_request")
    assert [error["field"] for error in problem["errors"]] == ["amount_cents"]


@pytest.mark.parametrize("body", [{"amount": 100}, {"reason": ""}, {"reason": "r" * 201}, []])
async def test_a_request_says_no_more_than_amount_and_reason(
    operator: Client, order_id: str, body: Any
) -> None:
    response = await operator.post(f"/orders/{order_id}/refunds", json=body)
    assert_problem(response, 422, "invalid_request")


async def test_an_amount_fits_its_currency(seller: Client, buyer: Client, operator: Client) -> None:
    dinars = await on_sale(seller, currency="kwd")
    order_id = await ordered(buyer, dinars)
    response = await operator.post(f"/orders/{order_id}/refunds", json={"amount_cents": 105})
    problem = assert_problem(response, 422, "invalid_request")
    assert problem["errors"] == [
        {"field": "amount_cents", "message": "must be a multiple of 10 in kwd"}
    ]


async def test_without_a_worker_the_answer_is_to_ask_again(
    operator: Client, order_id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine, "ANSWER_WITHIN", timedelta(milliseconds=500))
    response = await operator.post(f"/orders/{order_id}/refunds")
    assert_problem(response, 503, "temporarily_unavailable")
    assert response.headers["Retry-After"]
