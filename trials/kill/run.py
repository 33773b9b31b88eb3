"""One kill run from start to end: trouble, then calm, and the books."""

import asyncio
import random
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
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
from onebox.site import Site
from trials.kill.bookkeeper import Bookkeeper
from trials.kill.books import Books
from trials.kill.client import Diary
from trials.kill.machine import running_machine
from trials.kill.operator import give_back_by_hand, let_a_day_pass, reconcile_often
from trials.kill.points import Points
from trials.kill.receiver import Receiver
from trials.kill.report import say_duration, say_offence, say_points, say_table
from trials.kill.scale import Scale
from trials.kill.stage import Stage
from trials.kill.stripe import Stripe
from trials.kill.trouble import make_trouble
from trials.kill.verdict import offences
from trials.kill.weather import settle_refunds

_SETTLED_WITHIN_SECONDS = 300
_LOOK_EVERY_SECONDS = 1
_NOT_READABLE_YET = (SQLAlchemyError, RPCError, RuntimeError, OSError, aiohttp.ClientError)


async def run(scale: Scale, directory: Path) -> bool:
    """Do it all in an empty directory and print the table; say whether every promise held."""
    began = time.monotonic()
    points = Points(_new(directory / "points"), scale.points)
    receiver = Receiver(random.Random(scale.seed))  # noqa: S311
    async with (
        aiohttp.ClientSession() as http,
        # The sandbox drops connections that nobody uses: each call gets its own.
        aiohttp.ClientSession(connector=aiohttp.TCPConnector(force_close=True)) as to_stripe,
        receiver.up(),
        running_machine(directory, http, partial(_worker, scale, points, receiver)) as machine,
        _database(machine.site) as database,
        asyncio.TaskGroup() as group,
    ):
        temporal = await Temporal.connect(f"{HOST}:{machine.site.ports.temporal}")
        stripe = Stripe(
            to_stripe, machine.site.stripe_sandbox_url, machine.site.secrets.stripe_secret_key
        )
        bookkeeper = Bookkeeper(database, temporal, stripe, receiver)
        background = [
            group.create_task(machine.keep_up()),
            group.create_task(settle_refunds(stripe, random.Random(scale.seed))),  # noqa: S311
            group.create_task(reconcile_often(temporal, every_seconds=scale.hold_seconds)),
        ]
        diary = await make_trouble(
            scale, Stage(machine, http, temporal, stripe, receiver, scale.patience_seconds), points
        )
        calm_since = time.monotonic()
        books = await _settled(bookkeeper, temporal, stripe, diary)
        for task in background:
            task.cancel()
        now = time.monotonic()
        found = offences(books, diary.order_ids)
        diary.strange += receiver.strange
        say_table(books, machine, diary, receiver, found)
        if points.wanted:
            say_points(points)
        say_duration(now - began, now - calm_since)
        for offence in found:
            say_offence(offence, await bookkeeper.story(offence.subject))
        return not (found or diary.strange)
    raise AssertionError("the block returns")


def _worker(scale: Scale, points: Points, receiver: Receiver, site: Site) -> Process:
    own = {
        "CHECKOUT_TIMEOUT_SECONDS": str(scale.hold_seconds),
        "OUTGOING_WEBHOOK_URL": receiver.url,
        "OUTGOING_WEBHOOK_SECRET": receiver.secret,
    }
    if not points.wanted:
        return product.worker(site, **own)
    words = ["-m", "trials.kill.dying_worker", points.directory]
    return site.python("worker", words, site.environment() | own)


@asynccontextmanager
async def _database(site: Site) -> AsyncIterator[Database]:
    database = Database(site.database_url)
    try:
        yield database
    finally:
        await database.close()


async def _settled(
    bookkeeper: Bookkeeper, temporal: Temporal, stripe: Stripe, diary: Diary
) -> Books:
    """Wait until nothing is in flight, but not for ever; return the books as they then are.

    Books that lie are read again as well: money whose event was lost is on its way, too.
    """
    give_up_at = time.monotonic() + _SETTLED_WITHIN_SECONDS
    while True:
        try:
            books = await bookkeeper.read()
            is_settled = books.are_closed and not offences(books, diary.order_ids)
            if is_settled or time.monotonic() > give_up_at:
                return books
            if not books.await_money:
                await let_a_day_pass(temporal, books)
            if books.are_closed:
                diary.pressed["given back by hand"] += await give_back_by_hand(books, stripe)
        except _NOT_READABLE_YET:
            if time.monotonic() > give_up_at:
                raise
        await asyncio.sleep(_LOOK_EVERY_SECONDS)


def _new(directory: Path) -> Path:
    directory.mkdir()
    return directory
