"""The two orders that a box sells to itself: one is paid, one is left alone until its deadline."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Any

import aiohttp

from onebox.report import say
from onebox.shop import SHOP_TROUBLE, Shop, ShopError
from onebox.site import Site
from onebox.tokens import bearer_token

CHECKOUT_TIMEOUT_SECONDS = 5

_SEEDS: tuple[dict[str, Any], ...] = (
    {"name": "Concert, standing", "unit_price_cents": 4500, "currency": "eur", "capacity": 500},
    {"name": "Concert, balcony", "unit_price_cents": 7900, "currency": "eur", "capacity": 120},
)
# https://docs.stripe.com/testing: the card that always pays.
_CARD = {"card_number": "4242 4242 4242 4242", "expiry": "12 / 34", "cvc": "123", "name": "Alice"}

Buyer = Callable[[Shop, str], Awaitable[str]]
"""What a buyer does with the payment page at that address, and says afterwards."""


async def demonstrate(site: Site, http: aiohttp.ClientSession) -> bool:
    """Sell two orders at once through the public API; say whether both ended as they should."""
    secret = site.secrets.auth_jwt_secret
    box_office = Shop(http, site.api_url, bearer_token(secret, "box-office", "catalog:write"))
    shop = Shop(http, site.api_url, bearer_token(secret, "alice"))
    try:
        standing, balcony = await _seed(box_office)
    except SHOP_TROUBLE as trouble:
        say(f"\nThe ticket types could not be put on sale: {trouble!r}")
        return False
    return all(
        await asyncio.gather(
            _sell(site, shop, standing, _pay, "PAID"),
            _sell(site, shop, balcony, _leave_alone, "CANCELLED"),
        )
    )


async def _seed(shop: Shop) -> list[dict[str, Any]]:
    on_sale = {t["name"]: t for t in await shop.ticket_types() if t["available"]}
    return [on_sale.get(seed["name"]) or await shop.add_ticket_type(seed) for seed in _SEEDS]


async def _sell(
    site: Site, shop: Shop, ticket_type: dict[str, Any], buyer: Buyer, expected: str
) -> bool:
    began = time.monotonic()
    try:
        order = await shop.order(ticket_type["id"])
        checkout = await shop.checkout(order["id"])
        what_happened = await buyer(shop, checkout["url"])
        final = await shop.final_order(order["id"])
    except SHOP_TROUBLE as trouble:
        say(f"\nAn order that should have become {expected} did not: {trouble!r}")
        return False
    item = order["items"][0]
    units, cents = divmod(order["total_cents"], 100)
    say(f"\nOrder {order['id']}: {item['quantity']} x {item['name']}, EUR {units}.{cents:02}")
    say(f"  payment page  {checkout['url']}")
    say(f"                {what_happened}")
    say(f"  status        {final['status']} after {time.monotonic() - began:.1f} s")
    say(f"  workflow      {site.workflow_url('checkout-' + order['id'])}")
    if final["status"] != expected:
        say(f"  WRONG         it should have become {expected}")
    return bool(final["status"] == expected)


async def _pay(shop: Shop, payment_page: str) -> str:
    async with shop.http.post(payment_page, data=_CARD, allow_redirects=False) as page:
        if page.status != 303:
            raise ShopError(f"the payment page answered {page.status}: {await page.text()}")
    return f"card {_CARD['card_number']} was typed in"


async def _leave_alone(_shop: Shop, _payment_page: str) -> str:
    return f"left alone; the deadline is {CHECKOUT_TIMEOUT_SECONDS} s after the checkout"
