"""A real PostgreSQL as a child process."""

import secrets
import shutil
import signal
import time
from pathlib import Path
from typing import Self

from onebox.nobody import account_for_postgres, give, home_for
from onebox.ports import HOST, free_port
from onebox.postgres_programs import PostgresError, PostgresPrograms, environment
from onebox.processes import Process

__all__ = ["PostgresError", "PostgresServer"]

_USER = "paysaga"
# What PostgreSQL's manual (14.5) calls non-durable settings: for tests only.
_NON_DURABLE = ("fsync=off", "synchronous_commit=off", "full_page_writes=off")


class PostgresServer:
    """PostgreSQL on 127.0.0.1 with its data below `directory`, which survives stop and kill.

    `port`: 0 takes a free one at the first start. `durable`: False trades the survival of a crash
    for speed. As root the server runs as `nobody` (see `nobody.home_for`).
    """

    def __init__(self, directory: Path, port: int = 0, durable: bool = True) -> None:
        self.port = port
        self.process: Process | None = None
        self._account = account_for_postgres()
        self._programs = PostgresPrograms.installed(self._account)
        self._durable = durable
        home = home_for(self._account, directory)
        self._home, self._data, self._password = home, home / "data", home / "password"

    def start(self, timeout_seconds: float = 30) -> Process:
        """Start it, with an empty cluster the first time; return when it takes connections.

        Raises PostgresError.
        """
        if not self._data.exists():
            self._initialise()
        self.port = self.port or free_port()
        self.process = process = self._server()
        give_up_at = time.monotonic() + timeout_seconds
        process.start()
        while not self._accepts_connections():
            if time.monotonic() > give_up_at:
                process.stop()
                raise PostgresError(process.last_lines())
            if process.exit_code is not None:
                # After a kill -9 the old server's children need a moment to notice and let go.
                if "still in use" not in process.last_lines():
                    raise PostgresError(process.last_lines())
                process.start()
            time.sleep(0.02)
        return process

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
        self._programs.run(
            *("psql", "--no-psqlrc", "--quiet", "-h", HOST, "-p", str(self.port), "-U", _USER),
            *("-d", "postgres", "-v", "ON_ERROR_STOP=1", "-v", f"name={name}"),
            stdin="SELECT format('CREATE DATABASE %I', :'name') WHERE NOT EXISTS"
            " (SELECT FROM pg_database WHERE datname = :'name') \\gexec\n",
            password=self._password.read_text(),
        )

    def url(self, name: str) -> str:
        """The SQLAlchemy address of the database `name`, password included."""
        password = self._password.read_text()
        return f"postgresql+asyncpg://{_USER}:{password}@{HOST}:{self.port}/{name}"

    def _server(self) -> Process:
        settings = () if self._durable else _NON_DURABLE
        return Process(
            "postgres",
            [
                *(self._programs.directory / "postgres", "-D", self._data),
                *("-h", HOST, "-p", str(self.port)),
                *("-k", ""),  # no Unix socket: its directory would be one more thing to place
                *(word for setting in settings for word in ("-c", setting)),
            ],
            self._home,
            environment=environment(),
            working_directory=Path("/"),
            account=self._account,
            # PostgreSQL's manual (18.5): SIGINT is the fast shutdown, SIGQUIT the immediate one.
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
        self._programs.run(
            *("initdb", "-D", str(unfinished), "-U", _USER, "-A", "scram-sha-256"),
            *(f"--pwfile={self._password}", "--encoding=UTF8", "--locale-provider=builtin"),
            *("--locale=C.UTF-8", "--data-checksums", "--no-instructions"),
            *(() if self._durable else ("--no-sync",)),
        )
        unfinished.rename(self._data)

    def _accepts_connections(self) -> bool:
        try:
            self._programs.run("pg_isready", "-h", HOST, "-p", str(self.port))
        except PostgresError:
            return False
        return True
