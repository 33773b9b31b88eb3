"""What runs on this machine (Linux), and patience."""

import time
from collections.abc import Callable
from pathlib import Path


def is_running(pid: int) -> bool:
    """Whether the process is there and more than a zombie that waits for its parent."""
    try:
        # proc_pid_stat(5): the state follows the name, which stands in parentheses.
        return (Path("/proc") / str(pid) / "stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


def processes_of(state: Path) -> list[str]:
    """The commands of all processes that inherited PAYSAGA_STATE from a box on `state`."""
    mark = f"PAYSAGA_STATE={state}".encode()
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if mark in (process / "environ").read_bytes().split(b"\0"):
                found.append((process / "cmdline").read_bytes().replace(b"\0", b" ").decode())
        except (FileNotFoundError, PermissionError, ProcessLookupError):
            continue
    return found


def wait_until(condition: Callable[[], bool], patience_seconds: float = 30) -> None:
    """Wait for the condition. Raises AssertionError when patience ends."""
    give_up_at = time.monotonic() + patience_seconds
    while not condition():
        assert time.monotonic() < give_up_at, "it did not come to pass"
        time.sleep(0.05)
