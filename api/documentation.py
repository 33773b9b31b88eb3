"""What the OpenAPI document says beyond the routes themselves: every error, with an example."""

from http import HTTPStatus
from typing import Any

from fastapi import FastAPI

from api.problems import STATUS_OF_CODE, ProblemBody

EXAMPLES = {
    "already_asking": "The session is being closed: Stripe is being asked at this moment.",
    "amount_too_large": "Only 45.00 EUR is left of the payment.",
    "already_paid": "The payment for this order was already made.",
    "bad_event": "The body is not one of Stripe's events.",
    "bad_signature": "The Stripe-Signature does not fit the body.",
    "body_too_large": "A body has at most 1048576 bytes.",
    "idempotency_key_in_use": "The first request with this key is still running.",
    "idempotency_key_invalid": "An Idempotency-Key is 1 to 255 printable ASCII characters.",
    "idempotency_key_reused": "This Idempotency-Key came with another request before.",
    "invalid_order": "All tickets of an order must have the same currency.",
    "invalid_request": "items.0.quantity: Input should be greater than or equal to 1",
    "missing_scope": "The token needs the scope catalog:write.",
    "not_extendable": "Stripe's session allows a deadline of 2026-01-31 13:00:00 UTC.",
    "nothing_to_refund": "There is nothing left of this order that could be given back.",
    "order_not_found": "There is no such order.",
    "order_not_payable": "The order is PAID.",
    "outgoing_event_not_found": "There is no such outgoing event.",
    "payment_disputed": "The payment is disputed; the dispute decides where the money goes.",
    "payment_processing": "A payment for this order is being processed; it cannot be stopped.",
    "refund_refused": "Stripe refused the refund: balance_insufficient",
    "session_not_found": "There is no such checkout session.",
    "session_refused": "Stripe refused the Checkout Session.",
    "sold_out": "There are not enough tickets left to hold this order.",
    "state_changed": "The order is PAID and no longer CREATED.",
    "temporarily_unavailable": "The database is not available at the moment.",
    "ticket_type_not_found": "There is no ticket type 'tkt_064f'.",
    "unauthorized": "A valid bearer token is needed.",
}
FOR_USERS = ("unauthorized", "invalid_request", "temporarily_unavailable")
ONCE_A_KEY = (
    *FOR_USERS,
    "idempotency_key_invalid",
    "idempotency_key_in_use",
    "idempotency_key_reused",
    "body_too_large",
)
KEYED = {
    "parameters": [
        {
            "name": "Idempotency-Key",
            "in": "header",
            "description": "The same key and body answer what the first call answered.",
            "schema": {"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[ -~]+$"},
            "example": "8c2b0c6e-order-1",
        }
    ]
}


def problems(*codes: str) -> dict[int | str, dict[str, Any]]:
    """Return the OpenAPI responses of these error codes, with an example of each."""
    responses: dict[int | str, dict[str, Any]] = {}
    for code in codes:
        status = STATUS_OF_CODE[code]
        response = responses.setdefault(
            status,
            {
                "description": HTTPStatus(status).phrase,
                "content": {
                    "application/problem+json": {
                        "schema": {"$ref": "#/components/schemas/Problem"},
                        "examples": {},
                    }
                },
            },
        )
        content = response["content"]["application/problem+json"]
        content["examples"][code] = {"value": _example(code, status)}
    return responses


def _example(code: str, status: int) -> dict[str, Any]:
    field, _, message = EXAMPLES[code].partition(": ")
    errors = [{"field": field, "message": message}] if code == "invalid_request" else None
    return ProblemBody.of(status, code, EXAMPLES[code], errors).model_dump(exclude_none=True)


def example(**fields: Any) -> dict[str, Any]:
    """Return the `json_schema_extra` that gives a model of Pydantic its example."""
    return {"example": fields}


def install(app: FastAPI) -> None:
    """Add the schema of errors to the app's OpenAPI document."""
    generate = app.openapi

    def openapi() -> dict[str, Any]:
        document = generate()
        document["components"]["schemas"]["Problem"] = ProblemBody.model_json_schema()
        return document

    app.openapi = openapi  # type: ignore[method-assign] # FastAPI's own way to extend it
