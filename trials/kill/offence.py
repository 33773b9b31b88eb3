"""A broken promise."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Offence:
    """Which rule was broken; `subject` is an order, a ticket type or a workflow."""

    rule: str
    subject: str
    what: str
