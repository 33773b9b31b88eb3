"""Errors as problem+json (RFC 9457): a stable `code` for programs, a sentence for people."""

import logging
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from starlette.exceptions import HTTPException

from domain.errors import DomainError, UnknownTicketType

RETRY_AFTER_SECONDS = 2
STATUS_OF_CODE = {
    "order_not_found": 404,
    "ticket_type_not_found": 404,
    "invalid_order": 422,
    "order_not_payable": 409,
    "sold_out": 409,
    "already_paid": 409,
    "payment_processing": 409,
    "session_refused": 502,
}
CODE_OF_STATUS = {
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


class Problem(Exception):
    """An error that is HTTP's own business: authentication, idempotency, availability."""

    def __init__(
        self,
        status: int,
        code: str,
        detail: str,
        headers: Mapping[str, str] | None = None,
        errors: list[dict[str, str]] | None = None,
    ) -> None:
        super().__init__(detail)
        self.status = status
        self.code = code
        self.detail = detail
        self.headers = dict(headers or {})
        self.errors = errors


def unavailable(detail: str) -> Problem:
    """Return the 503 that tells a client to try again: nothing it asked for is lost."""
    return Problem(
        503, "temporarily_unavailable", detail, {"Retry-After": str(RETRY_AFTER_SECONDS)}
    )


def refused(code: str, detail: str) -> Problem:
    """Return the problem that a code of the domain stands for."""
    return Problem(STATUS_OF_CODE.get(code, 409), code, detail)


def problem_of(error: Exception) -> Problem:  # noqa: PLR0911 (one a kind)
    """Return what an error means to a client; the one place that decides it."""
    match error:
        case Problem():
            return error
        case UnknownTicketType():
            return Problem(422, error.code, error.detail)
        case DomainError():
            return refused(error.code, error.detail)
        case RequestValidationError():
            return _invalid(error)
        case HTTPException():
            code = CODE_OF_STATUS.get(error.status_code, "http_error")
            return Problem(error.status_code, code, str(error.detail), error.headers)
        case _ if database_is_down(error):
            logger.warning("the database is unavailable: %s", type(error).__name__)
            return unavailable("The database is not available at the moment.")
        case _:
            logger.error("unexpected error", exc_info=error)
            return Problem(500, "internal_error", "Something went wrong on our side.")


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
    return Problem(422, "invalid_request", detail, errors=errors)


def response_to(error: Exception) -> JSONResponse:
    """Return the response to an error."""
    problem = problem_of(error)
    body = ProblemBody(
        title=HTTPStatus(problem.status).phrase,
        status=problem.status,
        detail=problem.detail,
        code=problem.code,
        errors=problem.errors,
    )
    return JSONResponse(
        body.model_dump(exclude_none=True),
        problem.status,
        problem.headers,
        media_type="application/problem+json",
    )


def problems(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """Return the OpenAPI responses of these error statuses."""
    return {
        status: {
            "description": HTTPStatus(status).phrase,
            "content": {
                "application/problem+json": {
                    "schema": ProblemBody.model_json_schema(),
                    "example": {
                        "type": "about:blank",
                        "title": HTTPStatus(status).phrase,
                        "status": status,
                        "detail": "What went wrong, in a sentence.",
                        "code": EXAMPLE_CODES.get(status, "invalid_request"),
                    },
                }
            },
        }
        for status in statuses
    }


EXAMPLE_CODES = {
    400: "bad_signature",
    401: "unauthorized",
    403: "missing_scope",
    404: "order_not_found",
    409: "order_not_payable",
    413: "body_too_large",
    422: "invalid_request",
    502: "session_refused",
    503: "temporarily_unavailable",
}


def install(app: FastAPI) -> None:
    """Answer every error of an app as problem+json."""

    async def answer(_: Request, error: Exception) -> JSONResponse:
        return response_to(error)

    # Each kind by its name: Starlette logs a traceback for what only `Exception` handles.
    kinds: list[type[Exception]] = [RequestValidationError, HTTPException, Problem, DomainError]
    for kind in (*kinds, *DATABASE_TROUBLE, Exception):
        app.add_exception_handler(kind, answer)
