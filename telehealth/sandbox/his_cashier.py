"""The hospital's cashier and its pharmacy: unpaid invoices, who paid them first, which number is called.

A payment is told as a FHIR `PaymentNotice`, created once under the payer's own number (`If-None-Exist`).
Window and phone are treated alike: whoever comes first has paid, the other is refused with a conflict.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from telehealth.sandbox.books import Books
from telehealth.sandbox.dates import SHANGHAI, instant_text
from telehealth.sandbox.fhir.outcomes import Outcome
from telehealth.sandbox.fhir.store import Store
from telehealth.sandbox.records import SAMPLE_TAG

#: Parts of an invoice that FHIR has no element for.
CAMPUS = "urn:telehealth:invoice:campus"
VISIT = "urn:telehealth:invoice:visit"
DEPARTMENT = "urn:telehealth:invoice:department"
PAID_BY = "urn:telehealth:invoice:paid-by"
WINDOW = "urn:telehealth:invoice:pharmacy-window"
PICKUP = "urn:telehealth:invoice:pickup-number"
CALLED = "urn:telehealth:invoice:called"
PAYMENT = "urn:telehealth:payment"
AT_WINDOW = "window"

_TYPES = {"drug": "药品", "exam": "检查检验", "other": "其他"}
_CAMPUSES = {"main": "本部院区", "east": "东院区"}


@dataclass(frozen=True, slots=True)
class Bill:
    """An order of one visit, in fen a line."""

    id: str
    hospital: str
    person: str
    kind: str
    campus: str
    department: str
    #: The visit was so many days before the first start.
    days_ago: int
    lines: tuple[tuple[str, int], ...]


#: Each shows a way of its own: two campuses, a sheet beside an examination, a last day.
BILLS = (
    Bill("yn01-b1", "yunan", "yn01", "drug", "main", "心血管内科", 0,
         (("苯磺酸氨氯地平片 5mg×28片", 3640), ("缬沙坦胶囊 80mg×14粒", 2880))),
    Bill("yn01-b2", "yunan", "yn01", "exam", "east", "检验科", 1, (("血脂四项", 6800), ("肝功能", 4500))),
    Bill("yn02-b1", "yunan", "yn02", "drug", "main", "内分泌科", 1, (("盐酸二甲双胍片 0.5g×60片", 2150),)),
    Bill("yn05-b1", "yunan", "yn05", "drug", "main", "心血管内科", 1,
         (("阿托伐他汀钙片 20mg×14片", 5320), ("阿司匹林肠溶片 100mg×30片", 1480))),
    Bill("yn07-b1", "yunan", "yn07", "exam", "main", "放射科", 2, (("腹部超声检查", 12000),)),
    Bill("yn19-b1", "yunan", "yn19", "exam", "east", "检验科", 0, (("肾功能三项", 5400),)),
    Bill("jb02-b1", "jiangbin", "jb02", "drug", "main", "内分泌科", 0, (("格列美脲片 2mg×30片", 4200),)),
)  # fmt: skip


class Cashier:
    def __init__(self, store: Store, books: Books, now: Callable[[], datetime]) -> None:
        self._store = store
        self._books = books
        self._now = now

    def routes(self) -> list[BaseRoute]:
        """No part of FHIR: what the hospital's own people do, for the console and for tests."""
        return [
            Route("/{hospital}/bills", self.show),
            Route("/{hospital}/bills", self.add, methods=["POST"]),
            Route("/{hospital}/bills/{id}/{verb}", self.press, methods=["POST"]),
        ]

    def seed(self, today: date) -> None:
        """Once; what people paid since stays paid."""
        if self._books.recall("his", "bills"):
            return
        self._books.note("his", "bills", {"by": today.isoformat()})
        self._write_samples(today, BILLS)

    def freshen(self, today: date) -> None:
        """Date anew what nobody paid yet."""
        unpaid = [one for one in BILLS if self._status(one.hospital, one.id) in ("", "issued")]
        self._write_samples(today, unpaid)

    def take_notice(self, hospital: str, notice: dict[str, Any]) -> None:
        """A platform says that it took the money.

        Raises:
            Outcome: 422 when it names no invoice, 409 when that one is not to be paid any more, or costs
                another amount.
        """
        reference = str((notice.get("request") or {}).get("reference", ""))
        number = next(
            (
                str(item.get("value"))
                for item in notice.get("identifier", [])
                if item.get("system") == PAYMENT
            ),
            "",
        )
        if not reference.startswith("Invoice/") or not number:
            raise Outcome(422, "required", "a notice names its payment and the invoice that was paid")
        invoice = self._store.read(hospital, "Invoice", reference.rpartition("/")[2])
        if invoice["status"] != "issued":
            raise Outcome(409, "conflict", f"{reference} is {invoice['status']}")
        if notice.get("amount") != invoice["totalNet"]:
            raise Outcome(409, "conflict", f"{reference} costs another amount")
        self._settle(hospital, invoice, number)

    async def show(self, request: Request) -> Response:
        found = self._store.everything(request.path_params["hospital"], "Invoice")
        return JSONResponse({"bills": [_shown(invoice) for invoice in found]})

    async def add(self, request: Request) -> Response:
        """A doctor of the hospital orders something more: `{"id", "person", "lines", …}`."""
        asked = await request.json()
        bill = Bill(
            asked["id"], request.path_params["hospital"], asked["person"], asked.get("kind", "drug"),
            asked.get("campus", "main"), asked.get("department", "心血管内科"), int(asked.get("days_ago", 0)),
            tuple((str(text), int(amount)) for text, amount in asked["lines"]),
        )  # fmt: skip
        day = asked.get("today")
        today = date.fromisoformat(day) if day else self._now().astimezone(SHANGHAI).date()
        with self._books.writing():
            self._write_samples(today, [bill])
        return JSONResponse({"id": bill.id}, 201)

    async def press(self, request: Request) -> Response:
        hospital, id, verb = (request.path_params[name] for name in ("hospital", "id", "verb"))
        try:
            with self._books.writing():
                invoice = self._store.read(hospital, "Invoice", id)
                self._press(hospital, invoice, verb, await _amount(request))
        except Outcome as outcome:
            return JSONResponse({"error": outcome.diagnostics}, outcome.status)
        return JSONResponse(_shown(self._store.read(hospital, "Invoice", id)))

    def _press(self, hospital: str, invoice: dict[str, Any], verb: str, amount: int | None) -> None:
        if verb == "call":
            if _text(invoice, PICKUP):
                self._store.write(hospital, _with(invoice, CALLED, instant_text(self._now())))
            return
        if verb == "reversal" and invoice["status"] == "balanced":
            self._store.write(hospital, {**invoice, "status": "cancelled"})
            return
        if invoice["status"] != "issued":
            raise Outcome(409, "conflict", f"the invoice is {invoice['status']}")
        if verb == "payment":
            self._settle(hospital, invoice, AT_WINDOW)
        elif verb == "cancellation":
            self._store.write(hospital, {**invoice, "status": "cancelled"})
        elif verb == "price" and amount is not None:
            lines = [("调整后的项目", amount)]
            self._store.write(hospital, {**invoice, "lineItem": _lines(lines), "totalNet": _money(amount)})
        else:
            raise Outcome(404, "not-found", f"nobody here does {verb!r}")

    def _settle(self, hospital: str, invoice: dict[str, Any], payer: str) -> None:
        paid = _with({**invoice, "status": "balanced"}, PAID_BY, payer)
        if invoice["type"]["coding"][0]["code"] == "drug":
            given = int((self._books.recall("his.pickup", hospital) or {"last": 0})["last"]) + 1
            self._books.note("his.pickup", hospital, {"last": given})
            paid = _with(_with(paid, WINDOW, f"{given % 4 + 1}号窗口"), PICKUP, f"A{given:03d}")
        self._store.write(hospital, paid)

    def _status(self, hospital: str, id: str) -> str:
        found = self._store.find(hospital, f"Invoice/{id}")
        return str(found["status"]) if found else ""

    def _write_samples(self, today: date, bills: Iterable[Bill]) -> None:
        for bill in bills:
            self._store.write(bill.hospital, invoice_of(bill, today))


def invoice_of(bill: Bill, today: date) -> dict[str, Any]:
    visit = today - timedelta(days=bill.days_ago)
    total = sum(amount for _, amount in bill.lines)
    return {
        "resourceType": "Invoice",
        "id": bill.id,
        "meta": {"tag": [SAMPLE_TAG]},
        "identifier": [
            {"system": f"urn:telehealth:invoice:{bill.hospital}", "value": f"MZ-{bill.id.upper()}"}
        ],
        "status": "issued",
        "type": {
            "coding": [{"system": "urn:telehealth:invoice-type", "code": bill.kind}],
            "text": _TYPES[bill.kind],
        },
        "subject": {"reference": f"Patient/{bill.person}"},
        "date": datetime.combine(visit, time(9, 30), SHANGHAI).isoformat(),
        "issuer": {"reference": f"Organization/{bill.hospital}"},
        "lineItem": _lines(bill.lines),
        "totalNet": _money(total),
        "extension": [
            {
                "url": CAMPUS,
                "valueReference": {
                    "reference": f"Location/{bill.hospital}-{bill.campus}",
                    "identifier": {"system": "urn:telehealth:campus", "value": bill.campus},
                    "display": _CAMPUSES.get(bill.campus, bill.campus),
                },
            },
            {"url": VISIT, "valueDate": visit.isoformat()},
            {"url": DEPARTMENT, "valueString": bill.department},
        ],
    }  # fmt: skip


def _lines(lines: Iterable[tuple[str, int]]) -> list[dict[str, Any]]:
    return [
        {
            "sequence": number,
            "chargeItemCodeableConcept": {"text": text},
            "priceComponent": [{"type": "base", "amount": _money(amount)}],
        }
        for number, (text, amount) in enumerate(lines, start=1)
    ]


def _money(fen: int) -> dict[str, Any]:
    """FHIR's decimal is a JSON number; two places are exact in one."""
    return {"value": round(fen / 100, 2), "currency": "CNY"}


def _with(invoice: dict[str, Any], url: str, text: str) -> dict[str, Any]:
    kept = [item for item in invoice.get("extension", []) if item["url"] != url]
    value = "valueDateTime" if url == CALLED else "valueString"
    return {**invoice, "extension": [*kept, {"url": url, value: text}]}


def _text(invoice: dict[str, Any], url: str) -> str:
    found = (item for item in invoice.get("extension", []) if item["url"] == url)
    item: dict[str, Any] = next(found, {})
    return str(item.get("valueString") or item.get("valueDateTime") or "")


def _shown(invoice: dict[str, Any]) -> dict[str, Any]:
    return {
        "id": invoice["id"],
        "patient": invoice["subject"]["reference"],
        "status": invoice["status"],
        "total": invoice["totalNet"]["value"],
        "paid_by": _text(invoice, PAID_BY),
        "window": _text(invoice, WINDOW),
        "pickup": _text(invoice, PICKUP),
        "called": _text(invoice, CALLED),
    }


async def _amount(request: Request) -> int | None:
    try:
        return int((await request.json())["amount"])
    except (ValueError, KeyError, TypeError):
        return None
