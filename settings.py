"""Everything the environment can say, read once at start. The variables are docs/settings.md's."""

import base64
import binascii
import sys
from typing import Annotated, Self, TypeVar

from pydantic import (
    AfterValidator,
    AnyHttpUrl,
    Field,
    Secret,
    SecretStr,
    StringConstraints,
    ValidationError,
    field_validator,
    model_validator,
)
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

StripeKey = Annotated[str, StringConstraints(pattern=r"^(sk|rk)_(test|live)_\S+$")]
BaseUrl = Annotated[
    str,
    StringConstraints(pattern=r"^https?://[^\s?#]+$"),
    AfterValidator(lambda url: url.rstrip("/")),
]
ReceiverUrl = Annotated[str, StringConstraints(pattern=r"^https?://[^\s/?#]\S*$")]

_LONGEST_HOLD_SECONDS = 23 * 3600  # Stripe keeps a session open for at most 24 hours


def _is_signing_secret(secret: str) -> bool:
    encoded = secret.removeprefix("whsec_")
    try:
        return encoded != secret and 24 <= len(base64.b64decode(encoded, validate=True)) <= 64
    except (binascii.Error, ValueError):
        return False


class DatabaseSettings(BaseSettings):
    """Where the orders are."""

    model_config = SettingsConfigDict(env_ignore_empty=True)

    database_url: str = Field(pattern=r"^postgresql\+asyncpg://")


class ServiceSettings(DatabaseSettings):
    """What the worker and the API both need."""

    temporal_task_queue: str = "checkout"
    stripe_secret_key: Secret[StripeKey]
    base_url: BaseUrl = "http://localhost:4000"


class WorkerSettings(ServiceSettings):
    """The worker's environment."""

    stripe_api_base: BaseUrl | None = None
    checkout_timeout_seconds: int = Field(default=1800, ge=1, le=_LONGEST_HOLD_SECONDS)
    async_payment_timeout_days: int = Field(default=14, ge=1, le=90)
    outgoing_webhook_url: ReceiverUrl | None = None
    outgoing_webhook_secret: SecretStr | None = None

    @property
    def livemode(self) -> bool:
        """Whether the key moves real money; Stripe marks every object and event the same way."""
        return "_live_" in self.stripe_secret_key.get_secret_value()

    @field_validator("outgoing_webhook_secret")
    @classmethod
    def _fit_for_signing(cls, secret: SecretStr | None) -> SecretStr | None:
        """https://github.com/standard-webhooks/standard-webhooks, signature scheme."""
        if secret and not _is_signing_secret(secret.get_secret_value()):
            raise ValueError("must be whsec_ and 24 to 64 random bytes in base64")
        return secret

    @model_validator(mode="after")
    def _receiver_with_its_secret(self) -> Self:
        if (self.outgoing_webhook_url is None) != (self.outgoing_webhook_secret is None):
            raise ValueError(
                "set both of OUTGOING_WEBHOOK_URL and OUTGOING_WEBHOOK_SECRET, or none"
            )
        return self


class ApiSettings(ServiceSettings):
    """The API's environment: exactly one way to verify bearer tokens."""

    temporal_ui_url: BaseUrl = "http://localhost:8233"
    stripe_webhook_secret: Annotated[list[SecretStr], NoDecode]
    stripe_publishable_key: str | None = None
    auth_jwt_secret: SecretStr | None = None
    auth_jwks_url: AnyHttpUrl | None = None
    auth_jwt_issuer: str | None = None
    auth_jwt_audience: str | None = None

    @field_validator("stripe_webhook_secret", mode="before")
    @classmethod
    def _several_while_one_is_rolled(cls, value: str) -> list[str]:
        secrets = [secret.strip() for secret in value.split(",") if secret.strip()]
        if not secrets or not all(secret.startswith("whsec_") for secret in secrets):
            raise ValueError("must be whsec_…, or several of them separated by commas")
        return secrets

    @model_validator(mode="after")
    def _one_way_to_verify_tokens(self) -> Self:
        if (self.auth_jwt_secret is None) == (self.auth_jwks_url is None):
            raise ValueError("set exactly one of AUTH_JWT_SECRET and AUTH_JWKS_URL")
        if self.auth_jwks_url and not (self.auth_jwt_issuer and self.auth_jwt_audience):
            raise ValueError("AUTH_JWKS_URL needs AUTH_JWT_ISSUER and AUTH_JWT_AUDIENCE")
        return self


S = TypeVar("S", bound=BaseSettings)


def load(kind: type[S]) -> S:
    """Read the settings of one process, or say in one line what is wrong and exit with 2."""
    try:
        return kind()
    except ValidationError as invalid:
        first = invalid.errors(include_input=False, include_url=False)[0]
        variable = str(first["loc"][0]).upper() if first["loc"] else ""
        reason = "is not set" if first["type"] == "missing" else first["msg"]
        reason = reason.removeprefix("Value error, ")
        print(f"paysaga: {f'{variable} ' if variable else ''}{reason}", file=sys.stderr)
        raise SystemExit(2) from None
