"""A stage as a benchmark has it: a durable PostgreSQL and the stand-in for Stripe."""

import tempfile
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bench.stage import Stage, set_up


@pytest.fixture
async def stage() -> AsyncIterator[Stage]:
    """An empty stage. pytest's own folders are closed to the user that PostgreSQL may run as."""
    with tempfile.TemporaryDirectory(prefix="paysaga-") as parent:
        directory = Path(parent) / "stage"
        for step in (Path(parent), directory):
            step.mkdir(exist_ok=True)
            step.chmod(0o711)
        async with set_up(directory) as made:
            yield made
