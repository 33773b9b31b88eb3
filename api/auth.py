"""Who is calling: bearer tokens, verified with a shared secret or with the issuer's keys."""

import asyncio
import re
from dataclasses import dataclass
from typing import Annotated, Any

import jwt
from fastapi import Depends, Request
from fastapi.security import HTTPBearer

from api.problems import Problem, unavailable
from domain.ids import UserId
from settings import ApiSettings

MAXIMUM_SUBJECT_LENGTH = 200
NO_TEXT = re.compile("[\x00\ud800-\udfff]")  # to PostgreSQL
ASYMMETRIC = ["RS256", "RS384", "RS512", "PS256", "ES256", "ES384", "EdDSA"]
bearer = HTTPBearer(auto_error=False, bearerFormat="JWT", description="a JWT; `sub` is the user")


@dataclass(frozen=True)
class Caller:
    """The user behind a request and what the token lets him do."""

    user_id: UserId
    scopes: frozenset[str]

    @property
    def owner(self) -> UserId | None:
        """Whose orders the caller may see: None means everybody's."""
        return None if "ops" in self.scopes else self.user_id


class Tokens:
    """Verifies bearer tokens. `exp` and `sub` are required (RFC 7519)."""

    def __init__(self, settings: ApiSettings) -> None:
        self._secret = settings.auth_jwt_secret
        self._issuer = settings.auth_jwt_issuer
        self._audience = settings.auth_jwt_audience
        self._keys = (
            jwt.PyJWKClient(str(settings.auth_jwks_url)) if settings.auth_jwks_url else None
        )

    async def caller(self, token: str) -> Caller:
        """Return who holds the token. Raises jwt.PyJWTError."""
        claims = await self._claims(token)
        subject = claims["sub"]
        if not subject or len(subject) > MAXIMUM_SUBJECT_LENGTH or NO_TEXT.search(subject):
            raise jwt.InvalidTokenError("sub is empty, too long, or no text")
        scopes = claims.get("scope", "")
        return Caller(UserId(subject), frozenset(scopes.split() if isinstance(scopes, str) else ()))

    async def _claims(self, token: str) -> dict[str, Any]:
        options: Any = {"require": ["exp", "sub"]}
        if self._secret:
            options["verify_aud"] = self._audience is not None
            return jwt.decode(
                token,
                self._secret.get_secret_value(),
                algorithms=["HS256"],
                audience=self._audience,
                issuer=self._issuer,
                options=options,
            )
        assert self._keys is not None
        key = await asyncio.to_thread(self._keys.get_signing_key_from_jwt, token)
        return jwt.decode(
            token,
            key,
            algorithms=ASYMMETRIC,
            audience=self._audience,
            issuer=self._issuer,
            options=options,
        )


async def authenticate(request: Request) -> Caller:
    """Return the caller of a request, verified once.

    Raises Problem 401.
    """
    known: Caller | None = getattr(request.state, "caller", None)
    if known:
        return known
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    tokens: Tokens = request.app.state.tokens
    try:
        if scheme.lower() != "bearer":
            raise jwt.InvalidTokenError("no bearer token")
        request.state.caller = await tokens.caller(token.strip())
    except jwt.PyJWKClientConnectionError as error:
        raise unavailable("Tokens cannot be verified at the moment.") from error
    except jwt.PyJWTError:
        raise Problem(
            "unauthorized",
            "A valid bearer token is needed.",
            headers={"WWW-Authenticate": "Bearer"},
        ) from None
    caller: Caller = request.state.caller
    return caller


async def _caller(request: Request, _: Annotated[Any, Depends(bearer)]) -> Caller:
    return await authenticate(request)


CallerOf = Annotated[Caller, Depends(_caller)]


def needs(scope: str) -> Any:
    """Return the dependency that lets only callers with a scope pass. Raises Problem 403."""

    async def check(caller: CallerOf) -> Caller:
        if scope not in caller.scopes:
            raise Problem("missing_scope", f"The token needs the scope {scope}.")
        return caller

    return Depends(check)
