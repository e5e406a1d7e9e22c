"""Every text message that was sent, in the books."""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, time
from typing import Any

from telehealth.sandbox.dates import SHANGHAI
from telehealth.sandbox.party import World

_TABLES = (
    """
    CREATE TABLE IF NOT EXISTS sms_messages (
        number INTEGER PRIMARY KEY AUTOINCREMENT,
        serial TEXT NOT NULL UNIQUE, phone TEXT NOT NULL, sign_name TEXT NOT NULL, template_id TEXT NOT NULL,
        params TEXT NOT NULL, text TEXT NOT NULL, session_context TEXT NOT NULL,
        sent_at TEXT NOT NULL, business_at TEXT NOT NULL, report TEXT NOT NULL DEFAULT ''
    )
    """,
    "CREATE INDEX IF NOT EXISTS sms_messages_phone ON sms_messages (phone, number)",
)


@dataclass(frozen=True, slots=True)
class Message:
    serial: str
    phone: str
    sign_name: str
    template_id: str
    params: list[str]
    text: str
    session_context: str


class Outbox:
    def __init__(self, world: World) -> None:
        self._books = world.books
        self._clock = world.clock
        self._books.open_tables(*_TABLES)

    def keep(self, message: Message) -> None:
        row = (
            message.serial,
            message.phone,
            message.sign_name,
            message.template_id,
            json.dumps(message.params, ensure_ascii=False),
            message.text,
            message.session_context,
            self._clock.wall().astimezone(SHANGHAI).isoformat(),
            self._clock.now().astimezone(SHANGHAI).isoformat(),
        )
        with self._books.writing() as connection:
            connection.execute(
                "INSERT INTO sms_messages (serial, phone, sign_name, template_id, params, text,"
                " session_context, sent_at, business_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
                row,
            )

    def read(self, *, phone: str | None = None, after: int = 0, limit: int = 50) -> list[dict[str, Any]]:
        """Newest first; `after` is a message number."""
        rows = self._books.rows(
            "SELECT * FROM sms_messages WHERE (? IS NULL OR phone = ?) AND number > ?"
            " ORDER BY number DESC LIMIT ?",
            phone,
            phone,
            after,
            limit,
        )
        return [{**dict(row), "params": json.loads(row["params"])} for row in rows]

    def sent_today(self, phone: str) -> list[datetime]:
        """When `phone` got a message in this day of Asia/Shanghai, by the wall clock."""
        today = self._clock.wall().astimezone(SHANGHAI).date()
        midnight = datetime.combine(today, time(), SHANGHAI).isoformat()
        rows = self._books.rows(
            "SELECT sent_at FROM sms_messages WHERE phone = ? AND sent_at >= ? ORDER BY number",
            phone,
            midnight,
        )
        return [datetime.fromisoformat(row["sent_at"]) for row in rows]

    def take_unreported(self, limit: int) -> list[dict[str, Any]]:
        """Messages whose delivery nobody has reported yet, oldest first; the next taker gets others."""
        with self._books.writing():
            rows = self._books.rows(
                "SELECT * FROM sms_messages WHERE report = '' ORDER BY number LIMIT ?", limit
            )
            self.mark([row["serial"] for row in rows], "posting")
        return [dict(row) for row in rows]

    def mark(self, serials: Iterable[str], report: str) -> None:
        with self._books.writing() as connection:
            connection.executemany(
                "UPDATE sms_messages SET report = ? WHERE serial = ?",
                [(report, serial) for serial in serials],
            )
