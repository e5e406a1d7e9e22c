"""A signed sheet as FHIR `MedicationRequest`: one for each medicine, one for a whole decoction."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from prescriptions.models import Line, Prescription
from prescriptions.records import queries
from prescriptions.records.context import Context, context_of
from prescriptions.records.dosing import days, decoction_dosage, dosage, doses, packs
from prescriptions.records.medicines import decoction
from prescriptions.states import SheetKind
from prescriptions.writing.content import PadContent, read_body
from telehealth.core.unit import Unit
from telehealth.directory import hospital
from telehealth.hospital.diagnosing import diagnosis
from telehealth.hospital.elements import (
    Element,
    coding,
    concept,
    contained,
    extension,
    identifier,
    local,
    moment,
    period,
    present,
    reference,
)
from telehealth.hospital.errors import ResourceGone
from telehealth.hospital.searching import Meanings, Search, Token, is_code, is_one, lies_in
from telehealth.hospital.serving import Body, Found, Hits, everywhere, page_of

CATEGORIES = "http://terminology.hl7.org/CodeSystem/medicationrequest-category"


class Requests:
    params: Mapping[str, str] = {
        "patient": "reference", "encounter": "reference", "date": "date", "status": "token",
        "identifier": "token",
    }  # fmt: skip
    is_searched = True

    async def read(self, unit: Unit, resource_id: UUID) -> Found | None:
        wanted = queries.requests(unit.actor.hospital).where(
            sa.or_(Prescription.id == resource_id, Line.id == resource_id),
            queries.REQUEST_ID == resource_id,
        )
        rows = (await unit.session.execute(wanted)).all()
        if not rows and await queries.is_withdrawn(unit, unit.actor.hospital, resource_id):
            raise ResourceGone()
        return next(iter(await _found(unit, rows)), None)

    async def search(self, unit: Unit, asked: Search) -> Hits:
        place = await hospital(unit, unit.actor.hospital)
        meanings: Meanings = {
            **everywhere(queries.REQUEST_UPDATED, queries.REQUEST_ID),
            "patient": is_one(Prescription.person_id),
            "encounter": is_one(Prescription.visit_id),
            "date": lies_in(Prescription.signed_at),
            "status": is_code(queries.REQUEST_STATUS),
            "identifier": lambda token: bears_number(place.code, token),
        }
        wanted = queries.requests(place.id).where(*asked.conditions(meanings))
        rows, more, total = await page_of(
            unit, wanted, asked, updated=queries.REQUEST_UPDATED, key=queries.REQUEST_ID
        )
        return Hits(await _found(unit, rows), more, total)


def bears_number(hospital_code: str, token: Token) -> sa.ColumnElement[bool]:
    """The number on the sheet, which is what people have in their hands."""
    if not token.means(local(hospital_code, "prescription")):
        return sa.false()
    return Prescription.number == token.value


async def _found(unit: Unit, rows: Sequence[Any]) -> list[Found]:
    if not rows:
        return []
    context = await context_of(unit, [rx for rx, *_ in rows])
    return [
        Found(
            id=rx.id if rx.kind is SheetKind.HERB else line.id,
            body=_body(context, rx, line, status),
            updated_at=updated_at,
            visit_id=rx.visit_id,
            account_id=rx.account_id,
        )
        for rx, line, status, updated_at in rows
    ]


def _body(context: Context, rx: Prescription, line: Line, status: str) -> Body:
    content = read_body(rx.body)
    is_herb = rx.kind is SheetKind.HERB
    medicine = (
        {
            "contained": [decoction(context.code, context.lines[rx.id], context.book(rx))],
            "medicationReference": contained("medication"),
        }
        if is_herb
        else {"medicationCodeableConcept": context.drug(rx, line.drug_code)}
    )
    return present(
        resourceType="MedicationRequest",
        extension=_review(context, rx),
        # The sheet's number is the group's; a line has no number of its own but its place.
        identifier=[
            identifier(local(context.code, "prescription"), rx.number, use="official"),
            *([] if is_herb else [_line_number(context, rx, line)]),
        ],
        groupIdentifier=identifier(local(context.code, "prescription"), rx.number),
        status=status,
        statusReason=_why(context, rx),
        intent="order",
        category=[concept(coding(CATEGORIES, "outpatient"))],
        **medicine,
        subject=reference("Patient", rx.person_id),
        encounter=reference("Encounter", rx.visit_id),
        authoredOn=rx.signed_at and moment(rx.signed_at),
        requester=context.doctor(rx),
        reasonCode=_reasons(context, rx, content),
        dosageInstruction=[dosage_of(context, rx, line, content)],
        dispenseRequest=_dispense_request(context, rx, line, content),
        # Nobody but the doctor changes a line (REG 30).
        substitution={"allowedBoolean": False},
    )


def dosage_of(context: Context, rx: Prescription, line: Line, content: PadContent) -> Element:
    if rx.kind is SheetKind.HERB:
        return decoction_dosage(context.code, content.decoction)
    book = context.book(rx)
    return dosage(context.code, line, book.medicines[line.drug_code], book, content.words_of(line.id))


def _dispense_request(context: Context, rx: Prescription, line: Line, content: PadContent) -> Element:
    plan, is_herb = content.decoction, rx.kind is SheetKind.HERB
    amount = (
        doses(plan.doses) if is_herb else packs(line.quantity, context.book(rx).medicines[line.drug_code])
    )
    supply = plan.days if is_herb else line.days
    return present(
        validityPeriod=period(rx.signed_at, rx.valid_until),
        numberOfRepeatsAllowed=0,
        quantity=amount,
        expectedSupplyDuration=days(supply) if supply else {},
    )


def _line_number(context: Context, rx: Prescription, line: Line) -> Element:
    return identifier(local(context.code, "prescription-line"), f"{rx.number}-{line.position}")


def _why(context: Context, rx: Prescription) -> Element:
    """Our own state, and the code of what ended it."""
    codes = [coding(local(context.code, "prescription-state"), str(rx.state))]
    if rx.reason:
        codes.append(coding(local(context.code, "prescription-end"), rx.reason))
    return concept(*codes)


def _review(context: Context, rx: Prescription) -> list[Element]:
    if rx.reviewed_at is None or rx.reviewed_by is None:
        return []
    return [
        extension("reviewed-at", valueDateTime=moment(rx.reviewed_at)),
        extension("reviewed-by", valueReference=context.member(rx.reviewed_by)),
    ]


def _reasons(context: Context, rx: Prescription, content: PadContent) -> list[Element]:
    """ICD-10 and the hospital's codes; of a decoction disease and syndrome too (GB/T 15657)."""
    book, found = context.book(rx), []
    for code in content.diagnoses:
        entry = book.diagnosis(code)
        found.append(diagnosis(context.code, code, entry.name if entry else ""))
    for code in (content.tcm_disease, content.tcm_syndrome):
        tcm = book.tcm_diagnoses.get(code)
        if tcm is not None:
            national = [coding("urn:telehealth:gbt-15657", tcm.national_code)] if tcm.national_code else []
            found.append(
                concept(
                    *national, coding(local(context.code, "tcm-diagnosis"), code, tcm.name), text=tcm.name
                )
            )
    return found
