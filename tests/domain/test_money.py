"""Stripe's rules on amounts."""

import pytest

from domain.money import CURRENCIES, Cents, Currency, display, minimum_cents, smallest_step


@pytest.mark.parametrize(
    ("amount", "currency", "shown"),
    [
        (4500, "eur", "45.00 EUR"),
        (5, "usd", "0.05 USD"),
        (1234567, "usd", "12,345.67 USD"),
        (500, "jpy", "500 JPY"),
        (5120, "kwd", "5.120 KWD"),
        (500, "isk", "5.00 ISK"),
    ],
)
def test_amounts_are_shown_with_their_currencys_decimals(
    amount: int, currency: str, shown: str
) -> None:
    assert display(Cents(amount), Currency(currency)) == shown


@pytest.mark.parametrize(
    ("currency", "minimum"), [("usd", 50), ("gbp", 30), ("jpy", 50), ("huf", 17500), ("amd", 1)]
)
def test_the_least_that_stripe_charges(currency: str, minimum: int) -> None:
    assert minimum_cents(Currency(currency)) == minimum


def test_minimums_can_be_charged() -> None:
    assert all(
        minimum_cents(Currency(code)) % smallest_step(Currency(code)) == 0
        for code in CURRENCIES
        if minimum_cents(Currency(code)) > 1
    )
