"""Parcels of all couriers: orders, scans, who wants to be told, and what has been told."""

import json
import sqlite3
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from telehealth.sandbox.courier_moves import MOVES
from telehealth.sandbox.dates import SHANGHAI
from telehealth.sandbox.party import World

SF = "shunfeng"
HOSPITALS = ("yunan", "jiangbin")
_TABLES = (
    """
    CREATE TABLE IF NOT EXISTS courier_parcels (
        seq INTEGER PRIMARY KEY AUTOINCREMENT,
        company TEXT NOT NULL, hospital TEXT NOT NULL, order_no TEXT NOT NULL, number TEXT UNIQUE,
        filter_result TEXT NOT NULL, state TEXT NOT NULL, phones TEXT NOT NULL, body TEXT NOT NULL,
        created_at REAL NOT NULL,
        UNIQUE (company, hospital, order_no)
    )
    """,
    """
    CREATE TABLE IF NOT EXISTS courier_scans (
        seq INTEGER PRIMARY KEY AUTOINCREMENT,
        number TEXT NOT NULL, move TEXT NOT NULL, at REAL NOT NULL, place TEXT NOT NULL, remark TEXT NOT NULL
    )
    """,
    """
    CREATE TABLE IF NOT EXISTS courier_subscriptions (
        hospital TEXT NOT NULL, company TEXT NOT NULL, number TEXT NOT NULL, url TEXT NOT NULL,
        salt TEXT NOT NULL, PRIMARY KEY (hospital, company, number)
    )
    """,
    "CREATE INDEX IF NOT EXISTS courier_scans_number ON courier_scans (number, seq)",
)


class Unmovable(ValueError):
    """There is no such parcel, or what is asked cannot happen to it."""


class ParcelBook:
    def __init__(self, world: World) -> None:
        self._books = world.books
        self._clock = world.clock
        self._books.open_tables(*_TABLES)

    # Orders.

    def order(self, hospital: str, order_no: str) -> sqlite3.Row | None:
        found = self._books.rows(
            "SELECT * FROM courier_parcels WHERE company = ? AND hospital = ? AND order_no = ?",
            SF,
            hospital,
            order_no,
        )
        return found[0] if found else None

    def take(self, hospital: str, message: Mapping[str, Any], filter_result: str, phones: list[str]) -> None:
        """An SF order. It has a waybill unless nobody goes there; one in doubt gets it, too."""
        with self._books.writing() as connection:
            cursor = connection.execute(
                "INSERT INTO courier_parcels (company, hospital, order_no, filter_result, state, phones,"
                " body, created_at) VALUES (?, ?, ?, ?, 'ordered', ?, ?, ?)",
                (
                    SF,
                    hospital,
                    message["orderId"],
                    filter_result,
                    json.dumps(phones),
                    json.dumps(message, ensure_ascii=False),
                    self._now(),
                ),
            )
            if filter_result != "3":
                # A range that was never given out.
                connection.execute(
                    "UPDATE courier_parcels SET number = ? WHERE seq = ?",
                    (f"SF{9_000_000_000_000 + (cursor.lastrowid or 0)}", cursor.lastrowid),
                )

    def screen(self, hospital: str, order_no: str, filter_result: str) -> None:
        """What the clerk found."""
        with self._books.writing() as connection:
            changed = connection.execute(
                "UPDATE courier_parcels SET filter_result = ? WHERE company = ? AND hospital = ?"
                " AND order_no = ?",
                (filter_result, SF, hospital, order_no),
            )
        if not changed.rowcount:
            raise Unmovable(f"no order {order_no}")

    def cancel(self, hospital: str, order_no: str) -> None:
        with self._books.writing() as connection:
            connection.execute(
                "UPDATE courier_parcels SET state = 'cancelled' WHERE company = ? AND hospital = ?"
                " AND order_no = ?",
                (SF, hospital, order_no),
            )

    def hand_in(self, company: str, number: str, phones: list[str]) -> None:
        """A parcel that somebody brought to a counter."""
        with self._books.writing() as connection:
            connection.execute(
                "INSERT INTO courier_parcels (company, hospital, order_no, number, filter_result, state,"
                " phones, body, created_at) VALUES (?, '', ?, ?, '2', 'ordered', ?, '{}', ?)"
                " ON CONFLICT (number) DO NOTHING",
                (company, number, number, json.dumps(phones), self._now()),
            )

    # Journeys.

    def parcel(self, number: str, company: str | None = None) -> sqlite3.Row | None:
        found = self._books.rows(
            "SELECT * FROM courier_parcels WHERE number = ? AND (? IS NULL OR company = ?)",
            number,
            company,
            company,
        )
        return found[0] if found else None

    def move(
        self, number: str, move: str, *, at: datetime | None = None, place: str = "样例市", remark: str = ""
    ) -> sqlite3.Row:
        """Write a scan down; the scan.

        Raises:
            Unmovable: no such parcel or move, or the parcel is not on its way.
        """
        parcel, happening = self.parcel(number), MOVES.get(move)
        if parcel is None or happening is None:
            raise Unmovable(f"no parcel {number}, or no move {move}; there are {', '.join(MOVES)}")
        if parcel["state"] in ("cancelled", "returned"):
            raise Unmovable(f"{number} is {parcel['state']}")
        if parcel["state"] == "ordered" and move not in ("pick_up", "unknown"):
            raise Unmovable(f"{number} has not been picked up")
        moment_s = self._now() if at is None else at.timestamp()
        with self._books.writing() as connection:
            cursor = connection.execute(
                "INSERT INTO courier_scans (number, move, at, place, remark) VALUES (?, ?, ?, ?, ?)",
                (number, move, moment_s, place, remark or happening.remark),
            )
            connection.execute(
                "UPDATE courier_parcels SET state = ? WHERE number = ?",
                (happening.standing or parcel["state"], number),
            )
        return self._books.rows("SELECT * FROM courier_scans WHERE seq = ?", cursor.lastrowid)[0]

    def scans(self, number: str) -> list[sqlite3.Row]:
        return self._books.rows("SELECT * FROM courier_scans WHERE number = ? ORDER BY at, seq", number)

    def everything(self, limit: int = 50) -> list[sqlite3.Row]:
        """Newest first."""
        return self._books.rows("SELECT * FROM courier_parcels ORDER BY seq DESC LIMIT ?", limit)

    # Who wants to be told.

    def subscribe(self, hospital: str, company: str, number: str, *, url: str, salt: str) -> bool:
        """False: that parcel has been asked for before."""
        with self._books.writing() as connection:
            cursor = connection.execute(
                "INSERT INTO courier_subscriptions VALUES (?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
                (hospital, company, number, url, salt),
            )
        return bool(cursor.rowcount)

    def subscriptions(self, number: str) -> list[sqlite3.Row]:
        return self._books.rows("SELECT * FROM courier_subscriptions WHERE number = ?", number)

    def _now(self) -> float:
        return self._clock.now().timestamp()


def written(moment_s: float) -> str:
    """As couriers write a moment: local, to the second."""
    return f"{datetime.fromtimestamp(moment_s, SHANGHAI):%Y-%m-%d %H:%M:%S}"
