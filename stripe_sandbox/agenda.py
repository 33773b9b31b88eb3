"""What happens by itself when its time has come, by the sandbox's clock."""

from collections.abc import Callable

from stripe_sandbox import disputes, payments, refunds, sessions
from stripe_sandbox.account import Account

HAPPENINGS: dict[str, Callable[[Account, str], object]] = {
    "expire session": sessions.find,
    "settle payment": payments.settle_by_itself,
    "dispute": disputes.create_by_itself,
    "refund succeeds": refunds.succeed_by_itself,
    "refund fails": refunds.fail_by_itself,
}


def keep(account: Account) -> None:
    """Let everything happen that was planned for now or earlier; a kill -9 loses none of it."""
    with account.store.transaction():
        while planned := account.take_due():
            HAPPENINGS[planned["what"]](account, planned["subject"])
