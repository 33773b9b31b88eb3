"""What a paid order asks of PostgreSQL: as little as the promises allow, and no more some day."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Connection, Engine, event

from domain.ids import OrderId, checkout_workflow_id
from tests.product.shop import Shop

CHECKOUT = [
    "may it be paid?",
    *("lock the order", "is there an attempt?", "hold tickets", "add the attempt", "history"),
    *("what to ask of Stripe", "store the session"),
]
PAYMENT = ["lock the order", "whose session?", "PAID", "issue tickets", "history"]


@contextmanager
def counted() -> Iterator[list[str]]:
    """Collect every statement, and the COMMIT of every transaction that had a BEGIN."""
    seen: list[str] = []

    def execute(_: Connection, __: Any, statement: str, *___: Any) -> None:
        seen.append(statement)

    def commit(connection: Connection) -> None:
        if connection.get_execution_options().get("isolation_level") != "AUTOCOMMIT":
            seen.append("COMMIT")

    event.listen(Engine, "before_cursor_execute", execute)
    event.listen(Engine, "commit", commit)
    try:
        yield seen
    finally:
        event.remove(Engine, "before_cursor_execute", execute)
        event.remove(Engine, "commit", commit)


async def test_a_paid_order_takes_thirteen_statements_and_two_transactions(shop: Shop) -> None:
    await shop.paid_order()
    order = await shop.order()
    checkout = shop.temporal.get_workflow_handle(checkout_workflow_id(OrderId(order)))
    with counted() as seen:
        await shop.pay(await shop.checkout(order))
        assert await checkout.result() == "PAID"
    statements = [statement for statement in seen if statement != "COMMIT"]
    assert len(statements) == len(CHECKOUT + PAYMENT), "\n\n".join(seen)
    assert seen.count("COMMIT") == 2, "\n\n".join(seen)


async def test_a_refused_checkout_takes_one_statement(shop: Shop) -> None:
    tickets = await shop.ticket_type(capacity=2)
    order = await shop.order(tickets)
    await shop.checkout(await shop.order(tickets))
    with counted() as seen:
        refused = await shop.call("POST", f"/orders/{order}/checkout")
    assert refused.json()["code"] == "sold_out"
    assert len(seen) == 1, "\n\n".join(seen)
