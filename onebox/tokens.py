"""Bearer tokens for the box's API, signed with the box's own secret."""

from datetime import UTC, datetime, timedelta

import jwt

_VALID_FOR = timedelta(hours=12)


def bearer_token(secret: str, sub: str, scope: str = "") -> str:
    """Return a JWT (HS256) for the user `sub` with the space-separated scopes."""
    now = datetime.now(UTC)
    claims = {"sub": sub, "scope": scope, "iat": now, "exp": now + _VALID_FOR}
    return jwt.encode(claims, secret, algorithm="HS256")
