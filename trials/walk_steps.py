"""The steps of a random walk: what buyers, webhooks, operators, clocks and Stripe's faults do.

A step prints as the Python that makes it, so that a script which failed can be pasted into a test.
Orders are named by their place on the stage; a step that makes no sense yet does nothing.
"""

import asyncio
import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import timedelta
from typing import Literal, Protocol

from temporalio.service import RPCError, RPCStatusCode

from stripe_sandbox import payments
from stripe_sandbox.delivery import signature
from stripe_sandbox.errors import StripeError
from tests.api.world import WEBHOOK_SECRET
from trials.walk_stage import Broken, Stage

CARDS = {"good": "4242424242424242", "declined": "4000000000000002"}
ACCOUNT = "000123456789"
REQUESTS = {
    "create": "POST /v1/checkout/sessions",
    "expire": "POST /v1/checkout/sessions/*/expire",
    "retrieve": "GET /v1/checkout/sessions/*",
    "list": "GET /v1/checkout/sessions",
    "refund": "POST /v1/refunds",
}
MAY_REFUSE = (200, 409, 502, 503)


class Step(Protocol):
    """One thing that happens."""

    async def act(self, stage: Stage) -> None:
        """Let it happen. Raises Broken when the answer must not be."""


@dataclass(frozen=True)
class Checkout:
    """The buyer wants to pay, and may press the button twice."""

    order: int
    times: int = 1

    async def act(self, stage: Stage) -> None:
        """Ask the API for a session."""
        path = f"/orders/{stage.orders[self.order]}/checkout"
        calls = (stage.call("POST", path, MAY_REFUSE) for _ in range(self.times))
        await asyncio.gather(*calls)


@dataclass(frozen=True)
class Pay:
    """The buyer pays on Stripe's page, if a session of his is open."""

    order: int
    how: Literal["good", "declined", "bank"] = "good"

    async def act(self, stage: Stage) -> None:
        """Pay the oldest session that is open."""
        account = stage.world.account
        for session in stage.sessions(stage.orders[self.order]):
            with suppress(StripeError):  # declined, or not open
                if self.how == "bank":
                    payments.pay_by_bank(account, session["id"], ACCOUNT, by_hand=True)
                else:
                    payments.pay_by_card(account, session["id"], CARDS[self.how])
                return


@dataclass(frozen=True)
class Settle:
    """The buyer's bank pays, or does not."""

    order: int
    succeeds: bool = True

    async def act(self, stage: Stage) -> None:
        """End the order's delayed payment."""
        for session in stage.sessions(stage.orders[self.order]):
            with suppress(StripeError):  # nothing is under way
                payments.settle(stage.world.account, session["id"], succeeds=self.succeeds)


@dataclass(frozen=True)
class Return:
    """The buyer comes back from Stripe's page."""

    order: int

    async def act(self, stage: Stage) -> None:
        """Open the return page of the newest session."""
        for session in stage.sessions(stage.orders[self.order])[-1:]:
            await stage.call("GET", f"/return?session_id={session['id']}", (200, 404))


@dataclass(frozen=True)
class Deliver:
    """Stripe delivers one of its events; those that are never delivered are lost."""

    order: int
    event: int = -1
    times: int = 1

    async def act(self, stage: Stage) -> None:
        """Send an event to the API, signed."""
        if events := stage.events(stage.orders[self.order]):
            body = json.dumps(events[self.event % len(events)])
            for _ in range(self.times):
                await deliver(stage, body)


async def deliver(stage: Stage, body: str) -> None:
    """Send an event to the API. Raises Broken unless it is taken over."""
    response = await stage.world.api.post(
        "/webhooks/stripe",
        content=body,
        headers={"Stripe-Signature": signature(WEBHOOK_SECRET, body)},
    )
    if response.status_code != 200:
        raise Broken(f"the webhook answered {response.status_code} {response.text}")


@dataclass(frozen=True)
class Cancel:
    """The buyer gives up."""

    order: int

    async def act(self, stage: Stage) -> None:
        """Ask the API to cancel."""
        await stage.call("POST", f"/orders/{stage.orders[self.order]}/cancel", MAY_REFUSE)


@dataclass(frozen=True)
class RequestCancellation:
    """An operator presses Request Cancellation."""

    order: int

    async def act(self, stage: Stage) -> None:
        """Cancel the workflow."""
        with _whether_or_not_it_runs():
            await stage.checkout(self.order).cancel()


@dataclass(frozen=True)
class Terminate:
    """An operator presses Terminate."""

    order: int

    async def act(self, stage: Stage) -> None:
        """End the workflow where it stands."""
        with _whether_or_not_it_runs():
            await stage.world.clock.terminate(await stage.running_checkout(self.order))


@dataclass(frozen=True)
class Reconcile:
    """The reconciler's time has come."""

    async def act(self, stage: Stage) -> None:
        """Run it."""
        await stage.reconcile()


@dataclass(frozen=True)
class Pass:
    """Time passes."""

    seconds: int

    async def act(self, stage: Stage) -> None:
        """Skip it."""
        await stage.world.let_pass(timedelta(seconds=self.seconds))


@dataclass(frozen=True)
class PassToDeadline:
    """Time passes until so many seconds after an order's deadline."""

    order: int
    seconds: int = 0

    async def act(self, stage: Stage) -> None:
        """Skip it."""
        if deadline := await stage.deadline(stage.orders[self.order]):
            now = await stage.world.environment.get_current_time()
            await stage.world.let_pass(deadline + timedelta(seconds=self.seconds) - now)


@dataclass(frozen=True)
class Fault:
    """From now on Stripe fails in one way, some times."""

    request: Literal["create", "expire", "retrieve", "list", "refund"]
    kind: Literal["error_before", "error_after", "error_saved", "timeout_before", "timeout_after"]
    times: int = 1
    status: int = 500

    async def act(self, stage: Stage) -> None:
        """Switch the fault on."""
        await stage.world.fault(REQUESTS[self.request], self.kind, self.times, status=self.status)


@dataclass(frozen=True)
class AtOnce:
    """Several things happen at the same time."""

    steps: Sequence[Step]

    async def act(self, stage: Stage) -> None:
        """Let all happen."""
        await asyncio.gather(*(step.act(stage) for step in self.steps))


@contextmanager
def _whether_or_not_it_runs() -> Iterator[None]:
    try:
        yield
    except RPCError as error:
        if error.status is not RPCStatusCode.NOT_FOUND:
            raise
