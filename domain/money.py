"""Money as Stripe counts it: whole minor units and lower-case ISO 4217 codes.

The tables are Stripe's, https://docs.stripe.com/currencies: which currencies it takes, how many
decimals an amount has, and the least and the most that one payment can be.
"""

from typing import NewType

Cents = NewType("Cents", int)
Currency = NewType("Currency", str)

MAXIMUM_CENTS = 99_999_999

ZERO_DECIMAL = frozenset("bif clp djf gnf jpy kmf krw mga pyg rwf vnd vuv xaf xof xpf".split())
THREE_DECIMAL = frozenset("bhd jod kwd omr tnd".split())
CHARGED_IN_WHOLE_UNITS = frozenset(("isk", "ugx"))

CURRENCIES = (
    ZERO_DECIMAL
    | THREE_DECIMAL
    | CHARGED_IN_WHOLE_UNITS
    | frozenset(
        """
    aed afn all amd ang aoa ars aud awg azn bam bbd bdt bgn bmd bnd bob brl bsd bwp byn bzd cad cdf
    chf cny cop crc cve czk dkk dop dzd egp etb eur fjd fkp gbp gel gip gmd gtq gyd hkd hnl htg huf
    idr ils inr jmd kes kgs khr kyd kzt lak lbp lkr lrd lsl mad mdl mkd mmk mnt mop mur mvr mwk mxn
    myr mzn nad ngn nio nok npr nzd pab pen pgk php pkr pln qar ron rsd rub sar sbd scr sek sgd shp
    sle sos srd std szl thb tjs top try ttd twd tzs uah usd uyu uzs wst xcd yer zar zmw
    """.split()
    )
)

_MINIMUM_CENTS = {
    "aed": 200, "bgn": 100, "czk": 1500, "dkk": 250, "gbp": 30, "hkd": 400, "huf": 17500,
    "jpy": 50, "mxn": 1000, "myr": 200, "nok": 300, "pln": 200, "ron": 200, "sek": 300, "thb": 1000,
}  # fmt: skip
_MINIMUM_OTHERWISE = 50
_SETTLED_CURRENCIES = frozenset(_MINIMUM_CENTS) | frozenset(
    "usd aud brl cad chf eur inr nzd sgd".split()
)


def minimum_cents(currency: Currency) -> Cents:
    """Return the least that Stripe charges in a currency, in minor units.

    For currencies outside Stripe's table the minimum depends on the account's own currency, so
    only zero is ruled out here and Stripe has the last word.
    """
    if currency not in _SETTLED_CURRENCIES:
        return Cents(1)
    return Cents(_MINIMUM_CENTS.get(currency, _MINIMUM_OTHERWISE))


def smallest_step(currency: Currency) -> int:
    """Return what an amount must be a multiple of, in minor units.

    Stripe wants the last digit of three-decimal amounts to be 0, and two zeros for currencies
    that have no cents but are sent as if they had.
    """
    if currency in THREE_DECIMAL:
        return 10
    return 100 if currency in CHARGED_IN_WHOLE_UNITS else 1


def decimals_of(currency: Currency) -> int:
    """Return how many decimals an amount has: how many digits its minor unit stands for."""
    if currency in ZERO_DECIMAL:
        return 0
    return 3 if currency in THREE_DECIMAL else 2


def display(amount: Cents, currency: Currency) -> str:
    """Return an amount for people to read, such as `45.00 EUR`."""
    decimals = decimals_of(currency)
    whole, fraction = divmod(amount, 10**decimals)
    digits = f"{whole:,}.{fraction:0{decimals}d}" if decimals else f"{whole:,}"
    return f"{digits} {currency.upper()}"
