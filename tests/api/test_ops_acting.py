"""Who may act as an operator, and what an action has to say."""

from typing import Any

import httpx2
import pytest

from tests.api.world import assert_problem

Client = httpx2.AsyncClient
ACTIONS = ("cancel", "extend", "recheck", "resolve")
ACTION = {"reason": "the buyer is on the phone", "expected_status": "CREATED"}


async def test_only_operators_see_and_act(
    anonymous: Client, buyer: Client, seller: Client, order_id: str
) -> None:
    for path in ("/ops/orders", "/ops/summary", f"/ops/orders/{order_id}"):
        assert_problem(await anonymous.get(path), 401, "unauthorized")
        for client in (buyer, seller):
            assert_problem(await client.get(path), 403, "missing_scope")
    for action in ACTIONS:
        path = f"/ops/orders/{order_id}/{action}"
        assert_problem(await anonymous.post(path, json=ACTION), 401, "unauthorized")
        assert_problem(await buyer.post(path, json=ACTION), 403, "missing_scope")


@pytest.mark.parametrize("action", ACTIONS)
@pytest.mark.parametrize(
    "body",
    [
        {},
        {"reason": "without what was expected"},
        {"expected_status": "CREATED"},
        ACTION | {"reason": ""},
        ACTION | {"reason": " \n"},
        ACTION | {"reason": "a" * 201},
        ACTION | {"reason": "\x00"},
        ACTION | {"expected_status": "created"},
        ACTION | {"actor": "somebody else"},
    ],
)
async def test_an_action_has_a_reason_and_an_expectation(
    operator: Client, order_id: str, action: str, body: dict[str, Any]
) -> None:
    response = await operator.post(f"/ops/orders/{order_id}/{action}", json=body)
    assert_problem(response, 422, "invalid_request")


@pytest.mark.parametrize("minutes", [0, -1, 1441, 1.5, "15", None])
async def test_an_extension_is_a_number_of_minutes(
    operator: Client, order_id: str, minutes: Any
) -> None:
    body = ACTION | {"minutes": minutes}
    response = await operator.post(f"/ops/orders/{order_id}/extend", json=body)
    assert_problem(response, 422, "invalid_request")


@pytest.mark.parametrize("action", ACTIONS)
async def test_nobody_acts_on_an_order_that_does_not_exist(operator: Client, action: str) -> None:
    response = await operator.post(f"/ops/orders/ord_unknown/{action}", json=ACTION)
    assert_problem(response, 404, "order_not_found")
    assert_problem(await operator.get("/ops/orders/ord_unknown"), 404, "order_not_found")
