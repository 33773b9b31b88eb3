"""The rush: ten times as many buyers as there are tickets, all of one type, all at once."""

import time
from collections.abc import Sequence
from dataclasses import dataclass

import asyncpg

from bench.buyers import Buyers, buyers_of, crowd
from bench.hot_row import holds_per_second
from bench.paid_watch import plain_address
from bench.paysaga import PAYSAGA, add_orders
from bench.refusals import Requests, plain_selects, refusals
from bench.stage import Stage
from bench.temporal_counts import workflows_started
from bench.variants import running
from onebox.site import Site

_BUYERS_A_TICKET = 10
_AT_A_TIME = 200
_WARM_UP_AT_A_TIME = 10
_HELD = """
SELECT t.available, (SELECT count(*) FROM payments p JOIN order_items i USING (order_id)
                     WHERE i.ticket_type_id = t.id AND p.status = 'PENDING') AS held
FROM ticket_types t JOIN order_items i ON i.ticket_type_id = t.id WHERE i.order_id = $1
"""


@dataclass(frozen=True)
class Crush:
    """The crowd at the door: who got a session and when (seconds), and who was refused."""

    sessions: Sequence[float]
    refused: Sequence[str]
    seconds: float
    busy: int


@dataclass(frozen=True)
class Rush:
    """What came of it. `left` and `held`: tickets and open attempts, as the database says.

    `row_holds_per_second`: straight into PostgreSQL, without Temporal and HTTP.
    """

    tickets: int
    crush: Crush
    left: int
    held: int
    workflows: int
    refusal: Requests
    workflows_of_refusals: int
    plain_select: Requests
    row_holds_per_second: float


async def sell_out(stage: Stage, *, buyers: int) -> Rush:
    """Let that many buyers come for a tenth as many tickets, 200 at a time."""
    tickets = max(1, buyers // _BUYERS_A_TICKET)
    async with running(stage, PAYSAGA) as shop, buyers_of(stage, shop) as clients:
        await crowd(clients.buy, await add_orders(shop.site, tickets), _WARM_UP_AT_A_TIME)
        order_ids = await add_orders(shop.site, buyers, capacity=tickets)
        before = await workflows_started(shop)
        crush = await _let_in(clients, order_ids)
        after = await workflows_started(shop)
        left, held = await _left_and_held(shop.site, order_ids[0])
        refusal = await refusals(shop, clients, crush.refused)
        at_last = await workflows_started(shop)
        direct = await holds_per_second(shop.site, tickets)
    selects = await plain_selects(stage, len(crush.refused))
    return Rush(
        tickets, crush, left, held, after - before, refusal, at_last - after, selects, direct
    )


async def _let_in(clients: Buyers, order_ids: Sequence[str]) -> Crush:
    sessions, refused = list[float](), list[str]()
    busy_before, began = clients.busy, time.perf_counter()

    async def visit(order_id: str) -> None:
        _, page = await clients.try_checkout(order_id)
        if page:
            sessions.append(time.perf_counter() - began)
        else:
            refused.append(order_id)

    await crowd(visit, order_ids, _AT_A_TIME)
    return Crush(sessions, refused, time.perf_counter() - began, clients.busy - busy_before)


async def _left_and_held(site: Site, order_id: str) -> tuple[int, int]:
    connection = await asyncpg.connect(plain_address(site.database_url))
    row = await connection.fetchrow(_HELD, order_id)
    await connection.close()
    assert row
    return row["available"], row["held"]
