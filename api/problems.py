"""Errors as problem+json (RFC 9457): a stable `code` for programs, a sentence for people."""

import logging
from collections.abc import Mapping
from http import HTTPStatus
from typing import Self

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from starlette.exceptions import HTTPException
from starlette.routing import compile_path

from domain.errors import DomainError, UnknownTicketType

RETRY_AFTER_SECONDS = 2
STATUS_OF_CODE = {
    "bad_request": 400,
    "bad_event": 400,
    "bad_signature": 400,
    "idempotency_key_invalid": 400,
    "unauthorized": 401,
    "missing_scope": 403,
    "not_found": 404,
    "order_not_found": 404,
    "outgoing_event_not_found": 404,
    "session_not_found": 404,
    "ticket_type_not_found": 404,
    "method_not_allowed": 405,
    "already_asking": 409,
    "already_paid": 409,
    "idempotency_key_in_use": 409,
    "not_extendable": 409,
    "nothing_to_refund": 409,
    "order_not_payable": 409,
    "payment_disputed": 409,
    "payment_processing": 409,
    "sold_out": 409,
    "state_changed": 409,
    "body_too_large": 413,
    "amount_too_large": 422,
    "idempotency_key_reused": 422,
    "invalid_order": 422,
    "invalid_request": 422,
    "internal_error": 500,
    "refund_refused": 502,
    "session_refused": 502,
    "temporarily_unavailable": 503,
}
CODE_OF_STATUS = {  # of what the framework refuses
    400: "bad_request",
    404: "not_found",
    405: "method_not_allowed",
    413: "body_too_large",
}
DATABASE_TROUBLE = (DBAPIError, PoolTimeout, OSError)

logger = logging.getLogger(__name__)


class ProblemBody(BaseModel):
    """An error, as RFC 9457 describes it."""

    type: str = "about:blank"
    title: str
    status: int
    detail: str
    code: str
    errors: list[dict[str, str]] | None = None

    @classmethod
    def of(
        cls, status: int, code: str, detail: str, errors: list[dict[str, str]] | None = None
    ) -> Self:
        """Return the body of an error."""
        title = HTTPStatus(status).phrase
        return cls(title=title, status=status, detail=detail, code=code, errors=errors)


class Problem(Exception):
    """An error as it is answered; the status follows from the code unless it is given."""

    def __init__(
        self,
        code: str,
        detail: str,
        *,
        status: int | None = None,
        headers: Mapping[str, str] | None = None,
        errors: list[dict[str, str]] | None = None,
    ) -> None:
        super().__init__(detail)
        self.status = status or STATUS_OF_CODE.get(code, 409)
        self.code = code
        self.detail = detail
        self.headers = dict(headers or {})
        self.errors = errors


def unavailable(detail: str) -> Problem:
    """Return the 503 that tells a client to try again: nothing it asked for is lost."""
    return Problem(
        "temporarily_unavailable", detail, headers={"Retry-After": str(RETRY_AFTER_SECONDS)}
    )


def problem_of(error: Exception) -> Problem:  # noqa: PLR0911 (one a kind)
    """Return what an error means to a client; the one place that decides it."""
    match error:
        case Problem():
            return error
        case UnknownTicketType():
            return Problem(error.code, error.detail, status=422)
        case DomainError():
            return Problem(error.code, error.detail)
        case RequestValidationError():
            return _invalid(error)
        case HTTPException():
            status, code = error.status_code, CODE_OF_STATUS.get(error.status_code, "http_error")
            return Problem(code, str(error.detail), status=status, headers=error.headers)
        case _ if database_is_down(error):
            logger.warning("the database is unavailable: %s", type(error).__name__)
            return unavailable("The database is not available at the moment.")
        case _:
            logger.error("unexpected error", exc_info=error)
            return Problem("internal_error", "Something went wrong on our side.")


def database_is_down(error: Exception) -> bool:
    """Say whether an error is PostgreSQL's absence, and no mistake in what was asked of it.

    https://www.postgresql.org/docs/current/errcodes-appendix.html: the classes 08, 53 and 57 are
    lost connections, exhausted resources and the server's coming and going.
    """
    if not isinstance(error, DBAPIError):
        return isinstance(error, DATABASE_TROUBLE)
    state = str(getattr(error.orig, "sqlstate", None) or "")
    return (
        isinstance(error, OperationalError | InterfaceError)
        or error.connection_invalidated
        or state[:2] in ("08", "53", "57")
    )


def _invalid(error: RequestValidationError) -> Problem:
    errors = [
        {"field": ".".join(map(str, found["loc"][1:])), "message": found["msg"]}
        for found in error.errors()
    ]
    detail = "; ".join(f"{found['field'] or 'body'}: {found['message']}" for found in errors)
    return Problem("invalid_request", detail, errors=errors)


def response_to(error: Exception) -> JSONResponse:
    """Return the response to an error."""
    problem = problem_of(error)
    body = ProblemBody.of(problem.status, problem.code, problem.detail, problem.errors)
    return JSONResponse(
        body.model_dump(exclude_none=True),
        problem.status,
        problem.headers,
        media_type="application/problem+json",
    )


def install(app: FastAPI) -> None:
    """Answer every error of an app as problem+json."""

    async def answer(_: Request, error: Exception) -> JSONResponse:
        return response_to(error)

    async def method_not_allowed(request: Request, error: Exception) -> JSONResponse:
        response = response_to(error)
        response.headers["Allow"] = ", ".join(_methods_at(app, request.url.path))
        return response

    app.add_exception_handler(405, method_not_allowed)
    # Each kind by its name: Starlette logs a traceback for what only `Exception` handles.
    kinds: list[type[Exception]] = [RequestValidationError, HTTPException, Problem, DomainError]
    for kind in (*kinds, *DATABASE_TROUBLE, Exception):
        app.add_exception_handler(kind, answer)


def _methods_at(app: FastAPI, path: str) -> list[str]:
    """Return what an address allows, over all its routes: Starlette names those of one only."""
    return sorted(
        method.upper()
        for template, operations in app.openapi()["paths"].items()
        if compile_path(template)[0].match(path)
        for method in operations
    )
