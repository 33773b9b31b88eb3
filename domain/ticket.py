"""Tickets: what a gate lets in."""

from enum import StrEnum


class TicketStatus(StrEnum):
    """VALID lets in; FROZEN waits for the end of a dispute; VOID never lets in again."""

    VALID = "VALID"
    FROZEN = "FROZEN"
    VOID = "VOID"
