"""What a benchmark prints, and what it writes: the same figures as a table and as JSON."""

import json
import platform
import time
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import psutil

from bench.goals import Goal
from onebox.report import say


@dataclass(frozen=True)
class Outcome:
    """What came of a benchmark: every figure, for JSON, and the goals it can judge."""

    figures: dict[str, Any]
    goals: Sequence[Goal] = ()


def say_table(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Print a Markdown table."""
    say(f"\n| {' | '.join(columns)} |")
    say(f"|{' --- |' * len(columns)}")
    for row in rows:
        say(f"| {' | '.join(str(cell) for cell in row)} |")


def write(directory: Path, command: str, outcomes: dict[str, Outcome]) -> Path:
    """Write all figures into a file named after the moment; return its path."""
    directory.mkdir(parents=True, exist_ok=True)
    file = directory / time.strftime("%Y-%m-%d-%H%M%S.json")
    written = {
        "command": command,
        "at": time.strftime("%Y-%m-%dT%H:%M:%S%z"),
        "machine": {
            "cores": psutil.cpu_count(),
            "memory_bytes": psutil.virtual_memory().total,
            "system": platform.platform(),
            "python": platform.python_version(),
        },
        "benchmarks": {
            name: {
                "figures": outcome.figures,
                "goals": [asdict(goal) | {"is_met": goal.is_met} for goal in outcome.goals],
            }
            for name, outcome in outcomes.items()
        },
    }
    file.write_text(json.dumps(written, indent=1))
    return file
