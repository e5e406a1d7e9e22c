"""Sheets, what was dispensed and the signed PDF, as other systems of the hospital read them (FHIR R4)."""

import base64
import hashlib
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import httpx2
import pytest
import sqlalchemy as sa

from prescriptions.formulary.book import sample_book
from prescriptions.models import Prescription, SheetFile
from prescriptions.pharmacy.handing import hand_over
from prescriptions.pharmacy.models import DispatchOrder, PickedLot
from prescriptions.reviewing import answering
from prescriptions.sheet.content import DecoctedBy
from prescriptions.states import DispatchEvent, RxEvent, RxState, SheetKind
from prescriptions.writing.content import DecoctionPlan, PadContent
from prescriptions.writing.revising import revise
from prescriptions.writing.voiding import void
from telehealth.consultations.models import RecordView
from telehealth.core.blobs import BlobStore
from telehealth.core.clock import FixedClock
from telehealth.core.unit import Units
from tests.support.factories import dispatch
from tests.support.factories.dispatch import Dispensary, add_dispenser, add_order, to_packed
from tests.support.factories.reviewing import Review, open_review, passed, to_review
from tests.support.factories.writing import (
    PILL,
    lines_now,
    sign_sheet,
    written,
    written_herbs,
)
from tests.support.fhir import System, add_system, refused, valid

LOCAL = "urn:telehealth:yunan:"


@dataclass(frozen=True, slots=True)
class Place:
    review: Review
    shop: Dispensary
    system: System


@pytest.fixture
async def place(units: Units, client: httpx2.AsyncClient) -> Place:
    review = await open_review(units)
    visit, pharmacy = review.desk.visit, review.pharmacy
    first = await add_dispenser(units, pharmacy, login="first", name="样例药师甲")
    second = await add_dispenser(units, pharmacy, login="second", name="样例药师乙")
    system = await add_system(units, client, visit.house.hospital.id)
    return Place(review, Dispensary(visit, pharmacy, first, second), system)


async def change(units: Units, rx: Prescription, *events: RxEvent, reason: str | None = None) -> None:
    async with units.system("test") as unit:
        row = await unit.session.get_one(Prescription, rx.id)
        for event in events:
            row.apply(event, at=unit.now, reason=reason)


def coded(concept: dict[str, Any]) -> dict[str, str]:
    return {one["system"]: one["code"] for one in concept["coding"]}


async def only(system: System, path: str) -> dict[str, Any]:
    [found] = await system.search(path)
    return found


async def test_a_passed_line_is_a_request_in_codes_with_a_dose_in_words_and_in_structure(
    units: Units, place: Place
) -> None:
    rx = await passed(units, place.review, await to_review(units, place.review, PILL | {"timing": "饭后"}))
    said = await only(place.system, "MedicationRequest")
    visit = place.shop.visit
    assert (said["status"], said["intent"]) == ("active", "order")
    assert said["id"] == str((await lines_now(units, rx))[0].id)
    assert coded(said["medicationCodeableConcept"]) == {
        LOCAL + "drug": "W001",
        "http://www.whocc.no/atc": "C08CA01",
    }
    assert said["groupIdentifier"] == {"system": LOCAL + "prescription", "value": rx.number}
    assert said["subject"]["reference"] == f"Patient/{visit.who.person.id}"
    assert said["encounter"]["reference"] == f"Encounter/{visit.room}"
    assert coded(said["reasonCode"][0])["http://hl7.org/fhir/sid/icd-10"] == "I10"
    assert said["requester"]["identifier"]["value"] == str(visit.house.doctor.id)
    [dose] = said["dosageInstruction"]
    assert dose["text"] == "每次 5 mg（1 片），口服，每日1次，饭后，7 天"
    assert dose["timing"]["repeat"] == {
        "boundsDuration": {"value": 7, "unit": "天", "system": "http://unitsofmeasure.org", "code": "d"},
        "frequency": 1, "period": 1, "periodUnit": "d", "when": ["PC"],
    }  # fmt: skip
    assert coded(dose["timing"]["code"]) == {
        "http://terminology.hl7.org/CodeSystem/v3-GTSAbbreviation": "QD",
        LOCAL + "frequency": "qd",
    }
    [each] = dose["doseAndRate"]
    assert (each["doseQuantity"]["value"], each["doseQuantity"]["code"]) == (5, "mg")
    supply = said["dispenseRequest"]
    assert supply["validityPeriod"]["end"] == "2026-11-24T00:00:00+08:00"
    assert (supply["numberOfRepeatsAllowed"], supply["quantity"]["value"]) == (0, 1)
    assert said["substitution"] == {"allowedBoolean": False}
    assert [one["url"] for one in said["extension"]] == [
        "urn:telehealth:fhir:reviewed-at", "urn:telehealth:fhir:reviewed-by",
    ]  # fmt: skip


async def test_half_a_milligram_is_half_a_milligram(units: Units, place: Place) -> None:
    await to_review(units, place.review, PILL | {"dose": "2.5"})
    answer = await place.system.ask("MedicationRequest")
    assert '"value":2.5,' in answer.text
    valid(answer)


async def test_a_decoction_is_one_request_of_all_its_herbs(units: Units, place: Place) -> None:
    rx = await sign_sheet(units, place.review.desk, await written_herbs(units, place.review.desk))
    said = await only(place.system, "MedicationRequest")
    assert said["id"] == str(rx.id)
    [medicine] = said["contained"]
    assert [coded(one["itemCodeableConcept"])[LOCAL + "drug"] for one in medicine["ingredient"]] == [
        "H001", "H003", "H005", "H006",
    ]  # fmt: skip
    assert [one["strength"]["numerator"]["value"] for one in medicine["ingredient"]] == [15, 12, 12, 6]
    assert medicine["ingredient"][0]["extension"][0] == {
        "url": "urn:telehealth:fhir:herb-role", "valueCode": "jun",
    }  # fmt: skip
    [dose] = said["dosageInstruction"]
    assert dose["text"].startswith("共 7 剂，每日 1 剂，水煎服，每日 2 次，每次 200 mL")
    assert dose["timing"]["repeat"]["frequency"] == 2
    assert said["dispenseRequest"]["quantity"]["value"] == 7
    assert LOCAL + "tcm-diagnosis" in coded(said["reasonCode"][1])


@pytest.mark.parametrize("kind", [SheetKind.WESTERN, SheetKind.HERB])
async def test_a_draft_is_never_served(units: Units, place: Place, kind: SheetKind) -> None:
    desk = place.review.desk
    rx = await (written(units, desk) if kind is SheetKind.WESTERN else written_herbs(units, desk))
    assert await place.system.search("MedicationRequest") == []
    for key in (rx.id, *(line.id for line in await lines_now(units, rx))):
        refused(await place.system.ask(f"MedicationRequest/{key}"), 404, "not-found")


STATES: tuple[tuple[tuple[RxEvent, ...], RxState, str], ...] = (
    ((), RxState.SIGNED, "on-hold"),
    ((RxEvent.RETURN,), RxState.RETURNED, "on-hold"),
    ((RxEvent.REFUSE,), RxState.REFUSED, "cancelled"),
    ((RxEvent.PASS,), RxState.PASSED, "active"),
    ((RxEvent.PASS, RxEvent.SPEND), RxState.SPENT, "active"),
    ((RxEvent.EXPIRE,), RxState.EXPIRED, "stopped"),
    ((RxEvent.VOID,), RxState.VOIDED, "cancelled"),
    ((RxEvent.PASS, RxEvent.SPEND, RxEvent.UNDO), RxState.VOIDED, "cancelled"),
)


async def test_every_state_of_ours_is_one_of_theirs(units: Units, place: Place) -> None:
    told = {RxState.DRAFT}
    for events, state, status in STATES:
        rx = await dispatch.add_sheet(units, place.shop.visit, state=RxState.SIGNED)
        await change(units, rx, *events, reason="by_rule")
        said = await only(place.system, f"MedicationRequest?identifier={rx.number}&status={status}")
        assert said["status"] == status
        assert coded(said["statusReason"])[LOCAL + "prescription-state"] == state
        told.add(state)
    assert told == set(RxState)


async def test_a_returned_sheet_that_is_being_rewritten_is_gone_until_it_is_signed_again(
    units: Units, place: Place, clock: FixedClock
) -> None:
    rx = await to_review(units, place.review)
    [line] = await lines_now(units, rx)
    async with units.of(place.review.pharmacist) as unit:
        await answering.return_sheet(unit, rx.id, issue=1, reason="样例：请核对剂量")
    assert (await place.system.read(f"MedicationRequest/{line.id}"))["status"] == "on-hold"
    clock.advance(timedelta(minutes=1))
    async with units.of(place.review.desk.doctor) as unit:
        await revise(unit, rx.id)
    refused(await place.system.ask(f"MedicationRequest/{line.id}"), 410, "deleted")
    assert await place.system.search("MedicationRequest") == []
    async with units.of(place.review.desk.doctor) as unit:
        await void(unit, rx.id, "样例：不再需要")
    refused(await place.system.ask(f"MedicationRequest/{line.id}"), 410, "deleted")


async def test_requests_are_found_by_what_they_belong_to(units: Units, place: Place) -> None:
    rx = await to_review(units, place.review, PILL)
    visit = place.shop.visit
    for asked, count in {
        f"patient={visit.who.person.id}&encounter={visit.room}": 1,
        f"encounter=Encounter/{visit.room}": 1,
        f"encounter=Patient/{visit.room}": 0,
        f"identifier={LOCAL}prescription|{rx.number}": 1,
        "identifier=RX-000000-000000": 0,
        "date=2026-11-21": 1, "date=lt2026-11-21": 0,
        "status=active,completed": 0, "status=on-hold": 1,
    }.items():  # fmt: skip
        assert len(await place.system.search(f"MedicationRequest?{asked}")) == count, asked


async def test_what_changed_since_comes_last_and_has_another_version(
    units: Units, place: Place, clock: FixedClock
) -> None:
    rx = await to_review(units, place.review, PILL)
    before = await only(place.system, "MedicationRequest")
    mark = before["meta"]["lastUpdated"].replace("+", "%2B")
    assert await place.system.search(f"MedicationRequest?_lastUpdated=gt{mark}") == []
    clock.advance(timedelta(minutes=5))
    await passed(units, place.review, rx)
    after = await only(place.system, f"MedicationRequest?_lastUpdated=gt{mark}")
    assert after["id"] == before["id"]
    assert after["meta"]["versionId"] != before["meta"]["versionId"]
    tag = f'W/"{before["meta"]["versionId"]}"'
    assert (await place.system.ask(f"MedicationRequest/{before['id']}", if_none_match=tag)).status_code == 200


async def handed(units: Units, place: Place, quantities: dict[str, int], **facts: Any) -> UUID:
    row = await add_order(units, place.shop, quantities, **facts)
    row = await to_packed(units, place.shop, row)
    async with units.of(place.shop.first) as unit:
        await hand_over(unit, place.shop.first, row.id, "SF7000000000001")
    return row.id


async def test_what_was_handed_over_is_a_dispense_of_its_lot(units: Units, place: Place) -> None:
    key = await handed(units, place, {"W001": 2})
    said = await only(place.system, "MedicationDispense")
    [medicine] = said["contained"]
    assert coded(medicine["code"])[LOCAL + "drug"] == "W001"
    assert medicine["batch"] == {"lotNumber": "L1", "expirationDate": "2028-12-31"}
    assert said["status"] == "completed"
    assert (said["quantity"]["value"], said["quantity"]["unit"]) == (2, "盒")
    who = {
        one["function"]["coding"][0]["code"]: one["actor"]["identifier"]["value"] for one in said["performer"]
    }
    assert who == {
        "packager": str(place.shop.first.account_id), "finalchecker": str(place.shop.second.account_id),
    }  # fmt: skip
    assert said["location"]["identifier"] == {"system": LOCAL + "pharmacy", "value": "main"}
    request = await only(place.system, "MedicationRequest")
    assert said["authorizingPrescription"] == [{"reference": f"MedicationRequest/{request['id']}"}]
    assert request["status"] == "completed"
    assert said["dosageInstruction"] == request["dosageInstruction"]
    assert await place.system.read(f"MedicationDispense/{said['id']}") == said
    async with units.system("test") as unit:
        number = (await unit.session.get_one(Prescription, key)).number
    assert len(await place.system.search(f"MedicationDispense?identifier={number}")) == 1
    assert "样例路" not in str(said)


async def test_two_lots_of_one_drug_are_two_dispenses(units: Units, place: Place) -> None:
    """R4 has room for one batch in a medicine, and a recall asks for the batch."""
    key = await handed(units, place, {"W001": 2})
    lots = await dispatch.stock(units, place.review.pharmacy, {"W001": 5}, lot="L2")
    async with units.system("test") as unit:
        unit.session.add(
            PickedLot(
                order_id=key, lot_id=lots[0].id, hospital_id=place.shop.hospital_id, drug_code="W001",
                quantity=Decimal(1),
            )
        )  # fmt: skip
    found = await place.system.search("MedicationDispense")
    assert {one["contained"][0]["batch"]["lotNumber"]: one["quantity"]["value"] for one in found} == {
        "L1": 2,
        "L2": 1,
    }
    assert len({one["id"] for one in found}) == 2


async def test_a_decoction_is_dispensed_as_one_with_the_lot_of_each_herb(units: Units, place: Place) -> None:
    body = PadContent(decoction=DecoctionPlan(decocted_by=DecoctedBy.PATIENT)).model_dump_json()
    await handed(units, place, {"H001": 70, "H002": 35}, kind=SheetKind.HERB, body=body)
    said = await only(place.system, "MedicationDispense")
    *herbs, made = said["contained"]
    assert [one["itemReference"]["reference"] for one in made["ingredient"]] == ["#herb-1", "#herb-2"]
    assert [one["batch"]["lotNumber"] for one in herbs] == ["L1", "L1"]
    assert said["authorizingPrescription"] == [{"reference": f"MedicationRequest/{said['id']}"}]


async def test_a_parcel_that_came_back_is_no_completed_dispense(units: Units, place: Place) -> None:
    key = await handed(units, place, {"W001": 1})
    for event, status in ((DispatchEvent.RETURN, "on-hold"), (DispatchEvent.ABANDON, "stopped")):
        async with units.system("test") as unit:
            (await unit.session.get_one(DispatchOrder, key)).apply(event)
        assert (await only(place.system, f"MedicationDispense?status={status}"))["status"] == status


async def test_the_signed_sheet_is_a_document_and_its_bytes_are_what_was_signed(
    units: Units, place: Place
) -> None:
    rx = await passed(units, place.review, await to_review(units, place.review, PILL))
    first, last = await place.system.search("DocumentReference")
    if first["status"] == "current":
        first, last = last, first
    assert (first["status"], first["docStatus"]) == ("superseded", "preliminary")
    assert (last["status"], last["docStatus"]) == ("current", "final")
    assert coded(last["type"]) == {"http://loinc.org": "57833-6"}
    attachment = last["content"][0]["attachment"]
    answer = await place.system.ask(attachment["url"], accept="application/pdf")
    assert answer.headers["content-type"] == "application/pdf"
    assert answer.content.startswith(b"%PDF")
    assert len(answer.content) == attachment["size"]
    assert (
        base64.b64decode(attachment["hash"]) == hashlib.sha1(answer.content, usedforsecurity=False).digest()
    )
    [sha256] = attachment["extension"]
    assert sha256["valueString"] == hashlib.sha256(answer.content).hexdigest()
    resource = valid(await place.system.ask(attachment["url"], accept="application/fhir+json"))
    assert base64.b64decode(resource["data"]) == answer.content
    assert resource["securityContext"]["reference"] == f"DocumentReference/{last['id']}"
    found = await place.system.search(f"DocumentReference?identifier={rx.number}&status=current")
    assert [one["id"] for one in found] == [last["id"]]
    refused(await place.system.ask("Binary"), 405, "not-supported")


async def test_other_bytes_than_those_that_were_signed_are_not_given_out(units: Units, place: Place) -> None:
    await to_review(units, place.review, PILL)
    document = await only(place.system, "DocumentReference")
    async with units.system("test") as unit:
        row = await unit.session.get_one(SheetFile, UUID(document["id"]))
        key, size = row.key, row.size
    await units.port(BlobStore).delete(key)  # type: ignore[type-abstract]
    refused(await place.system.ask(f"Binary/{document['id']}"), 503, "transient")
    await units.port(BlobStore).write(key, b"%" * size, "application/pdf")  # type: ignore[type-abstract]
    refused(await place.system.ask(f"Binary/{document['id']}"), 503, "transient")


async def test_what_was_read_of_a_sheet_is_seen_by_its_patient(
    units: Units, client: httpx2.AsyncClient, place: Place
) -> None:
    await to_review(units, place.review, PILL)
    await place.system.search("MedicationRequest")
    await place.system.search("MedicationRequest")
    document = await only(place.system, "DocumentReference")
    await place.system.ask(f"Binary/{document['id']}")
    async with units.system("test") as unit:
        rows = await unit.session.scalars(sa.select(RecordView))
        assert sorted(row.ref for row in rows) == ["Binary", "DocumentReference", "MedicationRequest"]


async def test_every_drug_of_the_book_has_codes_and_a_unit(units: Units, place: Place) -> None:
    """Thirty days of each, at a dose of one: none is left without a coded dose, none breaks a bundle."""
    book = sample_book()
    codes = [code for code, medicine in book.medicines.items()]
    for start in range(0, len(codes), 5):
        await dispatch.add_sheet(units, place.shop.visit, dict.fromkeys(codes[start : start + 5], 1))
    found = await place.system.search("MedicationRequest?_count=100")
    assert len(found) == len(codes)
    for one in found:
        [each] = one["dosageInstruction"][0]["doseAndRate"]
        assert each["doseQuantity"]["code"]
        assert LOCAL + "drug" in coded(one["medicationCodeableConcept"])
