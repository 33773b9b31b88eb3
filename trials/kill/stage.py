"""What a kill run plays on: everything that runs, and how people reach it."""

import random
from dataclasses import dataclass

import aiohttp
from temporalio.client import Client as Temporal

from onebox.shop import Shop
from onebox.tokens import bearer_token
from trials.kill.client import Apis, Client, Diary
from trials.kill.machine import Machine
from trials.kill.receiver import Receiver
from trials.kill.stripe import Stripe


@dataclass(frozen=True)
class Stage:
    """The machine, and connections to it that outlive its processes."""

    machine: Machine
    http: aiohttp.ClientSession
    temporal: Temporal
    stripe: Stripe
    receiver: Receiver
    patience_seconds: float

    def client(self, user: str, chance: random.Random, diary: Diary, scope: str = "") -> Client:
        """Return a user's client of both APIs."""
        apis = Apis(self.http, self.machine.api_urls, self.patience_seconds)
        return Client(apis, self._token(user, scope), chance, diary)

    async def put_on_sale(self, orders: int) -> list[str]:
        """Put tickets on sale, plenty of one type, too few of the other; return their ids."""
        token = self._token("box-office", "catalog:write")
        shop = Shop(self.http, self.machine.site.api_url, token)
        price = {"unit_price_cents": 4500, "currency": "eur"}
        made = [
            await shop.add_ticket_type(price | {"name": name, "capacity": capacity})
            for name, capacity in (("Plenty", 10 * orders), ("Scarce", max(1, orders // 2)))
        ]
        return [ticket_type["id"] for ticket_type in made]

    def _token(self, user: str, scope: str) -> str:
        return bearer_token(self.machine.site.secrets.auth_jwt_secret, user, scope)
