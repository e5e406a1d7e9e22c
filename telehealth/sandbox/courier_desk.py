"""The couriers' own people: buttons that move parcels, and ways of telling about it, true and false."""

import json
import sqlite3
from datetime import datetime
from typing import Any, ClassVar, Protocol

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from telehealth.sandbox.courier_book import ParcelBook, Unmovable, written
from telehealth.sandbox.courier_moves import MOVES
from telehealth.sandbox.courier_pushing import Pushes
from telehealth.sandbox.dates import SHANGHAI
from telehealth.sandbox.pages import page

HOWS = {
    "again": "重发上一次推送",
    "twice": "上一次推送连发两遍",
    "reversed": "全部轨迹倒序逐条推送",
    "forged": "伪造推送（无密钥）",
    "garbled": "残缺推送",
}


class Telling(Protocol):
    """How one courier puts scans into pushes."""

    name: ClassVar[str]
    title: ClassVar[str]

    def tell(self, parcel: sqlite3.Row, scans: list[sqlite3.Row], *, how: str = "true") -> None: ...


class Desk:
    def __init__(self, book: ParcelBook, pushes: Pushes, party: Telling, others: list[Telling]) -> None:
        """`others` also tell of what happens here: an aggregator follows everybody's parcels."""
        self._book = book
        self._pushes = pushes
        self._party = party
        self._others = others

    def routes(self) -> list[BaseRoute]:
        return [
            Route("/parcels", self.show),
            Route("/parcels/{number}/moves", self.move, methods=["POST"]),
            Route("/parcels/{number}/pushes", self.push, methods=["POST"]),
            Route("/books", self.books),
            Route("/pushes", self.pushed),
        ]

    async def show(self, request: Request) -> Response:
        parcels = [{**self.view(row), "scans": self._journey(row)} for row in self._book.everything()]
        return page(
            "courier_desk.html",
            title=self._party.title,
            root=f"{request.scope['root_path']}",
            parcels=parcels,
            moves={name: move.title for name, move in MOVES.items()},
            hows=HOWS,
            pushes=self._pushes.listing(limit=20),
        )

    async def move(self, request: Request) -> Response:
        """`{"move": "pick_up", "at"?: "2026-11-22 10:00:00", "place"?, "remark"?, "push"?: false}`."""
        number, asked = request.path_params["number"], await _asked(request)
        try:
            at = datetime.fromisoformat(asked["at"]) if asked.get("at") else None
            scan = self._book.move(
                number,
                str(asked.get("move")),
                at=at if at is None or at.tzinfo else at.replace(tzinfo=SHANGHAI),
                place=str(asked.get("place") or "样例市"),
                remark=str(asked.get("remark") or ""),
            )
        except ValueError as error:
            return JSONResponse({"error": str(error)}, 422)
        parcel = self._book.parcel(number)
        if asked.get("push", True) and parcel is not None:
            for teller in (self._party, *self._others):
                teller.tell(parcel, [scan])
        return JSONResponse({"seq": scan["seq"], "at": written(scan["at"]), "move": scan["move"]})

    async def push(self, request: Request) -> Response:
        """`{"how": …}`, one of `HOWS`."""
        number, how = request.path_params["number"], (await _asked(request)).get("how")
        try:
            self._push(number, str(how))
        except Unmovable as error:
            return JSONResponse({"error": str(error)}, 422)
        return Response(status_code=204)

    def _push(self, number: str, how: str) -> None:
        parcel = self._book.parcel(number)
        if parcel is None or how not in HOWS:
            raise Unmovable(f"no parcel {number}, or none of {', '.join(HOWS)}")
        scans = self._book.scans(number)
        if how in ("again", "twice"):
            last = self._pushes.last(number)
            if last is None:
                raise Unmovable("nothing has been pushed yet")
            times = 2 if how == "twice" else 1
            self._pushes.tell(number, last["url"], last["body"], last["content_type"], how=how, times=times)
        elif how == "reversed":
            for scan in reversed(scans):
                self._party.tell(parcel, [scan], how="reversed")
        else:
            self._party.tell(parcel, scans, how=how)

    async def books(self, _request: Request) -> Response:
        return JSONResponse({"parcels": [self.view(row) for row in self._book.everything(500)]})

    async def pushed(self, _request: Request) -> Response:
        return JSONResponse({"pushes": self._pushes.listing()})

    @staticmethod
    def view(row: sqlite3.Row) -> dict[str, Any]:
        columns = ("company", "hospital", "order_no", "number", "filter_result", "state")
        return {**{name: row[name] for name in columns}, "body": json.loads(row["body"])}

    def _journey(self, row: sqlite3.Row) -> list[str]:
        scans = self._book.scans(row["number"] or "")
        return [f"{written(scan['at'])} {MOVES[scan['move']].title}：{scan['remark']}" for scan in scans]


async def _asked(request: Request) -> dict[str, Any]:
    try:
        asked = await request.json()
    except ValueError:
        return {}
    return asked if isinstance(asked, dict) else {}
