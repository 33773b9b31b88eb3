"""What every test may stand on: a real PostgreSQL and a real Temporal server, once a session."""

import itertools
import sys
import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from alembic import command
from alembic.config import Config
from temporalio.client import Client
from temporalio.testing import WorkflowEnvironment

from onebox.postgres import PostgresServer
from workflows import search_attributes

ROOT = Path(__file__).parent.parent
BINARIES = Path(sys.executable).parent
SEARCH_ATTRIBUTES = (
    search_attributes.ORDER_ID,
    search_attributes.ORDER_STATUS,
    search_attributes.USER_ID,
    search_attributes.AMOUNT_CENTS,
    search_attributes.CURRENCY,
    search_attributes.PAYMENT_DEADLINE,
    search_attributes.NEEDS_ATTENTION,
)
_numbers = itertools.count(1)


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresServer]:
    """A PostgreSQL server; its data goes with the session, so it need not survive a crash."""
    with (
        tempfile.TemporaryDirectory() as directory,
        PostgresServer(Path(directory), durable=False) as server,
    ):
        yield server


@pytest.fixture(scope="module")
def database_url(postgres: PostgresServer, monkeypatch_module: pytest.MonkeyPatch) -> str:
    """The URL of a database with our tables, empty, for the tests of one module."""
    name = f"test_{next(_numbers)}"
    postgres.create_database(name)
    url = postgres.url(name)
    monkeypatch_module.setenv("DATABASE_URL", url)
    command.upgrade(Config(ROOT / "alembic.ini"), "head")
    return url


@pytest.fixture(scope="module")
def monkeypatch_module() -> Iterator[pytest.MonkeyPatch]:
    """`monkeypatch` for fixtures of module scope."""
    with pytest.MonkeyPatch.context() as patch:
        yield patch


@pytest.fixture(scope="session")
async def temporal() -> AsyncIterator[Client]:
    """A client of Temporal's dev server, in memory, with our search attributes."""
    async with await WorkflowEnvironment.start_local(
        dev_server_existing_path=str(BINARIES / "temporal"),
        search_attributes=SEARCH_ATTRIBUTES,
        dev_server_extra_args=["--log-level", "error"],
    ) as environment:
        yield environment.client
