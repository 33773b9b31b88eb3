"""Disputes in a random walk: the buyers' banks ask for the money back, and somebody decides."""

from contextlib import suppress
from dataclasses import dataclass
from typing import Literal

from stripe_sandbox import disputes
from stripe_sandbox.errors import StripeError
from trials.walk.stage import Stage


@dataclass(frozen=True)
class Dispute:
    """The buyer's bank wants the money back, or asks about it at first."""

    order: int
    inquiry: bool = False

    async def act(self, stage: Stage) -> None:
        """Dispute the order's oldest payment that can be disputed."""
        for charge in stage.charges(stage.orders[self.order]):
            with suppress(StripeError):  # it is disputed already, or nothing is left
                disputes.create(stage.world.account, charge, inquiry=self.inquiry)
                stage.saw("inquiries" if self.inquiry else "disputes")
                return


@dataclass(frozen=True)
class MoveDispute:
    """A dispute goes on, or ends."""

    order: int
    status: Literal[
        "under_review",
        "warning_under_review",
        "needs_response",
        "won",
        "lost",
        "warning_closed",
        "prevented",
    ]

    async def act(self, stage: Stage) -> None:
        """Move the newest dispute that can become this."""
        account = stage.world.account
        for charge in stage.charges(stage.orders[self.order]):
            for dispute in reversed(disputes.of(account, charge)):
                before = dispute["status"]
                if self.status in disputes.MOVES.get(before, ()):
                    disputes.move(account, dispute["id"], self.status)
                elif self.status in disputes.CLOSES.get(before, ()):
                    disputes.close(account, dispute["id"], self.status)
                else:
                    continue
                stage.saw(f"disputes {self.status}")
                return
