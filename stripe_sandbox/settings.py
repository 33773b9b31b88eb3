"""What the sandbox is told at its start."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Settings:
    """How one sandbox runs.

    `public_url` is where browsers reach it; without it the address of the request counts.
    `webhook_url` is where events are sent first; the admin API may change it later.
    `database` is an SQLite file, or `:memory:`.
    """

    secret_key: str
    webhook_secret: str = "whsec_sandbox"  # noqa: S105 (a test secret)
    webhook_url: str | None = None
    public_url: str | None = None
    database: str = ":memory:"
