"""What comes of a payment: operators, Stripe's dashboard and the buyer's bank give money back."""

import asyncio
import random
import time

from trials.kill.client import Answer, Client, Diary
from trials.kill.stories import Aftermath
from trials.kill.stripe import Stripe

_PAUSE_SECONDS = 4
_LOOKS_EVERY_SECONDS = 2
_PRESSES = 3
_SOME_CENTS, _MOST_OF_ONE_TICKET_CENTS = 1500, 3000  # a ticket costs 4500


class Desk:
    """Operators who give money of one order back, each time with an Idempotency-Key."""

    def __init__(
        self, order_id: str, operator: Client, stripe: Stripe, diary: Diary, chance: random.Random
    ) -> None:
        self._order_id = order_id
        self._operator = operator
        self._stripe = stripe
        self._diary = diary
        self._chance = chance

    async def see_to(self, aftermath: Aftermath, patience_seconds: float) -> None:
        """Do it; operators look for so long whether the order is PAID, Stripe's do not."""
        await self._pause()
        match aftermath:
            case Aftermath.NOTHING:
                return
            case Aftermath.REFUND_IN_DASHBOARD:
                await self._refund_in_dashboard()
            case Aftermath.DISPUTE_LOST:
                await self._dispute("lost")
            case Aftermath.DISPUTE_WON:
                await self._dispute("won")
            case Aftermath.DISPUTE_AND_REFUND:
                await asyncio.gather(self._dispute("won"), self._refund(None))
            case Aftermath.INQUIRY:
                await self._dispute("warning_closed")
            case _:
                if await self._is_paid(patience_seconds):
                    await self._give_back(aftermath)

    async def _give_back(self, aftermath: Aftermath) -> None:
        match aftermath:
            case Aftermath.REFUND_A_PART:
                await self._refund(_SOME_CENTS)
            case Aftermath.REFUND_BY_TWO:
                most = _MOST_OF_ONE_TICKET_CENTS
                await asyncio.gather(self._refund(most), self._refund(most))
            case Aftermath.REFUND_EVERYWHERE:
                await asyncio.gather(self._refund(None), self._refund_in_dashboard())
            case Aftermath.REFUND_COMES_BACK:
                await self._refund(None)
                await self._pause()
                await self._stripe.let_refunds_come_back(self._order_id)
            case _:
                await self._refund(None)

    async def _is_paid(self, patience_seconds: float) -> bool:
        give_up_at = time.monotonic() + patience_seconds
        while time.monotonic() < give_up_at:
            order = await self._operator.call("GET", f"/orders/{self._order_id}")
            if order.body["status"] != "CREATED":
                return bool(order.body["status"] == "PAID")
            await asyncio.sleep(_LOOKS_EVERY_SECONDS)
        return False

    async def _refund(self, amount_cents: int | None) -> None:
        """Press several times at once, and once more when the answer has long been there."""
        key = f"refund-{self._chance.getrandbits(64):x}"
        self._diary.asked["by operators"] += 1
        answers = await asyncio.gather(
            *(self._press(key, amount_cents) for _ in range(self._chance.randint(1, _PRESSES)))
        )
        await self._pause()
        answers.append(await self._press(key, amount_cents))
        if len({answer.body["id"] for answer in answers if not answer.code}) > 1:
            self._diary.strange[f"two refunds for one key of {self._order_id}"] += 1

    async def _press(self, key: str, amount_cents: int | None) -> Answer:
        body: dict[str, object] = {"reason": "asked for by the buyer"}
        if amount_cents is not None:
            body["amount_cents"] = amount_cents
        path = f"/orders/{self._order_id}/refunds"
        return await self._operator.call("POST", path, body, {"Idempotency-Key": key})

    async def _refund_in_dashboard(self) -> None:
        amount = self._chance.choice((None, _SOME_CENTS))
        for intent in await self._stripe.payments_of(self._order_id):
            made = await self._stripe.refund_in_dashboard(intent, amount)
            self._diary.asked["in the dashboard"] += made

    async def _dispute(self, outcome: str) -> None:
        for intent in await self._stripe.payments_of(self._order_id):
            inquiry = outcome == "warning_closed"
            dispute_id = await self._stripe.dispute(intent, inquiry=inquiry)
            if dispute_id is None:
                continue
            await self._pause()
            if self._chance.random() < 0.8:
                await self._stripe.close_dispute(dispute_id, outcome)

    async def _pause(self) -> None:
        await asyncio.sleep(self._chance.random() * _PAUSE_SECONDS)
