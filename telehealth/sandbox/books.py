"""What the outside parties know, in one SQLite file that outlives every process."""

import json
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

_NOTES = """
CREATE TABLE IF NOT EXISTS notes (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    book TEXT NOT NULL,
    key TEXT NOT NULL,
    body TEXT NOT NULL,
    UNIQUE (book, key)
)
"""


class Books:
    """Tables of the parties, plus `notes`: small documents by book and key, in the order first written.

    A write is committed before it is answered, so `kill -9` loses nothing that was acknowledged.
    """

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._lock = threading.RLock()
        self._depth = 0
        self._connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False, timeout=10)
        self._connection.row_factory = sqlite3.Row
        self._connection.execute("PRAGMA journal_mode = WAL")
        # WAL without a sync per commit: safe against the death of the process, not of the machine.
        self._connection.execute("PRAGMA synchronous = NORMAL")
        self._connection.execute(_NOTES)
        path.chmod(0o600)

    def close(self) -> None:
        with self._lock:
            self._connection.close()

    def open_tables(self, *statements: str) -> None:
        with self.writing() as connection:
            for statement in statements:
                connection.execute(statement)

    @contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        """One transaction; an inner `writing` joins the outer one. Never await inside."""
        with self._lock:
            if self._depth == 0:
                self._connection.execute("BEGIN IMMEDIATE")
            self._depth += 1
            try:
                yield self._connection
            except BaseException:
                self._depth -= 1
                if self._depth == 0:
                    self._connection.execute("ROLLBACK")
                raise
            self._depth -= 1
            if self._depth == 0:
                self._connection.execute("COMMIT")

    def rows(self, sql: str, *values: Any) -> list[sqlite3.Row]:
        with self._lock:
            return self._connection.execute(sql, values).fetchall()

    def note(self, book: str, key: str, body: Any) -> None:
        with self.writing() as connection:
            connection.execute(
                "INSERT INTO notes (book, key, body) VALUES (?, ?, ?)"
                " ON CONFLICT (book, key) DO UPDATE SET body = excluded.body",
                (book, key, json.dumps(body, ensure_ascii=False)),
            )

    def recall(self, book: str, key: str) -> Any:
        """The document under `key`, or None."""
        found = self.rows("SELECT body FROM notes WHERE book = ? AND key = ?", book, key)
        return json.loads(found[0]["body"]) if found else None

    def forget(self, book: str, key: str | None = None) -> None:
        with self.writing() as connection:
            connection.execute(
                "DELETE FROM notes WHERE book = ? AND (? IS NULL OR key = ?)", (book, key, key)
            )

    def leaf_through(self, book: str) -> dict[str, Any]:
        found = self.rows("SELECT key, body FROM notes WHERE book = ? ORDER BY number", book)
        return {row["key"]: json.loads(row["body"]) for row in found}
