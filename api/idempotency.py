"""The Idempotency-Key header: the same key and body answers what the first call answered."""

import hashlib
import re
from collections.abc import Callable, Coroutine
from typing import Annotated, Any

from fastapi import Depends, Request, Response
from fastapi.routing import APIRoute

from api.auth import authenticate
from api.problems import Problem, response_to
from api.services import Services
from database import idempotency
from database.idempotency import Answer, Claim
from domain.ids import UserId, new_suffix

PRINTABLE = re.compile(r"[\x20-\x7e]{1,255}")
Handler = Callable[[Request], Coroutine[Any, Any, Response]]


class IdempotentRoute(APIRoute):
    """A route whose POST may be repeated safely when it carries an Idempotency-Key."""

    def get_route_handler(self) -> Handler:
        """Return the handler, which runs once a key."""
        handler = super().get_route_handler()

        async def handle(request: Request) -> Response:
            key = request.headers.get("Idempotency-Key")
            if request.method != "POST" or key is None:
                return await handler(request)
            return await _once(request, key, handler)

        return handle


async def _once(request: Request, key: str, handler: Handler) -> Response:
    services: Services = request.app.state.services
    user_id = (await authenticate(request)).user_id
    if not PRINTABLE.fullmatch(key):
        raise Problem(
            "idempotency_key_invalid", "An Idempotency-Key is 1 to 255 printable ASCII characters."
        )
    fingerprint = await _fingerprint(request)
    async with services.database.transaction() as connection:
        claimed = await idempotency.claim(connection, user_id, key, fingerprint)
    if claimed is None:
        return await _answer_again(services, user_id, key, fingerprint)
    request.state.resource_suffix = claimed.resource_suffix
    return await _answer(services, claimed, request, handler)


async def _answer(
    services: Services, claimed: Claim, request: Request, handler: Handler
) -> Response:
    try:
        response = await handler(request)
    except Exception as error:
        response = response_to(error)
    async with services.database.transaction() as connection:
        if response.status_code >= 500:
            await idempotency.release(connection, claimed)
        else:
            media_type = response.headers.get("content-type", "application/json")
            answer = Answer(response.status_code, media_type, bytes(response.body))
            await idempotency.store(connection, claimed, answer)
    return response


async def _answer_again(
    services: Services, user_id: UserId, key: str, fingerprint: bytes
) -> Response:
    async with services.database.transaction() as connection:
        known = await idempotency.find(connection, user_id, key)
    if known is not None and known.fingerprint != fingerprint:
        raise Problem(
            "idempotency_key_reused", "This Idempotency-Key came with another request before."
        )
    if known is None or known.status_code is None:
        raise Problem("idempotency_key_in_use", "The first request with this key is still running.")
    return Response(
        known.body,
        known.status_code,
        {"Idempotent-Replayed": "true"},
        media_type=known.media_type,
    )


async def _fingerprint(request: Request) -> bytes:
    digest = hashlib.sha256()
    for part in (request.method.encode(), request.url.path.encode(), await request.body()):
        digest.update(len(part).to_bytes(8) + part)
    return digest.digest()


def _resource_suffix(request: Request) -> str:
    """Return what the id of a new resource ends with: the same whenever its key comes again."""
    return getattr(request.state, "resource_suffix", None) or new_suffix()


ResourceSuffix = Annotated[str, Depends(_resource_suffix)]
