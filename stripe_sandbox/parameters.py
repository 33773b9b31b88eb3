"""The shapes of Stripe's parameters, as the types of its SDK tell them."""

import typing
from functools import cache
from typing import Any

from stripe import RequestOptions

from stripe_sandbox.errors import invalid


def check(value: Any, shape: Any, param: str = "") -> None:
    """Check decoded parameters against one of the SDK's `…Params` classes.

    Raises StripeError 400 for a parameter that Stripe does not know, at any depth, and for one
    that is not the object, the list or the plain value that it should be.
    """
    if isinstance(shape, type) and issubclass(shape, dict):
        if not isinstance(value, dict):
            raise invalid(param, "Invalid object")
        for name, inner in value.items():
            path = f"{param}[{name}]" if param else name
            if name not in _fields(shape):
                raise invalid(path, f"Received unknown parameter: {path}", "parameter_unknown")
            check(inner, _fields(shape)[name], path)
    elif typing.get_origin(shape) is list:
        if not isinstance(value, list):
            raise invalid(param, "Invalid array")
        for number, inner in enumerate(value):
            check(inner, typing.get_args(shape)[0], f"{param}[{number}]")
    elif shape in (str, int) and not isinstance(value, str):
        raise invalid(param, f"Invalid {'string' if shape is str else 'integer'}")


def integer(value: Any, param: str) -> int:
    """Return a whole number. Raises StripeError 400."""
    try:
        return int(str(value))
    except ValueError:
        raise invalid(param, f"Invalid integer: {value}", "parameter_invalid_integer") from None


@cache
def _fields(shape: Any) -> dict[str, Any]:
    # Any stands for a type that the SDK imports for type checkers only.
    hints = typing.get_type_hints(shape, localns={**vars(typing), "StripeContext": Any})
    options = RequestOptions.__annotations__
    return {name: hint for name, hint in hints.items() if name not in options}
