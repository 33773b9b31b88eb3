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

_TOTALS = text(
    """
    WITH period AS (SELECT * FROM orders WHERE created_at >= :since AND created_at < :until)
    SELECT o.currency,
           count(*) AS orders,
           count(*) FILTER (WHERE o.status = 'CREATED') AS created,
           count(*) FILTER (WHERE o.status = 'PAID') AS paid,
           count(*) FILTER (WHERE o.status = 'CANCELLED') AS cancelled,
           coalesce(sum(p.captured), 0)::bigint AS captured,
           coalesce(sum(r.refunded), 0)::bigint AS refunded,
           coalesce(sum(i.tickets) FILTER (WHERE o.status = 'PAID'), 0)::bigint AS sold,
           coalesce(sum(i.tickets) FILTER (WHERE p.open > 0), 0)::bigint AS held
    FROM period o
    JOIN LATERAL (SELECT sum(quantity) AS tickets
                  FROM order_items WHERE order_id = o.id) i ON true
    JOIN LATERAL (SELECT sum(amount_cents) FILTER (WHERE status IN ('SUCCEEDED', 'REFUNDED'))
                             AS captured,
                         count(*) FILTER (WHERE status IN ('PENDING', 'PROCESSING')) AS open
                  FROM payments WHERE order_id = o.id) p ON true
    JOIN LATERAL (SELECT sum(amount_cents) AS refunded
                  FROM refunds WHERE order_id = o.id AND status = 'succeeded') r ON true
    GROUP BY o.currency ORDER BY o.currency
    """
)

_WRONG_ORDERS = text(
    """
    SELECT o.id AS subject,
           CASE WHEN o.status = 'PAID'
                THEN 'PAID, but its one payment is missing or of another amount'
                ELSE o.status || ', but money was kept for it' END AS why
    FROM orders o
    JOIN LATERAL (SELECT coalesce(sum(p.amount_cents), 0) AS kept, count(*) AS payments
                  FROM payments p WHERE p.order_id = o.id AND p.status = 'SUCCEEDED') k ON true
    WHERE o.created_at >= :since AND o.created_at < :until
      AND NOT CASE WHEN o.status = 'PAID' THEN k.payments = 1 AND k.kept = o.total_cents
                   WHEN o.status = 'REFUNDED' THEN true
                   ELSE k.payments = 0 END
    ORDER BY o.id
    """
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
