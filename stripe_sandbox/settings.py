"""What a sandbox is started with."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Settings:
    """`public_url` None: the address that each request came to."""

    secret_key: str
    webhook_secret: str = "whsec_sandbox"  # noqa: S105 (a sandbox has no secrets)
    webhook_url: str | None = None
    public_url: str | None = None
    database: str = ":memory:"
