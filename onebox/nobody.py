"""PostgreSQL refuses to run as root: what a root user hands over to `nobody`, and where to."""

import os
import pwd
import shutil
import stat
import tempfile
from pathlib import Path

_OUTSIDE = Path("/var/lib/paysaga")
_ELSEWHERE = "elsewhere"


def account_for_postgres() -> pwd.struct_passwd | None:
    """`nobody` if we are root, None if we are an ordinary user already."""
    return pwd.getpwnam("nobody") if os.geteuid() == 0 else None


def home_for(account: pwd.struct_passwd | None, directory: Path) -> Path:
    """Return `directory`, created, or where it continues if `account` cannot get that far.

    A checkout under /root is closed to every other user. Opening it up is not ours to do, so the
    data then lives under /var/lib/paysaga and `directory/elsewhere` points at it.
    """
    directory.mkdir(parents=True, exist_ok=True)
    if account is None:
        return directory.resolve()
    directory.chmod(0o711)  # to pass through, not to look
    link = directory / _ELSEWHERE
    if not link.is_symlink() and _reachable(directory):
        return directory.resolve()
    if not link.exists():
        link.unlink(missing_ok=True)
        link.symlink_to(_new_directory("data-"))
    return link.resolve()


def programs_for(account: pwd.struct_passwd | None, installed: Path, version: str) -> Path:
    """Return `installed` (a folder of programs), or a copy of it that `account` can run.

    The sibling folder with the libraries (`{name}.libs`, which the programs look for by a relative
    path) goes along.
    """
    if account is None or _reachable(installed / "pginstall/bin/postgres"):
        return installed
    programs = _OUTSIDE / f"postgres-{version}"
    if not programs.exists():
        unfinished = _new_directory("copy-")
        for folder in (installed, installed.with_name(f"{installed.name}.libs")):
            shutil.copytree(folder, unfinished / folder.name, symlinks=True)
        for path in unfinished.rglob("*"):
            if not path.is_symlink():
                path.chmod(path.stat().st_mode | 0o444 | (path.stat().st_mode & 0o100 and 0o111))
        unfinished.rename(programs)
    return programs / installed.name


def give(account: pwd.struct_passwd | None, path: Path) -> None:
    """Make `account` the owner of `path`."""
    if account:
        os.chown(path, account.pw_uid, account.pw_gid)


def _reachable(path: Path) -> bool:
    whole = path.resolve()
    return all(step.stat().st_mode & stat.S_IXOTH for step in (whole, *whole.parents))


def _new_directory(prefix: str) -> Path:
    _OUTSIDE.mkdir(parents=True, exist_ok=True)
    _OUTSIDE.chmod(0o755)
    made = Path(tempfile.mkdtemp(prefix=prefix, dir=_OUTSIDE))
    made.chmod(0o711)
    return made
