"""Idempotency keys: the first answer is kept and replayed, whatever it was."""

import asyncio

import pytest
import stripe
from stripe.checkout import Session

from tests.sandbox.buying import SECRET_KEY, Sandbox, line, until

DAY = 24 * 60 * 60


async def opened(sandbox: Sandbox) -> int:
    """Return how many sessions there are."""
    return len((await sandbox.ledger())["sessions"])


def replayed(session: Session) -> str | None:
    """Return the header that tells a replayed answer."""
    assert session.last_response is not None
    header: str | None = session.last_response.headers.get("Idempotent-Replayed")
    return header


async def test_a_repeated_request_gets_the_same_answer_byte_for_byte(sandbox: Sandbox) -> None:
    first = await sandbox.open("pay_same")
    before = await opened(sandbox)
    again = await sandbox.open("pay_same")
    assert (replayed(first), replayed(again)) == (None, "true")
    assert first.last_response is not None
    assert again.last_response is not None
    assert again.last_response.body == first.last_response.body
    assert again.last_response.request_id != first.last_response.request_id
    assert await opened(sandbox) == before


async def test_a_replay_tells_what_was_and_not_what_is(sandbox: Sandbox) -> None:
    session = await sandbox.open("pay_old")
    await sandbox.pay(session)
    assert (await sandbox.open("pay_old")).status == "open"
    assert (await sandbox.look(session)).status == "complete"


async def test_another_request_under_the_same_key_is_refused(sandbox: Sandbox) -> None:
    session = await sandbox.open("pay_other")
    with pytest.raises(stripe.IdempotencyError) as refused:
        await sandbox.open("pay_other", line_items=[line(quantity=3)])
    assert refused.value.http_status == 400
    with pytest.raises(stripe.IdempotencyError):
        await sandbox.sessions.expire_async(session.id, {}, {"idempotency_key": "pay_other"})
    assert (await sandbox.look(session)).status == "open"


async def test_twenty_at_once_make_one_session(sandbox: Sandbox) -> None:
    before = await opened(sandbox)
    sessions = await asyncio.gather(*(sandbox.open("pay_twenty") for _ in range(20)))
    assert len({session.id for session in sessions}) == 1
    assert await opened(sandbox) == before + 1


async def test_a_key_whose_request_still_runs_is_in_use(sandbox: Sandbox) -> None:
    async def has_begun() -> bool:
        return bool((await sandbox.admin("GET", "faults"))["faults"][0]["times"] == 0)

    await sandbox.fault("POST /v1/checkout/sessions", "delay", delay_seconds=1)
    first = asyncio.create_task(sandbox.open("pay_running"))
    await until(has_begun)
    with pytest.raises(stripe.APIError) as refused:
        await sandbox.open("pay_running")
    assert refused.value.http_status == 409
    assert refused.value.error is not None
    assert refused.value.error.code == "idempotency_key_in_use"
    assert (await first).id == (await sandbox.open("pay_running")).id


async def test_a_failure_after_the_effect_is_kept_for_good(sandbox: Sandbox) -> None:
    before = await opened(sandbox)
    await sandbox.fault("POST /v1/checkout/sessions", "error_after", status=500)
    for expected in (None, "true", "true"):
        with pytest.raises(stripe.APIError) as failed:
            await sandbox.open("pay_500")
        assert failed.value.http_status == 500
        assert failed.value.headers is not None
        assert failed.value.headers.get("Idempotent-Replayed") == expected
    assert await opened(sandbox) == before + 1


async def test_a_failure_before_the_effect_is_not_kept(sandbox: Sandbox) -> None:
    before = await opened(sandbox)
    await sandbox.fault("POST /v1/checkout/sessions", "error_before", status=503)
    with pytest.raises(stripe.APIError):
        await sandbox.open("pay_503")
    assert replayed(await sandbox.open("pay_503")) is None
    assert await opened(sandbox) == before + 1


async def test_refused_parameters_are_not_kept(sandbox: Sandbox) -> None:
    with pytest.raises(stripe.InvalidRequestError):
        await sandbox.open("pay_mended", line_items=[line(1, 1)])
    assert (await sandbox.open("pay_mended")).status == "open"


async def test_a_key_is_forgotten_after_a_day(sandbox: Sandbox) -> None:
    first = await sandbox.open("pay_day")
    await sandbox.skip(DAY - 60)
    assert (await sandbox.open("pay_day")).id == first.id
    await sandbox.skip(DAY + 60)
    assert (await sandbox.open("pay_day")).id != first.id


async def test_a_key_has_up_to_255_characters(sandbox: Sandbox) -> None:
    assert (await sandbox.open("k" * 255)).status == "open"
    with pytest.raises(stripe.InvalidRequestError):
        await sandbox.open("k" * 256)


async def test_a_key_without_authentication_learns_nothing(sandbox: Sandbox) -> None:
    await sandbox.open("pay_secret")
    with pytest.raises(stripe.AuthenticationError):
        await sandbox.sessions.create_async(
            {}, {"api_key": f"{SECRET_KEY}x", "idempotency_key": "pay_secret"}
        )
