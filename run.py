"""The way in: `python3 run.py` sets up `.venv` and runs the whole system on this machine.

Standard library only: it is what there is before anything is installed. What it hands over to is
onebox/, pytest or trials/; the commands are in onebox/command_line.py.
"""

import hashlib
import os
import subprocess
import sys
import time
from importlib.util import find_spec
from pathlib import Path

ROOT = Path(__file__).resolve().parent
VENV = ROOT / ".venv"
PYTHON = VENV / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
INSTALLED = VENV / "paysaga-installed"
OLDEST_PYTHON = (3, 11)
# The commands that are programs of their own, with options of their own.
PROGRAMS = {"test": "pytest", "bench": "bench", "kill": "trials.kill", "walk": "trials.walk"}


def main() -> None:
    """Check the command line, install what it needs, become the process that does it."""
    if sys.version_info < OLDEST_PYTHON:
        sys.exit(
            f"Paysaga needs Python 3.11 or newer; {sys.executable} is {sys.version.split()[0]}"
        )
    os.chdir(ROOT)
    from onebox.command_line import parse  # noqa: PLC0415 - an older Python cannot read it

    arguments = sys.argv[1:]
    command = parse(arguments).command
    try:
        install(command if command == "bench" else "dev" if command in PROGRAMS else "onebox")
    except KeyboardInterrupt:
        sys.exit(130)
    own = PROGRAMS.get(command)
    words = [own, *arguments[1:]] if own else ["onebox", *arguments]
    os.execv(PYTHON, [str(PYTHON), "-m", *words])  # noqa: S606


def install(group: str) -> None:
    """Make `.venv` hold requirements/{group}.txt, hash-checked; do nothing if it does already.

    What was installed is written down last, so that an interrupted installation is none.
    """
    healthy = venv_is_healthy()
    if healthy and is_installed(group):
        return
    began = time.monotonic()
    print(f"Installing requirements/{group}.txt into .venv …", flush=True)
    INSTALLED.unlink(missing_ok=True)
    pip = [str(PYTHON), "-m", "pip"]
    # Debian ships ensurepip apart from Python: then the pip that is there installs for the other.
    if find_spec("ensurepip"):
        run([sys.executable, "-m", "venv", *([] if healthy else ["--clear"]), str(VENV)])
    else:
        run([sys.executable, "-m", "venv", "--without-pip", "--clear", str(VENV)])
        pip = [sys.executable, "-m", "pip", "--python", str(PYTHON)]
    quietly = ["--disable-pip-version-check", "--no-input"]
    run([*pip, "install", *quietly, "--require-hashes", "-r", f"requirements/{group}.txt"])
    INSTALLED.write_text(mark(group))
    print(f"Installed in {time.monotonic() - began:.0f} s.", flush=True)


def is_installed(group: str) -> bool:
    """Whether `.venv` has the group; the development set holds every other."""
    installed = INSTALLED.read_text() if INSTALLED.exists() else ""
    return installed in (mark(group), mark("dev"))


def mark(group: str) -> str:
    """What is written down once requirements/{group}.txt is installed."""
    content = (ROOT / "requirements" / f"{group}.txt").read_bytes()
    return f"{group} sha256:{hashlib.sha256(content).hexdigest()}\n"


def venv_is_healthy() -> bool:
    """Whether its Python still runs (the one it was made from may be gone) and is new enough."""
    probe = [str(PYTHON), "-c", f"import sys; sys.exit(sys.version_info < {OLDEST_PYTHON})"]
    try:
        return subprocess.run(probe, capture_output=True, check=False).returncode == 0  # noqa: S603
    except OSError:
        return False


def run(command: list[str]) -> None:
    """Run it in silence; if it fails, show all it said and exit with 1."""
    done = subprocess.run(  # noqa: S603
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False
    )
    if done.returncode:
        sys.exit(f"{done.stdout}\nThis failed: {' '.join(command)}")


if __name__ == "__main__":
    main()
