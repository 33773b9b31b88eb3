"""Missing and contradictory settings: one line that names the variable, exit code 2."""

import os
import subprocess
import sys

import pytest

from settings import WorkerSettings
from tests.conftest import ROOT

WORKER = {
    "DATABASE_URL": "postgresql+asyncpg://nobody@127.0.0.1:1/none",
    "STRIPE_SECRET_KEY": "sk_test_settings",
}
TOLD = {
    "OUTGOING_WEBHOOK_URL": "https://hooks.example/paysaga",
    "OUTGOING_WEBHOOK_SECRET": "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
}
API = WORKER | {"STRIPE_WEBHOOK_SECRET": "whsec_settings", "AUTH_JWT_SECRET": "s" * 32}
COMMANDS = {"worker": ["worker.py"], "api": ["-m", "uvicorn", "api.main:app"]}


def start(process: str, environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    """Start one process of the product with nothing but these settings."""
    return subprocess.run(
        [sys.executable, *COMMANDS[process]],
        cwd=ROOT,
        env={"PATH": os.environ["PATH"], **environment},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


@pytest.mark.parametrize(
    ("process", "settings", "wrong", "variable"),
    [
        ("worker", WORKER, {"DATABASE_URL": ""}, "DATABASE_URL"),
        ("worker", WORKER, {"DATABASE_URL": "mysql://localhost"}, "DATABASE_URL"),
        ("worker", WORKER, {"STRIPE_SECRET_KEY": "pk_test_1"}, "STRIPE_SECRET_KEY"),
        ("worker", WORKER, {"CHECKOUT_TIMEOUT_SECONDS": "0"}, "CHECKOUT_TIMEOUT_SECONDS"),
        ("worker", WORKER, {"CHECKOUT_TIMEOUT_SECONDS": "86400"}, "CHECKOUT_TIMEOUT_SECONDS"),
        ("worker", WORKER, {"BASE_URL": "localhost"}, "BASE_URL"),
        ("worker", WORKER | TOLD, {"OUTGOING_WEBHOOK_URL": "ftp://hooks"}, "OUTGOING_WEBHOOK_URL"),
        ("worker", WORKER | TOLD, {"OUTGOING_WEBHOOK_URL": ""}, "OUTGOING_WEBHOOK_URL"),
        ("worker", WORKER | TOLD, {"OUTGOING_WEBHOOK_SECRET": ""}, "OUTGOING_WEBHOOK_SECRET"),
        ("worker", WORKER | TOLD, {"OUTGOING_WEBHOOK_SECRET": "s" * 32}, "OUTGOING_WEBHOOK_SECRET"),
        (
            "worker",
            WORKER | TOLD,
            {"OUTGOING_WEBHOOK_SECRET": "whsec_dG9vIHNob3J0"},
            "OUTGOING_WEBHOOK_SECRET",
        ),
        ("api", API, {"STRIPE_WEBHOOK_SECRET": ""}, "STRIPE_WEBHOOK_SECRET"),
        ("api", API, {"STRIPE_WEBHOOK_SECRET": "secret"}, "STRIPE_WEBHOOK_SECRET"),
        ("api", API, {"AUTH_JWT_SECRET": ""}, "AUTH_JWT_SECRET"),
        ("api", API, {"AUTH_JWKS_URL": "https://idp.example/keys"}, "AUTH_JWKS_URL"),
        (
            "api",
            API,
            {"AUTH_JWT_SECRET": "", "AUTH_JWKS_URL": "https://idp.example/keys"},
            "AUTH_JWT_ISSUER",
        ),
    ],
)
def test_wrong_settings_are_named_at_start(
    process: str, settings: dict[str, str], wrong: dict[str, str], variable: str
) -> None:
    ended = start(process, settings | wrong)
    assert ended.returncode == 2, ended.stderr
    assert ended.stderr.count("\n") == 1, ended.stderr
    assert variable in ended.stderr


def test_a_secret_is_not_printed() -> None:
    ended = start("worker", WORKER | {"STRIPE_SECRET_KEY": "pk_live_do_not_print_me"})
    assert ended.returncode == 2
    assert "do_not_print_me" not in ended.stderr + ended.stdout


def test_a_receiver_is_taken_with_its_secret() -> None:
    settings = {name.lower(): value for name, value in (WORKER | TOLD).items()}
    taken = WorkerSettings.model_validate(settings)
    assert taken.outgoing_webhook_url == TOLD["OUTGOING_WEBHOOK_URL"]
    assert TOLD["OUTGOING_WEBHOOK_SECRET"] not in repr(taken)
