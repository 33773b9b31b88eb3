"""`python -m onebox`: what `run.py` becomes once `.venv` is there."""

import asyncio
import os
import sys

from onebox.box import run_box
from onebox.command_line import parse
from onebox.ports import ANY, Ports
from onebox.report import say
from onebox.state import AlreadyRunning, load_secrets, locked, state_directory
from onebox.tokens import bearer_token


def main() -> int:
    """Do what the command line says; return the exit code."""
    arguments = parse(sys.argv[1:])
    os.umask(0o077)  # secrets, orders and logs are nobody else's
    try:
        directory = state_directory()
        if arguments.command == "token":
            secret = load_secrets(directory).auth_jwt_secret
            say(bearer_token(secret, arguments.sub, arguments.scope))
            return 0
        with locked(directory):
            wanted = ANY if arguments.free_ports else Ports()
            return asyncio.run(run_box(directory, wanted, once=arguments.once))
    except AlreadyRunning as refusal:
        print(f"run.py: {refusal}", file=sys.stderr)
        return 2
    except PermissionError as refusal:
        print(f"run.py: the state belongs to another user: {refusal}", file=sys.stderr)
        return 2


sys.exit(main())
