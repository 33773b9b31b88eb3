"""Everything a sandbox knows: Stripe's objects as JSON documents, kept in SQLite."""

import json
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

Document = dict[str, Any]

# What documents are looked up by, beside their ids. Once set, such a field does not change.
INDEXED = ("charge", "client_reference_id", "payment_intent", "source")


class Store:
    """Documents by kind and id, in the order they were made; each `put` survives a kill -9."""

    def __init__(self, path: str) -> None:
        self._connection = sqlite3.connect(path, isolation_level=None)
        self._connection.execute("PRAGMA journal_mode=WAL")
        self._connection.execute("PRAGMA synchronous=NORMAL")
        self._connection.execute(
            "CREATE TABLE IF NOT EXISTS documents"
            " (kind TEXT, id TEXT, body TEXT NOT NULL, PRIMARY KEY (kind, id))"
        )
        self._kinds: dict[str, dict[str, Document]] = {}
        self._having: dict[tuple[str, str, str], dict[str, Document]] = {}
        rows = self._connection.execute("SELECT kind, id, body FROM documents ORDER BY rowid")
        for kind, key, body in rows:
            self._remember(kind, key, json.loads(body))

    def put(self, kind: str, key: str, document: Document) -> None:
        """Keep a document, new or changed."""
        self._remember(kind, key, document)
        self._connection.execute(
            "INSERT INTO documents VALUES (?, ?, ?)"
            " ON CONFLICT (kind, id) DO UPDATE SET body = excluded.body",
            (kind, key, json.dumps(document)),
        )

    def remove(self, kind: str, key: str) -> None:
        """Forget a document of a kind that nothing is looked up by."""
        self._kinds.get(kind, {}).pop(key, None)
        self._connection.execute("DELETE FROM documents WHERE kind = ? AND id = ?", (kind, key))

    def get(self, kind: str, key: str) -> Document | None:
        """Return a document, to be changed only together with a `put`."""
        return self._kinds.get(kind, {}).get(key)

    def all(self, kind: str) -> list[Document]:
        """Return all documents of a kind, oldest first."""
        return list(self._kinds.get(kind, {}).values())

    def newest(self, kind: str) -> Iterator[Document]:
        """Give the documents of a kind one by one, newest first."""
        return reversed(self._kinds.get(kind, {}).values())

    def having(self, kind: str, field: str, value: str) -> list[Document]:
        """Return the documents of a kind with a value in one of the `INDEXED` fields.

        In the order in which they got it.
        """
        return list(self._having.get((kind, field, value), {}).values())

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Keep all that the block puts, or nothing; the block must not wait for anything."""
        self._connection.execute("BEGIN")
        try:
            yield
        finally:
            self._connection.execute("COMMIT")

    def close(self) -> None:
        """Close the file."""
        self._connection.close()

    def _remember(self, kind: str, key: str, document: Document) -> None:
        self._kinds.setdefault(kind, {})[key] = document
        for field in INDEXED:
            if value := document.get(field):
                self._having.setdefault((kind, field, value), {})[key] = document
