"""A few random walks on each run of the tests; `python3 run.py walk` goes on as long as wanted."""

import logging
from collections.abc import AsyncIterator

import pytest

from trials.walk.buyers import Checkout, Pay
from trials.walk.disputes import Dispute, MoveDispute
from trials.walk.findings import Findings
from trials.walk.hunt import Hunt
from trials.walk.operators import Operate, Terminate
from trials.walk.play import play
from trials.walk.refunds import PART, Refund, RefundInDashboard
from trials.walk.scripts import Script
from trials.walk.steps import PassToDeadline
from trials.walk.stripe import Deliver, ReceiverFails
from trials.walk.world import World, world

WALKS = 12
SOLD = [Checkout(0), Pay(0), Deliver(0)]


@pytest.fixture(scope="module")
async def walker(database_url: str) -> AsyncIterator[World]:
    """A world of its own, silent: its faults are wanted."""
    logging.disable(logging.ERROR)
    async with world(database_url) as made:
        yield made
    logging.disable(logging.NOTSET)


@pytest.mark.parametrize(
    ("script", "end"),
    [
        ([], "CREATED"),
        ([Checkout(0), Pay(0), Deliver(0, times=2)], "PAID"),
        ([Checkout(0, times=2), PassToDeadline(0)], "CANCELLED"),
        ([Checkout(0), Pay(0), Terminate(0)], "PAID"),
        ([*SOLD, Refund(0, times=3)], "REFUNDED"),
        ([*SOLD, RefundInDashboard(0)], "REFUNDED"),
        ([*SOLD, Refund(0, amount=PART), Dispute(0), MoveDispute(0, "won")], "PAID"),
        ([ReceiverFails((500, 0)), *SOLD, Operate(1, "recheck")], "PAID"),
    ],
)
async def test_a_script_ends_as_it_should(walker: World, script: Script, end: str) -> None:
    assert (await play(walker, script))[end] > 0


@pytest.mark.timeout(600)
async def test_no_walk_breaks_a_promise(database_url: str) -> None:
    findings = Findings()
    await Hunt(database_url, findings).run(seed=1, walks=WALKS)
    assert findings.script is None, findings.failure()
    assert findings.spoilt < WALKS // 2, "the test server broke down too often to prove anything"
