"""Checkout Sessions as the product opens, reads, lists and expires them."""

import time

import pytest
import stripe

from tests.sandbox.buying import SECRET_KEY, Sandbox, line, order


async def test_a_new_session_is_open_unpaid_and_has_a_page(sandbox: Sandbox) -> None:
    session = await sandbox.open(expires_at=int(time.time()) + 3600)
    assert (session.status, session.payment_status) == ("open", "unpaid")
    assert (session.amount_total, session.currency) == (9000, "eur")
    assert session.client_reference_id == "ord_1"
    assert session.metadata is not None
    assert session.metadata["orderId"] == "ord_1"
    assert session.payment_intent is None
    assert session.url == f"{sandbox.url}/pay/{session.id}"


async def test_a_session_without_an_end_lasts_a_day(sandbox: Sandbox) -> None:
    session = await sandbox.open()
    assert session.expires_at == session.created + 24 * 60 * 60


async def test_a_session_is_found_again_as_it_was_made(sandbox: Sandbox) -> None:
    session = await sandbox.open()
    assert (await sandbox.look(session)).to_dict() == session.to_dict()


async def test_an_unknown_session_is_missing(sandbox: Sandbox) -> None:
    with pytest.raises(stripe.InvalidRequestError) as refused:
        await sandbox.sessions.retrieve_async("cs_test_nobody")
    assert (refused.value.http_status, refused.value.code) == (404, "resource_missing")


async def test_a_paid_session_expands_to_its_intent_and_charge(sandbox: Sandbox) -> None:
    session = await sandbox.open()
    await sandbox.pay(session)
    paid = await sandbox.sessions.retrieve_async(
        session.id, {"expand": ["payment_intent.latest_charge", "line_items"]}
    )
    intent = paid.payment_intent
    assert isinstance(intent, stripe.PaymentIntent)
    assert (intent.status, intent.amount_received) == ("succeeded", 9000)
    assert intent.metadata["orderId"] == "ord_1"
    assert isinstance(intent.latest_charge, stripe.Charge)
    assert intent.latest_charge.amount_captured == 9000
    assert paid.line_items is not None
    assert [item.description for item in paid.line_items.data] == ["Concert"]


async def test_what_is_not_expanded_is_an_id(sandbox: Sandbox) -> None:
    session = await sandbox.open()
    await sandbox.pay(session)
    paid = await sandbox.sessions.retrieve_async(session.id)
    assert isinstance(paid.payment_intent, str)
    intent = await sandbox.sdk.v1.payment_intents.retrieve_async(paid.payment_intent)
    assert isinstance(intent.latest_charge, str)
    charge = await sandbox.sdk.v1.charges.retrieve_async(intent.latest_charge)
    assert charge.payment_intent == intent.id


async def test_what_cannot_be_expanded_is_refused(sandbox: Sandbox) -> None:
    session = await sandbox.open()
    with pytest.raises(stripe.InvalidRequestError, match="This property cannot be expanded"):
        await sandbox.sessions.retrieve_async(session.id, {"expand": ["currency"]})


async def test_lines_are_listed_in_their_order(sandbox: Sandbox) -> None:
    lines = [line(name="Balcony"), line(name="Stalls"), line(name="Programme", quantity=1)]
    session = await sandbox.open(line_items=lines)
    first = await sandbox.sessions.line_items.list_async(session.id, {"limit": 2})
    assert first.has_more
    assert [item.description async for item in first.auto_paging_iter()] == [
        "Balcony",
        "Stalls",
        "Programme",
    ]
    assert [item.amount_total for item in first.data] == [9000, 9000]


async def test_sessions_are_listed_newest_first_page_by_page(fresh_sandbox: Sandbox) -> None:
    made = [(await fresh_sandbox.open()).id for _ in range(5)]
    first = await fresh_sandbox.sessions.list_async({"limit": 2})
    assert [session.id for session in first.data] == [made[4], made[3]]
    assert [session.id async for session in first.auto_paging_iter()] == made[::-1]
    before = await fresh_sandbox.sessions.list_async({"ending_before": made[1], "limit": 2})
    assert [session.id for session in before.data] == [made[3], made[2]]
    assert before.has_more


async def test_sessions_are_listed_by_state_and_time(fresh_sandbox: Sandbox) -> None:
    left, paid = await fresh_sandbox.open(), await fresh_sandbox.open()
    await fresh_sandbox.pay(paid)
    complete = await fresh_sandbox.sessions.list_async(
        {"status": "complete", "expand": ["data.payment_intent"]}
    )
    assert [session.id for session in complete.data] == [paid.id]
    assert isinstance(complete.data[0].payment_intent, stripe.PaymentIntent)
    opened = await fresh_sandbox.sessions.list_async({"status": "open"})
    assert [session.id for session in opened.data] == [left.id]
    later = await fresh_sandbox.sessions.list_async({"created": {"gt": paid.created}})
    assert later.data == []
    since = await fresh_sandbox.sessions.list_async({"created": {"gte": left.created}})
    assert len(since.data) == 2


async def test_an_open_session_can_be_expired_once(sandbox: Sandbox) -> None:
    session = await sandbox.open()
    expired = await sandbox.sessions.expire_async(session.id)
    assert (expired.status, expired.url) == ("expired", None)
    with pytest.raises(stripe.InvalidRequestError) as refused:
        await sandbox.sessions.expire_async(session.id)
    assert refused.value.http_status == 400
    assert refused.value.user_message == (
        'Only Checkout Sessions with a status in ["open"] can be expired. '
        "This Checkout Session has a status of expired."
    )


async def test_a_paid_session_cannot_be_expired(sandbox: Sandbox) -> None:
    session = await sandbox.open()
    await sandbox.pay(session)
    with pytest.raises(stripe.InvalidRequestError, match="has a status of complete"):
        await sandbox.sessions.expire_async(session.id)
    assert (await sandbox.look(session)).payment_status == "paid"


async def test_a_session_expires_by_itself(sandbox: Sandbox) -> None:
    session = await sandbox.open(expires_at=int(time.time()) + 1900)
    await sandbox.skip(1899)
    assert (await sandbox.look(session)).status == "open"
    await sandbox.skip(1901)
    assert (await sandbox.look(session)).status == "expired"
    assert await sandbox.told(session) == ["checkout.session.expired"]


async def test_a_wrong_key_opens_nothing(sandbox: Sandbox) -> None:
    with pytest.raises(stripe.AuthenticationError) as refused:
        await sandbox.sessions.create_async(order(), {"api_key": "sk_test_of_somebody_else"})
    assert refused.value.http_status == 401
    assert "somebody" not in str(refused.value)


async def test_a_key_may_come_as_the_user_of_basic_authentication(sandbox: Sandbox) -> None:
    url = f"{sandbox.url}/v1/checkout/sessions"
    answer = await sandbox.http.get(url, auth=(SECRET_KEY, ""))
    assert answer.json()["object"] == "list"
    assert (await sandbox.http.get(url)).status_code == 401


async def test_every_answer_names_its_request_and_version(sandbox: Sandbox) -> None:
    session = await sandbox.open()
    assert session.last_response is not None
    assert session.last_response.request_id
    assert session.last_response.headers["Stripe-Version"] == stripe.api_version


async def test_money_may_come_for_an_expired_session_once(sandbox: Sandbox) -> None:
    session = await sandbox.open()
    await sandbox.sessions.expire_async(session.id)
    await sandbox.pay(session, late=True)
    paid = await sandbox.look(session)
    assert (paid.status, paid.payment_status) == ("complete", "paid")
    with pytest.raises(AssertionError, match="is complete"):
        await sandbox.pay(session, late=True)
