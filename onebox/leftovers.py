"""Processes that outlived their parent: known by a record on disk, ended by the next start."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

_PATIENCE_SECONDS = 10


def remember(record: Path, pid: int) -> None:
    """Write down in `record` that this process runs."""
    record.write_text(json.dumps({"pid": pid, "identity": _identity(pid)}))


def end_leftover(record: Path) -> None:
    """End the process that `record` names, if it is still the same one."""
    try:
        remembered = json.loads(record.read_text())
    except FileNotFoundError:
        return
    except ValueError:  # killed while it wrote
        remembered = {"pid": 0, "identity": None}
    pid, identity = remembered["pid"], remembered["identity"]
    insist_at = time.monotonic() + _PATIENCE_SECONDS
    while identity is not None and _identity(pid) == identity:
        try:
            os.kill(pid, signal.SIGTERM if time.monotonic() < insist_at else signal.SIGKILL)
        except ProcessLookupError:
            break
        time.sleep(0.1)
    record.unlink()


def _identity(pid: int) -> str | None:
    """Start time and command, which tell a process from a later one with the same id.

    None if there is no such process, or only what is left until its parent has asked for its end.
    """
    if sys.platform != "linux":
        return _identity_by_ps(pid)
    process = Path(f"/proc/{pid}")
    try:
        # proc_pid_stat(5): after the name in parentheses come state (3) … starttime (22).
        fields = (process / "stat").read_text().rpartition(")")[2].split()
        command = (process / "cmdline").read_text(errors="replace")
    except (FileNotFoundError, ProcessLookupError):
        return None
    return None if fields[0] in "ZX" else f"{fields[19]} {command}"


def _identity_by_ps(pid: int) -> str | None:
    shown = subprocess.run(  # noqa: S603
        ["ps", "-o", "lstart=,command=", "-p", str(pid)],  # noqa: S607
        capture_output=True,
        text=True,
        check=False,
    )
    return shown.stdout.strip() or None
