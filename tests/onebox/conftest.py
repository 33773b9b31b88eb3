"""A state directory that PostgreSQL can reach also when the tests run as root."""

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest


@pytest.fixture
def state() -> Iterator[Path]:
    """A fresh folder. pytest's own are closed to other users, and PostgreSQL may run as one."""
    with tempfile.TemporaryDirectory(prefix="paysaga-") as directory:
        Path(directory).chmod(0o711)
        yield Path(directory)
