"""What Stripe refuses in a new session, in its own words."""

import time
from typing import Any

import pytest
import stripe
from stripe.params.checkout import SessionListParams

from tests.sandbox.buying import Sandbox, line

MINUTE = 60
DAY = 24 * 60 * MINUTE


async def refusal(sandbox: Sandbox, **changes: Any) -> stripe.InvalidRequestError:
    """Return what the sandbox says to a session that it must not open."""
    before = (await sandbox.ledger())["sessions"]
    with pytest.raises(stripe.InvalidRequestError) as refused:
        await sandbox.open(**changes)
    assert refused.value.http_status == 400
    assert (await sandbox.ledger())["sessions"] == before
    return refused.value


@pytest.mark.parametrize(
    ("amount", "currency", "shown"),
    [(49, "usd", "0.50 USD"), (29, "gbp", "0.30 GBP"), (49, "jpy", "50 JPY")],
)
async def test_an_amount_below_the_currency_s_minimum_is_too_small(
    sandbox: Sandbox, amount: int, currency: str, shown: str
) -> None:
    refused = await refusal(sandbox, line_items=[line(amount, 1, currency)])
    assert refused.code == "amount_too_small"
    assert shown in str(refused.user_message)


async def test_the_minimum_itself_is_enough(sandbox: Sandbox) -> None:
    assert (await sandbox.open(line_items=[line(50, 1, "usd")])).amount_total == 50


async def test_a_total_of_more_than_eight_digits_is_too_large(sandbox: Sandbox) -> None:
    largest = await sandbox.open(line_items=[line(99_999_999, 1)])
    assert largest.amount_total == 99_999_999
    with pytest.raises(stripe.InvalidRequestError) as refused:
        await sandbox.open(line_items=[line(50_000_000, 2)])
    assert refused.value.code == "amount_too_large"


async def test_an_unknown_currency_is_refused(sandbox: Sandbox) -> None:
    refused = await refusal(sandbox, line_items=[line(currency="xyz")])
    assert refused.param == "line_items[0][price_data][currency]"
    assert str(refused.user_message).startswith("Invalid currency: xyz.")


async def test_two_currencies_are_refused(sandbox: Sandbox) -> None:
    await refusal(sandbox, line_items=[line(), line(currency="usd")])


@pytest.mark.parametrize(
    ("changes", "param"),
    [
        ({"quantity": 3}, "quantity"),
        ({"payment_intent_data": {"colour": "red"}}, "payment_intent_data[colour]"),
        ({"line_items": [line() | {"colour": "red"}]}, "line_items[0][colour]"),
    ],
)
async def test_an_unknown_parameter_is_refused_at_any_depth(
    sandbox: Sandbox, changes: dict[str, Any], param: str
) -> None:
    refused = await refusal(sandbox, **changes)
    assert (refused.code, refused.param) == ("parameter_unknown", param)


@pytest.mark.parametrize(
    ("changes", "param"),
    [
        ({"line_items": None}, "line_items"),
        ({"success_url": None}, "success_url"),
        ({"mode": None}, "mode"),
        ({"line_items": [{"quantity": 1}]}, "line_items[0][price_data]"),
        (
            {"line_items": [{"price_data": line()["price_data"]}]},
            "line_items[0][quantity]",
        ),
    ],
)
async def test_what_is_missing_is_named(
    sandbox: Sandbox, changes: dict[str, Any], param: str
) -> None:
    refused = await refusal(sandbox, **changes)
    assert (refused.code, refused.param) == ("parameter_missing", param)


@pytest.mark.parametrize(
    "changes",
    [
        {"line_items": "two tickets"},
        {"line_items": [line(quantity=0)]},
        {"line_items": [line(unit_amount=-1)]},
        {"line_items": [line() | {"quantity": "many"}]},
        {"line_items": [line() | {"price_data": {"currency": "eur", "product_data": "Concert"}}]},
        {"payment_intent_data": "ord_1"},
        {"metadata": "ord_1"},
        {"client_reference_id": {"order": "ord_1"}},
        {"expires_at": "tomorrow"},
        {"success_url": "shop.test/return"},
    ],
)
async def test_nonsense_is_refused(sandbox: Sandbox, changes: dict[str, Any]) -> None:
    await refusal(sandbox, **changes)


async def test_a_hundred_lines_are_the_most(sandbox: Sandbox) -> None:
    await refusal(sandbox, line_items=[line()] * 101)
    session = await sandbox.open(line_items=[line()] * 100)
    assert session.amount_total == 100 * 9000


@pytest.mark.parametrize("after", [29 * MINUTE, DAY + MINUTE])
async def test_a_session_cannot_end_too_soon_or_too_late(sandbox: Sandbox, after: int) -> None:
    refused = await refusal(sandbox, expires_at=int(time.time()) + after)
    assert refused.param == "expires_at"


@pytest.mark.parametrize("after", [31 * MINUTE, DAY - MINUTE])
async def test_a_session_may_end_within_the_bounds(sandbox: Sandbox, after: int) -> None:
    at = int(time.time()) + after
    assert (await sandbox.open(expires_at=at)).expires_at == at


@pytest.mark.parametrize(
    "metadata",
    [
        {f"key{number}": "value" for number in range(51)},
        {"k" * 41: "value"},
        {"key": "v" * 501},
    ],
)
async def test_metadata_beyond_its_bounds_is_refused(
    sandbox: Sandbox, metadata: dict[str, str]
) -> None:
    await refusal(sandbox, metadata=metadata)
    await refusal(sandbox, payment_intent_data={"metadata": metadata})


async def test_metadata_within_its_bounds_is_kept(sandbox: Sandbox) -> None:
    metadata = {f"key{number}": "v" * 500 for number in range(49)} | {"k" * 40: "žluťoučký & co"}
    session = await sandbox.open(metadata=metadata)
    assert session.metadata is not None
    assert session.metadata.to_dict() == metadata


async def test_a_reference_has_up_to_200_characters(sandbox: Sandbox) -> None:
    refused = await refusal(sandbox, client_reference_id="r" * 201)
    assert refused.param == "client_reference_id"
    assert (await sandbox.open(client_reference_id="r" * 200)).client_reference_id == "r" * 200


@pytest.mark.parametrize(
    "params", [{"limit": 0}, {"limit": 101}, {"limit": "all"}, {"created": "today"}, {"colour": 1}]
)
async def test_a_list_refuses_what_it_cannot_read(
    sandbox: Sandbox, params: SessionListParams
) -> None:
    with pytest.raises(stripe.InvalidRequestError) as refused:
        await sandbox.sessions.list_async(params)
    assert refused.value.param in params
