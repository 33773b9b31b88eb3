"""`python3 run.py walk`: random walks until the time is over, or until a promise is broken."""

import argparse
import asyncio
import logging
import random
import sys
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import seed as seeded

from trials.walk_clock import ClockStuck
from trials.walk_scripts import Script, play, scripts
from trials.world import World, fresh_database, world

WALKS_IN_ONE_WORLD = 25
WALK_WITHIN_SECONDS = 120
SHRINK_WITHIN_SECONDS = 180


@dataclass
class Findings:
    """What came of some walks: how many, how their orders ended, which scripts failed.

    A walk is spoilt where the test server ceased to skip time: it says nothing.
    """

    walks: int = 0
    steps: int = 0
    spoilt: int = 0
    orders: Counter[str] = field(default_factory=Counter)
    failed: dict[str, Script] = field(default_factory=dict)

    def __str__(self) -> str:
        """Say it in one line."""
        ends = ", ".join(f"{number} {end}" for end, number in sorted(self.orders.items()))
        return f"{self.walks} walks ({self.spoilt} spoilt), {self.steps} steps, orders: {ends}"

    def failure(self) -> str:
        """Return the shortest script that failed, as Python, under what it broke."""
        broke, script = min(self.failed.items(), key=lambda failed: len(repr(failed[1])))
        lines = "".join(f"    {step!r},\n" for step in script)
        return f"{broke}\n\n[\n{lines}]"


async def hunt(
    world: World, findings: Findings, *, seed: int, walks: int, ends_at: float = float("inf")
) -> None:
    """Walk so many times or until `ends_at` (monotonic); shrink the first script that fails.

    Servers and threads are not deterministic to the last microsecond: the shortest script that
    ever failed counts, also where Hypothesis cannot make it fail again.
    """
    loop = asyncio.get_running_loop()

    def walk(script: Script) -> None:
        nonlocal ends_at
        if time.monotonic() > ends_at:
            return
        try:
            asyncio.run_coroutine_threadsafe(_walk(world, findings, script), loop).result()
        except ClockStuck:
            findings.spoilt += 1
            ends_at = 0

    def quit_shrinking() -> None:
        nonlocal ends_at
        ends_at = time.monotonic() + SHRINK_WITHIN_SECONDS

    search = seeded(seed)(
        settings(
            max_examples=walks,
            deadline=None,
            database=None,
            phases=(Phase.generate, Phase.shrink),
            suppress_health_check=list(HealthCheck),
            report_multiple_bugs=False,
        )(given(scripts)(_noting_the_first_failure(walk, quit_shrinking)))
    )
    try:
        await asyncio.to_thread(search)
    except Exception:
        if not findings.failed:
            raise


def _noting_the_first_failure(
    walk: Callable[[Script], None], note: Callable[[], None]
) -> Callable[[Script], None]:
    noted = False

    def noting(script: Script) -> None:
        nonlocal noted
        try:
            walk(script)
        except Exception:
            if not noted:
                noted = True
                note()
            raise

    return noting


async def _walk(world: World, findings: Findings, script: Script) -> None:
    findings.walks += 1
    findings.steps += len(script)
    try:
        async with asyncio.timeout(WALK_WITHIN_SECONDS):
            findings.orders += await play(world, script)
    except ClockStuck:
        raise
    except Exception as error:
        findings.failed[f"{type(error).__name__}: {error}"] = script
        raise


async def _walk_until(database_url: str, findings: Findings, seed: int, ends_at: float) -> None:
    """Walk with one seed after the other, each in a world of its own."""
    while not findings.failed and time.monotonic() < ends_at:
        async with world(database_url) as fresh:
            await hunt(fresh, findings, seed=seed, walks=WALKS_IN_ONE_WORLD, ends_at=ends_at)
        print(f"seed {seed}: {findings}", flush=True)
        seed += 1


def main() -> int:
    """Walk as the command line says; return the exit code: 1 when a promise was broken."""
    parser = argparse.ArgumentParser(prog="run.py walk", description=__doc__)
    parser.add_argument("--minutes", type=float, default=1, metavar="N", help="default: 1")
    parser.add_argument("--seed", type=int, metavar="N", help="repeats the chances of another run")
    options = parser.parse_args()
    seed = random.randrange(10**6) if options.seed is None else options.seed  # noqa: S311
    logging.disable(logging.CRITICAL)  # the faults are ours; a walk tells by its checks
    findings = Findings()
    with fresh_database() as database_url:
        ends_at = time.monotonic() + options.minutes * 60
        asyncio.run(_walk_until(database_url, findings, seed, ends_at))
    if findings.failed:
        print(f"\nA promise was broken. The shortest script that did it:\n\n{findings.failure()}")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
