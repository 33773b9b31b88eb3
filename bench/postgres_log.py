"""The statements that PostgreSQL was sent, as its own log tells them."""

import re
from collections import Counter

import asyncpg

from bench.paid_watch import QUESTION, plain_address
from onebox.processes import Process

_STATEMENT = re.compile(r"LOG:  (?:statement|execute [^:]*): (.*?)(?=\n\S|\Z)", re.DOTALL)
_TABLE = re.compile(r'\b(?:FROM|INTO|UPDATE)\s+"?([\w.]+)', re.IGNORECASE)


async def log_statements(database_url: str) -> None:
    """Let every new connection to a database, by its SQLAlchemy address, log its statements."""
    connection = await asyncpg.connect(plain_address(database_url))
    name = await connection.fetchval("SELECT current_database()")
    await connection.execute(f"ALTER DATABASE \"{name}\" SET log_statement = 'all'")
    await connection.close()


class StatementLog:
    """What is logged from now on; the questions that are ours are left out."""

    def __init__(self, postgres: Process) -> None:
        self._log = postgres.log
        self._start = self._log.stat().st_size

    def kinds(self) -> Counter[str]:
        """Return how often each kind of statement came, such as `UPDATE orders`."""
        with self._log.open("rb") as log:
            log.seek(self._start)
            text = log.read().decode(errors="replace")
        return Counter(kind_of(sql) for sql in _STATEMENT.findall(text) if QUESTION not in sql)


def kind_of(sql: str) -> str:
    """Return the verb and the first table of a statement."""
    words = sql.strip(" ;\n\t").split()
    if not words:
        return "ping"
    table = _TABLE.search(sql)
    verb = words[0].upper()
    return f"{verb} {table[1]}" if table and verb not in ("BEGIN", "COMMIT") else verb
