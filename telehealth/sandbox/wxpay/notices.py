"""Callbacks: sealed, signed, kept on disk and tried again on the provider's schedule, by business time."""

import json
import math
import secrets
import sqlite3
from collections.abc import Callable, Mapping, Sequence
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

import anyio
import httpx2

from telehealth.sandbox.party import World
from telehealth.sandbox.wxpay.merchants import Merchant
from telehealth.sandbox.wxpay.moments import written
from telehealth.sandbox.wxpay.signing import PROBE, seal, signed_headers

#: Seconds from one failed try to the next.
SCHEDULE = (15, 15, 30, 180, 600, 1200, 1800, 1800, 1800, 3600, 10800, 10800, 10800, 21600, 21600)
#: Those of insured orders end once the client is expected to ask, after 30 seconds.
SHORT_SCHEDULE = (15, 15)
MODES = {
    "normal": "立即送达，失败按 15s、15s、30s、3m … 重试",
    "lost": "从此产生的通知都不送达",
    "twice": "每次送达两遍",
    "reordered": "攒够 seconds 秒（默认 2）后倒序送达",
    "late": "晚 seconds 秒（默认 60，业务时间）才首次送达",
    "probe": "送达前先来一次签名探测（WECHATPAY/SIGNTEST/）",
    "forged": "送达前先来一次签名不符的",
    "stale": "送达前先来一次时间戳过期的",
    "truncated": "送达前先来一次正文残缺的",
}
ANSWER_WITHIN_S = 5
LOOK_EVERY_S = 0.2
_AT_ONCE = 32

_TABLES = (
    """
    CREATE TABLE IF NOT EXISTS wxpay_notices (
        number INTEGER PRIMARY KEY AUTOINCREMENT,
        id TEXT NOT NULL UNIQUE, mchid TEXT NOT NULL, url TEXT NOT NULL, event_type TEXT NOT NULL,
        about TEXT NOT NULL, body TEXT NOT NULL, schedule TEXT NOT NULL, state TEXT NOT NULL,
        created_at REAL NOT NULL, due_at REAL NOT NULL, tries INTEGER NOT NULL DEFAULT 0,
        answers TEXT NOT NULL DEFAULT '[]', headers TEXT NOT NULL DEFAULT '{}'
    )
    """,
    "CREATE INDEX IF NOT EXISTS wxpay_notices_due ON wxpay_notices (state, due_at)",
)
_SUMMARIES = {
    "TRANSACTION.SUCCESS": "支付成功",
    "REFUND.SUCCESS": "退款成功",
    "REFUND.ABNORMAL": "退款异常",
    "REFUND.CLOSED": "退款关闭",
    "MEDICAL_INSURANCE.SUCCESS": "医保混合收款成功",
}


class Notices:
    def __init__(self, world: World, merchants: Mapping[str, Merchant]) -> None:
        self._world = world
        self._books = world.books
        self._merchants = merchants
        self._books.open_tables(*_TABLES)
        self._under_way: set[int] = set()
        self._news = anyio.Event()
        self._room = anyio.CapacityLimiter(_AT_ONCE)

    # What the other counters do.

    def tell(
        self,
        merchant: Merchant,
        url: str | None,
        event_type: str,
        resource: Mapping[str, Any],
        *,
        about: str,
        schedule: Sequence[int] = SCHEDULE,
    ) -> str | None:
        """Write a callback down, inside the caller's transaction; the loop sends it. No `url`, none."""
        if not url:
            return None
        now_s, mode = self._now(), self.mode()
        id = str(uuid4())
        kind = event_type.partition(".")[0].lower()
        envelope = {
            "id": id,
            "create_time": written(now_s),
            "resource_type": "encrypt-resource",
            "event_type": event_type,
            "summary": _SUMMARIES.get(event_type, event_type),
            "resource": {
                "original_type": kind,
                **seal(merchant.apiv3_key, _dump(resource), associated_data=kind),
            },
        }
        row = (
            id,
            merchant.mchid,
            url,
            event_type,
            about,
            _dump(envelope).decode("utf-8"),
            json.dumps(list(schedule)),
            "lost" if mode["mode"] == "lost" else "waiting",
            now_s,
            _first_due(now_s, mode),
        )
        with self._books.writing() as connection:
            connection.execute(
                "INSERT INTO wxpay_notices (id, mchid, url, event_type, about, body, schedule, state,"
                " created_at, due_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                row,
            )
        self._news.set()
        return id

    def mode(self) -> dict[str, Any]:
        held: dict[str, Any] | None = self._books.recall("wxpay.settings", "notices")
        return held or {"mode": "normal"}

    def set_mode(self, wanted: Mapping[str, Any]) -> None:
        """
        Raises:
            ValueError: no such mode, or seconds that are none.
        """
        seconds = wanted.get("seconds", 0)
        if (
            wanted.get("mode") not in MODES
            or isinstance(seconds, bool)
            or not isinstance(seconds, int | float)
        ):
            raise ValueError(f"mode is one of {', '.join(MODES)}; seconds a number")
        self._books.note("wxpay.settings", "notices", dict(wanted))

    def listing(self, *, limit: int = 200) -> list[dict[str, Any]]:
        """Newest first, with every answer that came."""
        rows = self._books.rows("SELECT * FROM wxpay_notices ORDER BY number DESC LIMIT ?", limit)
        return [
            {
                "id": row["id"],
                "mchid": row["mchid"],
                "url": row["url"],
                "event_type": row["event_type"],
                "about": row["about"],
                "state": row["state"],
                "tries": row["tries"],
                "answers": json.loads(row["answers"]),
                "created_at": written(row["created_at"]),
                "due_at": written(row["due_at"]),
            }
            for row in rows
        ]

    def replay_of(self, id: str) -> tuple[str, str, dict[str, str]] | None:
        """Address, body and the very headers of the last try: what an eavesdropper could send again."""
        found = self._books.rows("SELECT * FROM wxpay_notices WHERE id = ? AND tries > 0", id)
        return (found[0]["url"], found[0]["body"], json.loads(found[0]["headers"])) if found else None

    # The loop.

    async def run(self, before_each_look: Callable[[], None]) -> None:
        """Send what is due, for as long as the sandbox lives; a restart goes on where the books stand."""
        async with (
            httpx2.AsyncClient(timeout=ANSWER_WITHIN_S, trust_env=False) as client,
            anyio.create_task_group() as tasks,
        ):
            while True:
                self._news = anyio.Event()
                before_each_look()
                for batch in self._batches():
                    tasks.start_soon(self._deliver_in_turn, client, batch)
                with anyio.move_on_after(LOOK_EVERY_S):
                    await self._news.wait()

    def _batches(self) -> list[list[sqlite3.Row]]:
        due = [
            row
            for row in self._books.rows(
                "SELECT * FROM wxpay_notices WHERE state = 'waiting' AND due_at <= ? ORDER BY number",
                self._now(),
            )
            if row["number"] not in self._under_way
        ]
        self._under_way |= {row["number"] for row in due}
        if self.mode()["mode"] == "reordered" and due:
            return [due[::-1]]
        return [[row] for row in due]

    async def _deliver_in_turn(self, client: httpx2.AsyncClient, batch: Sequence[sqlite3.Row]) -> None:
        async with self._room:
            for row in batch:
                try:
                    await self._deliver(client, row)
                finally:
                    self._under_way.discard(row["number"])

    async def _deliver(self, client: httpx2.AsyncClient, row: sqlite3.Row) -> None:
        mode = self.mode()["mode"]
        answers = json.loads(row["answers"])
        if mode in ("probe", "forged", "stale", "truncated"):
            answers.append({"as": mode, "status": await self._post(client, row, *self._spoilt(row, mode))})
        headers = self._headers(row)
        status = await self._post(client, row, row["body"], headers)
        answers.append({"as": "true", "status": status})
        if mode == "twice":
            again = await self._post(client, row, row["body"], headers)
            answers.append({"as": "again", "status": again})
        self._write_down(row, answers, headers, done=status in (200, 204))

    def _write_down(
        self, row: sqlite3.Row, answers: list[Any], headers: Mapping[str, str], *, done: bool
    ) -> None:
        schedule = json.loads(row["schedule"])
        over = row["tries"] >= len(schedule)
        state = "done" if done else "given_up" if over else "waiting"
        due_at = row["due_at"] if done or over else self._now() + schedule[row["tries"]]
        with self._books.writing() as connection:
            connection.execute(
                "UPDATE wxpay_notices SET state = ?, due_at = ?, tries = tries + 1, answers = ?, headers = ?"
                " WHERE number = ?",
                (state, due_at, json.dumps(answers), json.dumps(dict(headers)), row["number"]),
            )

    def _headers(self, row: sqlite3.Row, *, age_s: int = 0, over: str | None = None) -> dict[str, str]:
        merchant = self._merchants[row["mchid"]]
        certified = self._books.recall("wxpay.key_modes", merchant.mchid) == "certificate"
        body = (row["body"] if over is None else over).encode("utf-8")
        now_s = self._world.clock.wall().timestamp() - age_s
        return {
            "Content-Type": "application/json",
            "User-Agent": "Mozilla/4.0",
            "Request-ID": f"08{secrets.token_hex(18).upper()}-0",
            **signed_headers(
                merchant.by_certificate if certified else merchant.by_public_key, body, now_s=now_s
            ),
        }

    def _spoilt(self, row: sqlite3.Row, mode: str) -> tuple[str, dict[str, str]]:
        """A callback that must not be believed: body and headers."""
        if mode == "stale":
            return row["body"], self._headers(row, age_s=600)
        if mode == "truncated":
            return row["body"][: len(row["body"]) // 2], self._headers(row)
        headers = self._headers(row, over=row["body"] + " " if mode == "forged" else None)
        if mode == "probe":
            headers["Wechatpay-Signature"] = PROBE + headers["Wechatpay-Signature"]
        return row["body"], headers

    async def _post(
        self, client: httpx2.AsyncClient, row: sqlite3.Row, body: str, headers: Mapping[str, str]
    ) -> int:
        """The status that came; 0 for none within five seconds. Nothing is dialled beyond this machine."""
        if urlsplit(row["url"]).hostname not in ("127.0.0.1", "localhost", "::1"):
            return 0
        try:
            with anyio.fail_after(ANSWER_WITHIN_S):
                answer = await client.post(row["url"], content=body.encode("utf-8"), headers=headers)
        except (httpx2.HTTPError, httpx2.InvalidURL, TimeoutError):
            return 0
        except AttributeError:
            # What anyio makes of a merchant that dies while we connect: it asks for the peer of no socket.
            return 0
        return answer.status_code

    def _now(self) -> float:
        return self._world.clock.now().timestamp()


def _first_due(now_s: float, mode: Mapping[str, Any]) -> float:
    if mode["mode"] == "late":
        return now_s + float(mode.get("seconds") or 60)
    if mode["mode"] == "reordered":
        window_s = float(mode.get("seconds") or 2)
        return (math.floor(now_s / window_s) + 1) * window_s
    return now_s


def _dump(said: Mapping[str, Any]) -> bytes:
    return json.dumps(said, ensure_ascii=False, separators=(",", ":")).encode("utf-8")
