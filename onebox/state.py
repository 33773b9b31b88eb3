"""The folder in which a box keeps everything: its secrets, its data, its logs."""

import fcntl
import json
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


class AlreadyRunning(Exception):
    """Another box uses this state."""


@dataclass(frozen=True)
class Secrets:
    """What the pieces share; made up once for each state. Stripe's in Stripe's test-mode form."""

    stripe_secret_key: str
    stripe_publishable_key: str
    stripe_webhook_secret: str
    auth_jwt_secret: str


def state_directory() -> Path:
    """Return the folder: PAYSAGA_STATE, or .paysaga in the checkout. It is created."""
    directory = Path(os.environ.get("PAYSAGA_STATE") or ROOT / ".paysaga").resolve()
    if not directory.exists():
        directory.mkdir(parents=True)
        directory.chmod(0o711)  # PostgreSQL may run as another user: to pass through, not to look
    return directory


@contextmanager
def locked(directory: Path) -> Iterator[None]:
    """Be the only box on this state. The kernel lets go when we end, however we end.

    Raises AlreadyRunning.
    """
    with (directory / "lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise AlreadyRunning(f"another run.py is running on {directory}") from None
        yield


def load_secrets(directory: Path) -> Secrets:
    """Read the state's secrets, or make them up."""
    file = directory / "secrets.json"
    if not file.exists():
        made = Secrets(
            stripe_secret_key=f"sk_test_{secrets.token_hex(24)}",
            stripe_publishable_key=f"pk_test_{secrets.token_hex(24)}",
            stripe_webhook_secret=f"whsec_{secrets.token_hex(32)}",
            auth_jwt_secret=secrets.token_hex(32),
        )
        unfinished = file.with_suffix(".unfinished")
        unfinished.touch(mode=0o600)
        unfinished.write_text(json.dumps(asdict(made), indent=2))
        unfinished.rename(file)
    return Secrets(**json.loads(file.read_text()))
