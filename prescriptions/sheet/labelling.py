"""The labels that belong to a sheet: one a medicine, one for a decoction."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from prescriptions.sheet.content import DecoctedBy, Decoction, Line, SheetContent, plain_number
from prescriptions.sheet.wording import Label, each_time, grams


@dataclass(frozen=True, slots=True)
class Lot:
    number: str
    expires_on: date | None = None


def labels_of(
    content: SheetContent, *, pharmacy: str, dispensed_on: date, lots: Mapping[int, Lot] | None = None
) -> list[Label]:
    """In the order of the sheet. `lots` by a line's place, from 0; a decoction has none."""
    if content.decoction is not None:
        return [_of_decoction(content, content.decoction, pharmacy, dispensed_on)]
    held = lots or {}
    return [
        _of_line(content, line, pharmacy, dispensed_on, held.get(place))
        for place, line in enumerate(content.lines)
    ]


def _of_line(content: SheetContent, line: Line, pharmacy: str, dispensed_on: date, lot: Lot | None) -> Label:
    usage = (line.route, line.frequency, line.timing, f"{line.days} 天")
    return Label(
        hospital=content.hospital,
        pharmacy=pharmacy,
        patient=content.patient.name,
        number=content.number,
        drug=line.name,
        strength=line.strength,
        quantity=f"{plain_number(line.quantity)} {line.quantity_unit}",
        each=each_time(line),
        usage="，".join(word for word in usage if word),
        storage=line.note,
        dispensed_on=dispensed_on,
        lot=lot.number if lot else "",
        expires_on=lot.expires_on if lot else None,
        is_sample=content.is_sample,
    )


def _of_decoction(content: SheetContent, made: Decoction, pharmacy: str, dispensed_on: date) -> Label:
    boiled = made.decocted_by is DecoctedBy.PHARMACY
    usage = (f"每日 {made.times_per_day} 次", made.temperature, made.timing)
    return Label(
        hospital=content.hospital,
        pharmacy=pharmacy,
        patient=content.patient.name,
        number=content.number,
        drug="中药汤剂" if boiled else "中药饮片",
        strength=f"{len(content.herbs)} 味，每剂 {grams(content.grams_per_dose)}",
        quantity=f"{made.doses} 剂",
        each=f"每次 {made.volume_ml} mL，每日 {made.doses_per_day} 剂",
        usage="，".join(word for word in usage if word),
        storage=made.note,
        dispensed_on=dispensed_on,
        is_sample=content.is_sample,
    )
