"""Stripe's error objects: https://docs.stripe.com/api/errors."""

from typing import Any


class StripeError(Exception):
    """An error as the API answers it."""

    def __init__(
        self,
        status: int,
        message: str,
        *,
        type: str = "invalid_request_error",
        code: str | None = None,
        param: str | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        fields = {"type": type, "message": message, "code": code, "param": param}
        self.body: dict[str, Any] = {
            "error": {name: value for name, value in fields.items() if value is not None}
        }
        if code:
            self.body["error"]["doc_url"] = f"https://stripe.com/docs/error-codes/{code}"


def missing(resource: str, key: str, param: str = "id") -> StripeError:
    """Return the 404 for an object that does not exist."""
    return StripeError(404, f"No such {resource}: '{key}'", code="resource_missing", param=param)


def required(param: str) -> StripeError:
    """Return the 400 for a parameter that was left out."""
    return StripeError(
        400, f"Missing required param: {param}.", code="parameter_missing", param=param
    )


def invalid(param: str, message: str, code: str | None = None) -> StripeError:
    """Return the 400 for a parameter that cannot be taken."""
    return StripeError(400, message, code=code, param=param)
