"""Case files: JSON a hospital writes to see what a drug book would say, read into the checker's facts.

A present key of the wrong type is an error; a value that is absent or `null` is not known, which the
checks say themselves.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any, Final, NoReturn

from prescriptions.safety.facts import Active, Delivery, Item, Patient, Sex, Sheet, SheetKind

_KINDS: Final = {
    "western": SheetKind.WESTERN, "patent": SheetKind.WESTERN,
    "herb": SheetKind.HERB, "herbs": SheetKind.HERB, "decoction": SheetKind.HERB, "tcm": SheetKind.HERB,
}  # fmt: skip
_DELIVERIES: Final = {
    "courier": Delivery.COURIER, "delivery": Delivery.COURIER, "express": Delivery.COURIER,
    "pickup": Delivery.PICKUP, "pick_up": Delivery.PICKUP, "pick-up": Delivery.PICKUP,
    "window": Delivery.PICKUP, "offline": Delivery.PICKUP,
}  # fmt: skip
_SEXES: Final[Mapping[str, Sex | None]] = {
    "m": Sex.MALE, "male": Sex.MALE, "男": Sex.MALE, "f": Sex.FEMALE, "female": Sex.FEMALE, "女": Sex.FEMALE,
    "": None, "u": None, "o": None, "unknown": None, "other": None, "未知": None,
}  # fmt: skip
_EGFR: Final = ("egfr", "eGFR", "egfr_ml_min", "egfr_ml_min_173m2")


class CaseFileUnusable(Exception):
    """The reason is for the person at the terminal: which case, which key, what is wrong."""


@dataclass(frozen=True, slots=True)
class Case:
    """Codes that must, and must not, be found. "DDI" speaks of the whole family DDI_BLOCK, DDI_RESIGN, …"""

    id: str
    sheet: Sheet
    patient: Patient
    active: tuple[Active, ...] | None
    foreign_known: bool
    must_include: tuple[str, ...]
    must_not_include: tuple[str, ...]
    outcome: str | None


def read_cases(path: str | Path) -> list[Case]:
    """Raises CaseFileUnusable: not readable, not JSON, not case rows, or a row we cannot understand."""
    try:
        raw = json.loads(Path(path).read_text("utf-8-sig"), parse_float=Decimal, parse_constant=_no_number)
    except OSError as error:
        raise CaseFileUnusable(f"cannot read {path}: {error.strerror or error}") from None
    except (ValueError, ArithmeticError, RecursionError) as error:
        raise CaseFileUnusable(f"{path} is not JSON: {error}") from None
    return cases_of(raw, named=str(path))


def cases_of(raw: Any, *, named: str = "the file") -> list[Case]:
    """Raises CaseFileUnusable."""
    rows = raw.get("rows") if isinstance(raw, dict) else raw
    if not isinstance(rows, list) or not rows:
        raise CaseFileUnusable(f"{named} has no rows of cases")
    return [_Row(row, number).case() for number, row in enumerate(rows, start=1)]


def _no_number(said: str) -> NoReturn:
    raise ValueError(f"{said} is no number")


class _Row:
    def __init__(self, row: Any, number: int) -> None:
        if not isinstance(row, dict):
            raise CaseFileUnusable(f"row {number} is not an object")
        if not isinstance(row.get("id"), str | int) or isinstance(row.get("id"), bool):
            raise CaseFileUnusable(f"row {number} has no id")
        self.row: Mapping[str, Any] = row
        self.name = str(row["id"])

    def case(self) -> Case:
        expect = self.row.get("expect", self.row)
        if not isinstance(expect, dict):
            self._refuse("expect", "is not an object")
        outcome = self._text(expect, "outcome")
        if outcome not in ("", "pass", "warn", "resign", "block"):
            self._refuse("outcome", "is none of pass, warn, resign, block")
        return Case(
            id=self.name,
            sheet=self._sheet(),
            patient=self._patient(),
            active=self._active(),
            foreign_known="foreign_known" not in self.row or bool(self._truth(self.row, "foreign_known")),
            must_include=self._texts(expect, "must_include") or (),
            must_not_include=self._texts(expect, "must_not_include") or (),
            outcome=outcome or None,
        )

    def _sheet(self) -> Sheet:
        kind = self._word(_KINDS, "sheet")
        items = self._objects("items")
        if kind is None or items is None:
            self._refuse("sheet" if kind is None else "items", "is missing")
        if not items:
            self._refuse("items", "is empty")
        per_day = self._number(self.row, "doses_per_day")
        return Sheet(
            kind=kind,
            items=tuple(self._item(item) for item in items),
            delivery=self._word(_DELIVERIES, "delivery"),
            doses=self._whole(self.row, "doses"),
            doses_per_day=Decimal(1) if per_day is None else per_day,
            is_granules=bool(self._truth(self.row, "granules")),
            courier_keeps_cold=bool(self._truth(self.row, "courier_keeps_cold")),
        )

    def _item(self, raw: Mapping[str, Any]) -> Item:
        return Item(
            ref=self._ref(raw),
            dose=self._number(raw, "dose"),
            takes_per_day=self._number(raw, "takes_per_day"),
            frequency=self._text(raw, "frequency"),
            days=self._whole(raw, "days"),
            quantity=self._number(raw, "quantity"),
            grams=self._number(raw, "grams"),
            special=self._text(raw, "special"),
            role=self._text(raw, "role"),
        )

    def _active(self) -> tuple[Active, ...] | None:
        if "other_active" not in self.row:
            return ()
        found = self._objects("other_active")
        if found is None:
            return None
        return tuple(
            Active(
                ref=self._ref(raw),
                dose=self._number(raw, "dose"),
                takes_per_day=self._number(raw, "takes_per_day"),
                frequency=self._text(raw, "frequency"),
                grams=self._number(raw, "grams"),
                days_left=self._whole(raw, "days_left"),
            )
            for raw in found
        )

    def _patient(self) -> Patient:
        raw = self.row.get("patient")
        if not isinstance(raw, dict):
            self._refuse("patient", "is missing or not an object")
        egfr = next((self._number(raw, key) for key in _EGFR if key in raw), None)
        sex = self._text(raw, "sex").lower()
        if sex not in _SEXES:
            self._refuse("sex", "is none of M, F, unknown")
        return Patient(
            age=self._age(raw),
            sex=_SEXES[sex],
            weight_kg=self._number(raw, "weight_kg"),
            pregnant=self._truth(raw, "pregnant"),
            lactating=self._truth(raw, "lactating"),
            allergies=self._texts(raw, "allergies"),
            diagnoses=self._texts(raw, "diagnoses"),
            conditions=self._texts(raw, "conditions") or (),
            stable=self._truth(raw, "stable"),
            egfr=egfr,
            is_athlete=self._truth(raw, "athlete"),
        )

    def _age(self, raw: Mapping[str, Any]) -> int | None:
        """Completed years: 5.5 is five."""
        age = self._number(raw, "age")
        return None if age is None else int(age)

    def _ref(self, raw: Mapping[str, Any]) -> str:
        ref = self._text(raw, "ref") or self._text(raw, "name")
        if not ref.strip():
            self._refuse("items", "has a line without ref")
        return ref.strip()

    def _word(self, words: Mapping[str, Any], key: str) -> Any:
        said = self._text(self.row, key).lower()
        if said and said not in words:
            self._refuse(key, f"is none of {', '.join(words)}")
        return words.get(said)

    def _number(self, raw: Mapping[str, Any], key: str) -> Decimal | None:
        value = raw.get(key)
        if value is None:
            return None
        if isinstance(value, bool) or not isinstance(value, int | float | Decimal):
            self._refuse(key, "is not a number")
        if isinstance(value, int) and abs(value) > 10**18:
            self._refuse(key, "is no amount")
        number = Decimal(str(value))
        if not number.is_finite() or abs(number.adjusted()) > 18:
            self._refuse(key, "is no amount")
        return number

    def _whole(self, raw: Mapping[str, Any], key: str) -> int | None:
        number = self._number(raw, key)
        if number is not None and number != number.to_integral_value():
            self._refuse(key, "is not a whole number")
        return None if number is None else int(number)

    def _text(self, raw: Mapping[str, Any], key: str) -> str:
        value = raw.get(key)
        if value is not None and not isinstance(value, str):
            self._refuse(key, "is not text")
        return value or ""

    def _texts(self, raw: Mapping[str, Any], key: str) -> tuple[str, ...] | None:
        value = raw.get(key)
        if value is None:
            return None
        if not isinstance(value, list) or not all(isinstance(each, str) for each in value):
            self._refuse(key, "is not a list of texts")
        return tuple(value)

    def _objects(self, key: str) -> list[Mapping[str, Any]] | None:
        value = self.row.get(key)
        if value is None:
            return None
        if not isinstance(value, list) or not all(isinstance(each, dict) for each in value):
            self._refuse(key, "is not a list of objects")
        return value

    def _truth(self, raw: Mapping[str, Any], key: str) -> bool | None:
        value = raw.get(key)
        if value is not None and not isinstance(value, bool):
            self._refuse(key, "is neither true nor false")
        return value

    def _refuse(self, key: str, what: str) -> NoReturn:
        raise CaseFileUnusable(f"case {self.name}: {key} {what}")
