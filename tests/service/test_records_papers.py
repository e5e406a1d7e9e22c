"""What the hospital knows of a person, handed out stamped, and checked by whoever holds it (GD08, REG54)."""

import io
from datetime import timedelta

import pytest
from pyhanko.pdf_utils.reader import PdfFileReader

from telehealth.core.clock import FixedClock
from telehealth.core.ids import new_id
from telehealth.core.unit import Units
from telehealth.hospital.reports import FetchedReports, ReportStatus
from telehealth.patients.linking_family import end_link
from telehealth.records import checking, issuing, queries, showing
from telehealth.records.errors import DocumentNotFound, PaperNotFound
from telehealth.records.refreshing import store_reports
from telehealth.records.states import PaperKind
from tests.support.factories.bookings import House, Patient, add_booker, add_house
from tests.support.factories.consulting import admit_as, sign_note, write_note
from tests.support.factories.records import add_report
from tests.support.factories.rooms import add_room


@pytest.fixture
async def house_(units: Units) -> House:
    return await add_house(units)


@pytest.fixture
async def who(units: Units, house_: House) -> Patient:
    return await add_booker(units, house_, "13800001234")


async def test_GD08_notes_reports_and_receipts_are_one_list_newest_first(
    units: Units, clock: FixedClock
) -> None:
    visit = await add_room(units)
    await add_report(units, visit.house.hospital.id, visit.who.person.id)
    await admit_as(units, visit)
    await write_note(units, visit)
    await sign_note(units, visit)
    async with units.of(visit.who.actor) as unit:
        items = await showing.items_of(unit, visit.who.person.id)
    assert {item.kind for item in items} == {PaperKind.NOTE, PaperKind.REPORT, PaperKind.RECEIPT}
    assert [item.at for item in items] == sorted((item.at for item in items), reverse=True)


async def test_GD08_an_unsigned_note_is_not_yet_the_patients(units: Units) -> None:
    visit = await add_room(units)
    await admit_as(units, visit)
    await write_note(units, visit)
    async with units.of(visit.who.actor) as unit:
        assert await showing.items_of(unit, visit.who.person.id, PaperKind.NOTE) == []
    with pytest.raises(DocumentNotFound):
        await issuing.issue(units, visit.who.actor, PaperKind.NOTE, visit.room)


async def test_GD08_a_report_the_hospital_no_longer_tells_is_gone(
    units: Units, house_: House, who: Patient, clock: FixedClock
) -> None:
    report = await add_report(units, house_.hospital.id, who.person.id)
    clock.advance(timedelta(minutes=1))
    async with units.system("test") as unit:
        nothing = FetchedReports("p1", unit.today - timedelta(days=400), unit.now)
        await store_reports(unit, house_.hospital.id, who.person.id, nothing)
    async with units.of(who.actor) as unit:
        assert await queries.reports_of(unit, who.person.id) == []
    with pytest.raises(DocumentNotFound):
        await issuing.issue(units, who.actor, PaperKind.REPORT, report.id)


async def test_GD08_an_overtaken_answer_changes_nothing(
    units: Units, house_: House, who: Patient, clock: FixedClock
) -> None:
    await add_report(units, house_.hospital.id, who.person.id)
    async with units.system("test") as unit:
        late = FetchedReports("p1", unit.today - timedelta(days=400), unit.now - timedelta(minutes=5))
        await store_reports(unit, house_.hospital.id, who.person.id, late)
        assert len(await queries.reports_of(unit, who.person.id)) == 1


async def test_REG54_a_copy_is_stamped_sealed_and_the_same_file_each_time(
    units: Units, house_: House, who: Patient, clock: FixedClock
) -> None:
    report = await add_report(units, house_.hospital.id, who.person.id)
    first = await issuing.issue(units, who.actor, PaperKind.REPORT, report.id)
    clock.advance(timedelta(days=1))
    again = await issuing.issue(units, who.actor, PaperKind.REPORT, report.id)
    assert (again.id, again.sha256) == (first.id, first.sha256)
    data = await issuing.read(units, first)
    [signature] = PdfFileReader(io.BytesIO(data)).embedded_signatures
    signature.compute_integrity_info()
    assert first.is_sealed
    assert first.content_digest in str(signature.sig_object["/Reason"])
    assert signature.coverage.name == "ENTIRE_FILE"


async def test_REG54_whoever_holds_a_copy_learns_whether_it_was_altered(
    units: Units, house_: House, who: Patient
) -> None:
    report = await add_report(units, house_.hospital.id, who.person.id)
    paper = await issuing.issue(units, who.actor, PaperKind.REPORT, report.id)
    data = await issuing.read(units, paper)
    assert (await checking.check(units, paper.code, data)).is_same is True
    assert (await checking.check(units, paper.code, data[:-9] + b"9" + data[-8:])).is_same is False
    found = await checking.check(units, paper.code)
    assert (found.is_same, found.sha256) == (None, paper.sha256)
    assert who.person.name not in found.patient
    with pytest.raises(PaperNotFound):
        await checking.check(units, paper.code[:-1] + "~")


async def test_REG54_a_corrected_report_is_a_new_copy_and_the_old_one_says_so(
    units: Units, house_: House, who: Patient, clock: FixedClock
) -> None:
    report = await add_report(units, house_.hospital.id, who.person.id)
    old = await issuing.issue(units, who.actor, PaperKind.REPORT, report.id)
    clock.advance(timedelta(minutes=1))
    facts = {"status": ReportStatus.AMENDED, "conclusion": "样例结论：已更正", "taken_at": report.taken_at}
    await add_report(units, house_.hospital.id, who.person.id, **facts)
    new = await issuing.issue(units, who.actor, PaperKind.REPORT, report.id)
    assert new.content_digest != old.content_digest
    assert (await checking.check(units, old.code)).is_outdated
    assert not (await checking.check(units, new.code)).is_outdated


async def test_REG54_another_persons_paper_is_not_found(units: Units, house_: House, who: Patient) -> None:
    stranger = await add_booker(units, house_, "13900005678")
    report = await add_report(units, house_.hospital.id, stranger.person.id)
    for item in (report.id, new_id()):
        with pytest.raises(DocumentNotFound):
            await issuing.issue(units, who.actor, PaperKind.REPORT, item)


async def test_GS13_who_no_longer_acts_for_somebody_reads_nothing_of_them(
    units: Units, house_: House, who: Patient
) -> None:
    report = await add_report(units, house_.hospital.id, who.person.id)
    await end_link(units, who.actor, who.person.id)
    with pytest.raises(DocumentNotFound):
        await issuing.issue(units, who.actor, PaperKind.REPORT, report.id)
