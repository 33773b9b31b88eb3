"""Child processes that end with their parent, and that the next start knows if they did not."""

import ctypes
import os
import pwd
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from onebox.leftovers import end_leftover, remember

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
        remember(self._record, self._child.pid)

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


def _die_with_parent(death_signal: signal.Signals) -> Callable[[], None] | None:
    libc, parent = _LIBC, os.getpid()
    if libc is None:
        return None

    def before_exec() -> None:
        libc.prctl(_PR_SET_PDEATHSIG, int(death_signal))
        if os.getppid() != parent:  # it died before the line above
            os._exit(1)

    return before_exec
