"""Whatever field the sandbox answers, Stripe has too, with that type: its SDK's types say so."""

import types
from typing import Any, Literal, Union, get_args, get_origin

import pytest
import stripe

from tests.sandbox.buying import DECLINED_CARD, GOOD_ACCOUNT, SECRET_KEY, Sandbox

RESOURCES: dict[str, type] = {
    "balance_transaction": stripe.BalanceTransaction,
    "charge": stripe.Charge,
    "checkout.session": stripe.checkout.Session,
    "dispute": stripe.Dispute,
    "event": stripe.Event,
    "item": stripe.LineItem,
    "payment_intent": stripe.PaymentIntent,
    "price": stripe.Price,
    "refund": stripe.Refund,
}


def misfits(value: Any, hint: Any, path: str) -> list[str]:
    """Return the paths of all that does not fit one of the SDK's types."""
    is_choice = get_origin(hint) in (Union, types.UnionType)
    choices = get_args(hint) if is_choice else (hint,)
    literals = [choice for choice in choices if get_origin(choice) is Literal]
    words = [word for literal in literals for word in get_args(literal)]
    if isinstance(value, dict):
        return misfits_of_object(value, choices, path)
    if isinstance(value, list):
        kinds = [get_args(choice)[0] for choice in choices if get_origin(choice) is list]
        return misfits_of_list(value, kinds, path)
    fits = value in words if words and isinstance(value, str) else type(value) in choices
    return [] if fits else [f"{path}: {value!r}"]


def misfits_of_list(values: list[Any], kinds: list[Any], path: str) -> list[str]:
    """Return the paths of all that does not fit in a list."""
    if not kinds:
        return [f"{path}: a list"]
    return [misfit for value in values for misfit in misfits(value, kinds[0], f"{path}[]")]


def misfits_of_object(value: dict[str, Any], choices: tuple[Any, ...], path: str) -> list[str]:
    """Return the paths of all that does not fit the class that an object has in the SDK."""
    if value.get("object") == "list":
        return misfits_of_list(value["data"], [stripe.StripeObject], path)
    fields = fields_of(value, choices)
    if fields is None:  # metadata: any names, only strings
        return [f"{path}.{name}" for name, text in value.items() if not isinstance(text, str)]
    return [
        misfit
        for name, inner in value.items()
        for misfit in (
            misfits(inner, fields[name], f"{path}.{name}")
            if name in fields
            else [f"{path}.{name}: unknown"]
        )
    ]


def fields_of(value: dict[str, Any], choices: tuple[Any, ...]) -> dict[str, Any] | None:
    """Return the fields of an object: of the resource it names, or of a choice that is a class."""
    resource = value.get("object")
    if isinstance(resource, str):
        return RESOURCES[resource].__annotations__
    classes = [choice for choice in choices if isinstance(choice, type)]
    return next(
        (found.__annotations__ for found in classes if issubclass(found, stripe.StripeObject)), None
    )


async def answers(sandbox: Sandbox, path: str) -> list[dict[str, Any]]:
    """Return a list of the API as it is, before the SDK has made objects of it."""
    response = await sandbox.http.get(f"{sandbox.url}/v1/{path}", auth=(SECRET_KEY, ""))
    found: list[dict[str, Any]] = response.json()["data"]
    assert found
    return found


@pytest.fixture(scope="module", autouse=True)
async def _lived_in(shared_sandbox: Sandbox) -> None:
    """A sandbox in which everything has happened that can happen to a payment."""
    for card in (DECLINED_CARD, "4242424242424242"):
        await shared_sandbox.type_in(await shared_sandbox.open(), card)
    await shared_sandbox.sessions.expire_async((await shared_sandbox.open()).id)
    for succeeds in (True, False):
        debited = await shared_sandbox.open()
        await shared_sandbox.pay(debited, bank_account=GOOD_ACCOUNT)
        settlement = {"succeeds": succeeds}
        await shared_sandbox.admin("POST", f"sessions/{debited.id}/settle", settlement)
    for status in ("pending", "requires_action", "succeeded", "failed"):
        await shared_sandbox.admin("PUT", "refunds", {"next": status})
        made = await shared_sandbox.refund(await shared_sandbox.paid(), amount=1000)
        if status == "succeeded":
            await shared_sandbox.admin("POST", f"refunds/{made.id}/move", {"status": "failed"})
    for outcome in ("won", "lost", "warning_closed"):
        payment, how = await shared_sandbox.paid(), {"inquiry": outcome == "warning_closed"}
        dispute = await shared_sandbox.admin("POST", f"payments/{payment.id}/dispute", how)
        end = {"outcome": outcome}
        await shared_sandbox.admin("POST", f"disputes/{dispute['id']}/close", end)


@pytest.mark.parametrize(
    "path",
    [
        "checkout/sessions",
        "checkout/sessions?expand[]=data.payment_intent.latest_charge&expand[]=data.line_items",
        "payment_intents",
        "charges",
        "charges?expand[]=data.refunds&expand[]=data.balance_transaction",
        "refunds?limit=100&expand[]=data.failure_balance_transaction.source",
        "disputes?expand[]=data.charge&expand[]=data.balance_transactions.source",
        "balance_transactions",
        "events?limit=100",
    ],
)
async def test_every_field_is_one_of_stripe_s(sandbox: Sandbox, path: str) -> None:
    for answer in await answers(sandbox, path):
        shape = RESOURCES[answer["object"]]
        assert misfits(answer, shape, answer["object"]) == []


async def test_the_object_of_an_event_is_one_of_stripe_s(sandbox: Sandbox) -> None:
    for event in await answers(sandbox, "events?limit=100"):
        subject = event["data"]["object"]
        assert misfits(subject, RESOURCES[subject["object"]], event["type"]) == []
