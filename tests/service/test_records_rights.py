"""Who looked, every consent and taking it back, data left alone, all of it in one file (GS13, REG56-60)."""

import io
import json
import zipfile
from datetime import timedelta

import pytest
import sqlalchemy as sa

import app
from telehealth.accounts import Account, CodeWrong, parse_phone
from telehealth.bookings.models import Booking
from telehealth.consultations import consenting
from telehealth.consultations.filing import file_of
from telehealth.consultations.staff_record import record_context
from telehealth.core import progress
from telehealth.core.blobs import BlobsDown, BlobStore
from telehealth.core.clock import FixedClock
from telehealth.core.consents import ConsentBook, ConsentGone
from telehealth.core.deadlines import Sweeper
from telehealth.core.progress import ProgressState
from telehealth.core.unit import Units
from telehealth.insurance.contributing_consents import InsurerPaid
from telehealth.insurance.models import Cover
from telehealth.insurance.states import CoverState, Giveup
from telehealth.notifications.notices import Notice
from telehealth.patients import DataRestricted
from telehealth.patients.disclosing import Recipient, disclose, disclosures_of
from telehealth.patients.errors import PersonNotFound
from telehealth.patients.models import Consent, PersonView
from telehealth.patients.permitting import permits_medicine_check
from telehealth.patients.states import TOLD, DataKind
from telehealth.patients.viewing import Looked, note_look
from telehealth.records import exporting, heirs, issuing, looking, queries, restricting
from telehealth.records.errors import (
    ExportExpired,
    ExportLocked,
    ExportNotFound,
    ExportNotReady,
    RequestAnswered,
    RequestNotFound,
)
from telehealth.records.models import Export, Paper
from telehealth.records.sharing import open_share
from telehealth.records.states import PaperKind, RequestState
from telehealth.web.house import House as RunningHouse
from tests.support.factories.bookings import add_booker, book, told
from tests.support.factories.consulting import admit_as, sign_note, write_note
from tests.support.factories.insurance import add_cover
from tests.support.factories.records import add_report, add_share
from tests.support.factories.rooms import Visit, add_helper, add_room
from tests.support.factories.schedule import add_clinic
from tests.support.factories.visits import desk_of
from tests.support.phones import Phone


@pytest.fixture
async def visit(units: Units) -> Visit:
    return await add_room(units)


async def looks(units: Units, visit: Visit) -> list[looking.Look]:
    async with units.of(visit.patient) as unit:
        return await looking.looks_at_person(unit, visit.who.person.id)


async def test_GS13_the_treating_doctor_reading_the_file_is_known_once_a_day(
    units: Units, visit: Visit, clock: FixedClock
) -> None:
    for _ in range(3):
        async with units.of(visit.doctor) as unit:
            await file_of(unit, visit.room)
    [look] = await looks(units, visit)
    assert (look.who, look.what, look.why) == ("医生", "病情资料与既往记录", "为您接诊")
    clock.advance(timedelta(days=1))
    async with units.of(visit.doctor) as unit:
        await file_of(unit, visit.room)
    assert len(await looks(units, visit)) == 2


async def test_GS13_whoever_reads_the_whole_record_is_known_by_what_they_do_and_not_by_name(
    units: Units, visit: Visit
) -> None:
    async with units.of(visit.doctor) as unit:
        await record_context(unit, visit.room, lang="zh-CN")
    [look] = await looks(units, visit)
    assert (look.who, look.what) == ("医生", "就诊记录")
    assert look.department["zh-CN"] == visit.house.department.name
    assert visit.doctor.name not in str(look)


async def test_GS13_the_desk_and_an_opened_share_are_in_the_list_and_the_patient_is_not(
    units: Units, visit: Visit
) -> None:
    desk = desk_of(visit.house)
    async with units.of(desk) as unit:
        await note_look(unit, visit.who.person.id, Looked.BOOKING, visit.room)
    report = await add_report(units, visit.house.hospital.id, visit.who.person.id)
    share = await add_share(units, visit.patient, report)
    await open_share(units, share.token, ticket=None, user_agent="")
    async with units.of(visit.patient) as unit:
        await note_look(unit, visit.who.person.id, Looked.FILE, visit.room)
    assert {(look.who, look.what) for look in await looks(units, visit)} == {
        ("服务台", "预约信息"), ("持有分享链接的人", "打开了您的分享"),
    }  # fmt: skip


async def test_GS13_nobody_reads_who_looked_at_somebody_else(units: Units, visit: Visit) -> None:
    stranger = await add_booker(units, visit.house, "13900005678")
    async with units.of(stranger.actor) as unit:
        with pytest.raises(PersonNotFound):
            await looking.looks_at_person(unit, visit.who.person.id)
        seen = await unit.session.scalars(sa.select(PersonView))
        assert seen.all() == []


async def test_GS13_a_look_can_be_neither_changed_nor_removed(units: Units, visit: Visit) -> None:
    async with units.of(visit.doctor) as unit:
        await file_of(unit, visit.room)
    async with units.of(visit.doctor) as unit:
        removed = await unit.session.execute(sa.delete(PersonView).returning(PersonView.id))
        assert removed.all() == []
    assert len(await looks(units, visit)) == 1


def test_REG57_a_courier_learns_where_to_and_nothing_of_the_sheet() -> None:
    assert set(TOLD[Recipient.COURIER]) == {DataKind.NAME, DataKind.PHONE, DataKind.ADDRESS}
    assert DataKind.DIAGNOSIS not in TOLD[Recipient.PHARMACY]
    assert set(TOLD) == set(Recipient)


async def test_REG57_each_recipient_is_on_record_once_for_each_errand(units: Units, visit: Visit) -> None:
    for subject in ("parcels:1", "parcels:1", "parcels:2"):
        async with units.system("test") as unit:
            await disclose(
                unit, Recipient.COURIER, hospital_id=visit.house.hospital.id,
                person_id=visit.who.person.id, name="样例快递", subject=subject,
            )  # fmt: skip
    async with units.of(visit.patient) as unit:
        found = await disclosures_of(unit, [visit.who.person.id])
    assert [(row.name, row.kinds) for row in found] == [("样例快递", ["name", "phone", "address"])] * 2
    stranger = await add_booker(units, visit.house, "13900005678")
    async with units.of(stranger.actor) as unit:
        assert await disclosures_of(unit, [visit.who.person.id]) == []


async def test_REG56_every_kind_of_consent_is_in_one_book(units: Units, visit: Visit) -> None:
    await admit_as(units, visit)
    await consenting.answer(units, visit.patient, visit.room, agreed=True)
    await add_helper(units, visit)
    report = await add_report(units, visit.house.hospital.id, visit.who.person.id)
    await add_share(units, visit.patient, report)
    async with units.of(visit.patient) as unit:
        found = await unit.port(ConsentBook).listed(unit)
    assert {"recording", "helper", "share"} <= {entry.kind for entry in found}
    assert all(entry.text and entry.follows for entry in found if entry.can_withdraw)
    stranger = await add_booker(units, visit.house, "13900005678")
    async with units.of(stranger.actor) as unit:
        theirs = {entry.id for entry in await unit.port(ConsentBook).listed(unit)}
    assert not theirs & {entry.id for entry in found}


async def test_REG56_recording_withdrawn_in_mid_visit_ends_calls_and_loses_nothing(
    units: Units, visit: Visit
) -> None:
    await admit_as(units, visit)
    for actor in (visit.patient, visit.doctor):
        await consenting.answer(units, actor, visit.room, agreed=True)
    book_ = units.port(ConsentBook)
    await book_.withdraw(units, visit.patient, "recording", visit.room)
    await book_.withdraw(units, visit.patient, "recording", visit.room)
    terms = await consenting.answer(units, visit.doctor, visit.room, agreed=True)
    assert (terms.may_call, terms.may_write) == (False, True)
    async with units.of(visit.patient) as unit:
        assert "recording" not in {entry.kind for entry in await book_.listed(unit)}


async def test_REG56_a_helpers_seat_is_withdrawn_from_the_book(units: Units, visit: Visit) -> None:
    await admit_as(units, visit)
    await add_helper(units, visit)
    book_ = units.port(ConsentBook)
    async with units.of(visit.patient) as unit:
        [seat] = [entry for entry in await book_.listed(unit) if entry.kind == "helper"]
    await book_.withdraw(units, visit.patient, "helper", seat.id)
    async with units.of(visit.patient) as unit:
        [after] = [entry for entry in await book_.listed(unit) if entry.kind == "helper"]
    assert after.ended_at is not None and not after.can_withdraw


async def test_REG56_insurance_withdrawn_before_the_money_leaves_the_seat_and_oneself_to_pay(
    units: Units, visit: Visit
) -> None:
    async with units.system("test") as unit:
        booking = await unit.session.get(Booking, visit.room)
        assert booking is not None and booking.charge_id is not None
        charge_id = booking.charge_id
    open_one = await add_cover(
        units, visit.house, visit.who, charge_id, state=CoverState.AUTHORISED,
        authorised_at=units.clock.business(),
    )  # fmt: skip
    book_ = units.port(ConsentBook)
    await book_.withdraw(units, visit.patient, "insurance", open_one.id)
    async with units.system("test") as unit:
        cover = await unit.session.get(Cover, open_one.id)
        assert cover is not None and cover.reason == Giveup.PATIENT
        cover.reason, cover.state, cover.cash = None, CoverState.SETTLED, cover.total
        cover.fund = cover.personal = cover.other = 0
    with pytest.raises(InsurerPaid):
        await book_.withdraw(units, visit.patient, "insurance", open_one.id)


@pytest.mark.parametrize("kind", ["person", "recording", "helper", "insurance", "delivery", "share", "no"])
async def test_REG56_somebody_elses_consent_is_not_there(units: Units, visit: Visit, kind: str) -> None:
    stranger = await add_booker(units, visit.house, "13900005678")
    with pytest.raises(ConsentGone):
        await units.port(ConsentBook).withdraw(units, stranger.actor, kind, visit.room)


async def test_REG59_restricted_data_is_kept_and_not_used_for_anything_new(
    units: Units, visit: Visit
) -> None:
    place, who = visit.house.hospital, visit.who
    async with units.system("test") as unit:
        link = await unit.session.scalar(
            sa.text("select id from patient_links where person_id = :p"), {"p": who.person.id}
        )
        unit.session.add(
            Consent(
                account_id=who.account.id, person_id=who.person.id, link_id=link, purpose="medicine_check",
                text_version="1", text_sha256="0" * 64, given_by="holder", given_at=unit.now,
                withdrawn_by="", evidence={},
            )
        )  # fmt: skip
    async with units.system("test") as unit:
        assert await permits_medicine_check(unit, who.person.id)
    async with units.of(who.actor) as unit:
        request = await restricting.restrict(unit, who.actor, who.person.id, place.id)
        assert restricting.kept_until(request) == f"{unit.today.year + 15}{unit.today.isoformat()[4:]}"
    async with units.system("test") as unit:
        assert not await permits_medicine_check(unit, who.person.id)
    clinic = await add_clinic(units, visit.house.doctor, seats=(5, 5))
    with pytest.raises(DataRestricted):
        await book(units, visit.house, who, clinic.slot.id)
    # Care that has begun goes on, and the person still reads and copies.
    await admit_as(units, visit)
    await write_note(units, visit)
    await sign_note(units, visit)
    assert await issuing.issue(units, who.actor, PaperKind.NOTE, visit.room)
    async with units.of(who.actor) as unit:
        await restricting.lift(unit, request.id)
        await restricting.lift(unit, request.id)
    assert await book(units, visit.house, who, clinic.slot.id)


async def test_REG59_staff_see_that_it_is_restricted(units: Units, visit: Visit) -> None:
    async with units.of(visit.patient) as unit:
        await restricting.restrict(unit, visit.patient, visit.who.person.id, visit.house.hospital.id)
    async with units.of(desk_of(visit.house)) as unit:
        [standing] = await queries.standing_requests(unit, visit.house.hospital.id)
    assert standing.state is RequestState.STANDING


async def test_REG59_nobody_lifts_what_somebody_else_asked_for(units: Units, visit: Visit) -> None:
    async with units.of(visit.patient) as unit:
        request = await restricting.restrict(
            unit, visit.patient, visit.who.person.id, visit.house.hospital.id
        )
    stranger = await add_booker(units, visit.house, "13900005678")
    async with units.of(stranger.actor) as unit:
        with pytest.raises(RequestNotFound):
            await restricting.lift(unit, request.id)
        with pytest.raises(PersonNotFound):
            await restricting.restrict(unit, stranger.actor, visit.who.person.id, visit.house.hospital.id)


async def _asked(units: Units, visit: Visit) -> Export:
    await add_report(units, visit.house.hospital.id, visit.who.person.id)
    async with units.of(visit.patient) as unit:
        return await exporting.ask(unit, visit.patient, visit.who.person.id)


async def test_REG60_everything_is_one_file_with_a_bundle_and_every_paper(
    units: Units, house: RunningHouse, visit: Visit
) -> None:
    row = await _asked(units, visit)
    await house.jobs.work(until_idle=True)
    async with units.of(visit.patient) as unit:
        made = await queries.export(unit, visit.who.account.id, row.id)
        found = await progress.progress_of(unit, exporting.KIND, row.id)
    assert found is not None and (found.state, found.done) == (ProgressState.DONE, found.total)
    assert (await told(units, visit.who.account)).count(Notice.EXPORT_READY) == 1
    data = await units.port(BlobStore).read(made.key or "", 10_000_000)  # type: ignore[type-abstract]
    archive = zipfile.ZipFile(io.BytesIO(data))
    assert archive.testzip() is None
    names = archive.namelist()
    assert sum(name.startswith("papers/") for name in names) == len(row.pieces) == 2
    bundle = json.loads(archive.read("bundle.json"))
    kinds = [entry["resource"]["resourceType"] for entry in bundle["entry"]]
    assert kinds.count("DiagnosticReport") == 1 and kinds.count("Observation") == 2
    assert kinds.count("DocumentReference") == 2 and kinds[0] == "Patient"
    manifest = {one["file"] for one in json.loads(archive.read("manifest.json"))}
    assert manifest == set(names) - {"manifest.json"}


async def test_REG60_an_export_whose_worker_was_killed_goes_on(
    units: Units, visit: Visit, monkeypatch: pytest.MonkeyPatch
) -> None:
    row = await _asked(units, visit)
    issued: list[object] = []
    issue = issuing.issue

    async def once(*arguments: object, **named: object) -> Paper:
        if issued:
            raise KeyboardInterrupt
        issued.append(arguments)
        return await issue(*arguments, **named)  # type: ignore[arg-type]

    with monkeypatch.context() as patched:
        patched.setattr(issuing, "issue", once)
        with pytest.raises(KeyboardInterrupt):
            await exporting.make_export(units, row.id, row.account_id)
    async with units.of(visit.patient) as unit:
        half = await progress.progress_of(unit, exporting.KIND, row.id)
    assert half is not None and (half.state, half.done, half.total) == (ProgressState.RUNNING, 1, 3)
    await exporting.make_export(units, row.id, row.account_id)
    await exporting.make_export(units, row.id, row.account_id)
    async with units.of(visit.patient) as unit:
        whole = await progress.progress_of(unit, exporting.KIND, row.id)
    assert whole is not None and whole.is_done


async def test_REG60_an_export_that_runs_out_of_tries_says_so_and_goes_on_when_asked(
    units: Units, house: RunningHouse, visit: Visit, monkeypatch: pytest.MonkeyPatch
) -> None:
    row = await _asked(units, visit)

    async def down(*_: object) -> str:
        raise BlobsDown()

    with monkeypatch.context() as patched:
        patched.setattr(units.port(BlobStore), "write_file", down)  # type: ignore[type-abstract]
        for last in (False, True):
            with pytest.raises(BlobsDown):
                await exporting.make_export(units, row.id, row.account_id, last=last)
            async with units.of(visit.patient) as unit:
                found = await progress.progress_of(unit, exporting.KIND, row.id)
            assert found is not None and (found.state is ProgressState.FAILED) is last
    async with units.of(visit.patient) as unit:
        await exporting.retry(unit, row.id)
    async with units.of(visit.patient) as unit:
        found = await progress.progress_of(unit, exporting.KIND, row.id)
    assert found is not None and (found.state, found.done) == (ProgressState.WAITING, 2)
    await house.jobs.work(until_idle=True)
    async with units.of(visit.patient) as unit:
        found = await progress.progress_of(unit, exporting.KIND, row.id)
    assert found is not None and found.is_done


async def test_REG60_the_phone_answers_before_the_file_is_handed_out(
    units: Units, house: RunningHouse, visit: Visit, phone: Phone, clock: FixedClock
) -> None:
    async with units.system("test") as unit:
        account = await unit.session.get(Account, visit.who.account.id)
        assert account is not None
        account.phone = parse_phone(phone.number)
    row = await _asked(units, visit)
    with pytest.raises(ExportNotReady):
        await exporting.open_file(units, visit.patient, row.id)
    await exporting.make_export(units, row.id, row.account_id)
    with pytest.raises(ExportLocked):
        await exporting.open_file(units, visit.patient, row.id)
    await exporting.send_code(units, visit.patient, row.id)
    code = phone.code
    with pytest.raises(CodeWrong):
        await exporting.unlock(units, visit.patient, row.id, "000000" if code != "000000" else "111111")
    await exporting.unlock(units, visit.patient, row.id, code)
    _, size, parts = await exporting.open_file(units, visit.patient, row.id)
    data = b"".join([part async for part in parts])
    assert data.startswith(b"PK") and len(data) == size
    clock.advance(timedelta(minutes=11))
    with pytest.raises(ExportLocked):
        await exporting.open_file(units, visit.patient, row.id)


async def test_REG60_the_file_is_deleted_when_its_days_are_over(
    units: Units, house: RunningHouse, visit: Visit, clock: FixedClock
) -> None:
    row = await _asked(units, visit)
    await exporting.make_export(units, row.id, row.account_id)
    async with units.of(visit.patient) as unit:
        key = (await queries.export(unit, row.account_id, row.id)).key
    clock.advance(timedelta(days=3, minutes=1))
    await Sweeper(units, [kind for feature in app.FEATURES for kind in feature.deadlines]).sweep()
    await house.jobs.work(until_idle=True)
    with pytest.raises(ExportExpired):
        await exporting.open_file(units, visit.patient, row.id)
    assert await units.port(BlobStore).head(key or "") is None  # type: ignore[type-abstract]


async def test_REG60_asking_twice_makes_one_and_a_stranger_finds_none(units: Units, visit: Visit) -> None:
    row = await _asked(units, visit)
    async with units.of(visit.patient) as unit:
        assert (await exporting.ask(unit, visit.patient, visit.who.person.id)).id == row.id
    stranger = await add_booker(units, visit.house, "13900005678")
    with pytest.raises(ExportNotFound):
        await exporting.open_file(units, stranger.actor, row.id)
    async with units.of(stranger.actor) as unit:
        with pytest.raises(PersonNotFound):
            await exporting.ask(unit, stranger.actor, visit.who.person.id)


async def test_REG60_an_heirs_request_waits_at_the_desk_and_is_answered_once(
    units: Units, visit: Visit
) -> None:
    wish = heirs.Told("样例故人", "330100194001010011", "子女", "了解最后的用药")
    async with units.of(visit.patient) as unit:
        request = await heirs.ask(unit, visit.patient, visit.house.hospital.code, wish)
    assert request.answer_by - request.asked_at == timedelta(days=15)
    desk = desk_of(visit.house)
    async with units.of(desk) as unit:
        [waiting] = await queries.waiting_requests(unit, visit.house.hospital.id)
        assert heirs.told_in(waiting) == wish
        await heirs.answer(unit, waiting.id, granted=True, text="请持证明到院办理")
    with pytest.raises(RequestAnswered):
        async with units.of(desk) as unit:
            await heirs.answer(unit, request.id, granted=False, text="不同意")
    async with units.of(visit.patient) as unit:
        [mine] = await queries.requests_of(unit, visit.who.account.id)
    assert (mine.state, mine.answer) == (RequestState.GRANTED, "请持证明到院办理")
    assert (await told(units, visit.who.account)).count(Notice.DATA_REQUEST_ANSWERED) == 1
