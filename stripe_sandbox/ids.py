"""Identifiers that look like Stripe's."""

import secrets
import string

_ALPHABET = string.ascii_letters + string.digits


def new_id(prefix: str, length: int = 24) -> str:
    """Return a random id such as `pi_3Nk…`; the prefix tells the kind of object."""
    return f"{prefix}_" + "".join(secrets.choice(_ALPHABET) for _ in range(length))
