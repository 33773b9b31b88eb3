"""The two orders that a box sells to itself: one is paid, one is left alone until its deadline."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import aiohttp

from onebox.report import say
from onebox.shop import Shop, ShopError
from onebox.site import Site
from onebox.tokens import bearer_token

CHECKOUT_TIMEOUT_SECONDS = 3

_SEEDS: tuple[dict[str, Any], ...] = (
    {"name": "Concert, standing", "unit_price_cents": 4500, "currency": "eur", "capacity": 500},
    {"name": "Concert, balcony", "unit_price_cents": 7900, "currency": "eur", "capacity": 120},
)
# https://docs.stripe.com/testing: the card that always pays.
_CARD = {"card_number": "4242 4242 4242 4242", "expiry": "12 / 34", "cvc": "123", "name": "Alice"}


@dataclass(frozen=True)
class Sale:
    """An order whose checkout has begun, what its buyer did, and how it must end."""

    order: dict[str, Any]
    payment_page: str
    what_happened: str
    expected: str


async def begin(site: Site, http: aiohttp.ClientSession) -> tuple[Sale, Sale]:
    """Put tickets on sale if there are none, order twice, pay the first order on Stripe's page.

    Raises one of shop.SHOP_TROUBLE.
    """
    standing, balcony = await _seed(_shop(site, http, "box-office", "catalog:write"))
    alice = _shop(site, http, "alice")
    paid = await alice.order(standing["id"])
    page = (await alice.checkout(paid["id"]))["url"]
    await _pay(http, page)
    left = await alice.order(balcony["id"])
    unused_page = (await alice.checkout(left["id"]))["url"]
    return (
        Sale(paid, page, f"card {_CARD['card_number']} was typed in", "PAID"),
        Sale(left, unused_page, f"nobody paid in {CHECKOUT_TIMEOUT_SECONDS} s", "CANCELLED"),
    )


async def finish(site: Site, http: aiohttp.ClientSession, sale: Sale) -> bool:
    """Wait for the order's end and tell its story; say whether it ended as it must.

    Raises one of shop.SHOP_TROUBLE.
    """
    final = await _shop(site, http, "alice").final_order(sale.order["id"])
    item, status = final["items"][0], final["status"]
    ended = final.get("paid_at") or final.get("cancelled_at") or final["updated_at"]
    seconds = (_time(ended) - _time(final["created_at"])).total_seconds()
    units, cents = divmod(final["total_cents"], 100)
    say(f"\nOrder {final['id']}: {item['quantity']} x {item['name']}, EUR {units}.{cents:02}")
    say(f"  payment page  {sale.payment_page}")
    say(f"                {sale.what_happened}")
    say(f"  status        {status} after {seconds:.1f} s")
    say(f"  workflow      {site.workflow_url('checkout-' + final['id'])}")
    if status != sale.expected:
        say(f"  WRONG         it should have become {sale.expected}")
    return bool(status == sale.expected)


def _shop(site: Site, http: aiohttp.ClientSession, sub: str, scope: str = "") -> Shop:
    return Shop(http, site.api_url, bearer_token(site.secrets.auth_jwt_secret, sub, scope))


async def _seed(shop: Shop) -> list[dict[str, Any]]:
    on_sale = {t["name"]: t for t in await shop.ticket_types() if t["available"]}
    return [on_sale.get(seed["name"]) or await shop.add_ticket_type(seed) for seed in _SEEDS]


async def _pay(http: aiohttp.ClientSession, payment_page: str) -> None:
    async with http.post(payment_page, data=_CARD, allow_redirects=False) as page:
        if page.status != 303:
            raise ShopError(f"the payment page answered {page.status}: {await page.text()}")


def _time(rfc3339: str) -> datetime:
    return datetime.fromisoformat(rfc3339)
