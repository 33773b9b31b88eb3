"""Where the pieces of one box are, and what they know of each other."""

import os
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from onebox.ports import HOST, Ports
from onebox.processes import Process
from onebox.state import ROOT, Secrets

# Variables of ours and of PostgreSQL's clients: what the shell has set is not for the box.
_NOT_INHERITED = ("AUTH_", "BASE_URL", "DATABASE_URL", "PG", "STRIPE_", "TEMPORAL_")


@dataclass(frozen=True)
class Site:
    """One box: its state directory, its ports, its secrets, its database's SQLAlchemy address."""

    directory: Path
    ports: Ports
    secrets: Secrets
    database_url: str

    @property
    def api_url(self) -> str:
        """Where the API is."""
        return f"http://{HOST}:{self.ports.api}"

    @property
    def stripe_sandbox_url(self) -> str:
        """Where the Stripe sandbox is."""
        return f"http://{HOST}:{self.ports.stripe_sandbox}"

    @property
    def temporal_ui_url(self) -> str:
        """Where Temporal's web UI is."""
        return f"http://{HOST}:{self.ports.temporal_ui}"

    def workflow_url(self, workflow_id: str) -> str:
        """Where Temporal's web UI shows that workflow."""
        return f"{self.temporal_ui_url}/namespaces/default/workflows/{workflow_id}"

    def environment(self) -> dict[str, str]:
        """What configures the worker and the API (docs/settings.md)."""
        return {
            "DATABASE_URL": self.database_url,
            "TEMPORAL_ADDRESS": f"{HOST}:{self.ports.temporal}",
            "TEMPORAL_NAMESPACE": "default",
            "TEMPORAL_UI_URL": self.temporal_ui_url,
            "TEMPORAL_CONFIG_FILE": os.devnull,  # not the user's own profile
            "STRIPE_SECRET_KEY": self.secrets.stripe_secret_key,
            "STRIPE_PUBLISHABLE_KEY": self.secrets.stripe_publishable_key,
            "STRIPE_WEBHOOK_SECRET": self.secrets.stripe_webhook_secret,
            "STRIPE_API_BASE": self.stripe_sandbox_url,
            "BASE_URL": self.api_url,
            "AUTH_JWT_SECRET": self.secrets.auth_jwt_secret,
        }

    def process(
        self, name: str, command: Sequence[object], environment: Mapping[str, str]
    ) -> Process:
        """Return a process, not started, with its log in this state's `logs`."""
        logs = self.directory / "logs"
        logs.mkdir(exist_ok=True)
        inherited = {k: v for k, v in os.environ.items() if not k.startswith(_NOT_INHERITED)}
        return Process(
            name,
            [str(word) for word in command],
            logs,
            environment=inherited | {"PYTHONUNBUFFERED": "1"} | dict(environment),
            working_directory=ROOT,
        )

    def python(self, name: str, words: Sequence[object], environment: Mapping[str, str]) -> Process:
        """Return a process of this Python with the arguments `words`."""
        return self.process(name, [sys.executable, *words], environment)
