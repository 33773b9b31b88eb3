"""The effects of a refund, one by one, twice, and against each other: the money goes back once."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import aiohttp
import pytest
from temporalio.exceptions import ApplicationError

from activities.stripe_client import connect_stripe
from database.engine import Database
from domain.order import OrderStatus
from domain.payment import Settlement
from domain.refund import RefundStatus
from stripe_sandbox.app import create_app
from stripe_sandbox.settings import Settings
from tests.activities.refunding import Desk, at_once, wanted
from tests.serving import served

SECRET_KEY = "sk_test_refunds"
CREATE, LIST = "POST /v1/refunds", "GET /v1/refunds"
TOTAL = 9000


@pytest.fixture(scope="module")
async def sandbox_url() -> AsyncIterator[str]:
    """The address of a Stripe sandbox."""
    async with served(create_app(Settings(secret_key=SECRET_KEY))) as url:
        yield url


@pytest.fixture
async def desk(database_url: str, sandbox_url: str) -> AsyncIterator[Desk]:
    """Whoever gives money back; afterwards no seat was sold twice."""
    database = Database(database_url)
    async with aiohttp.ClientSession() as http:
        sdk = connect_stripe(SECRET_KEY, sandbox_url, http)
        desk = Desk(database, sdk, http, sandbox_url)
        yield desk
        await desk.sandbox("PUT", "faults", {"faults": []})
        await desk.sandbox("PUT", "clock", {"offset_seconds": 0})
        await desk.assert_no_seat_twice()
    await database.close()


async def test_a_refund_is_opened_once_however_often_it_is_asked_for(desk: Desk) -> None:
    paid = await desk.paid()
    request = wanted(paid, 1000)
    opened, errors = await at_once(desk.requests.open_refund(request) for _ in range(8))
    assert errors == []
    assert {refund.id for refund in opened} == {request.id}
    assert (await desk.actions(paid.order_id)).count("refund_requested") == 1


async def test_of_many_refunds_at_once_only_what_is_left_is_opened(desk: Desk) -> None:
    paid = await desk.paid()
    opened, errors = await at_once(desk.opened(paid, 2000) for _ in range(8))
    assert sum(refund.amount_cents for refund in opened) == 8000
    assert {getattr(error, "type", None) for error in errors} == {"amount_too_large"}


async def test_a_refund_that_is_carried_out_many_times_at_once_is_made_once(desk: Desk) -> None:
    paid = await desk.paid()
    refund = await desk.opened(paid, 1000)  # Stripe itself would refuse to give all back twice
    await at_once(desk.refunds.carry_out(refund.id) for _ in range(8))
    assert (await desk.refunds.carry_out(refund.id)).status is RefundStatus.SUCCEEDED
    assert await desk.at_stripe(paid) == [1000]
    assert (await desk.actions(paid.order_id)).count("refund_succeeded") == 1


@pytest.mark.parametrize("kind", ["timeout_before", "timeout_after", "error_after", "error_saved"])
async def test_a_worker_that_dies_at_stripe_leaves_a_refund_that_is_made_once(
    desk: Desk, kind: str
) -> None:
    paid = await desk.paid()
    refund = await desk.opened(paid, 1000)
    await desk.fault(CREATE, kind)
    while (await desk.seen(paid))[0].status is not RefundStatus.SUCCEEDED:
        _, errors = await at_once([desk.refunds.carry_out(refund.id)])
        assert not any(isinstance(error, AssertionError) for error in errors)
    assert await desk.at_stripe(paid) == [1000]


async def test_a_try_that_stripe_is_still_busy_with_makes_no_second_refund(desk: Desk) -> None:
    paid = await desk.paid()
    refund = await desk.opened(paid, 1000)
    before = await desk.times_asked(CREATE)
    await desk.fault(CREATE, "delay", delay_seconds=2)
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(desk.refunds.carry_out(refund.id), timeout=1)
    while (await desk.seen(paid))[0].status is not RefundStatus.SUCCEEDED:
        await at_once([desk.refunds.carry_out(refund.id)])
    while await desk.times_asked(CREATE) < before + 2:  # noqa: ASYNC110 - the slow one, too
        await asyncio.sleep(0.05)
    assert await desk.at_stripe(paid) == [1000]


async def test_a_refund_is_made_once_although_stripe_has_forgotten_its_key(desk: Desk) -> None:
    paid = await desk.paid()
    refund = await desk.opened(paid, 1000)
    await desk.fault(CREATE, "timeout_after")
    with pytest.raises(aiohttp.ClientPayloadError):
        await desk.refunds.carry_out(refund.id)
    await desk.sandbox("PUT", "clock", {"offset_seconds": 25 * 3600})
    assert (await desk.refunds.carry_out(refund.id)).status is RefundStatus.SUCCEEDED
    assert await desk.at_stripe(paid) == [1000]


async def test_an_answer_is_not_taken_when_another_was_taken_while_stripe_was_asked(
    desk: Desk,
) -> None:
    paid = await desk.paid()
    await desk.in_the_dashboard(paid, 1000)
    await desk.fault(LIST, "delay", delay_seconds=0.5)
    _, errors = await at_once(desk.refunds.take_refunds(paid.intent) for _ in range(2))
    assert [getattr(error, "type", None) for error in errors] == ["changed_meanwhile"]
    assert len(await desk.seen(paid)) == 1
    assert (await desk.see(paid.order_id)).amount_refunded_cents == 1000


async def test_a_payment_that_is_taken_while_stripe_is_asked_for_it_is_asked_again(
    desk: Desk,
) -> None:
    paid = await desk.paid_at_stripe(await desk.order())
    await desk.in_the_dashboard(paid, 1000)
    await desk.fault("GET /v1/payment_intents/*", "delay", delay_seconds=0.5)
    _, errors = await at_once([desk.refunds.take_refunds(paid.intent), desk.settle(paid)])
    assert [getattr(error, "type", None) for error in errors] == ["too_early"]
    assert await desk.refunds.take_refunds(paid.intent) == paid.order_id


async def test_an_order_that_was_paid_twice_keeps_its_own_payment(desk: Desk) -> None:
    own = await desk.paid()
    late = await desk.second_capture(own)
    assert await desk.settle(late) is Settlement.LATE
    opened = await desk.requests.open_late_refund(late.report)
    assert await desk.wrong(own) == []
    assert (await desk.opened(own, 1000)).payment_intent == own.intent
    await desk.refunds.carry_out(opened.id)
    order = await desk.see(own.order_id)
    assert (order.status, order.amount_refunded_cents) == (OrderStatus.PAID, 0)
    assert await desk.payment_statuses(own.order_id) == ["REFUNDED", "SUCCEEDED"]
    assert await desk.settle(late) is Settlement.LATE
    assert await desk.settle(own) is Settlement.PAID
    assert await desk.wrong(own) == []


async def test_of_money_kept_twice_the_orders_own_goes_back_first(desk: Desk) -> None:
    own = await desk.paid()
    late = await desk.second_capture(own)
    opened = await desk.requests.open_late_refund(late.report)
    await desk.sandbox("PUT", "refunds", {"next": "failed"})
    await desk.refunds.carry_out(opened.id)
    assert await desk.wrong(own) == ["PAID, but money is kept for it"]
    first = await desk.refunds.carry_out((await desk.opened(own)).id)
    second = await desk.refunds.carry_out((await desk.opened(own)).id)
    assert [first.payment_intent, second.payment_intent] == [own.intent, late.intent]
    assert (await desk.see(own.order_id)).status is OrderStatus.REFUNDED
    assert await desk.payment_statuses(own.order_id) == ["REFUNDED", "REFUNDED"]
    assert await desk.wrong(own) == []


async def test_seats_are_freed_once_though_all_is_given_back_twice(desk: Desk) -> None:
    paid = await desk.paid()
    refund = await desk.refunds.carry_out((await desk.opened(paid)).id)
    await desk.sandbox("POST", f"refunds/{refund.stripe_id}/move", {"status": "failed"})
    await desk.refunds.take_refunds(paid.intent)
    await desk.refunds.carry_out((await desk.opened(paid)).id)
    assert (await desk.see(paid.order_id)).amount_refunded_cents == TOTAL
    assert (await desk.actions(paid.order_id)).count("order_refunded") == 1


async def test_taking_the_same_again_changes_nothing(desk: Desk) -> None:
    paid = await desk.paid()
    await desk.in_the_dashboard(paid, 1000)
    await desk.refunds.take_refunds(paid.intent)
    before = await desk.see(paid.order_id), await desk.actions(paid.order_id)
    assert await desk.refunds.take_refunds(paid.intent) == paid.order_id
    assert (await desk.see(paid.order_id), await desk.actions(paid.order_id)) == before


async def test_a_refund_that_was_refused_is_refused_again(desk: Desk) -> None:
    paid = await desk.paid()
    refund = await desk.opened(paid)
    await desk.fault(CREATE, "error_before", status=400)
    for _ in range(2):
        with pytest.raises(ApplicationError) as refused:
            await desk.refunds.carry_out(refund.id)
        assert (refused.value.type, refused.value.non_retryable) == ("refund_refused", True)
    assert await desk.at_stripe(paid) == []
    assert (await desk.actions(paid.order_id)).count("refund_failed") == 1


async def test_refunds_that_nobody_follows_are_found_by_their_age(desk: Desk) -> None:
    unmade, slow = [await desk.opened(await desk.paid()) for _ in range(2)]
    await desk.sandbox("PUT", "refunds", {"next": "pending"})
    await desk.refunds.carry_out(slow.id)
    assert not {unmade.id, slow.id} & {*await desk.abandoned()}
    for refund in (unmade, slow):
        await desk.age(refund, timedelta(minutes=3))
    assert {unmade.id, slow.id} & {*await desk.abandoned()} == {unmade.id}
    await desk.age(slow, timedelta(hours=26))
    assert {unmade.id, slow.id} <= {*await desk.abandoned()}
    await desk.refunds.carry_out(slow.id)
    await desk.refunds.carry_out(unmade.id)
    assert not {unmade.id, slow.id} & {*await desk.abandoned()}


async def test_refunds_that_no_row_knows_are_found_at_stripe(desk: Desk) -> None:
    paid = await desk.paid()
    now, soon = datetime.now(UTC), datetime.now(UTC) + timedelta(minutes=3)
    await desk.in_the_dashboard(paid, 1000)
    assert paid.intent not in await desk.unheard(now)
    assert (await desk.unheard(soon)).count(paid.intent) == 1
    await desk.refunds.take_refunds(paid.intent)
    assert paid.intent not in await desk.unheard(soon)


async def test_refunds_that_moved_on_unheard_of_are_found_at_stripe(desk: Desk) -> None:
    paid = await desk.paid()
    soon = datetime.now(UTC) + timedelta(minutes=3)
    refund = await desk.refunds.carry_out((await desk.opened(paid)).id)
    assert paid.intent not in await desk.unheard(soon)
    await desk.sandbox("POST", f"refunds/{refund.stripe_id}/move", {"status": "failed"})
    assert paid.intent in await desk.unheard(soon)
    await desk.refunds.take_refunds(paid.intent)
    assert paid.intent not in await desk.unheard(soon)
