"""The rows of a sheet as what it prints: the one content that is drawn, signed and compared."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from prescriptions.formulary import Book
from prescriptions.formulary.entries import Medicine
from prescriptions.models import Line, Prescription
from prescriptions.rules import verification_path
from prescriptions.safety.names import unit_name
from prescriptions.sheet.content import (
    Decoction,
    Diagnosis,
    Herb,
    HerbRole,
    Patient,
    SheetClass,
    SheetContent,
    age_words,
)
from prescriptions.sheet.content import Line as SheetLine
from prescriptions.sheet.content import SheetKind as DrawnKind
from prescriptions.states import SheetKind
from prescriptions.writing.content import PadContent, read_body
from telehealth.core.clock import completed_years
from telehealth.core.money import Fen
from telehealth.core.unit import Unit
from telehealth.directory import campus, department, doctor, hospital
from telehealth.hospital import stored_visits
from telehealth.patients import Person, hospital_patient, person
from telehealth.patients.masking import mask_number
from telehealth.patients.wording import SEX_LABELS

#: Annex 1: sheets of children are marked and green.
PAEDIATRIC_BELOW = 14
VALIDITY = "线上处方，供审核、缴费和配送"
#: Other than these, a dose is written in its own unit only.
COUNTABLE = Decimal("0.25")


@dataclass(frozen=True, slots=True)
class Press:
    """What a sheet needs to know of the house that prints it."""

    public_url: str
    is_sample: bool


async def sheet_content(
    unit: Unit,
    rx: Prescription,
    lines: Sequence[Line],
    book: Book,
    press: Press,
    *,
    issued_at: datetime,
    valid_until: datetime,
) -> SheetContent:
    """`lines` as they are; amounts, dose and names come from them and from `book`, never from a page."""
    content = read_body(rx.body)
    who = await person(unit, rx.person_id)
    place, doc = await campus(unit, rx.campus_id), await doctor(unit, rx.doctor_id)
    is_herb = rx.kind is SheetKind.HERB
    return SheetContent(
        hospital=(await hospital(unit, rx.hospital_id)).name,
        campus=place.name,
        kind=DrawnKind.DECOCTION if is_herb else DrawnKind.WESTERN,
        sheet_class=SheetClass.PAEDIATRIC if _is_child(who, unit) else SheetClass.ORDINARY,
        fee_class=content.fee_class or "自费",
        number=rx.number,
        patient=await _patient(unit, rx, who, content, book),
        department=(await department(unit, rx.department_id)).name,
        diagnoses=await _diagnoses(unit, rx, content),
        tcm_disease=_tcm(book, content.tcm_disease) if is_herb else None,
        tcm_syndrome=_tcm(book, content.tcm_syndrome) if is_herb else None,
        issued_at=issued_at,
        valid_until=valid_until,
        validity_reason=content.validity_reason or VALIDITY,
        supply_reason=content.supply_reason,
        lines=() if is_herb else tuple(_line(line, content, book) for line in lines),
        herbs=tuple(_herb(line, book) for line in lines) if is_herb else (),
        decoction=_decoction(content) if is_herb else None,
        total=Fen(sum(line.amount for line in lines)),
        doctor=doc.name,
        doctor_title=doc.title,
        verification_url=press.public_url.rstrip("/") + verification_path(rx.verify_code),
        is_sample=press.is_sample,
    )


def dose_words(medicine: Medicine, dose: Decimal | None) -> str:
    """ "2 片" for 10 mg of tablets of 5 mg, where that comes to whole or half ones."""
    if dose is None or unit_name(medicine.amount_unit, str) == medicine.dose_unit:
        return ""
    count = dose / medicine.per_unit
    if count % COUNTABLE:
        return ""
    said = format(count.normalize(), "f")
    return f"{said} {medicine.dose_unit}"


def _line(line: Line, content: PadContent, book: Book) -> SheetLine:
    medicine, words = book.medicines[line.drug_code], content.words_of(line.id)
    term = book.frequencies.get(line.frequency)
    return SheetLine(
        name=medicine.name,
        form=medicine.dosage_form,
        strength=medicine.strength,
        pack=f"{medicine.pack_units} {medicine.dose_unit}/{medicine.pack_unit}",
        quantity=line.quantity,
        quantity_unit=medicine.pack_unit,
        dose=line.dose or Decimal(0),
        dose_unit=unit_name(medicine.amount_unit, str),
        dose_words=dose_words(medicine, line.dose),
        route=line.route,
        frequency=term.name if term else line.frequency,
        timing=words.timing,
        days=line.days,
        note=words.note,
        resigned_because=line.resign_reason,
    )


def _herb(line: Line, book: Book) -> Herb:
    return Herb(
        name=book.herbs[line.drug_code].name,
        grams=line.grams or Decimal(0),
        role=HerbRole(line.role),
        step=line.special,
        resigned_because=line.resign_reason,
    )


def _decoction(content: PadContent) -> Decoction:
    plan = content.decoction
    return Decoction(
        doses=plan.doses,
        doses_per_day=plan.doses_per_day,
        times_per_day=plan.times_per_day,
        volume_ml=plan.volume_ml,
        temperature=plan.temperature,
        timing=plan.timing,
        decocted_by=plan.decocted_by,
        note=plan.note,
    )


async def _patient(unit: Unit, rx: Prescription, who: Person, content: PadContent, book: Book) -> Patient:
    card = await hospital_patient(unit, rx.hospital_id, rx.person_id)
    classes = (book.allergy_classes[code].name for code in content.allergy_classes)
    said = (content.allergies,) if content.allergies else ()
    return Patient(
        name=who.name,
        sex=SEX_LABELS[who.sex],
        age=age_words(who.birth_date, unit.today),
        identity=mask_number(who.document_number),
        record_number=card.card_number if card else "",
        weight_kg=content.weight_kg,
        allergies=(*classes, *said),
    )


async def _diagnoses(unit: Unit, rx: Prescription, content: PadContent) -> tuple[Diagnosis, ...]:
    known = {
        item.code: item.text
        for visit in reversed(await stored_visits(unit, rx.hospital_id, rx.person_id))
        for item in visit.diagnoses
    }
    return tuple(Diagnosis(name=known.get(code, code), code=code) for code in content.diagnoses)


def _tcm(book: Book, code: str) -> Diagnosis | None:
    entry = book.tcm_diagnoses.get(code)
    return Diagnosis(name=entry.name, code=entry.national_code) if entry else None


def _is_child(who: Person, unit: Unit) -> bool:
    return completed_years(who.birth_date, unit.today) < PAEDIATRIC_BELOW
