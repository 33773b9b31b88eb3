"""Buyers: what each of them will do is drawn before the run, from its seed."""

import asyncio
import random
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from trials.kill_client import DECLINED_CARD, GOOD_CARD, Client, Diary, NoAnswer
from trials.kill_stripe import Stripe

_THINKS_SECONDS = 2


class Story(StrEnum):
    """What a buyer does once there is something to pay."""

    PAY_AND_RETURN = "pays and returns"
    PAY_AND_VANISH = "pays and vanishes"
    DECLINE_THEN_PAY = "is declined, then pays"
    PAY_AT_THE_DEADLINE = "pays at the deadline"
    NEVER_PAY = "never pays"
    CANCEL = "cancels"
    PAY_AND_CANCEL = "pays and cancels at once"
    PAY_BY_BANK = "pays by bank debit, which takes a while"
    PRESS_TWICE = "presses twice, then pays"


@dataclass(frozen=True)
class Plan:
    """One buyer; `seed` is for the rest of the chances he takes."""

    starts_at_seconds: float
    story: Story
    ticket_type: int
    quantity: int
    seed: int


def draw(chance: random.Random, orders: int, seconds: float, ticket_types: int) -> list[Plan]:
    """Draw the plans of as many buyers, who come at a steady pace for some seconds."""
    return [
        Plan(
            starts_at_seconds=number * seconds / orders,
            story=chance.choice(list(Story)),
            ticket_type=chance.randrange(ticket_types),
            quantity=chance.randint(1, 3),
            seed=chance.getrandbits(32),
        )
        for number in range(orders)
    ]


class Buyer:
    """Carries out one plan."""

    def __init__(
        self, plan: Plan, client: Client, stripe: Stripe, diary: Diary, chance: random.Random
    ) -> None:
        self._plan = plan
        self._client = client
        self._stripe = stripe
        self._diary = diary
        self._chance = chance

    async def live(self, ticket_types: Sequence[str], hold_seconds: float) -> None:
        """Order, check out, and do what the plan says."""
        await asyncio.sleep(self._plan.starts_at_seconds)
        try:
            order_id = await self._order(ticket_types[self._plan.ticket_type])
            session = await self._check_out(order_id)
            if session:
                await self._tell(order_id, session, hold_seconds)
        except NoAnswer:
            self._diary.gave_up += 1

    async def _order(self, ticket_type_id: str) -> str:
        items = [{"ticket_type_id": ticket_type_id, "quantity": self._plan.quantity}]
        key = {"Idempotency-Key": f"{self._chance.getrandbits(64):x}"}
        answer = await self._client.call("POST", "/orders", {"items": items}, key)
        if answer.code:
            raise NoAnswer(answer.code)
        order_id = str(answer.body["id"])
        self._diary.order_ids.append(order_id)
        return order_id

    async def _check_out(self, order_id: str) -> dict[str, Any] | None:
        path = f"/orders/{order_id}/checkout"
        if self._plan.story is not Story.PRESS_TWICE:
            answer = await self._client.call("POST", path)
            return None if answer.code else answer.body
        both = await asyncio.gather(*(self._client.call("POST", path) for _ in range(2)))
        sessions = [answer.body for answer in both if not answer.code]
        if len({session["session_id"] for session in sessions}) > 1:
            self._diary.strange[f"two sessions for {order_id}"] += 1
        return sessions[0] if sessions else None

    async def _tell(self, order_id: str, session: dict[str, Any], hold_seconds: float) -> None:
        session_id = str(session["session_id"])
        late = self._plan.story is Story.PAY_AT_THE_DEADLINE
        await asyncio.sleep(
            hold_seconds - self._chance.random()
            if late
            else self._chance.random() * _THINKS_SECONDS
        )
        match self._plan.story:
            case Story.NEVER_PAY:
                return
            case Story.CANCEL:
                await self._client.call("POST", f"/orders/{order_id}/cancel")
                return
            case Story.PAY_AND_CANCEL:
                await asyncio.gather(
                    self._stripe.pay(session_id, GOOD_CARD),
                    self._client.call("POST", f"/orders/{order_id}/cancel"),
                )
                return
            case Story.PAY_BY_BANK:
                await self._stripe.pay_by_bank(session_id, self._chance.random() * _THINKS_SECONDS)
                return
            case Story.DECLINE_THEN_PAY:
                await self._stripe.pay(session_id, DECLINED_CARD)
        await self._stripe.pay(session_id, GOOD_CARD)
        if self._plan.story is Story.PAY_AND_RETURN:
            await self._client.call("GET", f"/return?session_id={session_id}")
