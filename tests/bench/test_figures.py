"""The arithmetic of the figures, and the machine's own accounts."""

import asyncio
import sys
from pathlib import Path

import asyncpg
import pytest

from bench.buyers import Purchase
from bench.cpu import CpuMeter
from bench.figures import Spread
from bench.goals import Goal
from bench.measurement import Measurement
from bench.paid_watch import plain_address, watching
from bench.postgres_log import kind_of
from onebox.postgres import PostgresServer
from onebox.processes import Process

BUSY = "import time\nwhile time.process_time() < 0.5: pass\nprint('done', flush=True)\ninput()"


def test_a_spread_is_the_median_between_the_extremes() -> None:
    assert Spread.of([5, 1, 2]) == Spread(2, 1, 5)
    assert str(Spread.of([5, 1, 2])) == "2 (1 to 5)"
    assert str(Spread.of([3])) == "3"


@pytest.mark.parametrize(
    ("figure", "at_least", "met"), [(3, False, True), (4, False, False), (3, True, True)]
)
def test_a_goal_is_met_up_to_its_limit(figure: float, at_least: bool, met: bool) -> None:
    assert Goal("x", Spread.of([figure]), 3, at_least).is_met is met


def test_a_goal_is_missed_below_its_least() -> None:
    assert not Goal("x", Spread.of([2]), 3, at_least=True).is_met


def test_percentiles_and_costs_are_an_order_each() -> None:
    purchases = [Purchase(ms / 1000, 0, 0) for ms in range(1, 101)]
    measurement = Measurement(purchases, 10, {"api": 1.0, "worker": 0.5})
    assert measurement.percentile_ms("checkout", 50) == pytest.approx(51)
    assert measurement.percentile_ms("checkout", 99) == pytest.approx(100)
    assert measurement.orders_per_second == 10
    assert measurement.cpu_ms("api", "worker", "engine") == pytest.approx(15)


@pytest.mark.parametrize(
    ("sql", "kind"),
    [
        ("BEGIN;", "BEGIN"),
        (";", "ping"),
        ("SELECT a\n\tFROM orders WHERE x", "SELECT orders"),
        ("INSERT INTO payments (a) VALUES (1)", "INSERT payments"),
        (
            "WITH wanted AS (SELECT 1 FROM ticket_types) UPDATE orders SET x = 1",
            "WITH ticket_types",
        ),
    ],
)
def test_a_statement_is_named_after_verb_and_table(sql: str, kind: str) -> None:
    assert kind_of(sql) == kind


async def test_the_cpu_time_of_a_process_is_its_own(tmp_path: Path) -> None:
    process = Process(
        "busy",
        [sys.executable, "-c", BUSY],
        tmp_path,
        environment={},
        working_directory=tmp_path,
    )
    process.start()
    try:
        meter = CpuMeter({"busy": [process]})
        before = meter.seconds()
        while "done" not in process.last_lines() and process.exit_code is None:  # noqa: ASYNC110
            await asyncio.sleep(0.01)
        after = meter.seconds()
    finally:
        process.stop()
    assert 0.3 < after["busy"] - before["busy"] < 1
    assert after["load"] - before["load"] < 0.3


async def test_a_paid_order_is_seen_and_no_other(postgres: PostgresServer) -> None:
    postgres.create_database("watched")
    url = postgres.url("watched")
    connection = await asyncpg.connect(plain_address(url))
    await connection.execute("CREATE TABLE orders (id text, status text)")
    await connection.execute("INSERT INTO orders VALUES ('a', 'CREATED'), ('b', 'CREATED')")
    async with watching(url) as watch, asyncio.timeout(10):
        a, b = watch.wait_for("a"), watch.wait_for("b")
        await connection.execute("UPDATE orders SET status = 'PAID' WHERE id = 'a'")
        await a
        assert not b.done()
    await connection.close()
