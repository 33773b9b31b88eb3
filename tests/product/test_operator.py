"""Operators press cancel, terminate and reset at every moment of a checkout: it ends right."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import timedelta

import pytest

from tests.interruptions import Where
from tests.product.operator import Operator
from tests.product.shop import Shop

Moment = Callable[[Shop, Operator, str], AbstractAsyncContextManager[None]]


def during(activity: str, where: Where) -> Moment:
    """A moment before or after an activity's effect, of a checkout whose buyer has gone away."""

    @asynccontextmanager
    async def moment(shop: Shop, operator: Operator, order: str) -> AsyncIterator[None]:
        async with operator.interruptions.standing_still(activity, where) as reached:
            await operator.start_checkout(order)
            await reached
            yield

    return moment


@asynccontextmanager
async def waiting(shop: Shop, operator: Operator, order: str) -> AsyncIterator[None]:
    """The session is open."""
    await shop.checkout(order)
    yield


@asynccontextmanager
async def the_buyer_is_paying(shop: Shop, operator: Operator, order: str) -> AsyncIterator[None]:
    """The money is taken, and the webhook lost."""
    await shop.deliver_webhooks("drop")
    await shop.pay(await shop.checkout(order))
    yield


def marking_paid(where: Where) -> Moment:
    """A moment before or after the order becomes PAID."""

    @asynccontextmanager
    async def moment(shop: Shop, operator: Operator, order: str) -> AsyncIterator[None]:
        session = await shop.checkout(order)
        async with operator.interruptions.standing_still("mark_paid", where) as reached:
            await shop.pay(session)
            await reached
            yield

    return moment


UNPAID = {
    "holding": during("hold_tickets", "before"),
    "holding is done": during("hold_tickets", "after"),
    "creating": during("create_session", "before"),
    "creating is done": during("create_session", "after"),
    "waiting": waiting,
}
PAID = {
    "the buyer is paying": the_buyer_is_paying,
    "marking paid": marking_paid("before"),
    "marking paid is done": marking_paid("after"),
}
unpaid = pytest.mark.parametrize("moment", UNPAID.values(), ids=UNPAID)
paid = pytest.mark.parametrize("moment", PAID.values(), ids=PAID)


@pytest.fixture(autouse=True)
def a_moment_is_short(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the reconciler look again at once."""
    monkeypatch.setattr("workflows.reconcile.ON_ITS_WAY", timedelta(milliseconds=100))


async def assert_sold_once(shop: Shop, order: str) -> None:
    """An order is PAID by one payment in one session."""
    assert await shop.status(order) == "PAID"
    ledger = await shop.ledger(order)
    assert [capture["amount_refunded"] for capture in ledger["captures"]] == [0]
    assert [session["status"] for session in ledger["sessions"]] == ["complete"]


async def assert_cancelled(shop: Shop, order: str) -> None:
    """An order is CANCELLED and cannot be paid any more."""
    assert await shop.status(order) == "CANCELLED"
    ledger = await shop.ledger(order)
    assert ledger["captures"] == []
    assert {session["status"] for session in ledger["sessions"]} <= {"expired"}


@unpaid
async def test_cancellation_is_requested_while(
    shop: Shop, operator: Operator, moment: Moment
) -> None:
    order = await shop.order()
    async with moment(shop, operator, order):
        await operator.request_cancellation(order)
    assert await operator.checkout(order).result() == "CANCELLED"
    await assert_cancelled(shop, order)


@paid
async def test_cancellation_is_requested_too_late_while(
    shop: Shop, operator: Operator, moment: Moment
) -> None:
    order = await shop.order()
    async with moment(shop, operator, order):
        await operator.request_cancellation(order)
    assert await operator.checkout(order).result() == "PAID"
    await assert_sold_once(shop, order)


@unpaid
async def test_the_checkout_is_terminated_while(
    shop: Shop, operator: Operator, moment: Moment
) -> None:
    order = await shop.order()
    async with moment(shop, operator, order):
        await operator.terminate(order)
    await operator.let_deadline_pass(order)
    assert (await operator.reconcile()).overdue_checkout == 1
    assert await operator.checkout(order).result() == "CANCELLED"
    await assert_cancelled(shop, order)


@paid
async def test_the_checkout_of_a_paid_order_is_terminated_while(
    shop: Shop, operator: Operator, moment: Moment
) -> None:
    order = await shop.order()
    async with moment(shop, operator, order):
        await operator.terminate(order)
    await operator.let_deadline_pass(order)
    await operator.reconcile()
    await shop.final_status(order)
    await assert_sold_once(shop, order)


@unpaid
async def test_the_checkout_is_reset_to_its_start_while(
    shop: Shop, operator: Operator, moment: Moment
) -> None:
    order = await shop.order()
    async with moment(shop, operator, order):
        await operator.reset(order)
    await shop.pay(await shop.checkout(order))
    assert await operator.checkout(order).result() == "PAID"
    await assert_sold_once(shop, order)


@paid
async def test_the_checkout_of_a_paid_order_is_reset_to_its_start_while(
    shop: Shop, operator: Operator, moment: Moment
) -> None:
    order = await shop.order()
    async with moment(shop, operator, order):
        await operator.reset(order)
    await operator.reconcile()
    await shop.final_status(order)
    await operator.checkout(order).result()
    await assert_sold_once(shop, order)


async def bought(shop: Shop, operator: Operator) -> str:
    """An order that its buyer has paid."""
    return await shop.paid_order()


async def given_up(shop: Shop, operator: Operator) -> str:
    """An order that its buyer has cancelled."""
    return await shop.cancelled_order()


async def cancelled_by_the_operator(shop: Shop, operator: Operator) -> str:
    """An order whose checkout was asked to cancel."""
    order = await shop.order()
    await shop.checkout(order)
    await operator.request_cancellation(order)
    return order


@pytest.mark.parametrize("decided", [bought, given_up, cancelled_by_the_operator])
async def test_a_decided_order_stays_as_it_is_when_its_checkout_is_reset(
    shop: Shop, operator: Operator, decided: Callable[[Shop, Operator], Awaitable[str]]
) -> None:
    order = await decided(shop, operator)
    await operator.checkout(order).result()
    before = (await shop.call("GET", f"/orders/{order}")).json()
    history = (await shop.call("GET", f"/orders/{order}/history")).json()
    ledger = await shop.ledger(order)
    await operator.reset(order)
    await operator.checkout(order).result()
    assert (await shop.call("GET", f"/orders/{order}")).json() == before
    assert (await shop.call("GET", f"/orders/{order}/history")).json() == history
    told_again = await shop.ledger(order)
    assert [told_again[part] for part in ("sessions", "captures")] == [
        ledger[part] for part in ("sessions", "captures")
    ]
    assert await operator.shown_status(order) == before["status"]
