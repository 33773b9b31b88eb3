"""Short kill runs."""

from pathlib import Path

import pytest

from trials.kill.run import run
from trials.kill.scale import Scale


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    """A directory that PostgreSQL can pass through when it runs as another user."""
    tmp_path.chmod(0o711)
    return tmp_path


@pytest.mark.timeout(300)
async def test_nothing_is_lost_when_processes_are_killed_under_load(directory: Path) -> None:
    scale = Scale(orders=20, seed=1, hold_seconds=5, takes_minutes=False)
    assert await run(scale, directory)


@pytest.mark.timeout(300)
async def test_nothing_is_lost_when_workers_are_killed_before_and_after_an_effect(
    directory: Path,
) -> None:
    points = (
        *("hold_tickets.ends", "create_session.stripe-answered", "mark_paid.begins"),
        *("take_refunds.stripe-answered", "carry_out.ends", "deliver.ends"),
    )
    scale = Scale(orders=12, seed=1, hold_seconds=5, points=points, takes_minutes=False)
    assert await run(scale, directory)
    assert not list((directory / "points").iterdir()), "a worker died at each of them"
