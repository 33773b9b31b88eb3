"""Faults of the API, switched on by the admin API: before or after the effect, some times."""

import asyncio
import fnmatch
from collections.abc import Callable
from typing import Any, Literal

from fastapi import Response
from fastapi.responses import JSONResponse
from pydantic import BaseModel
from starlette.types import Receive, Scope, Send

from stripe_sandbox.account import Account
from stripe_sandbox.errors import StripeError

Kind = Literal[
    "error_before",
    "error_after",
    "error_saved",
    "timeout_before",
    "timeout_after",
    "delay",
    "rate_limit",
]
SAVED = ("error_after", "error_saved")  # with and without the effect: a key replays these
TYPES = {400: "invalid_request_error", 401: "invalid_request_error", 429: "rate_limit_error"}


class Fault(BaseModel):
    """One way to fail. `match` is a pattern of "METHOD path"; `times` None: until removed."""

    match: str
    kind: Kind
    times: int | None = 1
    status: int = 500
    delay_seconds: float = 0


class Faults(BaseModel):
    """All faults that are switched on; the first that matches a request is its fault."""

    faults: list[Fault]


class BrokenOff(Response):
    """An answer whose connection breaks before it has arrived."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Promise a body and break off; the server then closes the connection."""
        headers = [(b"content-length", b"100")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        raise ConnectionAbortedError("broken off, as the sandbox was told")


def switched_on(account: Account) -> Faults:
    """Return the faults that are switched on."""
    return Faults.model_validate(account.setting("faults", faults=[]))


def take(account: Account, request: str) -> Fault | None:
    """Return the fault of a request, and count it down."""
    on = switched_on(account)
    for fault in on.faults:
        if fault.times != 0 and fnmatch.fnmatchcase(request, fault.match):
            if fault.times is not None:
                fault.times -= 1
            account.store.put("setting", "faults", on.model_dump())
            return fault
    return None


async def suffer(fault: Fault, effect: Callable[[], Response]) -> Response:
    """Answer a request as its fault wants it. `effect` is what the request does."""
    await asyncio.sleep(fault.delay_seconds)
    match fault.kind:
        case "delay":
            return effect()
        case "rate_limit":
            return _error(429, "Too many requests hit the API too quickly.", code="rate_limit")
        case "error_before" | "error_saved":
            return _error(fault.status, "An error that the sandbox was told to make.")
        case "error_after":
            effect()
            return _error(fault.status, "An error that the sandbox was told to make.")
        case "timeout_before":
            return BrokenOff()
        case "timeout_after":
            effect()
            return BrokenOff()


def _error(status: int, message: str, **more: Any) -> JSONResponse:
    error = StripeError(status, message, type=TYPES.get(status, "api_error"), **more)
    return JSONResponse(error.body, status)
