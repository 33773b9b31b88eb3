"""One kill run from start to end: load, storm and kills; then calm, and the books."""

import asyncio
import random
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import aiohttp
from sqlalchemy.exc import SQLAlchemyError
from temporalio.client import Client as Temporal
from temporalio.service import RPCError

from database.engine import Database
from onebox import product
from onebox.ports import HOST
from onebox.processes import Process
from onebox.shop import Shop
from onebox.site import Site
from onebox.tokens import bearer_token
from trials.kill_books import Bookkeeper, Books
from trials.kill_buyers import draw
from trials.kill_client import Diary
from trials.kill_crowd import Crowd
from trials.kill_killer import POINT_EVERY_SECONDS, kill_at_points, kill_at_random
from trials.kill_machine import Machine, running_machine
from trials.kill_operator import reconcile_often
from trials.kill_points import Points, all_points
from trials.kill_report import say_offence, say_points, say_table
from trials.kill_stripe import Stripe
from trials.kill_verdict import offences

_ORDERS_PER_SECOND = 2.5
_SETTLED_WITHIN_SECONDS = 300
_LOOK_EVERY_SECONDS = 1
_NOT_READABLE_YET = (SQLAlchemyError, RPCError, RuntimeError, OSError, aiohttp.ClientError)


@dataclass(frozen=True)
class Scale:
    """How much, and how: the same seed draws the same buyers, faults and kills."""

    orders: int
    seed: int
    hold_seconds: int = 15
    at_points: bool = False

    @property
    def load_seconds(self) -> float:
        """For how long buyers come: as fast as two cores can, or until all points are armed."""
        seconds = self.orders / _ORDERS_PER_SECOND
        return max(seconds, len(all_points()) * POINT_EVERY_SECONDS) if self.at_points else seconds


async def run(scale: Scale, directory: Path) -> bool:
    """Do it all in an empty directory and print the table; say whether every promise held."""
    points = Points(_new(directory / "points")) if scale.at_points else None
    async with (
        aiohttp.ClientSession() as http,
        running_machine(directory, http, partial(_worker, scale, points)) as machine,
        _database(machine.site) as database,
        asyncio.TaskGroup() as group,
    ):
        temporal = await Temporal.connect(f"{HOST}:{machine.site.ports.temporal}")
        stripe = Stripe(http, machine.site.stripe_sandbox_url)
        bookkeeper = Bookkeeper(database, temporal, stripe)
        background = [
            group.create_task(machine.keep_up()),
            group.create_task(reconcile_often(temporal, every_seconds=scale.hold_seconds)),
        ]
        diary = await _trouble(scale, machine, http, points)
        books = await _settled(bookkeeper)
        for task in background:
            task.cancel()
        found = offences(books, diary.order_ids)
        say_table(books, machine, diary, found)
        if points:
            say_points(points)
        for offence in found:
            say_offence(offence, await bookkeeper.story(offence.subject))
        return not (found or diary.strange)
    raise AssertionError("the block returns")


def _worker(scale: Scale, points: Points | None, site: Site) -> Process:
    if points is None:
        return product.worker(site, CHECKOUT_TIMEOUT_SECONDS=scale.hold_seconds)
    hold = {"CHECKOUT_TIMEOUT_SECONDS": str(scale.hold_seconds)}
    words = ["-m", "trials.worker_with_points", points.directory]
    return site.python("worker", words, site.environment() | hold)


async def _trouble(
    scale: Scale, machine: Machine, http: aiohttp.ClientSession, points: Points | None
) -> Diary:
    """Let the buyers come under faults and kills; return what they saw, when all is calm again."""
    chance = random.Random(scale.seed)  # noqa: S311 - to be repeated, not to be secret
    stripe = Stripe(http, machine.site.stripe_sandbox_url)
    ticket_types = await _put_on_sale(machine.site, http, scale.orders)
    plans = draw(chance, scale.orders, scale.load_seconds, len(ticket_types))
    crowd = Crowd(http, machine, stripe, ticket_types, scale.hold_seconds)
    async with asyncio.TaskGroup() as group:
        trouble = [
            group.create_task(stripe.storm(_child(chance), machine.api_urls)),
            group.create_task(
                kill_at_points(points, _child(chance))
                if points
                else kill_at_random(machine, _child(chance))
            ),
        ]
        await crowd.live(plans)
        await asyncio.sleep(scale.hold_seconds)  # the last deadlines shall see kills too
        for task in trouble:
            task.cancel()
    await stripe.calm(machine.site.api_url)
    return crowd.diary


async def _put_on_sale(site: Site, http: aiohttp.ClientSession, orders: int) -> list[str]:
    """Put tickets on sale: plenty of one type, too few of the other."""
    token = bearer_token(site.secrets.auth_jwt_secret, "box-office", "catalog:write")
    shop = Shop(http, site.api_url, token)
    price = {"unit_price_cents": 4500, "currency": "eur"}
    made = [
        await shop.add_ticket_type(price | {"name": name, "capacity": capacity})
        for name, capacity in (("Plenty", 10 * orders), ("Scarce", max(1, orders // 4)))
    ]
    return [ticket_type["id"] for ticket_type in made]


@asynccontextmanager
async def _database(site: Site) -> AsyncIterator[Database]:
    database = Database(site.database_url)
    try:
        yield database
    finally:
        await database.close()


async def _settled(bookkeeper: Bookkeeper) -> Books:
    """Wait until nothing is in flight, but not for ever; return the books as they then are."""
    give_up_at = time.monotonic() + _SETTLED_WITHIN_SECONDS
    while True:
        try:
            books = await bookkeeper.read()
            if books.are_closed or time.monotonic() > give_up_at:
                return books
        except _NOT_READABLE_YET:
            if time.monotonic() > give_up_at:
                raise
        await asyncio.sleep(_LOOK_EVERY_SECONDS)


def _child(chance: random.Random) -> random.Random:
    return random.Random(chance.getrandbits(64))  # noqa: S311


def _new(directory: Path) -> Path:
    directory.mkdir()
    return directory
