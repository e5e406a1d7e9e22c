"""A doctor at the pad: an admitted visit, a diagnosis on file, a few words said, a published drug book."""

import json
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from prescriptions.formulary.publishing import publish_sample
from prescriptions.models import Line, Prescription
from prescriptions.queries import lines_of
from prescriptions.states import SheetKind
from prescriptions.writing import drafting, signing
from prescriptions.writing.content import SavePad
from prescriptions.writing.sheeting import Press
from prescriptions.writing.showing import Pad, look
from telehealth.core.access import Actor
from telehealth.core.ids import new_id
from telehealth.core.unit import Units
from telehealth.hospital.models import VisitRecord
from telehealth.patients.permitting import permit_medicine_check
from tests.support.factories.consulting import sign_in
from tests.support.factories.rooms import Visit, add_room, say

PRESS = Press(public_url="http://testserver", is_sample=True)
DIAGNOSES = {"I10": "原发性高血压", "I48": "心房颤动", "E11.9": "2型糖尿病"}
#: What was asked of a grown man with high blood pressure.
FACTS: dict[str, Any] = {
    "diagnoses": ["I10"],
    "weight_kg": "65",
    "egfr": "90",
    "allergies_reviewed": True,
    "pregnant": "no",
    "lactating": "no",
}
LONG = {"supply_reason": "样例：慢性病长期用药", "assessment": "样例：病情稳定", "stable": True}
PILL: dict[str, Any] = {"drug_code": "W001", "dose": "5", "frequency": "qd", "days": 7}
#: Pick-up only, and fit for the same diagnosis as nothing else here.
WARFARIN: dict[str, Any] = {"drug_code": "W010", "dose": "2.5", "frequency": "qd", "days": 7}
HERBS: list[dict[str, Any]] = [
    {"drug_code": "H001", "grams": "15", "role": "jun"},
    {"drug_code": "H003", "grams": "12", "role": "chen"},
    {"drug_code": "H005", "grams": "12", "role": "zuo"},
    {"drug_code": "H006", "grams": "6", "role": "shi"},
]
TCM = {"tcm_disease": "TD01", "tcm_syndrome": "TS01"}


@dataclass(frozen=True, slots=True)
class Desk:
    """A visit at which sheets are written, and its doctor with a fresh second factor."""

    visit: Visit
    doctor: Actor


async def open_desk(
    units: Units,
    *,
    spoken: bool = True,
    book: bool = True,
    diagnosed: bool = True,
    permitted: bool = True,
    **facts: Any,
) -> Desk:
    visit = await add_room(units, admitted=True, **facts)
    doctor = await sign_in(units, visit.doctor)
    if diagnosed:
        await diagnose(units, visit, DIAGNOSES)
    if spoken:
        await say(units, visit, visit.doctor, "样例：您最近血压怎么样")
    if book:
        await publish_book(units, visit.house.hospital.id)
    desk = Desk(visit, doctor)
    if permitted:
        await permit_medicines(units, desk)
    return desk


async def diagnose(units: Units, visit: Visit, diagnoses: dict[str, str]) -> None:
    """What the hospital's system says of the person's visits there."""
    written = json.dumps([{"code": code, "text": text} for code, text in diagnoses.items()])
    async with units.system("test") as unit:
        await unit.session.execute(
            sa.update(VisitRecord)
            .where(VisitRecord.person_id == visit.who.person.id)
            .values(diagnoses=written)
        )


async def publish_book(units: Units, hospital_id: UUID) -> None:
    async with units.system("test") as unit:
        await publish_sample(unit, hospital_id)


async def another_doctor(units: Units, desk: Desk) -> Actor:
    return replace(desk.doctor, account_id=new_id(), session_id=None)


async def open_sheet(units: Units, desk: Desk, kind: SheetKind = SheetKind.WESTERN) -> Prescription:
    async with units.of(desk.doctor) as unit:
        return await drafting.open_pad(unit, desk.visit.room, kind)


def edit(lines: list[dict[str, Any]], *, version: int = 1, page: str = "page-1", **facts: Any) -> SavePad:
    return SavePad.model_validate(
        {
            "version": version,
            "page": page,
            "facts": FACTS | facts,
            "lines": [{"id": str(new_id())} | line for line in lines],
        }
    )


async def type_sheet(
    units: Units, desk: Desk, rx: Prescription, lines: list[dict[str, Any]], **facts: Any
) -> Prescription:
    facts.setdefault("version", rx.version)
    async with units.of(desk.doctor) as unit:
        return await drafting.save(unit, rx.id, edit(lines, **facts))


async def written(units: Units, desk: Desk, *lines: dict[str, Any], **facts: Any) -> Prescription:
    """A western sheet with one tablet, unless told otherwise."""
    rx = await open_sheet(units, desk)
    return await type_sheet(units, desk, rx, list(lines) or [PILL], **facts)


async def written_herbs(units: Units, desk: Desk, **facts: Any) -> Prescription:
    rx = await open_sheet(units, desk, SheetKind.HERB)
    return await type_sheet(units, desk, rx, HERBS, **(TCM | facts))


async def sign_sheet(
    units: Units, desk: Desk, rx: Prescription, *, version: int | None = None
) -> Prescription:
    return await signing.sign(units, desk.doctor, rx.id, version=version or rx.version, press=PRESS)


async def signed(units: Units, desk: Desk, *lines: dict[str, Any], **facts: Any) -> Prescription:
    return await sign_sheet(units, desk, await written(units, desk, *lines, **facts))


async def lines_now(units: Units, rx: Prescription) -> list[Line]:
    async with units.system("test") as unit:
        return [*await lines_of(unit, rx.id)]


async def looked_at(units: Units, desk: Desk, rx: Prescription) -> Pad:
    return await look(units, desk.doctor, rx.id)


async def permit_medicines(units: Units, desk: Desk) -> None:
    """The patient agreed that other hospitals are asked."""
    async with units.of(desk.visit.patient) as unit:
        await permit_medicine_check(unit, desk.visit.who.person.id)
