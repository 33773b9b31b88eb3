"""Faults of the API do what their names say: before or after the effect, and as often as told."""

import aiohttp
import pytest
import stripe

from tests.sandbox.buying import Sandbox

OPENING = "POST /v1/checkout/sessions"
# The SDK lets aiohttp's own error through when the connection breaks within an answer.
BROKEN_OFF = (stripe.APIConnectionError, aiohttp.ClientError)


async def opened(sandbox: Sandbox) -> int:
    """Return how many sessions there are."""
    return len((await sandbox.ledger())["sessions"])


@pytest.mark.parametrize(
    ("kind", "error", "effects"),
    [
        ("error_before", stripe.APIError, 0),
        ("error_after", stripe.APIError, 1),
        ("timeout_before", BROKEN_OFF, 0),
        ("timeout_after", BROKEN_OFF, 1),
        ("rate_limit", stripe.RateLimitError, 0),
    ],
)
async def test_a_fault_fails_once_before_or_after_the_effect(
    sandbox: Sandbox,
    kind: str,
    error: type[Exception] | tuple[type[Exception], ...],
    effects: int,
) -> None:
    before = await opened(sandbox)
    await sandbox.fault(OPENING, kind)
    with pytest.raises(error):
        await sandbox.open()
    assert await opened(sandbox) == before + effects
    assert (await sandbox.open()).status == "open"


async def test_an_answer_lost_on_the_way_is_found_again_by_its_key(sandbox: Sandbox) -> None:
    before = await opened(sandbox)
    await sandbox.fault(OPENING, "timeout_after", times=2)
    for _ in range(2):
        with pytest.raises(BROKEN_OFF):
            await sandbox.open("pay_lost")
    session = await sandbox.open("pay_lost")
    assert await opened(sandbox) == before + 1
    assert (await sandbox.look(session)).status == "open"


async def test_a_delay_is_only_a_delay(sandbox: Sandbox) -> None:
    await sandbox.fault(OPENING, "delay", delay_seconds=0.1)
    assert (await sandbox.open()).status == "open"
    assert (await sandbox.admin("GET", "faults"))["faults"][0]["times"] == 0


async def test_a_fault_has_the_status_it_was_given(sandbox: Sandbox) -> None:
    await sandbox.fault(OPENING, "error_before", status=503)
    with pytest.raises(stripe.APIError) as failed:
        await sandbox.open()
    assert failed.value.http_status == 503


async def test_a_fault_meets_only_what_it_matches(sandbox: Sandbox) -> None:
    await sandbox.fault("POST /v1/checkout/sessions/*/expire", "error_before", times=None)
    session = await sandbox.open()
    for _ in range(3):
        with pytest.raises(stripe.APIError):
            await sandbox.sessions.expire_async(session.id)
    assert (await sandbox.look(session)).status == "open"
    await sandbox.admin("PUT", "faults", {"faults": []})
    assert (await sandbox.sessions.expire_async(session.id)).status == "expired"


@pytest.mark.parametrize(
    ("kind", "error", "given_back"),
    [
        ("error_before", stripe.APIError, 0),
        ("error_after", stripe.APIError, 1000),
        ("timeout_after", BROKEN_OFF, 1000),
    ],
)
async def test_a_refund_fails_before_or_after_its_effect(
    sandbox: Sandbox,
    kind: str,
    error: type[Exception] | tuple[type[Exception], ...],
    given_back: int,
) -> None:
    payment = await sandbox.paid()
    await sandbox.fault("POST /v1/refunds", kind)
    with pytest.raises(error):
        await sandbox.refund(payment, amount=1000)
    assert (await sandbox.charge(payment)).amount_refunded == given_back


@pytest.mark.parametrize("path", ["refunds", "disputes", "balance_transactions", "events"])
async def test_every_list_can_fail(sandbox: Sandbox, path: str) -> None:
    await sandbox.fault(f"GET /v1/{path}*", "error_before", times=2)
    listed = getattr(sandbox.sdk.v1, path)
    with pytest.raises(stripe.APIError):
        await listed.list_async()
    with pytest.raises(stripe.APIError):
        await listed.retrieve_async("nobody")
    await listed.list_async()


async def test_the_ledger_counts_requests_the_failed_ones_too(fresh_sandbox: Sandbox) -> None:
    await fresh_sandbox.fault(OPENING, "error_before")
    with pytest.raises(stripe.APIError):
        await fresh_sandbox.open()
    await fresh_sandbox.open()
    assert (await fresh_sandbox.ledger())["requests"] == {OPENING: 2}
