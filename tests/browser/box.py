"""A box without its demonstration: the same pieces as `run.py` starts, for a browser to visit."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp

from onebox import product
from onebox.ports import ANY, choose
from onebox.shop import Shop
from onebox.site import Site
from onebox.state import load_secrets
from onebox.supervisor import Supervisor
from onebox.temporal import temporal, temporal_ready_url
from onebox.tokens import bearer_token


@dataclass(frozen=True)
class Box:
    """A running box, and what can be asked of it over HTTP."""

    site: Site
    http: aiohttp.ClientSession

    @property
    def origins(self) -> tuple[str, str]:
        """Where a buyer's browser may go: the API and Stripe's payment page, nowhere else."""
        return self.site.api_url, self.site.stripe_sandbox_url

    async def checkout(self, user: str = "alice") -> tuple[str, dict[str, Any]]:
        """Order two tickets and start paying; return the order's id and the session."""
        box_office, buyer = self.shop("box-office", "catalog:write"), self.shop(user)
        tickets = await box_office.add_ticket_type(
            {"name": "Concert", "unit_price_cents": 4500, "currency": "eur", "capacity": 10}
        )
        order = await buyer.order(tickets["id"], quantity=2)
        return order["id"], await buyer.checkout(order["id"])

    def return_page(self, session: dict[str, Any]) -> str:
        """Where Stripe sends a buyer who has paid."""
        return f"{self.site.api_url}/return?session_id={session['session_id']}"

    async def final_status(self, order_id: str) -> str:
        """Wait for the order's end and return its status."""
        return str((await self.shop("alice").final_order(order_id))["status"])

    async def stripe(self, method: str, path: str, body: dict[str, Any]) -> None:
        """Do something to the Stripe sandbox by its admin API."""
        url = f"{self.site.stripe_sandbox_url}/_sandbox/{path}"
        async with self.http.request(method, url, json=body) as answer:
            answer.raise_for_status()

    def shop(self, sub: str, scope: str = "") -> Shop:
        """Return the API as a user calls it."""
        token = bearer_token(self.site.secrets.auth_jwt_secret, sub, scope)
        return Shop(self.http, self.site.api_url, token)


@asynccontextmanager
async def running_box(directory: Path, database_url: str) -> AsyncIterator[Box]:
    """Run Temporal, the Stripe sandbox, the worker and the API for the length of the block."""
    site = Site(directory, choose(ANY), load_secrets(directory), database_url)
    async with aiohttp.ClientSession() as http:
        supervisor = Supervisor(http)
        try:
            await _start(supervisor, site)
            yield Box(site, http)
        finally:
            supervisor.stop_all()


async def _start(supervisor: Supervisor, site: Site) -> None:
    engine, stripe = temporal(site), product.stripe_sandbox(site)
    worker, api = product.worker(site), product.api(site)
    supervisor.start(engine)
    supervisor.start(stripe)
    await supervisor.ready(engine, temporal_ready_url(site))
    supervisor.start(worker)
    supervisor.start(api)
    await supervisor.ready(stripe, f"{site.stripe_sandbox_url}/_sandbox/health")
    await supervisor.ready(api, f"{site.api_url}/readyz")
