"""What comes from Stripe in a random walk: events, money that does not match, and faults."""

import json
from dataclasses import dataclass
from typing import Any, Literal

from stripe_sandbox import payments, sessions
from stripe_sandbox.delivery import signature
from stripe_sandbox.faults import Fault as FaultOfStripe
from stripe_sandbox.faults import Faults, switched_on
from stripe_sandbox.store import Document
from tests.api.world import WEBHOOK_SECRET
from trials.walk.buyers import CARDS
from trials.walk.stage import Broken, Stage

REQUESTS = {
    "create": "POST /v1/checkout/sessions",
    "expire": "POST /v1/checkout/sessions/*/expire",
    "retrieve": "GET /v1/checkout/sessions/*",
    "list": "GET /v1/checkout/sessions",
    "refund": "POST /v1/refunds",
    "list refunds": "GET /v1/refunds",
    "dispute": "GET /v1/disputes*",
}
DELIVERED = {"delivered": True, "last_status": 200}


@dataclass(frozen=True)
class Deliver:
    """Stripe delivers one of its events; those that are never delivered are lost."""

    order: int
    event: int = -1
    times: int = 1

    async def act(self, stage: Stage) -> None:
        """Send an event to the API, signed."""
        if events := stage.events(stage.orders[self.order]):
            for _ in range(self.times):
                await deliver(stage, events[self.event % len(events)])


async def deliver(stage: Stage, event: Document) -> None:
    """Send an event to the API. Raises Broken unless it is taken over."""
    body = json.dumps(event)
    response = await stage.world.api.post(
        "/webhooks/stripe",
        content=body,
        headers={"Stripe-Signature": signature(WEBHOOK_SECRET, body)},
    )
    if response.status_code != 200:
        raise Broken(f"the webhook answered {response.status_code} {response.text}")
    account = stage.world.account
    account.store.put("delivery", event["id"], account.find("delivery", event["id"]) | DELIVERED)
    stage.saw("events delivered")
    stage.saw("events twice", event["id"] in stage.delivered)
    stage.delivered.append(event["id"])


@dataclass(frozen=True)
class DeliverToStrangers:
    """Stripe delivers an event that is not for us: it names no order of ours, or no order."""

    order_id: Literal["", "ord_of_another_shop"] = ""

    async def act(self, stage: Stage) -> None:
        """Let somebody else sell something through the same account."""
        session = _sell_elsewhere(stage, self.order_id, 4500, "eur")
        for event in stage.world.account.store.all("event"):
            if event["data"]["object"]["id"] == session["id"]:
                await deliver(stage, event)
                stage.saw("events for strangers")


@dataclass(frozen=True)
class PayStranger:
    """Somebody is paid through a session that names our order and was not made by us."""

    order: int
    amount: int = 4500
    currency: Literal["eur", "usd"] = "eur"

    async def act(self, stage: Stage) -> None:
        """Let somebody else sell something in our order's name."""
        order_id = stage.orders[self.order]
        session = _sell_elsewhere(stage, order_id, self.amount, self.currency)
        stage.strangers.add(session["id"])
        stage.misfits.add(session["id"])
        stage.saw("strangers' payments")


@dataclass(frozen=True)
class Alter:
    """The session that an order is about to be paid in no longer is what we asked for."""

    order: int
    field: Literal["amount_total", "currency", "livemode"] = "amount_total"

    async def act(self, stage: Stage) -> None:
        """Change the newest session, if it is open."""
        for session in stage.our_sessions(stage.orders[self.order])[-1:]:
            if session["status"] == "open":
                values: dict[str, Any] = {"amount_total": 50, "currency": "usd", "livemode": True}
                session[self.field] = values[self.field]
                stage.world.account.save(session)
                stage.misfits.add(session["id"])
                stage.saw("sessions altered")


@dataclass(frozen=True)
class ReceiverFails:
    """The next times, the system that hears of our orders answers so; 0 is no answer."""

    answers: tuple[int, ...]

    async def act(self, stage: Stage) -> None:
        """Have it fail."""
        stage.world.receiver.answers += self.answers
        stage.saw("receiver's failures", len(self.answers))


@dataclass(frozen=True)
class Fault:
    """From now on Stripe fails in one way, some times."""

    request: Literal["create", "expire", "retrieve", "list", "refund", "list refunds", "dispute"]
    kind: Literal["error_before", "error_after", "error_saved", "timeout_before", "timeout_after"]
    times: int = 1
    status: int = 500

    async def act(self, stage: Stage) -> None:
        """Switch the fault on; those that are on stay on."""
        fault = FaultOfStripe(
            match=REQUESTS[self.request], kind=self.kind, times=self.times, status=self.status
        )
        _switch_on(stage, [*switched_on(stage.world.account).faults, fault])
        stage.saw(_name(fault), self.times)


def no_more_faults(stage: Stage) -> None:
    """Let Stripe and the receiver work from now on; faults that nobody met were none."""
    for fault in switched_on(stage.world.account).faults:
        stage.saw(_name(fault), -(fault.times or 0))
    _switch_on(stage, [])
    stage.world.account.store.put("setting", "refunds", {})
    stage.world.receiver.answers.clear()


def _name(fault: FaultOfStripe) -> str:
    if fault.match == REQUESTS["create"] and fault.kind in ("error_after", "timeout_after"):
        return "sessions made unheard"
    return f"faults {fault.kind}"


def _switch_on(stage: Stage, faults: list[FaultOfStripe]) -> None:
    stage.world.account.store.put("setting", "faults", Faults(faults=faults).model_dump())


def _sell_elsewhere(stage: Stage, order_id: str, amount: int, currency: str) -> Document:
    """Make a session as another shop would, and pay it."""
    account = stage.world.account
    product = {"name": "Something else"}
    price = {"currency": currency, "unit_amount": str(amount), "product_data": product}
    named = {"client_reference_id": order_id, "metadata": {"orderId": order_id}} if order_id else {}
    session = sessions.create(
        account,
        {
            "mode": "payment",
            "line_items": [{"quantity": "1", "price_data": price}],
            "success_url": "http://elsewhere/",
            **named,
        },
        "http://elsewhere",
    )
    payments.pay_by_card(account, session["id"], CARDS["good"])
    return sessions.find(account, session["id"])
