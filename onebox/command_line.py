"""The commands of `run.py`. Standard library only: it is read before anything is installed."""

import argparse
from collections.abc import Sequence

_DESCRIPTION = """\
Paysaga on one machine. Without a command: PostgreSQL, Temporal, the Stripe sandbox, worker and API,
two demonstration orders (one paid, one left alone), then up until Ctrl-C.
State: .paysaga/ or the folder that PAYSAGA_STATE names."""


# Programs of their own: all that follows is theirs.
_PROGRAMS = {
    "test": "the whole test suite; what follows is pytest's",
    "bench": "what an order costs, beside what one would pick instead; --help tells more",
    "walk": "random walks through every kind of trouble; --help tells more",
    "kill": "a load of buyers while processes are killed; --help tells more",
}


def parse(arguments: Sequence[str]) -> argparse.Namespace:
    """Return `command` (None where there is none) and its options; exit with 2 on a wrong one."""
    if arguments and arguments[0] in _PROGRAMS:
        return argparse.Namespace(command=arguments[0])
    parser = argparse.ArgumentParser(
        prog="run.py",
        description=_DESCRIPTION,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--once", action="store_true", help="exit after the two orders, with 0 if both ended right"
    )
    parser.add_argument(
        "--free-ports", action="store_true", help="listen on free ports instead of the usual ones"
    )
    commands = parser.add_subparsers(dest="command", metavar="COMMAND")
    for name, tells in _PROGRAMS.items():
        commands.add_parser(name, help=tells)
    token = commands.add_parser("token", help="print a bearer token for this box's API")
    token.add_argument("--sub", default="alice", help="the user (default: alice)")
    token.add_argument(
        "--scope", default="", help='"catalog:write", "ops" or both, separated by a space'
    )
    return parser.parse_args(arguments)
