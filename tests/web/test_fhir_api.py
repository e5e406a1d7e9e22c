"""The FHIR door: who may read, what is refused and how, and what else there is to turn wrong."""

from datetime import timedelta

import httpx2
import pytest
import sqlalchemy as sa

from telehealth.consultations.models import RecordView
from telehealth.core.access import Role
from telehealth.core.audit import AuditRecord
from telehealth.core.clock import FixedClock
from telehealth.core.unit import Units
from telehealth.hospital.keying import revoke_key
from telehealth.hospital.models import SystemKey
from tests.support.factories.accounts import add_staff, bearer, cookie, staff
from tests.support.factories.bookings import add_house
from tests.support.factories.rooms import Visit, add_more, add_room
from tests.support.fhir import System, add_system, refused, valid

Client = httpx2.AsyncClient

ABSENT = (
    "Observation", "patient", "Observation/1", "Patient/00000000-0000-7000-8000-000000000001", "Patient/x",
    "Patient/../metadata2",
    "Encounter/_history", "Binary/1",
)  # fmt: skip
NO_DATES = (
    "yesterday", "2026-13", "2026-02-30", "2026-11-21T25:00:00Z", "0000", "9999", "ge",
    "2026-11-21T10:00:00%2B99:00", "21.11.2026", "xx2026",
)  # fmt: skip
NONSENSE = (
    "_after=nonsense", "_after=WzEsMl0", "status=%00", "_id=" + ",".join("a" * 101),
    "&".join(f"a{n}=1" for n in range(31)), f"status={'x' * 21_000}",
)  # fmt: skip


@pytest.fixture
async def visit(units: Units) -> Visit:
    return await add_room(units, admitted=True)


@pytest.fixture
async def system(units: Units, client: Client, visit: Visit) -> System:
    return await add_system(units, client, visit.house.hospital.id)


@pytest.fixture
async def other(units: Units, client: Client) -> System:
    """Of the other hospital."""
    return await add_system(units, client, (await add_house(units, "jiangbin")).hospital.id, "jiangbin")


async def audited(units: Units, name: str) -> list[AuditRecord]:
    async with units.system("test") as unit:
        found = sa.select(AuditRecord).where(AuditRecord.name == name).order_by(AuditRecord.position)
        return list(await unit.session.scalars(found))


async def test_anybody_reads_what_the_door_can_do_and_nothing_else(client: Client, visit: Visit) -> None:
    said = valid(await client.get("/fhir/yunan/metadata"))
    [rest] = said["rest"]
    assert said["fhirVersion"] == "4.0.1"
    assert {each["type"] for each in rest["resource"]} == {
        "Binary", "DocumentReference", "Encounter", "MedicationDispense", "MedicationRequest", "Patient",
    }  # fmt: skip
    for each in rest["resource"]:
        assert {one["code"] for one in each["interaction"]} <= {"read", "search-type"}
    refused(await client.get("/fhir/nowhere/metadata"), 404, "not-found")
    for path in ("Patient", f"Encounter/{visit.room}", "Encounter", "Nothing", "a/b/c/d"):
        answer = await client.get(f"/fhir/yunan/{path}")
        refused(answer, 401, "login")
        assert answer.headers["www-authenticate"].startswith("Bearer")


@pytest.mark.parametrize("key", ["", "thfhir_wrong", "\xe5", "x" * 5000])
async def test_a_wrong_key_opens_nothing(client: Client, visit: Visit, key: str) -> None:
    headers = {b"authorization": b"Bearer " + key.encode("latin-1")}
    refused(await client.get("/fhir/yunan/Patient", headers=headers), 401, "login")


async def test_a_revoked_key_opens_nothing_from_then_on(units: Units, system: System, visit: Visit) -> None:
    assert (await system.ask("Patient")).status_code == 200
    admin = staff(await add_staff(units, visit.house.hospital.id, [Role.ADMIN], login="second.admin"))
    async with units.of(admin) as unit:
        key = (await unit.session.scalars(sa.select(SystemKey))).one()
        await revoke_key(unit, key.id)
    refused(await system.ask("Patient"), 401, "login")
    assert [row.actor_name for row in await audited(units, "system_key.revoked")] == [admin.name]


async def test_a_key_of_one_hospital_sees_nothing_of_another(
    client: Client, system: System, other: System, visit: Visit
) -> None:
    """Not at its own address, not at the other's, and not by an id it may have heard."""
    stranger = System(client, "yunan", other.key, other.key_id)
    refused(await stranger.ask("Encounter"), 401, "login")
    for path in (f"Encounter/{visit.room}", f"Patient/{visit.who.person.id}"):
        assert (await system.ask(path)).status_code == 200
        refused(await other.ask(path), 404, "not-found")
    for kind in ("Encounter", "Patient", "MedicationRequest", "MedicationDispense", "DocumentReference"):
        assert await other.search(kind) == []
        assert await other.search(f"{kind}?_id={visit.room},{visit.who.person.id}") == []


async def test_sessions_count_for_nothing_here_and_keys_for_nothing_elsewhere(
    units: Units, client: Client, system: System, visit: Visit
) -> None:
    admin = staff(await add_staff(units, visit.house.hospital.id, [Role.ADMIN], login="third.admin"))
    refused(await client.get("/fhir/yunan/Patient", headers=await bearer(units, admin)), 401, "login")
    refused(await client.get("/fhir/yunan/Patient", headers=await cookie(units, admin)), 401, "login")
    key = {"authorization": f"Bearer {system.key}"}
    for path in ("/api/v1/system-keys", "/api/v1/staff/members"):
        assert (await client.get(path, headers=key)).status_code == 401
    assert (await client.get("/admin/system-keys", headers=key)).status_code == 303


async def test_whoever_tries_keys_is_slowed_down(client: Client, system: System) -> None:
    for _ in range(20):
        refused(await client.get("/fhir/yunan/Patient", headers={"authorization": "Bearer no"}), 401, "login")
    answer = await client.get("/fhir/yunan/Patient", headers={"authorization": "Bearer no"})
    refused(answer, 429, "throttled")
    assert int(answer.headers["retry-after"]) > 0
    # Another system may stand behind the same address.
    assert (await system.ask("Patient")).status_code == 200


async def test_nothing_is_written_through_this_door(client: Client, system: System, visit: Visit) -> None:
    key = {"authorization": f"Bearer {system.key}"}
    for method in ("POST", "PUT", "PATCH", "DELETE", "OPTIONS"):
        answer = await client.request(method, f"/fhir/yunan/Encounter/{visit.room}", headers=key)
        refused(answer, 405, "not-supported")
        assert answer.headers["allow"] == "GET, HEAD"
    refused(await client.post("/fhir/yunan/Patient", headers=key, json={}), 405, "not-supported")
    refused(await system.ask("Patient/_search"), 405, "not-supported")
    assert (await client.head(f"/fhir/yunan/Encounter/{visit.room}", headers=key)).status_code == 200


@pytest.mark.parametrize(
    "accept", ["application/fhir+xml", "text/turtle", "application/fhir+json; fhirVersion=5.0"]
)
async def test_another_format_is_refused(system: System, accept: str) -> None:
    refused(await system.ask("Patient", accept=accept), 406, "not-supported")


@pytest.mark.parametrize("accept", ["", "*/*", "application/json", "text/html, application/fhir+json;q=0.9"])
async def test_json_by_any_of_its_names(system: System, accept: str) -> None:
    assert (await system.ask("Patient", accept=accept)).status_code == 200
    refused(await system.ask("Patient?_format=xml", accept=accept), 406, "not-supported")
    assert (await system.ask("Patient?_format=json", accept="application/xml")).status_code == 200


@pytest.mark.parametrize("what", ABSENT)
async def test_what_is_not_there_is_not_found(system: System, what: str) -> None:
    refused(await system.ask(what), 404, "not-found")


async def test_a_visit_is_read_with_its_version(system: System, visit: Visit) -> None:
    answer = await system.ask(f"Encounter/{visit.room}")
    said = valid(answer)
    assert answer.headers["etag"] == f'W/"{said["meta"]["versionId"]}"'
    assert answer.headers["last-modified"].endswith("GMT")
    assert (said["status"], said["class"]["code"]) == ("in-progress", "VR")
    assert said["subject"] == {"reference": f"Patient/{visit.who.person.id}"}
    assert said["identifier"][0]["value"] == visit.booking.number
    again = await system.ask(f"Encounter/{visit.room}", if_none_match=answer.headers["etag"])
    assert (again.status_code, again.content) == (304, b"")


async def test_a_patient_is_known_by_numbers_with_their_systems(system: System, visit: Visit) -> None:
    said = await system.read(f"Patient/{visit.who.person.id}")
    numbers = {one["system"]: one["value"] for one in said["identifier"]}
    person = visit.who.person
    assert numbers["urn:oid:2.16.156.10011.1.3"] == person.document_number
    assert set(numbers) == {
        "urn:oid:2.16.156.10011.1.3",
        "urn:telehealth:yunan:record",
        "urn:telehealth:yunan:card",
    }
    for asked in (f"urn:oid:2.16.156.10011.1.3|{person.document_number}", person.document_number,
                  numbers["urn:telehealth:yunan:record"], numbers["urn:telehealth:yunan:card"]):  # fmt: skip
        assert [one["id"] for one in await system.search(f"Patient?identifier={asked}")] == [str(person.id)]
    for asked in (f"urn:telehealth:yunan:card|{person.document_number}", "nobody", "urn:x|", "|"):
        assert await system.search(f"Patient?identifier={asked}") == []


async def test_a_number_need_not_stand_in_an_address(client: Client, system: System, visit: Visit) -> None:
    key = {"authorization": f"Bearer {system.key}"}
    form = {"identifier": visit.who.person.document_number}
    found = valid(await client.post("/fhir/yunan/Patient/_search", headers=key, data=form))
    assert [entry["resource"]["id"] for entry in found["entry"]] == [str(visit.who.person.id)]
    refused(await client.post("/fhir/yunan/Patient/_search", headers=key, json=form), 415, "not-supported")


async def test_a_search_narrows_by_what_it_names(system: System, visit: Visit, units: Units) -> None:
    await add_more(units, visit, 2)
    everybody = await system.search("Encounter")
    assert len(everybody) == 3
    for asked, count in {
        f"patient={visit.who.person.id}": 1,
        f"patient=Patient/{visit.who.person.id}": 1,
        f"patient=http://testserver/fhir/yunan/Patient/{visit.who.person.id}": 1,
        f"patient=Group/{visit.who.person.id}": 0,
        "patient=nobody": 0,
        "status=planned": 2,
        "status=planned,in-progress": 3,
        "status=planned&status=in-progress": 0,
        f"_id={visit.room}": 1,
        f"_id={visit.room},{everybody[2]['id']}": 2,
        f"identifier=urn:telehealth:yunan:visit|{visit.booking.number}": 1,
        f"identifier=urn:x|{visit.booking.number}": 0,
        "date=2026-11-21": 3, "date=2026-11": 3, "date=2026": 3, "date=2026-11-20": 0,
        "date=ge2026-11-21": 3, "date=lt2026-11-21": 0, "date=gt2026-11-21": 0, "date=sa2026-11-20": 3,
        "date=ge2026-11-21&date=le2026-11-21": 3, "date=eb2026-11-22T00:00:00Z": 3,
        "_lastUpdated=ge2026-11-21T10:00:00%2B08:00": 3,
        "_lastUpdated=ge2026-11-21T10:00:00+08:00": 3,
        "_lastUpdated=lt2026-11-21T10:00:00%2B08:00": 0,
        "status=": 3,
    }.items():  # fmt: skip
        assert len(await system.search(f"Encounter?{asked}")) == count, asked


async def test_pages_follow_each_other_and_miss_nobody(system: System, visit: Visit, units: Units) -> None:
    await add_more(units, visit, 4)
    seen: list[str] = []
    path, pages = "Encounter?_count=2&status=planned,in-progress", 0
    while path:
        bundle = await system.read(path)
        seen += [entry["resource"]["id"] for entry in bundle["entry"]]
        links = {link["relation"]: link["url"] for link in bundle["link"]}
        assert "total" not in bundle
        path, pages = links.get("next", "").removeprefix("http://testserver/fhir/yunan/"), pages + 1
    assert (pages, len(seen), len(set(seen))) == (3, 5, 5)
    counted = await system.read("Encounter?_count=0")
    assert (counted["total"], "entry" in counted) == (5, False)


async def test_an_absurd_count_is_cut_or_refused(system: System) -> None:
    for count in ("1000000", "9" * 30):
        bundle = await system.read(f"Patient?_count={count}")
        assert "_count=100" in bundle["link"][0]["url"]
    for count in ("-1", "many", "1.5", "9" * 31, "%00", "0x10"):
        refused(await system.ask(f"Patient?_count={count}"), 400, "invalid")


@pytest.mark.parametrize("date", NO_DATES)
async def test_a_malformed_date_is_refused(system: System, date: str) -> None:
    said = refused(await system.ask(f"Encounter?date={date}"), 400, "invalid")
    assert "param=date" in said["issue"][0]["diagnostics"]


async def test_an_unknown_parameter_is_left_out_and_said_so_or_refused_when_strict(
    system: System, visit: Visit
) -> None:
    bundle = await system.read("Encounter?colour=red&status=in-progress")
    [match, warning] = bundle["entry"]
    assert match["resource"]["id"] == str(visit.room)
    assert warning["search"]["mode"] == "outcome"
    assert warning["resource"]["issue"][0]["diagnostics"] == "colour"
    assert "colour" not in bundle["link"][0]["url"]
    refused(await system.ask("Encounter?colour=red", prefer="handling=strict"), 400, "not-supported")


@pytest.mark.parametrize(
    "asked", ["status:not=planned", "patient.name=x", "date=ne2026-11-21", "date=ap2026"]
)
async def test_what_would_answer_another_question_is_always_refused(system: System, asked: str) -> None:
    refused(await system.ask(f"Encounter?{asked}"), 400, "not-supported")


@pytest.mark.parametrize("asked", NONSENSE)
async def test_nonsense_is_refused(system: System, asked: str) -> None:
    refused(await system.ask(f"Encounter?{asked}"), 400, "invalid")


async def test_each_read_is_on_record_and_the_patient_sees_which_system_looked(
    units: Units, client: Client, system: System, visit: Visit, clock: FixedClock
) -> None:
    await system.read(f"Encounter/{visit.room}")
    await system.search("Encounter?status=in-progress")
    [read] = await audited(units, "fhir.read")
    assert (read.subject_kind, read.subject_id) == ("Encounter", str(visit.room))
    assert (read.facts["key"], read.actor_name, read.account_id) == (
        system.key_id,
        "样例门诊系统",
        visit.who.account.id,
    )
    [searched] = await audited(units, "fhir.searched")
    assert (searched.facts["by"], searched.facts["given"]) == (["status"], [str(visit.room)])

    shown = await client.get(f"/api/v1/rooms/{visit.room}/views", headers=await bearer(units, visit.patient))
    assert [(one["viewer"], one["role"]) for one in shown.json()] == [("样例门诊系统", "system")]
    clock.advance(timedelta(days=1))
    await system.read(f"Encounter/{visit.room}")
    async with units.system("test") as unit:
        assert await unit.session.scalar(sa.select(sa.func.count()).select_from(RecordView)) == 2


async def test_no_number_of_a_person_is_on_record(units: Units, system: System, visit: Visit) -> None:
    number = visit.who.person.document_number
    await system.search(f"Patient?identifier={number}")
    [searched] = await audited(units, "fhir.searched")
    assert number not in str(searched.facts)
    assert searched.facts["by"] == ["identifier"]


async def test_a_key_is_made_and_revoked_by_the_administrator_alone_and_shown_once(
    units: Units, client: Client, visit: Visit
) -> None:
    admin = staff(await add_staff(units, visit.house.hospital.id, [Role.ADMIN], login="admin"))
    headers = await bearer(units, admin)
    made = await client.post("/api/v1/system-keys", headers=headers, json={"name": "住院系统"})
    assert made.status_code == 201
    token, key_id = made.json()["token"], made.json()["id"]
    system = System(client, "yunan", token, key_id)
    assert (await client.get("/api/v1/system-keys", headers=headers)).json()[0]["used_at"] is None
    assert await system.search("Patient")
    listed = (await client.get("/api/v1/system-keys", headers=headers)).json()
    assert listed[0]["used_at"] is not None
    assert token not in str(listed)
    async with units.system("test") as unit:
        row = (await unit.session.scalars(sa.select(SystemKey))).one()
        assert token not in row.digest
    for _ in range(2):
        path = f"/api/v1/system-keys/{key_id}/revocation"
        assert (await client.post(path, headers=headers)).json()["revoked_at"] is not None
    refused(await system.ask("Patient"), 401, "login")
    assert len(await audited(units, "system_key.revoked")) == 1
    doctor = await bearer(units, visit.doctor)
    assert (await client.get("/api/v1/system-keys", headers=doctor)).status_code == 403


async def test_the_page_of_keys_shows_a_key_once(units: Units, client: Client, visit: Visit) -> None:
    admin = staff(await add_staff(units, visit.house.hospital.id, [Role.ADMIN], login="admin"))
    headers = await cookie(units, admin)
    assert "还没有系统持有密钥" in (await client.get("/admin/system-keys", headers=headers)).text
    bad = await client.post("/admin/system-keys", headers=headers, data={"name": " "})
    assert bad.status_code == 422
    made = await client.post("/admin/system-keys", headers=headers, data={"name": "检验系统"})
    key = made.text.partition("thfhir_")[2].partition("<")[0]
    assert await System(client, "yunan", "thfhir_" + key, "").search("Encounter")
    page = (await client.get("/admin/system-keys", headers=headers)).text
    assert "检验系统" in page
    assert key not in page
    path = page.partition('action="/admin/system-keys/')[2].partition('"')[0]
    gone = await client.post(f"/admin/system-keys/{path}", headers=headers)
    assert gone.status_code == 303
    refused(await System(client, "yunan", "thfhir_" + key, "").ask("Encounter"), 401, "login")


async def test_a_key_of_another_hospital_cannot_be_revoked(
    units: Units, client: Client, system: System, other: System, visit: Visit
) -> None:
    admin = staff(await add_staff(units, visit.house.hospital.id, [Role.ADMIN], login="admin"))
    path = f"/api/v1/system-keys/{other.key_id}/revocation"
    assert (await client.post(path, headers=await bearer(units, admin))).status_code == 404
    assert (await other.ask("Patient")).status_code == 200
