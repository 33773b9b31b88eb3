"""`python3 run.py walk`: random walks until the time is over, or until a promise is broken."""

import argparse
import asyncio
import logging
import random
import sys
import time

from trials.walk.findings import Findings
from trials.walk.hunt import Hunt
from trials.walk.world import fresh_database

WALKS_IN_ONE_WORLD = 25  # Stripe's ledger grows with them, and so does reading it


async def _walk_until(database_url: str, findings: Findings, seed: int, ends_at: float) -> None:
    """Walk with one seed after the other, each in a world of its own."""
    while findings.script is None and time.monotonic() < ends_at:
        hunt = Hunt(database_url, findings, ends_at)
        await hunt.run(seed=seed, walks=WALKS_IN_ONE_WORLD)
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
    if findings.script is not None:
        print(f"\nA promise was broken. The shortest script that did it:\n\n{findings.failure()}")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
