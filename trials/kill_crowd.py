"""All buyers of a run."""

import asyncio
import random
from collections.abc import Iterable, Sequence

import aiohttp

from onebox.tokens import bearer_token
from trials.kill_buyers import Buyer, Plan
from trials.kill_client import Client, Diary
from trials.kill_machine import Machine
from trials.kill_stripe import Stripe


class Crowd:
    """Buyers who choose among `ticket_types` and keep one diary."""

    def __init__(
        self,
        http: aiohttp.ClientSession,
        machine: Machine,
        stripe: Stripe,
        ticket_types: Sequence[str],
        hold_seconds: float,
    ) -> None:
        self.diary = Diary()
        self._http = http
        self._machine = machine
        self._stripe = stripe
        self._ticket_types = ticket_types
        self._hold_seconds = hold_seconds

    async def live(self, plans: Iterable[Plan]) -> None:
        """Let all of them carry out their plans; return when the last one is done."""
        async with asyncio.TaskGroup() as group:
            for number, plan in enumerate(plans):
                buyer = self._buyer(number, plan)
                group.create_task(buyer.live(self._ticket_types, self._hold_seconds))

    def _buyer(self, number: int, plan: Plan) -> Buyer:
        token = bearer_token(self._machine.site.secrets.auth_jwt_secret, f"buyer-{number}")
        chance = random.Random(plan.seed)  # noqa: S311 - to be repeated, not to be secret
        client = Client(self._http, self._machine.api_urls, token, chance, self.diary)
        return Buyer(plan, client, self._stripe, self.diary, chance)
