"""Kuaidi100's pushes: to whoever subscribed to a parcel, signed with the salt they gave."""

import hashlib
import json
import sqlite3
from typing import Any, ClassVar
from urllib.parse import urlencode

from telehealth.sandbox.courier_book import ParcelBook, written
from telehealth.sandbox.courier_moves import MOVES
from telehealth.sandbox.courier_pushing import FORM, Pushes
from telehealth.sandbox.party import World

_OVER = ("delivered", "returned")


class Aggregating:
    name: ClassVar[str] = "kuaidi100"
    title: ClassVar[str] = "快递100"

    def __init__(self, world: World) -> None:
        self._book = ParcelBook(world)
        self.pushes = Pushes(world, self.name, taken=_is_taken)

    def tell(self, parcel: sqlite3.Row, scans: list[sqlite3.Row], *, how: str = "true") -> None:
        """The whole journey so far each time, as the aggregator does; out of order: one line a push."""
        whole = self._book.scans(parcel["number"]) if how == "true" else scans
        status = "shutdown" if parcel["state"] in _OVER else "polling"
        self._tell(parcel, whole, status=status, how=how)

    def abort(self, parcel: sqlite3.Row) -> None:
        """Three days without a record, or sixty without a change."""
        self._tell(parcel, self._book.scans(parcel["number"]), status="abort", how="true")

    def _tell(self, parcel: sqlite3.Row, scans: list[sqlite3.Row], *, status: str, how: str) -> None:
        told = {
            "status": status,
            "billstatus": "check",
            "message": "3天查询无记录" if status == "abort" else "",
            "lastResult": journey(parcel, scans),
        }
        param = json.dumps(told, ensure_ascii=False, separators=(",", ":"))
        for one in self._book.subscriptions(parcel["number"]):
            sign = hashlib.md5((param + one["salt"]).encode(), usedforsecurity=False).hexdigest().upper()
            if how == "forged":
                sign = sign[::-1]
            body = urlencode({"sign": sign, "param": param})
            if how == "garbled":
                body = body[: len(body) // 2]
            self.pushes.tell(parcel["number"], one["url"], body, FORM, how=how)


def journey(parcel: sqlite3.Row, scans: list[sqlite3.Row]) -> dict[str, Any]:
    """Newest first."""
    lines = [
        {
            "time": written(scan["at"]),
            "ftime": written(scan["at"]),
            "context": scan["remark"],
            "areaName": scan["place"],
            "status": MOVES[scan["move"]].title,
            "statusCode": MOVES[scan["move"]].code,
        }
        for scan in reversed(scans)
    ]
    return {
        "message": "ok",
        "status": "200",
        "ischeck": "1" if parcel["state"] in _OVER else "0",
        "com": parcel["company"],
        "nu": parcel["number"],
        "state": MOVES[scans[-1]["move"]].state if scans else "",
        "data": lines,
    }


def _is_taken(answer: bytes) -> bool:
    try:
        told = json.loads(answer)
        return told["result"] is True and str(told["returnCode"]) == "200"
    except (ValueError, KeyError, TypeError):
        return False
