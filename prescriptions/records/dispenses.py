"""What left the pharmacy as FHIR `MedicationDispense`: one for each lot, one for a whole decoction.

R4 has room for one batch in a medicine, so two lots of one drug are two dispenses of the same request. The
herbs of a decoction stand in it as ingredients, each a medicine of its own with its lot.
"""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from prescriptions.models import Line, Prescription
from prescriptions.pharmacy import DispatchOrder, Dispense, PickedLot
from prescriptions.records import queries
from prescriptions.records.context import Context, context_of
from prescriptions.records.dosing import days, doses, packs
from prescriptions.records.medicines import batch
from prescriptions.records.requests import bears_number, dosage_of
from prescriptions.states import Path, SheetKind
from prescriptions.stock import Lot, Pharmacy, pharmacies
from prescriptions.writing.content import PadContent, read_body
from telehealth.core.unit import Unit
from telehealth.directory import hospital
from telehealth.hospital.elements import (
    ACT_CODE,
    Element,
    coding,
    concept,
    contained,
    identifier,
    local,
    logical,
    moment,
    present,
    reference,
)
from telehealth.hospital.searching import Meanings, Search, is_code, is_one, lies_in
from telehealth.hospital.serving import Body, Found, Hits, everywhere, page_of

FUNCTIONS = "http://terminology.hl7.org/CodeSystem/medicationdispense-performer-function"
CATEGORIES = "http://terminology.hl7.org/fhir/CodeSystem/medicationdispense-category"

Picks = Sequence[tuple[PickedLot, Lot]]


class Dispenses:
    params: Mapping[str, str] = {
        "patient": "reference", "encounter": "reference", "date": "date", "status": "token",
        "identifier": "token",
    }  # fmt: skip
    is_searched = True

    async def read(self, unit: Unit, resource_id: UUID) -> Found | None:
        wanted = queries.dispenses(unit.actor.hospital).where(queries.DISPENSE_ID == resource_id)
        rows = (await unit.session.execute(wanted)).all()
        return next(iter(await _found(unit, rows)), None)

    async def search(self, unit: Unit, asked: Search) -> Hits:
        place = await hospital(unit, unit.actor.hospital)
        meanings: Meanings = {
            **everywhere(queries.DISPENSE_UPDATED, queries.DISPENSE_ID),
            "patient": is_one(Prescription.person_id),
            "encounter": is_one(Prescription.visit_id),
            "date": lies_in(Dispense.at),
            "status": is_code(queries.DISPENSE_STATUS),
            "identifier": lambda token: bears_number(place.code, token),
        }
        wanted = queries.dispenses(place.id).where(*asked.conditions(meanings))
        rows, more, total = await page_of(
            unit, wanted, asked, updated=queries.DISPENSE_UPDATED, key=queries.DISPENSE_ID
        )
        return Hits(await _found(unit, rows), more, total)


async def _found(unit: Unit, rows: Sequence[Any]) -> list[Found]:
    if not rows:
        return []
    context = await context_of(unit, [rx for rx, *_ in rows])
    picks = await queries.picks_of(unit, {rx.id for rx, *_ in rows})
    places = {row.id: row for row in await pharmacies(unit, context.place.id)}
    found = []
    for rx, order, dispense, pick, key, status, updated_at in rows:
        all_of_it = picks[rx.id]
        taken = all_of_it if rx.kind is SheetKind.HERB else [one for one in all_of_it if one[0] is pick]
        body = _body(context, rx, order, dispense, taken, places.get(dispense.pharmacy_id), status)
        found.append(
            Found(id=key, body=body, updated_at=updated_at, visit_id=rx.visit_id, account_id=rx.account_id)
        )
    return found


def _body(
    context: Context,
    rx: Prescription,
    order: DispatchOrder,
    dispense: Dispense,
    taken: Picks,
    pharmacy: Pharmacy | None,
    status: str,
) -> Body:
    content = read_body(rx.body)
    lines = _lines(context, rx, taken)
    is_herb = rx.kind is SheetKind.HERB
    supply = content.decoction.days if is_herb else max((line.days for line in lines), default=0)
    asked_for = [rx.id] if is_herb else [line.id for line in lines]
    return present(
        resourceType="MedicationDispense",
        contained=_medicines(context, rx, lines, taken),
        identifier=[identifier(local(context.code, "prescription"), rx.number)],
        status=status,
        statusReasonCodeableConcept=concept(
            coding(local(context.code, "dispatch-state"), str(order.state)),
            *([coding(local(context.code, "dispatch-end"), order.reason)] if order.reason else []),
        ),
        category=concept(coding(CATEGORIES, "outpatient")),
        medicationReference=contained("medication"),
        subject=reference("Patient", rx.person_id),
        context=reference("Encounter", rx.visit_id),
        performer=[
            _performer(context, dispense.by, "packager"),
            _performer(context, dispense.checked_by, "finalchecker"),
        ],
        location=logical("Location", local(context.code, "pharmacy"), pharmacy.code, pharmacy.name)
        if pharmacy
        else {},
        authorizingPrescription=[reference("MedicationRequest", each) for each in asked_for],
        type_=concept(coding(ACT_CODE, "FF", "First Fill")),
        quantity=_quantity(context, rx, content, taken),
        daysSupply=days(supply) if supply else {},
        whenPrepared=moment(order.packed_at) if order.packed_at else None,
        whenHandedOver=moment(dispense.at),
        # Where it went is no business of this resource: an address is read at the courier's.
        note=[{"text": "快递配送" if dispense.path is Path.COURIER else "窗口取药"}],
        dosageInstruction=[dosage_of(context, rx, line, content) for line in lines[:1]],
    )


def _lines(context: Context, rx: Prescription, taken: Picks) -> list[Line]:
    codes = {pick.drug_code for pick, _ in taken}
    return [line for line in context.lines[rx.id] if line.drug_code in codes]


def _medicines(context: Context, rx: Prescription, lines: Sequence[Line], taken: Picks) -> list[Element]:
    book = context.book(rx)
    if rx.kind is not SheetKind.HERB:
        [(pick, lot)] = taken
        return [batch(context.code, "medication", pick.drug_code, lot, book)]
    herbs = [
        batch(context.code, f"herb-{number}", pick.drug_code, lot, book)
        for number, (pick, lot) in enumerate(taken, 1)
    ]
    made = {
        "resourceType": "Medication",
        "id": "medication",
        "code": concept(coding(local(context.code, "preparation"), "decoction", "汤剂"), text="中药饮片汤剂"),
        "ingredient": [{"itemReference": contained(str(herb["id"]))} for herb in herbs],
    }
    return [*herbs, made]


def _quantity(context: Context, rx: Prescription, content: PadContent, taken: Picks) -> Element:
    if rx.kind is SheetKind.HERB:
        return doses(content.decoction.doses)
    [(pick, _)] = taken
    return packs(pick.quantity, context.book(rx).medicines[pick.drug_code])


def _performer(context: Context, account_id: UUID, function: str) -> Element:
    return {"function": concept(coding(FUNCTIONS, function)), "actor": context.member(account_id)}
