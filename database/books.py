"""The books: `python -m database.books [--since TIME] [--until TIME]`, exit code 1 where they lie.

For the orders made in a period (RFC 3339, UTC): how many in each status, what was captured and
given back, what is sold and held; and every order and ticket type whose equation does not hold.
"""

import argparse
import asyncio
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncConnection

from database.engine import Database
from settings import DatabaseSettings, load

# What was captured for each order of the period, has gone back, and is on its way. Late money is
# what nobody waited for: none of it may be kept. What a lost dispute took is not kept, either.
_PERIOD_AND_MONEY = """
    WITH period AS (SELECT * FROM orders WHERE created_at >= :since AND created_at < :until),
    money AS (
        SELECT p.order_id,
               sum(p.captured_cents) AS captured,
               sum(r.gone) AS gone,
               count(*) FILTER (WHERE p.status IN ('PENDING', 'PROCESSING')) AS open,
               count(*) FILTER (WHERE p.captured_cents > 0 AND NOT late) AS own_payments,
               coalesce(sum(p.captured_cents) FILTER (WHERE NOT late), 0) AS own_captured,
               coalesce(sum(r.gone) FILTER (WHERE NOT late), 0) AS own_gone,
               coalesce(sum(r.on_its_way) FILTER (WHERE NOT late), 0) AS own_on_its_way,
               coalesce(sum(d.lost) FILTER (WHERE NOT late), 0) AS own_lost,
               coalesce(sum(greatest(p.captured_cents - r.gone - r.on_its_way - d.lost, 0))
                        FILTER (WHERE late), 0) AS late_kept
        FROM period o JOIN payments p ON p.order_id = o.id
        JOIN LATERAL (
            SELECT coalesce(sum(amount_cents) FILTER (WHERE status = 'succeeded'), 0) AS gone,
                   coalesce(sum(amount_cents) FILTER (
                       WHERE status IN ('pending', 'requires_action')), 0) AS on_its_way,
                   coalesce(bool_or(idempotency_key = 'late-' || p.payment_intent), false) AS late
            FROM refunds WHERE order_id = p.order_id AND payment_id = p.id
        ) r ON true
        JOIN LATERAL (
            SELECT coalesce(sum(amount_cents), 0) AS lost
            FROM disputes WHERE order_id = p.order_id AND payment_id = p.id AND status = 'lost'
        ) d ON true
        GROUP BY p.order_id
    )
"""

_TOTALS = text(
    f"""
    {_PERIOD_AND_MONEY}
    SELECT o.currency,
           count(*) AS orders,
           count(*) FILTER (WHERE o.status = 'CREATED') AS created,
           count(*) FILTER (WHERE o.status = 'PAID') AS paid,
           count(*) FILTER (WHERE o.status = 'CANCELLED') AS cancelled,
           count(*) FILTER (WHERE o.status = 'REFUNDED') AS given_back,
           coalesce(sum(m.captured), 0)::bigint AS captured,
           coalesce(sum(m.gone), 0)::bigint AS refunded,
           coalesce(sum(i.tickets) FILTER (WHERE o.status = 'PAID'), 0)::bigint AS sold,
           coalesce(sum(i.tickets) FILTER (WHERE m.open > 0), 0)::bigint AS held
    FROM period o
    JOIN LATERAL (SELECT sum(quantity) AS tickets
                  FROM order_items WHERE order_id = o.id) i ON true
    LEFT JOIN money m ON m.order_id = o.id
    GROUP BY o.currency ORDER BY o.currency
    """  # noqa: S608 (no part of it comes from outside)
)

_WRONG_ORDERS = text(
    f"""
    {_PERIOD_AND_MONEY}
    SELECT o.id AS subject, o.status || ', but ' || why AS why
    FROM period o
    LEFT JOIN money m ON m.order_id = o.id
    JOIN LATERAL (
        SELECT o.status IN ('PAID', 'REFUNDED') AS was_paid,
               coalesce(m.own_payments = 1 AND m.own_captured = o.total_cents, false) AS has_payment
    ) w ON true
    JOIN LATERAL (
        SELECT CASE WHEN was_paid THEN coalesce(m.own_gone, 0)
                    ELSE least(coalesce(m.gone, 0), o.total_cents) END AS gone,
               coalesce(m.late_kept, 0)
               + CASE WHEN o.status = 'PAID' THEN 0
                      ELSE coalesce(greatest(m.own_captured - m.own_gone - m.own_on_its_way
                                             - m.own_lost, 0), 0) END AS kept
    ) k ON true
    JOIN LATERAL (
        SELECT CASE WHEN was_paid AND NOT has_payment
                    THEN 'its one payment is missing or of another amount'
                    WHEN k.gone <> o.amount_refunded_cents
                    THEN k.gone || ' cents have gone back, not ' || o.amount_refunded_cents
                    WHEN o.status = 'PAID' AND k.gone = o.total_cents
                    THEN 'all of it has gone back'
                    WHEN k.kept <> 0
                    THEN 'money is kept for it' END AS why
    ) y ON why IS NOT NULL
    ORDER BY o.id
    """  # noqa: S608 (no part of it comes from outside)
)

_WRONG_TICKET_TYPES = text(
    """
    SELECT t.id AS subject,
           'capacity ' || t.capacity || ' is not ' || t.available || ' available + '
               || u.used || ' sold or held' AS why
    FROM ticket_types t
    JOIN LATERAL (SELECT coalesce(sum(i.quantity), 0) AS used
                  FROM order_items i JOIN orders o ON o.id = i.order_id
                  WHERE i.ticket_type_id = t.id
                    AND (o.status = 'PAID'
                         OR EXISTS (SELECT FROM payments p WHERE p.order_id = o.id
                                    AND p.status IN ('PENDING', 'PROCESSING')))) u ON true
    WHERE t.capacity <> t.available + u.used
    ORDER BY t.id
    """
)


@dataclass(frozen=True)
class Books:
    """One row of totals a currency, and what is wrong: subject and sentence."""

    totals: list[dict[str, Any]]
    wrong: list[tuple[str, str]]


async def books(connection: AsyncConnection, since: datetime, until: datetime) -> Books:
    """Return the books of the orders made between two times (UTC)."""
    period = {"since": since, "until": until}
    totals = (await connection.execute(_TOTALS, period)).mappings().all()
    wrong: list[Row[Any]] = [
        *(await connection.execute(_WRONG_ORDERS, period)).all(),
        *(await connection.execute(_WRONG_TICKET_TYPES)).all(),
    ]
    return Books([dict(row) for row in totals], [(row.subject, row.why) for row in wrong])


def _show(found: Books) -> None:
    columns = list(found.totals[0]) if found.totals else ["currency", "orders"]
    print("  ".join(f"{name:>10}" for name in columns))
    for row in found.totals:
        print("  ".join(f"{row[name]:>10}" for name in columns))
    for subject, why in found.wrong:
        print(f"WRONG {subject}: {why}")
    print(
        "every equation holds" if not found.wrong else f"{len(found.wrong)} equations do not hold"
    )


async def _main() -> int:
    parser = argparse.ArgumentParser("database.books", description="Orders, money and tickets.")
    time = datetime.fromisoformat
    parser.add_argument("--since", type=time, default=datetime(2000, 1, 1, tzinfo=UTC))
    parser.add_argument("--until", type=time, default=datetime.now(UTC))
    options = parser.parse_args()
    database = Database(load(DatabaseSettings).database_url)
    async with database.transaction() as connection:
        found = await books(connection, options.since, options.until)
    await database.close()
    _show(found)
    return 1 if found.wrong else 0


if __name__ == "__main__":
    raise SystemExit(asyncio.run(_main()))
