"""Everything the sandbox knows, in one SQLite file that survives `kill -9`."""

import json
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

Document = dict[str, Any]
"""A Stripe object as it goes over the wire."""

_SCHEMA = """
CREATE TABLE IF NOT EXISTS documents (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    kind TEXT NOT NULL,
    id TEXT NOT NULL,
    body TEXT NOT NULL,
    UNIQUE (kind, id)
);
CREATE INDEX IF NOT EXISTS documents_in_order ON documents (kind, seq);
CREATE INDEX IF NOT EXISTS sessions_of_an_order
    ON documents (json_extract(body, '$.client_reference_id')) WHERE kind = 'checkout.session';
CREATE TABLE IF NOT EXISTS alarms (
    kind TEXT NOT NULL,
    id TEXT NOT NULL,
    due_at REAL NOT NULL,
    PRIMARY KEY (kind, id)
);
CREATE INDEX IF NOT EXISTS alarms_in_order ON alarms (kind, due_at);
CREATE TABLE IF NOT EXISTS counters (name TEXT PRIMARY KEY, count INTEGER NOT NULL);
"""


class Store:
    """Documents by kind and id, alarms by time, and counters.

    All calls come from one event loop and none of them waits, so what happens inside one
    `transaction()` is atomic as long as its body does not await.
    """

    def __init__(self, path: str) -> None:
        self._connection = sqlite3.connect(path, isolation_level=None)
        self._connection.execute("PRAGMA journal_mode = WAL")
        # Without a sync on each commit a power cut may lose the last ones; a kill does not.
        self._connection.execute("PRAGMA synchronous = NORMAL")
        self._connection.executescript(_SCHEMA)

    def close(self) -> None:
        """Close the file."""
        self._connection.close()

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Keep all of what the body writes, or nothing. Transactions may be nested."""
        if self._connection.in_transaction:
            yield
            return
        self._connection.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            self._connection.execute("ROLLBACK")
            raise
        self._connection.execute("COMMIT")

    def put(self, kind: str, id_: str, document: Document) -> None:
        """Add or replace a document; a replaced one keeps its place in the order."""
        self._connection.execute(
            "INSERT INTO documents (kind, id, body) VALUES (?, ?, ?)"
            " ON CONFLICT (kind, id) DO UPDATE SET body = excluded.body",
            (kind, id_, json.dumps(document)),
        )

    def get(self, kind: str, id_: str) -> Document | None:
        """Return a document, or None."""
        row = self._connection.execute(
            "SELECT body FROM documents WHERE kind = ? AND id = ?", (kind, id_)
        ).fetchone()
        return row and json.loads(row[0])

    def find(  # noqa: PLR0913
        self,
        kind: str,
        where: Mapping[str, object] | None = None,
        *,
        conditions: tuple[str, ...] = (),
        values: tuple[object, ...] = (),
        after: str | None = None,
        before: str | None = None,
        limit: int = -1,
    ) -> list[Document]:
        """Return documents, newest first: those older than `after`, or just newer than `before`.

        `where` maps JSON paths to the values that must stand there; `conditions` are further
        SQL conditions over `body` with their `values`.
        """
        sql, arguments = ["kind = ?"], [kind]
        for path, value in (where or {}).items():
            sql.append(f"json_extract(body, '{path}') = ?")
            arguments.append(value)  # type: ignore[arg-type]
        sql.extend(conditions)
        arguments.extend(values)  # type: ignore[arg-type]
        for cursor, sign in ((after, "<"), (before, ">")):
            if cursor is not None:
                sql.append(f"seq {sign} (SELECT seq FROM documents WHERE kind = ? AND id = ?)")
                arguments.extend((kind, cursor))
        order = "ASC" if before is not None else "DESC"
        rows = self._connection.execute(
            f"SELECT body FROM documents WHERE {' AND '.join(sql)}"  # noqa: S608
            f" ORDER BY seq {order} LIMIT ?",
            (*arguments, limit),
        ).fetchall()
        found = [json.loads(body) for (body,) in rows]
        return found[::-1] if before is not None else found

    def set_alarm(self, kind: str, id_: str, due_at: float) -> None:
        """Remember that something of this kind is due at a time of the sandbox's clock."""
        self._connection.execute(
            "INSERT OR REPLACE INTO alarms (kind, id, due_at) VALUES (?, ?, ?)", (kind, id_, due_at)
        )

    def clear_alarm(self, kind: str, id_: str) -> None:
        """Forget an alarm."""
        self._connection.execute("DELETE FROM alarms WHERE kind = ? AND id = ?", (kind, id_))

    def due(self, kind: str, now: float, limit: int = -1) -> list[str]:
        """Return the ids whose alarms have come, the earliest first."""
        rows = self._connection.execute(
            "SELECT id FROM alarms WHERE kind = ? AND due_at <= ? ORDER BY due_at, rowid LIMIT ?",
            (kind, now, limit),
        )
        return [id_ for (id_,) in rows]

    def next_alarm(self) -> float | None:
        """Return when the next alarm of any kind is due, or None."""
        row = self._connection.execute("SELECT min(due_at) FROM alarms").fetchone()
        return None if row is None else row[0]

    def count(self, name: str) -> None:
        """Add one to a counter."""
        self._connection.execute(
            "INSERT INTO counters VALUES (?, 1) ON CONFLICT DO UPDATE SET count = count + 1",
            (name,),
        )

    def counters(self) -> dict[str, int]:
        """Return all counters."""
        return dict(self._connection.execute("SELECT name, count FROM counters ORDER BY name"))
