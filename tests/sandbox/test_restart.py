"""A sandbox that is started again knows everything it knew, also after a kill -9."""

import asyncio
import os
import socket
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp
import httpx2
import pytest
import stripe

from activities.stripe_client import connect_stripe
from tests.conftest import ROOT
from tests.sandbox.buying import GOOD_ACCOUNT, SECRET_KEY, Sandbox, until
from tests.sandbox.conftest import running
from tests.sandbox.receiver import WEBHOOK_SECRET, Receiver


@pytest.fixture
def database(tmp_path: Path) -> str:
    """The file that outlives a sandbox."""
    return str(tmp_path / "sandbox.sqlite")


@asynccontextmanager
async def running_as_a_process(database: str, port: int) -> AsyncIterator[Sandbox]:
    """A sandbox of its own process, which is killed at the end of the block."""
    options = ("--port", str(port), "--database", database)
    secrets = {"STRIPE_SECRET_KEY": SECRET_KEY, "STRIPE_WEBHOOK_SECRET": WEBHOOK_SECRET}
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "stripe_sandbox", *options, cwd=ROOT, env=os.environ | secrets
    )
    url = f"http://127.0.0.1:{port}"
    try:
        async with aiohttp.ClientSession() as http, httpx2.AsyncClient() as browser:
            sandbox = Sandbox(url, connect_stripe(SECRET_KEY, url, http), browser)
            await until(sandbox.is_up)
            yield sandbox
    finally:
        process.kill()
        await process.wait()


async def test_sessions_and_their_keys_outlive_a_restart(database: str) -> None:
    async with running(database) as sandbox:
        session = await sandbox.open("pay_1")
        await sandbox.pay(session)
        before = await sandbox.ledger()
    async with running(database) as sandbox:
        after = await sandbox.ledger()
        assert (after["sessions"], after["captures"]) == (before["sessions"], before["captures"])
        assert (await sandbox.open("pay_1")).id == session.id
        items = await sandbox.sessions.line_items.list_async(session.id)
        assert [item.description for item in items.data] == ["Concert"]


async def test_refunds_and_disputes_outlive_a_restart(database: str) -> None:
    async with running(database) as sandbox:
        payment = await sandbox.paid()
        await sandbox.admin("PUT", "refunds", {"next": "pending"})
        pending = await sandbox.refund(payment, amount=1000)
        disputed = await sandbox.paid()
        dispute = await sandbox.admin("POST", f"payments/{disputed.id}/dispute")
        before = await sandbox.ledger()
    async with running(database) as sandbox:
        after = await sandbox.ledger()
        for name in ("captures", "refunds", "disputes", "balance_transactions"):
            assert after[name] == before[name]
        await sandbox.admin("POST", f"refunds/{pending.id}/move", {"status": "succeeded"})
        await sandbox.admin("POST", f"disputes/{dispute['id']}/close", {"outcome": "won"})
        captures = (await sandbox.ledger())["captures"]
        moved = [(found["amount_refunded"], found["amount_disputed"]) for found in captures]
        assert moved == [(1000, 0), (0, 0)]


async def test_a_kept_failure_outlives_a_restart(database: str) -> None:
    async with running(database) as sandbox:
        await sandbox.fault("POST /v1/checkout/sessions", "error_after")
        with pytest.raises(stripe.APIError):
            await sandbox.open("pay_500")
    async with running(database) as sandbox:
        with pytest.raises(stripe.APIError):
            await sandbox.open("pay_500")


async def test_faults_and_the_clock_outlive_a_restart(database: str) -> None:
    async with running(database) as sandbox:
        await sandbox.fault("POST /v1/checkout/sessions", "rate_limit", times=None)
        await sandbox.skip(1000)
    async with running(database) as sandbox:
        assert await sandbox.admin("GET", "clock") == {"offset_seconds": 1000}
        with pytest.raises(stripe.RateLimitError):
            await sandbox.open()


async def test_an_event_that_nobody_took_is_sent_after_a_restart(
    database: str, receiver: Receiver
) -> None:
    async def arrived() -> bool:
        return receiver.about(session.id) == ["checkout.session.expired"]

    async with running(database) as sandbox:
        await sandbox.send_events(receiver.url, "hold")
        session = await sandbox.open()
        await sandbox.sessions.expire_async(session.id)
    async with running(database) as sandbox:
        assert receiver.events == []
        await sandbox.admin("POST", "webhooks/release")
        await until(arrived)


async def test_what_waits_for_its_time_still_waits_after_a_restart(database: str) -> None:
    async with running(database) as sandbox:
        left, debited = await sandbox.open(), await sandbox.open()
        await sandbox.debit(debited, GOOD_ACCOUNT)
    async with running(database) as sandbox:
        await sandbox.skip(2 * 24 * 60 * 60)

        async def happened() -> bool:
            expired, paid = await sandbox.look(left), await sandbox.look(debited)
            return (expired.status, paid.payment_status) == ("expired", "paid")

        await until(happened)


async def test_what_was_answered_survives_a_kill(database: str) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    async with running_as_a_process(database, port) as sandbox:
        session = await sandbox.open("pay_1")
        await sandbox.pay(session)
        before = await sandbox.ledger()
    async with running_as_a_process(database, port) as sandbox:
        after = await sandbox.ledger()
        assert (after["sessions"], after["captures"]) == (before["sessions"], before["captures"])
        assert [found["event"] for found in after["deliveries"]] == [
            found["event"] for found in before["deliveries"]
        ]
        assert (await sandbox.open("pay_1")).id == session.id
