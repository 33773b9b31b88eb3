"""The whole system by one command, as a newcomer runs it."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import jwt

from onebox.state import ROOT, load_secrets, locked
from tests.onebox.running import processes_of, wait_until

_RUN = [sys.executable, "run.py", "--free-ports"]


@contextmanager
def _box(state: Path, *options: str) -> Iterator[subprocess.Popen[str]]:
    with subprocess.Popen(
        [*_RUN, *options],
        cwd=ROOT,
        env=os.environ | {"PAYSAGA_STATE": str(state)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as box:
        yield box


def _read_until_up(box: subprocess.Popen[str]) -> str:
    assert box.stdout
    said = ""
    for line in box.stdout:
        said += line
        if line.startswith("Up."):
            return said
    raise AssertionError(said)


def _run(state: Path, *options: str) -> tuple[int, str]:
    with _box(state, *options) as box:
        said, _ = box.communicate()
    return box.returncode, said


def test_once_sells_two_orders_and_leaves_nothing_behind(state: Path) -> None:
    exit_code, said = _run(state, "--once")
    assert exit_code == 0, said
    assert said.count("status        PAID") == 1
    assert said.count("status        CANCELLED") == 1
    assert processes_of(state) == []


def test_after_a_kill_the_next_start_goes_on_and_stops_in_order(state: Path) -> None:
    with _box(state) as killed:
        _read_until_up(killed)
        killed.kill()
    wait_until(lambda: processes_of(state) == [])
    with _box(state) as box:
        said = _read_until_up(box)
        assert said.count("status        PAID") == 1
        assert f"another run.py is running on {state}" in _run(state)[1]
        box.send_signal(signal.SIGTERM)
        box.communicate()
    assert box.returncode == 0
    assert processes_of(state) == []


def test_a_piece_that_dies_is_named_with_the_end_of_its_log(state: Path) -> None:
    (state / "stripe-sandbox.sqlite").mkdir()
    exit_code, said = _run(state, "--once")
    assert exit_code == 1
    assert "run.py: stripe-sandbox ended with" in said
    assert "unable to open database file" in said
    assert processes_of(state) == []


def test_a_second_box_on_the_same_state_is_refused_in_one_line(state: Path) -> None:
    with locked(state):
        exit_code, said = _run(state)
    assert exit_code == 2
    assert said == f"run.py: another run.py is running on {state}\n"


def test_an_unknown_command_is_refused_before_anything_is_installed() -> None:
    refused = subprocess.run([*_RUN, "sell"], cwd=ROOT, capture_output=True, text=True, check=False)
    assert refused.returncode == 2
    assert "invalid choice: 'sell'" in refused.stderr


def test_a_token_is_signed_with_the_states_own_secret(state: Path) -> None:
    printed = subprocess.run(
        [sys.executable, "run.py", "token", "--sub", "bob", "--scope", "ops catalog:write"],
        cwd=ROOT,
        env=os.environ | {"PAYSAGA_STATE": str(state)},
        capture_output=True,
        text=True,
        check=True,
    ).stdout.strip()
    claims = jwt.decode(printed, load_secrets(state).auth_jwt_secret, algorithms=["HS256"])
    assert (claims["sub"], claims["scope"]) == ("bob", "ops catalog:write")
    assert (state / "secrets.json").stat().st_mode & 0o777 == 0o600
