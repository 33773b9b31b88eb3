"""The embedded PostgreSQL is a real one: it keeps what it acknowledged."""

import os
import signal
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import create_async_engine

from onebox.postgres import PostgresError, PostgresServer


async def _execute(url: str, *statements: str) -> list[int]:
    engine = create_async_engine(url)
    async with engine.begin() as connection:
        for statement in statements[:-1]:
            await connection.execute(text(statement))
        result = await connection.execute(text(statements[-1]))
        answer = [row[0] for row in result] if result.returns_rows else []
    await engine.dispose()
    return answer


async def test_acknowledged_data_survive_a_kill(state: Path) -> None:
    with PostgresServer(state) as server:
        server.create_database("shop")
        await _execute(
            server.url("shop"), "CREATE TABLE t (n int)", "INSERT INTO t VALUES (1), (2)"
        )
        assert server.process
        os.kill(server.process.pid, signal.SIGKILL)
        server.start()
        assert await _execute(server.url("shop"), "SELECT n FROM t ORDER BY n") == [1, 2]


async def test_a_second_start_finds_the_data_and_the_password(state: Path) -> None:
    with PostgresServer(state) as first:
        first.create_database("shop")
        await _execute(first.url("shop"), "CREATE TABLE t (n int)", "INSERT INTO t VALUES (7)")
    with PostgresServer(state) as second:
        assert await _execute(second.url("shop"), "SELECT n FROM t") == [7]


def test_creating_a_database_twice_is_the_same_as_once(state: Path) -> None:
    with PostgresServer(state, durable=False) as server:
        server.create_database("shop")
        server.create_database("shop")


def test_an_unusable_data_directory_is_reported_in_postgresqls_words(state: Path) -> None:
    with PostgresServer(state, durable=False):
        pass
    (state / "data" / "global" / "pg_control").unlink()
    with pytest.raises(PostgresError, match="pg_control"):
        PostgresServer(state, durable=False).start()


def test_an_interrupted_initialisation_is_started_over(state: Path) -> None:
    (state / "data.unfinished").mkdir(parents=True)
    (state / "data.unfinished" / "PG_VERSION").write_text("18")
    with PostgresServer(state, durable=False) as server:
        server.create_database("shop")
