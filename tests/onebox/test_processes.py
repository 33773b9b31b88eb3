"""Children end with their parent; one that is left over all the same ends at the next start."""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from onebox.processes import Process
from tests.onebox.running import is_running, wait_until

_SLEEP = [sys.executable, "-c", "import time; time.sleep(600)"]

_PARENT = """
import sys, time
from pathlib import Path
from onebox.processes import Process
directory, *command = sys.argv[1:]
child = Process("child", command, Path(directory), environment={}, working_directory=Path("/"))
child.start()
print(child.pid, flush=True)
time.sleep(600)
"""

Sleeper = Callable[[], Process]


@pytest.fixture
def sleeper(tmp_path: Path) -> Sleeper:
    """Makes processes that would run for ten minutes, all under one name."""
    return lambda: Process("sleeper", _SLEEP, tmp_path, environment={}, working_directory=tmp_path)


@pytest.mark.skipif(sys.platform != "linux", reason="prctl(2) is Linux's")
def test_a_child_dies_with_its_killed_parent(tmp_path: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", _PARENT, str(tmp_path), *_SLEEP], stdout=subprocess.PIPE
    ) as parent:
        assert parent.stdout
        child = int(parent.stdout.readline())
        assert is_running(child)
        parent.kill()
    wait_until(lambda: not is_running(child))


def test_the_next_start_ends_what_an_earlier_parent_left(sleeper: Sleeper) -> None:
    left, successor = sleeper(), sleeper()
    left.start()
    successor.start()
    assert left.exit_code is not None
    assert successor.exit_code is None
    successor.stop()


def test_another_process_with_a_reused_id_is_left_alone(sleeper: Sleeper, tmp_path: Path) -> None:
    innocent, successor = sleeper(), sleeper()
    innocent.start()
    record = tmp_path / "sleeper.pid"
    record.write_text(json.dumps(json.loads(record.read_text()) | {"identity": "an earlier one"}))
    successor.start()
    assert innocent.exit_code is None
    innocent.stop()
    successor.stop()


def test_one_that_ignores_the_request_to_stop_is_killed(tmp_path: Path) -> None:
    stubborn = Process(
        "stubborn",
        ["/bin/sh", "-c", "trap '' TERM; echo deaf; while :; do sleep 1; done"],
        tmp_path,
        environment={},
        working_directory=tmp_path,
    )
    stubborn.start()
    wait_until(lambda: "deaf" in stubborn.last_lines())
    stubborn.stop(patience_seconds=0.2)
    assert stubborn.exit_code is not None
