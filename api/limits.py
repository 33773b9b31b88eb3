"""How much a request may hold."""

from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

MAXIMUM_BODY_BYTES = 1024 * 1024


class BodyLimit:
    """ASGI middleware that ends the reading of a body that is too large.

    FastAPI's `max_body_size` replaces the answer by plain text; ours are problem+json.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on."""
        size = 0

        async def limited() -> Message:
            nonlocal size
            message = await receive()
            size += len(message.get("body", b""))
            if size > MAXIMUM_BODY_BYTES:
                raise HTTPException(413, f"A body has at most {MAXIMUM_BODY_BYTES} bytes.")
            return message

        await self._app(scope, limited, send)
