"""Child processes that end with their parent, and that the next start knows if they did not."""

import ctypes
import json
import os
import pwd
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

_PR_SET_PDEATHSIG = 1  # linux/prctl.h
_LIBC = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None


class Process:
    """One child process with its log in `directory/{name}.log`, the one before in `.log.1`.

    `account`: whom it runs as, if not as ourselves. `stop_signal`: what asks it to end in order.
    `death_signal`: what it gets when we are killed (Linux).
    """

    def __init__(  # noqa: PLR0913 - each is a property of the process, none has a common owner
        self,
        name: str,
        command: Sequence[str | Path],
        directory: Path,
        *,
        environment: Mapping[str, str],
        working_directory: Path,
        account: pwd.struct_passwd | None = None,
        stop_signal: signal.Signals = signal.SIGTERM,
        death_signal: signal.Signals = signal.SIGKILL,
    ) -> None:
        self.name = name
        self.log = directory / f"{name}.log"
        self._record = directory / f"{name}.pid"
        self._command = [str(word) for word in command]
        self._environment = dict(environment)
        self._working_directory = working_directory
        self._account = account
        self._stop_signal = stop_signal
        self._death_signal = death_signal
        self._child: subprocess.Popen[bytes] | None = None
        self._started_at = 0.0

    def start(self) -> None:
        """Start it, after ending what an earlier, killed parent may have left under this name.

        Call it from the main thread: Linux sends the death signal when the starting *thread* ends
        (prctl(2), PR_SET_PDEATHSIG).
        """
        end_leftover(self._record)
        if self.log.exists():
            self.log.replace(f"{self.log}.1")
        account = self._account
        with self.log.open("wb") as log:
            self._child = subprocess.Popen(  # noqa: S603 - our own command
                self._command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                env=self._environment,
                cwd=self._working_directory,
                user=account.pw_uid if account else None,
                group=account.pw_gid if account else None,
                extra_groups=[] if account else None,
                # Ctrl-C in the terminal is for the parent alone, which stops all in order.
                start_new_session=True,
                # Runs after the change of user, which would clear the setting.
                preexec_fn=_die_with_parent(self._death_signal),  # noqa: PLW1509
            )
        self._started_at = time.monotonic()
        pid = self._child.pid
        self._record.write_text(json.dumps({"pid": pid, "identity": _identity(pid)}))

    @property
    def pid(self) -> int:
        """The process's id. Raises RuntimeError before it was started."""
        if self._child is None:
            raise RuntimeError(f"{self.name} was not started")
        return self._child.pid

    @property
    def exit_code(self) -> int | None:
        """None while it runs (or was never started); negative: the signal that ended it."""
        return self._child.poll() if self._child else None

    @property
    def age_seconds(self) -> float:
        """How long ago it was started."""
        return time.monotonic() - self._started_at

    def stop(self, patience_seconds: float = 5) -> None:
        """Ask it to end, insist after `patience_seconds`. Stopping twice is the same as once."""
        if self._child is None:
            return
        if self._child.poll() is None:
            self._child.send_signal(self._stop_signal)
            try:
                self._child.wait(patience_seconds)
            except subprocess.TimeoutExpired:
                self._child.kill()
                self._child.wait()
        self._record.unlink(missing_ok=True)

    def last_lines(self, count: int = 20) -> str:
        """The end of its log."""
        lines = self.log.read_text(errors="replace").splitlines() if self.log.exists() else []
        return "\n".join(lines[-count:])


def end_leftover(record: Path, patience_seconds: float = 10) -> None:
    """End the process that `record` names, if it is still the one that was recorded."""
    try:
        written = json.loads(record.read_text())
        pid, identity = int(written["pid"]), written["identity"]
    except (FileNotFoundError, ValueError, KeyError):
        return
    give_up_at = time.monotonic() + patience_seconds
    ending = signal.SIGTERM
    while identity is not None and _identity(pid) == identity:
        if time.monotonic() > give_up_at:
            ending = signal.SIGKILL
        try:
            os.kill(pid, ending)
        except ProcessLookupError:
            break
        time.sleep(0.1)
    record.unlink(missing_ok=True)


def _identity(pid: int) -> str | None:
    """Start time and command: what tells a process from a later one with the same id."""
    try:
        if sys.platform == "linux":
            # proc_pid_stat(5): after the name in parentheses come state (3) … starttime (22).
            fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
            command = Path(f"/proc/{pid}/cmdline").read_text(errors="replace")
            return None if fields[0] in "ZX" else f"{fields[19]} {command}"
    except (FileNotFoundError, ProcessLookupError):
        return None
    shown = subprocess.run(  # noqa: S603
        ["ps", "-o", "lstart=,command=", "-p", str(pid)],  # noqa: S607
        capture_output=True,
        text=True,
        check=False,
    )
    return shown.stdout.strip() or None


def _die_with_parent(death_signal: signal.Signals) -> Callable[[], None] | None:
    libc, parent = _LIBC, os.getpid()
    if libc is None:
        return None

    def before_exec() -> None:
        libc.prctl(_PR_SET_PDEATHSIG, int(death_signal))
        if os.getppid() != parent:  # it died before the line above
            os._exit(1)

    return before_exec
