"""Metadata of Stripe's objects: https://docs.stripe.com/api/metadata."""

from typing import Any

from stripe_sandbox.errors import invalid

MOST_KEYS = 50
LONGEST_KEY = 40
LONGEST_VALUE = 500


def checked(value: Any, param: str = "metadata") -> dict[str, str]:
    """Return the metadata of a new object. Raises StripeError 400 beyond Stripe's bounds."""
    if value in (None, ""):
        return {}
    if not isinstance(value, dict):
        raise invalid(param, "Invalid object")
    if len(value) > MOST_KEYS:
        raise invalid(param, f"Metadata can have up to {MOST_KEYS} keys.")
    for key, text in value.items():
        if len(key) > LONGEST_KEY:
            raise invalid(param, f"Metadata keys can have up to {LONGEST_KEY} characters.")
        if not isinstance(text, str) or len(text) > LONGEST_VALUE:
            raise invalid(
                f"{param}[{key}]", f"Metadata values can have up to {LONGEST_VALUE} characters."
            )
    return dict(value)


def updated(old: dict[str, str], value: Any) -> dict[str, str]:
    """Return the metadata of an object after an update: an empty text takes a key away.

    Raises StripeError 400 beyond Stripe's bounds.
    """
    if value == "":
        return {}
    return checked({key: text for key, text in (old | checked(value)).items() if text})
