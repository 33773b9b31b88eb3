"""The stand-in, held against Stripe's own SDK."""

import time
from collections.abc import AsyncIterator

import pytest
import stripe

from bench.buyers import signed
from bench.stage import Stage
from onebox.ports import HOST

KEY, SECRET = "sk_test_bench", "whsec_bench"


@pytest.fixture
async def client(stage: Stage) -> AsyncIterator[stripe.StripeClient]:
    http = stripe.AIOHTTPClient()
    yield stripe.StripeClient(
        KEY, http_client=http, base_addresses={"api": f"http://{HOST}:{stage.stripe_port}"}
    )
    await http.close_async()  # type: ignore[no-untyped-call]


async def _create(client: stripe.StripeClient, order_id: str) -> stripe.checkout.Session:
    return await client.v1.checkout.sessions.create_async(
        {
            "mode": "payment",
            "metadata": {"orderId": order_id},
            "line_items": [
                {
                    "quantity": quantity,
                    "price_data": {
                        "currency": "eur",
                        "unit_amount": unit_amount,
                        "product_data": {"name": "Concert"},
                    },
                }
                for quantity, unit_amount in ((2, 4500), (1, 1000))
            ],
            "success_url": "https://shop.example/",
        },
        {"idempotency_key": order_id},
    )


async def test_a_key_makes_one_session(client: stripe.StripeClient) -> None:
    first, again, other = [await _create(client, order_id) for order_id in ("a", "a", "b")]
    assert first.id == again.id != other.id
    assert (first.amount_total, first.currency, first.status) == (10_000, "eur", "open")
    assert first.metadata is not None
    assert first.metadata["orderId"] == "a"


async def test_a_paid_session_is_complete_and_its_event_is_signed(
    stage: Stage, client: stripe.StripeClient
) -> None:
    session = await _create(client, "a")
    async with stage.http.post(str(session.url)) as paying:
        body = await paying.read()
    event = stripe.Webhook.construct_event(body, signed(body, SECRET)["Stripe-Signature"], SECRET)
    assert event.type == "checkout.session.completed"
    assert event.data.object["payment_status"] == "paid"
    found = await client.v1.checkout.sessions.retrieve_async(session.id)
    assert (found.status, found.payment_status) == ("complete", "paid")


async def test_only_an_open_session_can_be_expired(client: stripe.StripeClient) -> None:
    session = await _create(client, "a")
    assert (await client.v1.checkout.sessions.expire_async(session.id)).status == "expired"
    with pytest.raises(stripe.InvalidRequestError):
        await client.v1.checkout.sessions.expire_async(session.id)


async def test_sessions_are_listed_by_status_and_page(client: stripe.StripeClient) -> None:
    for number in range(102):
        await _create(client, f"order {number}")
    page = await client.v1.checkout.sessions.list_async({"status": "open", "limit": 100})
    assert page.has_more
    assert len([session async for session in page.auto_paging_iter()]) == 102
    assert not (await client.v1.checkout.sessions.list_async({"status": "complete"})).data


async def test_every_call_takes_its_time(stage: Stage, client: stripe.StripeClient) -> None:
    await stage.set_latency(100)
    began = time.perf_counter()
    await _create(client, "a")
    assert time.perf_counter() - began >= 0.1
