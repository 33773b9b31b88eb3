"""Money on its way back in a random walk: who wants it back, and what becomes of it."""

import asyncio
from contextlib import suppress
from dataclasses import dataclass
from typing import Literal

from stripe_sandbox import refunds
from stripe_sandbox.errors import StripeError
from stripe_sandbox.ledger import ledger
from stripe_sandbox.store import Document
from tests.orders import PRICE
from trials.walk.stage import Broken, Stage

# 404 is no answer here: the order is there. 502 is what Stripe refused.
MAY_REFUSE = (201, 409, 422, 502, 503)
PART = PRICE // 3
TOO_MUCH = 100 * PRICE


@dataclass(frozen=True)
class Refund:
    """An operator has money given back, with one key for all the times that he asks."""

    order: int
    key: Literal["a", "b", "c"] = "a"
    amount: int | None = None
    times: int = 1

    async def act(self, stage: Stage) -> None:
        """Ask the API; the key goes to Stripe as the reason."""
        order_id = stage.orders[self.order]
        key = f"{order_id} {self.key}"
        wanted = {"reason": key} | ({"amount_cents": self.amount} if self.amount else {})
        calls = (
            stage.operate(f"/orders/{order_id}/refunds", wanted, MAY_REFUSE, key)
            for _ in range(self.times)
        )
        for response in await asyncio.gather(*calls):
            if response and response.status_code == 201:
                if self.amount == TOO_MUCH:
                    raise Broken(f"{order_id} is to get more back than it paid")
                stage.refunds_of_key[key].add(response.json()["id"])
            stage.saw(f"refunds {response.status_code if response else 'not waited for'}")


@dataclass(frozen=True)
class NextRefund:
    """Stripe's next refund is at first not what it would be by itself."""

    status: Literal["pending", "requires_action", "failed"]

    async def act(self, stage: Stage) -> None:
        """Switch that on."""
        account = stage.world.account
        account.store.put("setting", "refunds", {"next": self.status, "times": 1})


@dataclass(frozen=True)
class RefundInDashboard:
    """Somebody gives money back in Stripe's dashboard."""

    order: int
    amount: int | None = None

    async def act(self, stage: Stage) -> None:
        """Give back of the order's oldest payment that has something left."""
        for charge in stage.charges(stage.orders[self.order]):
            with suppress(StripeError):  # nothing, or not so much, is left
                refunds.begin(stage.world.account, charge, self.amount)
                stage.saw("refunds in the dashboard")
                return


@dataclass(frozen=True)
class MoveRefund:
    """Stripe says something new of a refund, and tells of it by an event."""

    order: int
    status: Literal["succeeded", "failed", "canceled", "requires_action", "pending"]

    async def act(self, stage: Stage) -> None:
        """Move the newest refund that can become this."""
        for charge in stage.charges(stage.orders[self.order]):
            for refund in reversed(stage.refunds(charge)):
                if self.status in refunds.MOVES[refund["status"]]:
                    self._move(stage, refund)
                    return

    def _move(self, stage: Stage, refund: Document) -> None:
        before = refund["status"]
        refunds.move(stage.world.account, refund["id"], self.status)
        stage.saw(f"refunds {before} → {self.status}")


def end_refunds(stage: Stage) -> None:
    """Let all refunds that are under way succeed."""
    for order_id in stage.orders:
        for refund in ledger(stage.world.account, order_id)["refunds"]:
            if "succeeded" in refunds.MOVES[refund["status"]]:
                refunds.move(stage.world.account, refund["id"], "succeeded")
