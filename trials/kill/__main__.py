"""`python3 run.py kill`: real processes under load, killed with SIGKILL; nothing may be lost."""

import argparse
import asyncio
import random
import shutil
import sys
import tempfile
from pathlib import Path

from onebox.report import say
from trials.kill.points import all_points
from trials.kill.run import run
from trials.kill.scale import Scale


def main() -> int:
    """Run once with the command line's scale; 0 if every promise held."""
    parser = argparse.ArgumentParser(prog="run.py kill", description=__doc__)
    parser.add_argument("--orders", type=int, default=100, metavar="N", help="default: 100")
    parser.add_argument("--seed", type=int, metavar="N", help="repeats the chances of another run")
    parser.add_argument(
        "--at-points",
        action="store_true",
        help="kill workers before and after each activity and each call of Stripe, not at random",
    )
    options = parser.parse_args()
    seed = random.randrange(10**6) if options.seed is None else options.seed  # noqa: S311
    directory = Path(tempfile.mkdtemp(prefix="paysaga-kill-"))
    directory.chmod(0o711)  # PostgreSQL may run as another user: to pass through, not to look
    mode = " --at-points" if options.at_points else ""
    say(f"python3 run.py kill --orders {options.orders} --seed {seed}{mode}")
    scale = Scale(options.orders, seed, points=all_points() if options.at_points else ())
    all_right = asyncio.run(run(scale, directory))
    if not all_right:
        say(f"\nWhat is left of it, with all logs: {directory}")
        return 1
    shutil.rmtree(directory)
    return 0


if __name__ == "__main__":
    sys.exit(main())
