"""What the buyers of a random walk do, and their banks."""

import asyncio
from contextlib import suppress
from dataclasses import dataclass
from typing import Literal

from stripe_sandbox import payments
from stripe_sandbox.account import Account
from stripe_sandbox.errors import StripeError
from trials.walk.stage import Stage
from trials.walk.steps import PassToDeadline

CARDS = {"good": "4242424242424242", "declined": "4000000000000002"}
ACCOUNT = "000123456789"
MAY_REFUSE = (200, 409, 502, 503)


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
        for session in stage.our_sessions(stage.orders[self.order]):
            try:
                self._pay(stage.world.account, session["id"])
            except StripeError as error:  # declined, or not open
                stage.saw("cards declined", error.status == 402)
            else:
                await stage.saw_payment(session["id"])
                return

    def _pay(self, account: Account, session_id: str) -> None:
        if self.how == "bank":
            payments.pay_by_bank(account, session_id, ACCOUNT, by_hand=True)
        else:
            payments.pay_by_card(account, session_id, CARDS[self.how])


@dataclass(frozen=True)
class PayAtDeadline:
    """The buyer pays so many seconds after the deadline, if he still can."""

    order: int
    seconds: int = 0
    how: Literal["good", "bank"] = "good"

    async def act(self, stage: Stage) -> None:
        """Wait until the very second, and pay."""
        await PassToDeadline(self.order, self.seconds).act(stage)
        await Pay(self.order, self.how).act(stage)


@dataclass(frozen=True)
class PayLate:
    """Money comes though the session has expired."""

    order: int

    async def act(self, stage: Stage) -> None:
        """Pay the oldest session that has expired."""
        for session in stage.our_sessions(stage.orders[self.order]):
            if session["status"] == "expired":
                card = CARDS["good"]
                payments.pay_by_card(stage.world.account, session["id"], card, late=True)
                stage.saw("late payments")
                return


@dataclass(frozen=True)
class Settle:
    """The buyer's bank pays, or does not."""

    order: int
    succeeds: bool = True

    async def act(self, stage: Stage) -> None:
        """End the order's delayed payment."""
        for session in stage.our_sessions(stage.orders[self.order]):
            with suppress(StripeError):  # nothing is under way
                payments.settle(stage.world.account, session["id"], succeeds=self.succeeds)
                stage.saw("debits paid" if self.succeeds else "debits failed")


@dataclass(frozen=True)
class Return:
    """The buyer comes back from Stripe's page."""

    order: int

    async def act(self, stage: Stage) -> None:
        """Open the return page of the newest session."""
        for session in stage.our_sessions(stage.orders[self.order])[-1:]:
            await stage.call("GET", f"/return?session_id={session['id']}", (200, 404))


@dataclass(frozen=True)
class Cancel:
    """The buyer gives up."""

    order: int

    async def act(self, stage: Stage) -> None:
        """Ask the API to cancel."""
        await stage.call("POST", f"/orders/{stage.orders[self.order]}/cancel", MAY_REFUSE)
