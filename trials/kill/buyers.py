"""Buyers: each of them carries out one plan."""

import asyncio
import random
from collections.abc import Sequence

from trials.kill.client import DECLINED_CARD, GOOD_CARD, Client, Diary, NoAnswer
from trials.kill.stories import Plan, Story
from trials.kill.stripe import Stripe

_THINKS_SECONDS = 2
_CHECKS_OUT_TIMES = 3


class Buyer:
    """Somebody with a plan, who takes the rest of his chances as they come."""

    def __init__(
        self, plan: Plan, client: Client, stripe: Stripe, diary: Diary, chance: random.Random
    ) -> None:
        self._plan = plan
        self._client = client
        self._stripe = stripe
        self._diary = diary
        self._chance = chance

    async def live(
        self, tickets: Sequence[str], hold_seconds: float, queue: asyncio.Semaphore
    ) -> str | None:
        """Order one of the types of tickets, check out, and do what the plan says.

        Returns the order, None if it never came to anything to pay.
        `queue` is for those who wait for the answers to the first two.
        """
        try:
            async with queue:
                order_id = await self._order(tickets[self._plan.ticket_type])
                session_id = await self._check_out(order_id)
            if session_id:
                await self._think(hold_seconds)
                await self._tell(order_id, session_id, hold_seconds)
                return order_id
        except NoAnswer as asked:
            self._diary.gave_up[str(asked)] += 1
        return None

    async def _order(self, ticket_type_id: str) -> str:
        items = [{"ticket_type_id": ticket_type_id, "quantity": self._plan.quantity}]
        key = {"Idempotency-Key": f"{self._chance.getrandbits(64):x}"}
        answer = await self._client.call("POST", "/orders", {"items": items}, key)
        if answer.code:
            raise NoAnswer(answer.code)
        order_id = str(answer.body["id"])
        self._diary.order_ids.append(order_id)
        return order_id

    async def _check_out(self, order_id: str) -> str | None:
        """Return the session to pay in. Where Stripe refused to make one, the next try may do."""
        for _ in range(_CHECKS_OUT_TIMES):
            answers = await asyncio.gather(
                *(
                    self._client.call("POST", f"/orders/{order_id}/checkout")
                    for _ in range(2 if self._plan.story is Story.PRESS_TWICE else 1)
                )
            )
            sessions = {str(answer.body["session_id"]) for answer in answers if not answer.code}
            if len(sessions) > 1:
                self._diary.strange[f"two sessions for {order_id}"] += 1
            if sessions or not any(answer.code == "session_refused" for answer in answers):
                return next(iter(sessions), None)
            await asyncio.sleep(self._chance.random() * _THINKS_SECONDS)
        return None

    async def _think(self, hold_seconds: float) -> None:
        match self._plan.story:
            case Story.PAY_AT_THE_DEADLINE:
                await asyncio.sleep(hold_seconds - self._chance.random())
            case Story.PAY_BEHIND_THE_DEADLINE:
                await asyncio.sleep(hold_seconds + self._chance.random() * hold_seconds)
            case _:
                await asyncio.sleep(self._chance.random() * _THINKS_SECONDS)

    async def _tell(self, order_id: str, session_id: str, hold_seconds: float) -> None:
        match self._plan.story:
            case Story.NEVER_PAY:
                return
            case Story.CANCEL:
                await self._cancel(order_id)
            case Story.PAY_AND_CANCEL:
                await asyncio.gather(self._pay(session_id), self._cancel(order_id))
            case Story.CANCEL_AND_BE_CHARGED:
                await self._cancel(order_id)
                await self._stripe.charge_late(session_id)
            case Story.PAY_BEHIND_THE_DEADLINE:
                await self._stripe.charge_late(session_id)
            case Story.PAY_BY_BANK | Story.PAY_BY_BANK_IN_VAIN:
                await self._pay_by_bank(order_id, session_id, hold_seconds)
            case Story.PAY_A_STRANGER:
                await self._stripe.pay_a_stranger(order_id)
                if self._chance.random() < 0.5:
                    await self._pay(session_id)
            case _:
                await self._pay(session_id)

    async def _pay(self, session_id: str) -> None:
        if self._plan.story is Story.DECLINE_THEN_PAY:
            await self._stripe.pay(session_id, DECLINED_CARD)
        await self._stripe.pay(session_id, GOOD_CARD)
        if self._plan.story is Story.PAY_AND_RETURN:
            await self._client.call("GET", f"/return?session_id={session_id}")

    async def _cancel(self, order_id: str) -> None:
        await self._client.call("POST", f"/orders/{order_id}/cancel")

    async def _pay_by_bank(self, order_id: str, session_id: str, hold_seconds: float) -> None:
        """Pay by a debit that takes a while; a buyer whose debit failed gives the order up.

        If the event of a failed debit is lost, Stripe is asked once a day: too long for a run.
        """
        if not await self._stripe.begin_debit(session_id):
            return
        await asyncio.sleep(self._chance.random() * hold_seconds)
        succeeds = self._plan.story is Story.PAY_BY_BANK
        await self._stripe.end_debit(session_id, succeeds=succeeds)
        if not succeeds:
            await asyncio.sleep(self._chance.random() * _THINKS_SECONDS)
            await self._cancel(order_id)
