"""A record to read, to download, to share; what whoever holds a link or a paper is shown (GD08, REG54)."""

from collections.abc import AsyncIterator
from datetime import timedelta

import httpx2
import pytest

from telehealth.core.access import Role
from telehealth.core.clock import FixedClock
from telehealth.core.unit import Units
from telehealth.patients.linking_family import end_link
from telehealth.records import heirs, issuing, sharing
from telehealth.records.models import Report
from telehealth.records.states import PaperKind
from tests.support.factories.accounts import add_staff, bearer, cookie, staff
from tests.support.factories.bookings import House, Patient, add_booker, add_house
from tests.support.factories.consulting import admit_as, sign_note, write_note
from tests.support.factories.records import add_report, add_share
from tests.support.factories.rooms import add_room

Client = httpx2.AsyncClient
HIDDEN = ("no-store", "noindex, nofollow", "no-referrer")


@pytest.fixture
async def place(units: Units) -> House:
    return await add_house(units)


@pytest.fixture
async def who(units: Units, place: House) -> Patient:
    return await add_booker(units, place, "13800001234")


@pytest.fixture
async def report(units: Units, place: House, who: Patient) -> Report:
    return await add_report(units, place.hospital.id, who.person.id)


@pytest.fixture
async def mine(client: Client, units: Units, who: Patient) -> AsyncIterator[Client]:
    client.headers.update(await cookie(units, who.actor))
    yield client


async def test_GD08_the_record_lists_a_report_although_the_hospital_is_silent(
    mine: Client, report: Report, clock: FixedClock
) -> None:
    clock.advance(timedelta(minutes=31))
    answer = await mine.get("/records")
    assert answer.status_code == 200
    assert "血脂四项" in answer.text
    assert "暂时没有应答" in answer.text


async def test_GD08_nobody_yet_is_led_to_add_somebody(client: Client, units: Units) -> None:
    from_nobody = await client.get("/records")
    assert from_nobody.status_code == 303


async def test_GD08_a_report_says_range_and_flag_in_words(mine: Client, report: Report) -> None:
    page = await mine.get(f"/records/reports/{report.id}")
    assert page.status_code == 200
    for word in ("总胆固醇", "0–5.18", "偏高", "正常", "1 项不在参考范围"):
        assert word in page.text


async def test_GD08_a_note_can_be_read_and_downloaded(client: Client, units: Units) -> None:
    visit = await add_room(units)
    await admit_as(units, visit)
    await write_note(units, visit)
    await sign_note(units, visit)
    client.headers.update(await cookie(units, visit.who.actor))
    assert "样例主诉" in (await client.get(f"/records/notes/{visit.room}")).text
    assert (await client.get(f"/records/papers/note/{visit.room}")).status_code == 200
    file = await client.get(f"/records/papers/note/{visit.room}/file")
    assert file.headers["content-type"] == "application/pdf"
    assert file.headers["cache-control"] == "private, no-store"


async def test_REG54_the_paper_page_shows_its_hash_and_leads_to_the_check(
    mine: Client, report: Report
) -> None:
    page = await mine.get(f"/records/papers/report/{report.id}")
    file = await mine.get(f"/records/papers/report/{report.id}/file")
    code = page.text.split('href="/papers/')[1].split('"')[0]
    checked = await mine.post(f"/papers/{code}", files={"file": ("a.pdf", file.content, "application/pdf")})
    assert "完全一致" in checked.text
    altered = await mine.post(f"/papers/{code}", files={"file": ("a.pdf", b"%PDF-1.7", "application/pdf")})
    assert "不一致" in altered.text
    nothing = await mine.post(f"/papers/{code}", files={"file": ("a.pdf", b"", "application/pdf")})
    assert nothing.status_code == 422
    unknown = await mine.get("/papers/nonsense")
    assert unknown.status_code == 404


async def test_GD08_a_share_is_made_shown_and_taken_back(
    mine: Client, client: Client, report: Report, who: Patient
) -> None:
    form = await mine.get("/shares/new")
    assert "血脂四项" in form.text
    made = await mine.post("/shares", data={
        "person_id": str(who.person.id), "papers": f"report:{report.id}", "days": "7", "label": "家人",
    })  # fmt: skip
    assert made.status_code == 303, made.text
    page = await mine.get(made.headers["location"])
    assert "<svg" in page.text and "家人" in page.text
    link = "/shared/" + page.text.split("/shared/")[1].split('"')[0]
    del client.headers["cookie"]
    shared = await client.get(link)
    assert shared.status_code == 200 and "血脂四项" in shared.text
    assert who.person.name not in shared.text
    said = tuple(shared.headers[name] for name in ("cache-control", "x-robots-tag", "referrer-policy"))
    assert said == HIDDEN


async def test_GD08_a_refused_share_gives_back_what_was_chosen(
    mine: Client, report: Report, who: Patient
) -> None:
    bad = await mine.post("/shares", data={
        "person_id": str(who.person.id), "papers": f"report:{report.id}", "days": "8", "label": "家人",
    })  # fmt: skip
    assert bad.status_code == 422
    assert "家人" in bad.text and "请从给出的天数中选择" in bad.text
    assert f'value="report:{report.id}" id="f-papers" checked' in bad.text
    none = await mine.post("/shares", data={"person_id": str(who.person.id), "days": "7"})
    assert none.status_code == 409 and "请至少选择一份资料" in none.text
    odd = await mine.post("/shares", data={"person_id": str(who.person.id), "papers": "x:y", "days": "7"})
    assert odd.status_code == 422


async def test_GD08_a_closed_link_says_the_same_whatever_the_reason(
    client: Client, units: Units, who: Patient, report: Report
) -> None:
    share = await add_share(units, who.actor, report)
    async with units.of(who.actor) as unit:
        await sharing.revoke(unit, share.id)
    answers = [await client.get(f"/shared/{token}") for token in (share.token, "x" * 32)]
    assert [answer.status_code for answer in answers] == [404, 404]
    assert answers[0].text.replace(share.token, "x" * 32) == answers[1].text
    assert answers[0].headers["cache-control"] == "no-store"


async def test_GD08_a_view_code_opens_one_browser(
    client: Client, units: Units, who: Patient, report: Report
) -> None:
    share = await add_share(units, who.actor, report, with_code=True)
    assert "请输入查看码" in (await client.get(f"/shared/{share.token}")).text
    wrong = await client.post(f"/shared/{share.token}", data={"code": "1"})
    assert wrong.status_code == 403 and "查看码不正确" in wrong.text
    right = await client.post(f"/shared/{share.token}", data={"code": share.view_code or ""})
    assert right.status_code == 303
    assert "血脂四项" in (await client.get(f"/shared/{share.token}")).text
    client.cookies.clear()
    assert (await client.get(f"/shared/{share.token}")).status_code == 404


async def test_GD08_clients_do_all_of_it_through_the_api(
    client: Client, units: Units, who: Patient, report: Report
) -> None:
    client.headers.update(await bearer(units, who.actor))
    base, person = "/api/v1", who.person.id
    listed = (await client.get(f"{base}/people/{person}/documents?kind=report")).json()
    assert [item["title"]["zh-CN"] for item in listed["items"]] == ["血脂四项"]
    told = (await client.get(f"{base}/reports/{report.id}")).json()
    assert told["lines"][0]["flag"] == "high"
    body = {"kind": "report", "document_id": str(report.id)}
    paper = await client.post(f"{base}/papers", json=body)
    assert paper.status_code == 201, paper.text
    link = (await client.get(f"{base}/papers/{paper.json()['id']}/file")).json()
    assert link["sha256"] == paper.json()["sha256"]
    made = await client.post(
        f"{base}/shares", json={"person_id": str(person), "papers": [f"report:{report.id}"], "days": 1}
    )
    assert made.status_code == 201, made.text
    share = made.json()
    assert (await client.get(share["path"])).status_code == 200
    assert (await client.get(f"{base}/shares/{share['id']}")).json()["views"] == 1
    assert len((await client.get(f"{base}/shares/{share['id']}/views")).json()) == 1
    assert (await client.get(f"{base}/shares")).json()["items"][0]["id"] == share["id"]
    revoked = await client.post(f"{base}/shares/{share['id']}/revocation", json={})
    assert revoked.json()["revoked_at"]
    assert (await client.get(share["path"])).status_code == 404


async def test_REG56_a_paper_of_somebody_no_longer_acted_for_is_not_found(
    client: Client, units: Units, who: Patient, report: Report
) -> None:
    paper = await issuing.issue(units, who.actor, PaperKind.REPORT, report.id)
    client.headers.update(await bearer(units, who.actor))
    file = f"/api/v1/papers/{paper.id}/file"
    assert (await client.get(file)).status_code == 200
    await end_link(units, who.actor, who.person.id)
    gone = await client.get(file)
    assert (gone.status_code, gone.json()["code"]) == (404, "paper_not_found")


async def test_REG54_a_share_holds_the_very_file_that_was_issued(
    client: Client, units: Units, who: Patient, report: Report
) -> None:
    paper = await issuing.issue(units, who.actor, PaperKind.REPORT, report.id)
    share = await add_share(units, who.actor, report)
    file = await client.get(f"/shared/{share.token}/{paper.id}")
    assert file.content == await issuing.read(units, paper)
    assert file.headers["referrer-policy"] == "no-referrer"


async def test_GS13_REG56_REG59_REG60_pages_of_ones_rights(
    mine: Client, units: Units, who: Patient, place: House, report: Report
) -> None:
    """Looked at, consented to, restricted, exported, asked for by a relative: by pages alone."""
    assert "还没有人看过" in (await mine.get("/records/views")).text
    await add_share(units, who.actor, report)
    consents = await mine.get("/consents")
    action = consents.text.split('action="/consents/')[1].split('"')[0]
    withdrawn = await mine.post(f"/consents/{action}")
    assert withdrawn.status_code == 303
    assert "已撤回或结束" in (await mine.get("/consents")).text
    ids = {"person_id": str(who.person.id), "hospital_id": str(place.hospital.id)}
    unasked = await mine.post("/data-rights/restrictions", data=ids)
    assert unasked.status_code == 303
    assert "已限制处理" not in (await mine.get("/data-rights")).text
    await mine.post("/data-rights/restrictions", data=ids | {"agreed": "true"})
    rights = (await mine.get("/data-rights")).text
    assert "已限制处理" in rights and "依法至少保存至" in rights
    assert "资料已限制处理" in (await mine.get("/records")).text
    lift = rights.split('action="/data-rights/')[1].split('"')[0]
    await mine.post(f"/data-rights/{lift}")
    assert "解除限制" not in (await mine.get("/data-rights")).text
    made = await mine.post("/exports", data={"person_id": str(who.person.id)})
    page = await mine.get(made.headers["location"])
    assert "data-live" in page.text and "排队中" in page.text
    early = await mine.get(f"{made.headers['location']}/file")
    assert early.status_code == 303
    bad = await mine.post("/data-rights/heirs", data={"hospital": "yunan"})
    assert bad.status_code == 422
    heir = {
        "hospital": "yunan", "name": "样例故人", "document_number": "330100194001010011",
        "relation": "子女", "wish": "了解最后的用药",
    }  # fmt: skip
    assert (await mine.post("/data-rights/heirs", data=heir)).status_code == 303
    assert "样***" in (await mine.get("/data-rights")).text


async def test_REG60_the_desk_answers_a_relative(
    client: Client, units: Units, who: Patient, place: House
) -> None:
    async with units.of(who.actor) as unit:
        told = heirs.Told("样例故人", "330100194001010011", "子女", "了解最后的用药")
        request = await heirs.ask(unit, who.actor, place.hospital.code, told)
    desk = await add_staff(units, place.hospital.id, [Role.DESK], login="desk.records")
    client.headers.update(await cookie(units, staff(desk)))
    page = await client.get("/staff/data-requests")
    assert "样例故人" in page.text and "330100194001010011" not in page.text
    empty = await client.post(f"/staff/data-requests/{request.id}/answer", data={"granted": "true"})
    assert empty.status_code == 422
    done = await client.post(
        f"/staff/data-requests/{request.id}/answer", data={"granted": "true", "answer": "请持证明到院"}
    )
    assert done.status_code == 303
    assert "没有待答复的申请" in (await client.get("/staff/data-requests")).text


async def test_GS13_REG56_REG60_clients_do_it_through_the_api(
    client: Client, units: Units, who: Patient, place: House, report: Report
) -> None:
    client.headers.update(await bearer(units, who.actor))
    base, person = "/api/v1", str(who.person.id)
    share = await add_share(units, who.actor, report)
    await client.get(f"/shared/{share.token}")
    looks = (await client.get(f"{base}/people/{person}/looks")).json()["items"]
    assert looks[0]["what"]["zh-CN"] == "打开了您的分享"
    assert (await client.get(f"{base}/people/{person}/disclosures")).json() == []
    consents = (await client.get(f"{base}/consents")).json()
    [own] = [one for one in consents if one["id"] == str(share.id)]
    gone = await client.post(f"{base}/consents/{own['kind']}/{own['id']}/withdrawal", json={})
    assert gone.status_code == 204
    asked = await client.post(
        f"{base}/data-requests/restrictions",
        json={"person_id": person, "hospital_id": str(place.hospital.id)},
    )
    assert asked.json()["state"] == "standing"
    refused = await client.post(
        f"{base}/shares", json={"person_id": person, "papers": [f"report:{report.id}"], "days": 1}
    )
    assert (refused.status_code, refused.json()["code"]) == (409, "data_restricted")
    lifted = await client.post(f"{base}/data-requests/{asked.json()['id']}/lifting", json={})
    assert lifted.json()["state"] == "lifted"
    made = await client.post(f"{base}/record-exports", json={"person_id": person})
    assert (made.status_code, made.json()["progress"]["state"]) == (201, "waiting")
    locked = await client.get(f"{base}/record-exports/{made.json()['id']}/file")
    assert (locked.status_code, locked.json()["code"]) == (409, "export_not_ready")
