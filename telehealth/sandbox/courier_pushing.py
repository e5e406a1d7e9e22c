"""Pushes of couriers: written down first, sent by a loop, tried again for as long as nobody takes them."""

import json
import sqlite3
from collections.abc import Callable, Mapping, Sequence
from typing import Any
from urllib.parse import urlsplit

import anyio
import httpx2

from telehealth.sandbox.party import World

#: Seconds of business time from one failed try to the next.
SCHEDULE = (5, 30, 120, 600, 1800)
ANSWER_WITHIN_S = 5
LOOK_EVERY_S = 0.2
JSON = "application/json;charset=UTF-8"
FORM = "application/x-www-form-urlencoded;charset=UTF-8"
_TABLE = """
    CREATE TABLE IF NOT EXISTS courier_pushes (
        seq INTEGER PRIMARY KEY AUTOINCREMENT,
        party TEXT NOT NULL, number TEXT NOT NULL, how TEXT NOT NULL, url TEXT NOT NULL, body TEXT NOT NULL,
        content_type TEXT NOT NULL, state TEXT NOT NULL DEFAULT 'waiting', due_at REAL NOT NULL,
        tries INTEGER NOT NULL DEFAULT 0, answers TEXT NOT NULL DEFAULT '[]'
    )
"""


class Pushes:
    """`party` sends its own only, so both couriers may run one over the same books."""

    def __init__(self, world: World, party: str, *, taken: Callable[[bytes], bool]) -> None:
        """`taken` reads an answer: whether the push need not come again."""
        self._world = world
        self._books = world.books
        self._party = party
        self._taken = taken
        self._books.open_tables(_TABLE)
        self._news = anyio.Event()

    def tell(
        self, number: str, url: str, body: str, content_type: str, *, how: str = "true", times: int = 1
    ) -> None:
        """`how` is remembered; whatever is not "true" is sent once and never again."""
        with self._books.writing() as connection:
            for _ in range(times):
                connection.execute(
                    "INSERT INTO courier_pushes (party, number, how, url, body, content_type, due_at)"
                    " VALUES (?, ?, ?, ?, ?, ?, ?)",
                    (self._party, number, how, url, body, content_type, self._now()),
                )
        self._news.set()

    def listing(self, *, limit: int = 100) -> list[dict[str, Any]]:
        """Newest first, with every answer that came."""
        rows = self._books.rows(
            "SELECT * FROM courier_pushes WHERE party = ? ORDER BY seq DESC LIMIT ?", self._party, limit
        )
        return [
            {
                **{name: row[name] for name in ("seq", "number", "how", "url", "body", "state", "tries")},
                "answers": json.loads(row["answers"]),
            }
            for row in rows
        ]

    def last(self, number: str) -> sqlite3.Row | None:
        """The last true push about a parcel: what an eavesdropper could send again."""
        found = self._books.rows(
            "SELECT * FROM courier_pushes WHERE party = ? AND number = ? AND how = 'true'"
            " ORDER BY seq DESC LIMIT 1",
            self._party,
            number,
        )
        return found[0] if found else None

    async def run(self) -> None:
        """One after the other: what overtakes what is the operator's choice, never chance."""
        async with httpx2.AsyncClient(timeout=ANSWER_WITHIN_S, trust_env=False) as client:
            while True:
                self._news = anyio.Event()
                for row in self._due():
                    await self._deliver(client, row)
                with anyio.move_on_after(LOOK_EVERY_S):
                    await self._news.wait()

    def _due(self) -> Sequence[sqlite3.Row]:
        return self._books.rows(
            "SELECT * FROM courier_pushes WHERE party = ? AND state = 'waiting' AND due_at <= ? ORDER BY seq",
            self._party,
            self._now(),
        )

    async def _deliver(self, client: httpx2.AsyncClient, row: sqlite3.Row) -> None:
        status, answer = await self._post(client, row)
        answers = [*json.loads(row["answers"]), {"status": status, "said": answer.decode("utf-8", "replace")}]
        done = status == 200 and self._taken(answer)
        over = row["how"] != "true" or row["tries"] >= len(SCHEDULE)
        state = "done" if done else "given_up" if over else "waiting"
        due_at = row["due_at"] if state != "waiting" else self._now() + SCHEDULE[row["tries"]]
        with self._books.writing() as connection:
            connection.execute(
                "UPDATE courier_pushes SET state = ?, due_at = ?, tries = tries + 1, answers = ?"
                " WHERE seq = ?",
                (state, due_at, json.dumps(answers, ensure_ascii=False), row["seq"]),
            )

    async def _post(self, client: httpx2.AsyncClient, row: sqlite3.Row) -> tuple[int, bytes]:
        """Status 0 for no answer within five seconds. Nothing is dialled beyond this machine."""
        if urlsplit(row["url"]).hostname not in ("127.0.0.1", "localhost", "::1"):
            return 0, b""
        headers: Mapping[str, str] = {"Content-Type": row["content_type"]}
        try:
            with anyio.fail_after(ANSWER_WITHIN_S):
                answer = await client.post(row["url"], content=row["body"].encode("utf-8"), headers=headers)
        except (httpx2.HTTPError, httpx2.InvalidURL, TimeoutError):
            return 0, b""
        except AttributeError:
            # What anyio makes of a server that dies while we connect: it asks for the peer of no socket.
            return 0, b""
        return answer.status_code, answer.content[:500]

    def _now(self) -> float:
        return self._world.clock.now().timestamp()
