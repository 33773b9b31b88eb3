"""`python3 run.py bench`: what a durable checkout costs on this machine, beside its peers."""

import argparse
import sys
import tempfile
from pathlib import Path

import uvloop

from bench.benchmarks import BENCHMARKS, VARIANTS, Scale
from bench.goals import say_goals
from bench.report import Outcome, write
from bench.stage import set_up
from onebox.report import say
from onebox.state import AlreadyRunning, locked, state_directory

ALL = "all"


def main() -> int:
    """Run the benchmarks that the command line names; print, write, and return 0."""
    parser = argparse.ArgumentParser(prog="run.py bench", description=__doc__)
    parser.add_argument("name", nargs="?", default="orders", choices=[*BENCHMARKS, ALL])
    parser.add_argument("--rounds", type=int, metavar="N", help="how often each is measured")
    parser.add_argument("--orders", type=int, metavar="N", help="how many orders a measurement has")
    parser.add_argument(
        "--variants", nargs="+", choices=[v.name for v in VARIANTS], help="only these"
    )
    parser.add_argument("--json", type=Path, metavar="DIRECTORY", help="where the figures go")
    options = parser.parse_args()
    names = list(BENCHMARKS) if options.name == ALL else [options.name]
    home = state_directory() / "bench"
    home.mkdir(exist_ok=True)
    home.chmod(0o711)  # PostgreSQL may run as another user: to pass through, not to look
    scale = Scale(options.rounds, options.orders, options.variants or ())
    try:
        with locked(home):  # two at once would measure each other
            outcomes = uvloop.run(_run(names, scale, home))
    except AlreadyRunning as refusal:
        print(f"run.py: {refusal}", file=sys.stderr)
        return 2
    say_goals([goal for outcome in outcomes.values() for goal in outcome.goals])
    command = f"python3 run.py bench {' '.join(sys.argv[1:])}".strip()
    say(f"\nAll figures: {write(options.json or home / 'results', command, outcomes)}")
    return 0


async def _run(names: list[str], scale: Scale, home: Path) -> dict[str, Outcome]:
    outcomes: dict[str, Outcome] = {}
    for name in names:
        say(f"\n## {name}")
        async with set_up(_new_directory(home, name)) as stage:
            outcomes[name] = await BENCHMARKS[name](stage, scale)
    return outcomes


def _new_directory(home: Path, name: str) -> Path:
    """Return a directory beside the box's state: /tmp may be no disk, and fsync must cost."""
    directory = Path(tempfile.mkdtemp(prefix=f"{name}-", dir=home))
    directory.chmod(0o711)
    return directory


if __name__ == "__main__":
    sys.exit(main())
