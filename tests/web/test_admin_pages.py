"""The administrator's pages and their JSON: who may open them, and what they do."""

import json
import re
from datetime import timedelta
from typing import Any

import httpx2
import pytest
import sqlalchemy as sa

from telehealth.accounts.models import StaffMember
from telehealth.admin.housekeeping import seal_audit
from telehealth.core.access import Role
from telehealth.core.audit import AuditRecord
from telehealth.core.clock import FixedClock
from telehealth.core.unit import Units
from telehealth.directory.models import Department, Doctor, Hospital, ServiceNotice
from telehealth.directory.states import Suspension
from telehealth.rulebook import current_policy
from telehealth.web.house import House
from tests.support.factories.accounts import add_patient, add_staff, bearer, cookie, patient, staff
from tests.support.factories.directory import add_hospital, add_notice, add_sample_hospital
from tests.support.factories.rulebook import publish_policy

pytestmark = pytest.mark.anyio

PAGES = {
    "/admin/rulebook": {Role.ADMIN},
    "/admin/staff": {Role.ADMIN},
    "/admin/staff/new": {Role.ADMIN},
    "/admin/staff/invitations": {Role.ADMIN},
    "/admin/doctors": {Role.ADMIN},
    "/admin/doctors/new": {Role.ADMIN},
    "/admin/departments": {Role.ADMIN},
    "/admin/departments/new": {Role.ADMIN},
    "/admin/hospital": {Role.ADMIN},
    "/admin/campuses/new": {Role.ADMIN},
    "/admin/notices": {Role.ADMIN},
    "/admin/notices/new": {Role.ADMIN},
    "/admin/calendar": {Role.ADMIN},
    "/admin/audit": {Role.ADMIN, Role.HEAD},
    "/admin/jobs": {Role.ADMIN},
}
API = {
    "/api/v1/rulebook/versions": {Role.ADMIN},
    "/api/v1/audit/records": {Role.ADMIN, Role.HEAD},
    "/api/v1/audit/names": {Role.ADMIN, Role.HEAD},
    "/api/v1/staff/members": {Role.ADMIN},
}
Http = httpx2.AsyncClient


@pytest.fixture
async def hospital(units: Units) -> Hospital:
    row = await add_sample_hospital(units)
    await publish_policy(units, row.id)
    return row


@pytest.fixture
async def boss(units: Units, hospital: Hospital) -> StaffMember:
    return await add_staff(units, hospital.id, (Role.ADMIN,), login="boss", name="样例管理员")


@pytest.fixture
async def admin(client: Http, units: Units, boss: StaffMember) -> Http:
    client.headers.update(await cookie(units, staff(boss)))
    client.headers["origin"] = "http://testserver"
    return client


@pytest.mark.parametrize("role", [role for role in Role if role is not Role.PATIENT])
async def test_each_page_opens_for_its_roles_only(
    client: Http, units: Units, hospital: Hospital, role: Role
) -> None:
    member = await add_staff(units, hospital.id, (role,), login="somebody")
    token, key = await cookie(units, staff(member)), await bearer(units, staff(member))
    for path, roles in PAGES.items():
        answer = await client.get(path, headers=token)
        assert answer.status_code == (200 if role in roles else 403), (path, role)
    for path, roles in API.items():
        answer = await client.get(path, headers=key)
        assert answer.status_code == (200 if role in roles else 403), (path, role)


async def test_a_patient_and_a_stranger_open_none(client: Http, units: Units, hospital: Hospital) -> None:
    token = await cookie(units, patient(await add_patient(units)))
    for path in PAGES:
        assert (await client.get(path, headers=token)).status_code == 403
        stranger = await client.get(path)
        assert stranger.headers["location"].startswith("/staff/sign-in?next="), path


# --- rulebook


async def _draft(admin: Http) -> str:
    made = await admin.post("/admin/rulebook/drafts")
    assert made.status_code == 303
    return made.headers["location"]


async def _fields(admin: Http, path: str) -> dict[str, Any]:
    """What a browser would send back, without changing anything."""
    page = (await admin.get(path)).text
    values: dict[str, Any] = {}
    for tag in re.findall(r"<input[^>]*>", page):
        at = dict(re.findall(r'([\w-]+)="([^"]*)"', tag))
        if "name" not in at or (at.get("type") == "checkbox" and " checked" not in tag):
            continue
        if at.get("type") == "checkbox" and at["name"] in values:
            values[at["name"]] = [*values[at["name"]], at["value"]]
        else:
            is_many = at.get("type") == "checkbox" and at["value"] != "true"
            values[at["name"]] = [at.get("value", "")] if is_many else at.get("value", "")
    for name, inner in re.findall(r'<select[^>]*name="([^"]+)"[^>]*>(.*?)</select>', page, re.S):
        values[name] = re.findall(r'<option value="([^"]*)" selected', inner)[0]
    return {k: v for k, v in values.items() if "." in k or k in ("note", "revision")}


async def test_the_editor_changes_nothing_by_being_saved(
    admin: Http, units: Units, hospital: Hospital
) -> None:
    path = await _draft(admin)
    saved = await admin.post(path, data=await _fields(admin, path))
    assert saved.status_code == 303, saved.text
    answer = await admin.get(
        f"/api/v1{path.removeprefix('/admin').replace('rulebook', 'rulebook/versions')}/changes"
    )
    assert answer.json() == []


async def test_an_administrator_edits_reviews_and_publishes(
    admin: Http, units: Units, hospital: Hospital
) -> None:
    path = await _draft(admin)
    fields = await _fields(admin, path) | {
        "strikes.limit": "4", "schedule.offline_online_bp": "12.5", "note": "试行", "go": "review",
    }  # fmt: skip
    saved = await admin.post(path, data=fields)
    assert saved.headers["location"] == f"{path}/review"
    review = (await admin.get(f"{path}/review")).text
    assert "爽约几次停约" in review and "12.5 %" in review
    unsure = await admin.post(f"{path}/publication", data={"revision": "2"})
    assert unsure.status_code == 422 and "请确认已核对全部改动" in unsure.text
    done = await admin.post(f"{path}/publication", data={"revision": "2", "confirm": "true"})
    assert done.status_code == 303
    async with units.public() as unit:
        now = await current_policy(unit, hospital.id)
    assert (now.policy.strikes.limit, now.policy.schedule.offline_online_bp) == (4, 1250)
    shown = await admin.get(path)
    assert "现行" in shown.text and f'action="{path}"' not in shown.text


async def test_a_refused_number_is_said_beside_its_field_and_nothing_typed_is_lost(admin: Http) -> None:
    path = await _draft(admin)
    fields = await _fields(admin, path) | {"booking.hold_minutes": "500", "note": "还没写完"}
    refused = await admin.post(path, data=fields)
    assert refused.status_code == 422
    assert 'value="500"' in refused.text and "还没写完" in refused.text
    assert 'id="f-booking.hold_minutes-error"' in refused.text and "超过允许的最大值" in refused.text


async def test_a_number_left_empty_is_refused_not_replaced(admin: Http) -> None:
    path = await _draft(admin)
    refused = await admin.post(path, data=await _fields(admin, path) | {"strikes.limit": ""})
    assert refused.status_code == 422 and 'id="f-strikes.limit-error"' in refused.text


async def test_a_save_over_anothers_save_keeps_both_texts(admin: Http) -> None:
    path = await _draft(admin)
    fields = await _fields(admin, path)
    await admin.post(path, data=fields | {"strikes.limit": "4"})
    late = await admin.post(path, data=fields | {"strikes.limit": "7"})
    assert late.status_code == 409 and 'value="7"' in late.text


async def test_a_draft_is_rehearsed_without_deciding_anything(
    admin: Http, house: House, units: Units
) -> None:
    house.contributions["rehearsals"] = [
        lambda numbers, cases: [
            {"id": row["id"], "allowed": True, "codes": [], "ok": numbers.strikes.limit == row["limit"]}
            for row in cases["rows"]
        ]
    ]
    path = await _draft(admin)
    cases = json.dumps({"rows": [{"id": "甲", "limit": 3}, {"id": "乙", "limit": 9}]})
    rehearsed = await admin.post(f"{path}/rehearsal", files={"cases": (None, cases)})
    assert rehearsed.status_code == 200
    assert "1 例与预期不符" in rehearsed.text and "乙" in rehearsed.text
    uploaded = await admin.post(
        f"{path}/rehearsal", files={"cases": (None, ""), "file": ("own.json", cases, "application/json")}
    )
    assert "1 例与预期不符" in uploaded.text
    broken = await admin.post(f"{path}/rehearsal", files={"cases": (None, "{")})
    assert broken.status_code == 422 and "用例文件无法读取" in broken.text


async def test_the_rulebook_is_edited_through_the_api_as_well(
    client: Http, units: Units, boss: StaffMember, hospital: Hospital
) -> None:
    key = await bearer(units, staff(boss))
    made = await client.post("/api/v1/rulebook/versions", json={"note": "接口"}, headers=key)
    version = made.json()
    body = version["body"] | {"strikes": version["body"]["strikes"] | {"limit": 2}}
    path = f"/api/v1/rulebook/versions/{version['id']}"
    saved = await client.put(path, json={"body": body, "revision": 1}, headers=key)
    assert saved.status_code == 200
    stale = await client.put(path, json={"body": body, "revision": 1}, headers=key)
    assert (stale.status_code, stale.json()["code"]) == (409, "policy_outdated")
    done = await client.post(f"{path}/publication", json={"revision": 2}, headers=key)
    assert (done.status_code, done.json()["state"]) == (200, "published")
    async with units.public() as unit:
        assert (await current_policy(unit, hospital.id)).policy.strikes.limit == 2


async def test_anothers_version_does_not_exist(client: Http, units: Units, boss: StaffMember) -> None:
    other = await add_hospital(units, "other")
    row = await publish_policy(units, other.id)
    key = await bearer(units, staff(boss))
    assert (await client.get(f"/api/v1/rulebook/versions/{row.id}", headers=key)).status_code == 404


# --- people and doctors


async def test_an_administrator_enrols_somebody_and_sees_the_password_once(admin: Http, units: Units) -> None:
    data = {"login": "Chen.Desk", "name": "样例陈", "roles": ["desk", "reviewer"], "phone": "13800009999"}
    made = await admin.post("/admin/staff", data=data)
    assert made.status_code == 200 and "初始密码" in made.text
    assert made.headers["cache-control"] == "private, no-store"
    async with units.system("test") as unit:
        row = (
            await unit.session.scalars(sa.select(StaffMember).where(StaffMember.login == "chen.desk"))
        ).one()
    assert row.roles == ["desk", "reviewer"]
    again = await admin.post("/admin/staff", data=data)
    assert again.status_code == 422 and 'value="样例陈"' in again.text
    page = await admin.get(f"/admin/staff/{row.id}")
    assert page.status_code == 200
    stopped = await admin.post(f"/admin/staff/{row.id}/suspension", data={"reason": "离职"})
    assert stopped.status_code == 303
    assert "已停用" in (await admin.get("/admin/staff")).text


async def test_the_last_administrator_stays(admin: Http, boss: StaffMember) -> None:
    changed = await admin.post(f"/admin/staff/{boss.id}", data={"name": "样例管理员", "roles": "desk"})
    assert changed.status_code == 409
    stopped = await admin.post(f"/admin/staff/{boss.id}/suspension", data={"reason": "误点"})
    assert stopped.headers["location"] == f"/admin/staff/{boss.id}"


async def test_a_member_of_another_hospital_is_not_there(admin: Http, units: Units) -> None:
    other = await add_hospital(units, "other")
    member = await add_staff(units, other.id, (Role.DESK,), login="theirs")
    assert (await admin.get(f"/admin/staff/{member.id}")).status_code == 404
    answer = await admin.post(f"/admin/staff/{member.id}/suspension", data={"reason": "越权"})
    assert answer.status_code == 404


async def test_REG7_the_list_shows_whom_the_calendar_took_off_and_a_renewal_brings_back(
    admin: Http, house: House, units: Units, clock: FixedClock, hospital: Hospital, boss: StaffMember
) -> None:
    clock.advance(timedelta(days=20))
    await house.sweeper.sweep()
    admin.headers.update(await cookie(units, staff(boss)))
    listed = (await admin.get("/admin/doctors")).text
    assert listed.count("资质到期，已自动停诊") == 1
    async with units.system("test") as unit:
        found = sa.select(Doctor).where(
            Doctor.suspension == Suspension.CREDENTIAL, Doctor.hospital_id == hospital.id
        )
        doctor = (await unit.session.scalars(found)).one()
        until = unit.today + timedelta(days=700)
    renewal = {
        "kind": "practising_licence", "number": "样例-续", "valid_from": "2026-12-01",
        "valid_until": until.isoformat(),
    }  # fmt: skip
    done = await admin.post(f"/admin/doctors/{doctor.id}/credentials", data=renewal)
    assert done.status_code == 303
    assert "资质到期，已自动停诊" not in (await admin.get("/admin/doctors")).text


async def test_a_new_doctor_is_added_with_fees_in_yuan(admin: Http, units: Units, hospital: Hospital) -> None:
    async with units.system("test") as unit:
        department = (
            await unit.session.scalars(
                sa.select(Department).where(Department.hospital_id == hospital.id, Department.code == "tcm")
            )
        ).one()
    data = {
        "name": "文知行", "name_en": "Wen Zhixing", "title": "主治医师", "title_en": "Attending Physician",
        "department_id": str(department.id), "campus_ids": [str(x) for x in department.campus_ids],
        "practising_since": "2015-07-01", "fee_online": "35.5", "fee_offline": "40",
    }  # fmt: skip
    refused = await admin.post("/admin/doctors", data=data | {"fee_online": "三十"})
    assert refused.status_code == 422 and "金额格式不正确" in refused.text and "文知行" in refused.text
    made = await admin.post("/admin/doctors", data=data)
    assert made.status_code == 303
    page = (await admin.get(made.headers["location"])).text
    assert "¥35.50" in page and "尚不能线上出诊" in page
    forced = await admin.post(f"{made.headers['location']}/online")
    assert forced.status_code == 409 and "资质不齐或已过期" in forced.text


async def test_a_department_of_anothers_campus_is_refused(
    admin: Http, units: Units, hospital: Hospital
) -> None:
    other = await add_sample_hospital(units, "jiangbin")
    async with units.system("test") as unit:
        rows = (await unit.session.scalars(sa.select(Department))).all()
    theirs = next(row for row in rows if row.hospital_id == other.id)
    data = {
        "name": "康复科", "name_en": "Rehabilitation", "code": "rehab", "kind": "western",
        "campus_ids": str(theirs.campus_ids[0]), "open": "true",
    }  # fmt: skip
    assert (await admin.post("/admin/departments", data=data)).status_code == 422
    ours = next(row for row in rows if row.hospital_id == hospital.id)
    data["campus_ids"] = str(ours.campus_ids[0])
    assert (await admin.post("/admin/departments", data=data)).status_code == 303
    taken = await admin.post("/admin/departments", data=data)
    assert taken.status_code == 422 and "这个代码已被使用" in taken.text
    assert (await admin.get(f"/admin/departments/{theirs.id}")).status_code == 404


async def test_SJ12_the_go_live_day_is_set_by_the_hospital(
    admin: Http, units: Units, hospital: Hospital
) -> None:
    page = (await admin.get("/admin/hospital")).text
    assert 'name="live_from"' in page
    data = {
        "name": "云安医院", "name_en": "Yun'an Hospital", "phone": "0571-5550-1000",
        "complaint_phone": "0571-5550-1999", "emergency_phone": "120", "emergency_text": "请拨打 120。",
        "emergency_text_en": "Call 120.", "live_from": "2027-01-01", "switches": ["online_clinics"],
    }  # fmt: skip
    assert (await admin.post("/admin/hospital", data=data)).status_code == 303
    admin.headers.pop("cookie")
    public = (await admin.get("/h/yunan")).text
    assert "尚未开通" in public and "2027年1月1日" in public
    answer = await admin.get("/api/v1/hospitals/yunan/doctors")
    assert (answer.status_code, answer.json()["code"]) == (409, "hospital_not_live")


# --- notices, calendar


async def test_XY21_a_notice_is_previewed_then_published_as_the_next_version(
    admin: Http, units: Units, hospital: Hospital
) -> None:
    data = {
        "title": "须知", "title_en": "Notice", "body": "## 范围\n- 复诊", "body_en": "## Scope\n- Follow-up",
    }  # fmt: skip
    preview = await admin.post("/admin/notices", data=data | {"step": "preview"})
    assert preview.status_code == 200 and "<h3>范围</h3>" in preview.text
    done = await admin.post("/admin/notices", data=data | {"step": "publish"})
    assert done.status_code == 303
    async with units.system("test") as unit:
        rows = (await unit.session.scalars(sa.select(ServiceNotice).order_by(ServiceNotice.version))).all()
    assert [row.version for row in rows] == [1, 2] and len(rows[1].sha256) == 64


async def test_a_day_is_closed_with_a_reason(admin: Http) -> None:
    refused = await admin.post(
        "/admin/calendar", data={"day": "2026-11-23", "is_working": "no", "reason": ""}
    )
    assert refused.status_code == 422
    data = {"day": "2026-11-23", "is_working": "no", "reason": "系统检修"}
    assert (await admin.post("/admin/calendar", data=data)).status_code == 303
    month = (await admin.get("/admin/calendar?month=2026-11")).text
    assert "系统检修" in month
    assert (await admin.get("/admin/calendar?month=garbage&day=9999-99-99")).status_code == 200


# --- audit


async def test_the_log_is_searched_by_name_subject_actor_and_day(
    client: Http, units: Units, boss: StaffMember, hospital: Hospital
) -> None:
    key = await bearer(units, staff(boss))

    async def found(**query: str) -> list[dict[str, Any]]:
        answer = await client.get("/api/v1/audit/records", params=query, headers=key)
        assert answer.status_code == 200, answer.text
        return list(answer.json()["items"])

    published = await found(name="policy.published")
    assert [record["name"] for record in published] == ["policy.published"]
    subject = f"policy_versions:{published[0]['subject_id']}"
    assert {record["name"] for record in await found(subject=subject)} == {
        "policy.drafted", "policy.edited", "policy.published",
    }  # fmt: skip
    assert await found(subject=published[0]["subject_id"]) == await found(subject=subject)
    assert await found(name="policy%") == []
    assert await found(actor="没有这个人") == []
    assert await found(first="2026-11-21", last="2026-11-21", name="policy.published") == published
    assert await found(last="2026-11-20") == []


async def test_pages_of_the_log_follow_each_other_without_gap_or_repeat(
    client: Http, units: Units, boss: StaffMember
) -> None:
    key = await bearer(units, staff(boss))
    seen: list[str] = []
    after = ""
    while True:
        query = {"limit": "7", "after": after}
        answer = (await client.get("/api/v1/audit/records", params=query, headers=key)).json()
        seen += [record["id"] for record in answer["items"]]
        after = answer["next"]
        if not after:
            break
    async with units.system("test") as unit:
        own = sa.select(sa.func.count()).where(AuditRecord.hospital_id == boss.hospital_id)
        assert len(seen) == len(set(seen)) == await unit.session.scalar(own)
    for nonsense in ("x", "bm9uc2Vuc2U", "WyIwMDAxLTAxLTAxVDAwOjAwKzIzOjU5IiwgIngiXQ"):
        refused = await client.get("/api/v1/audit/records", params={"after": nonsense}, headers=key)
        assert refused.status_code == 422


async def test_BJ01_the_log_of_one_hospital_never_shows_anothers(
    admin: Http, client: Http, units: Units, boss: StaffMember
) -> None:
    other = await add_hospital(units, "other")
    notice = await add_notice(units, other.id)
    assert str(notice.id)[-12:] not in (await admin.get("/admin/audit?name=notice.")).text
    answer = await client.get("/api/v1/audit/records", params={"subject": str(notice.id)})
    assert answer.json()["items"] == []


async def test_the_seal_is_verified_and_a_changed_record_is_found(
    admin: Http, units: Units, hospital: Hospital, settings: Any
) -> None:
    await seal_audit(units)
    assert "待封存</span>" not in (await admin.get("/admin/audit")).text
    whole = await admin.post("/admin/audit/verification")
    assert whole.status_code == 200 and "封存链完整" in whole.text
    owner = sa.create_engine(settings.owner_url.get_secret_value())
    with owner.begin() as connection:
        connection.execute(sa.text("alter table audit_records no force row level security"))
        connection.execute(
            sa.text("update audit_records set actor_name = '别人' where name = 'policy.published'")
        )
    owner.dispose()
    broken = await admin.post("/admin/audit/verification")
    assert "断开" in broken.text


async def test_every_change_of_the_administrator_is_on_record(
    admin: Http, units: Units, boss: StaffMember, hospital: Hospital
) -> None:
    await admin.post("/admin/calendar", data={"day": "2026-11-23", "is_working": "no", "reason": "检修"})
    path = await _draft(admin)
    await admin.post(f"{path}/discard", data={"revision": "1"})
    async with units.system("test") as unit:
        mine = sa.select(AuditRecord.name).where(AuditRecord.actor_id == boss.account_id)
        names = list(await unit.session.scalars(mine.order_by(AuditRecord.position)))
    assert names == ["calendar.changed", "policy.drafted", "policy.discarded"]
