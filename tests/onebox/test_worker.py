"""The worker's start: Temporal may be down, or come up later than the worker."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from onebox import product
from onebox.ports import ANY, choose
from onebox.processes import Process
from onebox.site import Site
from onebox.state import load_secrets
from onebox.temporal import temporal
from tests.onebox.running import wait_until

WAITS = "Temporal cannot be used yet"


@pytest.fixture
def site(state: Path) -> Site:
    """A site where nothing runs; a worker asks its database for nothing before it has work."""
    url = "postgresql+asyncpg://paysaga@127.0.0.1/paysaga"
    return Site(state, choose(ANY), load_secrets(state), url)


@pytest.fixture
def waiting_worker(site: Site) -> Iterator[Process]:
    """A worker that has found no Temporal."""
    worker = product.worker(site)
    worker.start()
    wait_until(lambda: WAITS in worker.last_lines())
    yield worker
    worker.stop()


def test_a_worker_that_is_up_before_temporal_says_so_once_and_waits_for_it(
    site: Site, waiting_worker: Process
) -> None:
    engine = temporal(site)
    engine.start()
    try:
        wait_until(lambda: "worker ready" in waiting_worker.last_lines())
        assert waiting_worker.last_lines(1000).count(WAITS) == 1
    finally:
        engine.stop()


def test_a_worker_that_waits_for_temporal_ends_in_order_when_it_is_told_to(
    waiting_worker: Process,
) -> None:
    waiting_worker.stop()
    assert waiting_worker.exit_code == 0
