"""Complaining, without script: nothing typed is ever lost, and everybody sees whom to call (REG68)."""

import re
from uuid import uuid4

import httpx2
import pytest

from telehealth.core.access import Role
from telehealth.core.ids import new_id
from telehealth.core.unit import Units
from telehealth.eligibility import Stage
from telehealth.eligibility.checking import Question, assess
from telehealth.rulebook.rules import ClinicKind
from tests.support import uploads
from tests.support.factories.accounts import bearer, cookie
from tests.support.factories.bookings import House, Patient, add_booker, add_house, book
from tests.support.factories.complaints import WORDS, add_clerk, add_complaint, answered, reread
from tests.support.factories.rulebook import publish_policy
from tests.support.factories.schedule import add_clinic

Client = httpx2.AsyncClient
Headers = dict[str, str]
SAID = {"text": "样例：已改进"}


@pytest.fixture
async def place(units: Units) -> House:
    return await add_house(units)


@pytest.fixture
async def who(units: Units, place: House) -> Patient:
    return await add_booker(units, place)


@pytest.fixture
async def mine(units: Units, who: Patient) -> Headers:
    return await cookie(units, who.actor)


async def test_REG68_the_phones_are_public_and_stand_in_the_footer(
    client: Client, units: Units, place: House
) -> None:
    await publish_policy(units, place.hospital.id, complaints={"supervision_phone": "12320"})
    for path in ("/supervision", "/", f"/h/{place.hospital.code}"):
        text = (await client.get(path)).text
        assert f"tel:{place.hospital.complaint_phone}" in text and "tel:12320" in text, path
        assert path == "/supervision" or 'href="/supervision"' in text
    listed = (await client.get("/api/v1/complaint-phones")).json()
    assert listed[0]["supervision_phone"] == "12320"


async def test_REG68_a_complaint_without_an_order(client: Client, mine: Headers, place: House) -> None:
    form = (await client.get("/complaints/new", headers=mine)).text
    draft = re.search(r'name="draft" value="([^"]+)"', form)
    assert draft is not None and "24 小时内有专人受理" in form and "5 个工作日" in form
    body = {"draft": draft[1], "hospital": place.hospital.code, "kind": "service", "text": WORDS}
    first = await client.post("/complaints/new", headers=mine, data=body)
    again = await client.post("/complaints/new", headers=mine, data=body)
    assert first.status_code == 303 and again.headers["location"] == first.headers["location"]
    page = (await client.get(first.headers["location"], headers=mine)).text
    assert WORDS in page and "CP-261121-" in page and "专人受理" in page
    assert WORDS not in (await client.get("/complaints", headers=mine)).text


async def test_REG68_an_oversize_complaint_is_refused_and_every_word_stays(
    client: Client, mine: Headers, place: House
) -> None:
    text = "字" * 2001
    body = {"draft": str(new_id()), "hospital": place.hospital.code, "kind": "service", "text": text}
    refused = await client.post("/complaints/new", headers=mine, data=body)
    assert refused.status_code == 422 and text in refused.text and "超过字数上限" in refused.text
    far_too_long = await client.post("/complaints/new", headers=mine, data=body | {"text": "字" * 20_001})
    assert far_too_long.status_code == 422 and "字" * 20_001 in far_too_long.text
    empty = await client.post("/complaints/new", headers=mine, data=body | {"text": "", "kind": ""})
    assert empty.status_code == 422


async def test_REG68_a_refused_photo_costs_nothing_that_was_written(
    client: Client, units: Units, mine: Headers, place: House, who: Patient
) -> None:
    row = await add_complaint(units, place, who)
    here = f"/uploads/complaints/{row.id}"
    sent = {"photo": ("a.jpg", uploads.PROGRAM, "image/jpeg")}
    refused = await client.post(here, headers=mine, files=sent)
    assert refused.status_code == 303
    page = (await client.get(f"/complaints/{row.id}", headers=mine | _flash(refused, mine))).text
    assert WORDS in page and "无法读取这个文件" in page
    kept = await client.post(here, headers=mine, files={"photo": ("b.jpg", uploads.photo(), "image/jpeg")})
    assert kept.status_code == 303
    page = (await client.get(f"/complaints/{row.id}", headers=mine)).text
    photo = re.search(r"/api/v1/complaint-photos/([0-9a-f-]+)/content\?thumbnail=true", page)
    assert photo is not None
    assert (await client.get(photo[0], headers=mine)).status_code == 307
    nothing = await client.post(here, headers=mine, data={"photo": ""})
    assert nothing.status_code == 303
    stranger = await cookie(units, (await add_booker(units, place, "13800005555")).actor)
    assert (await client.get(photo[0], headers=stranger)).status_code == 404
    assert (await client.post(here, headers=stranger, files=sent)).status_code == 404


async def test_REG68_no_more_photos_than_the_hospital_takes(
    client: Client, units: Units, mine: Headers, place: House, who: Patient
) -> None:
    await publish_policy(units, place.hospital.id, complaints={"most_photos": 1})
    row = await add_complaint(units, place, who)
    for expected in ("照片已添加", "照片数量已到上限"):
        files = {"photo": ("b.jpg", uploads.photo(), "image/jpeg")}
        sent = await client.post(f"/uploads/complaints/{row.id}", headers=mine, files=files)
        shown = await client.get(f"/complaints/{row.id}", headers=mine | _flash(sent, mine))
        assert expected in shown.text


async def test_REG68_staff_answer_and_the_patient_objects_once(
    client: Client, units: Units, mine: Headers, place: House, who: Patient
) -> None:
    row = await add_complaint(units, place, who)
    clerk = await add_clerk(units, place, Role.DESK)
    theirs = await cookie(units, clerk)
    assert row.number in (await client.get("/staff/complaints", headers=theirs)).text
    assert row.number not in (await client.get("/staff/complaints?group=done", headers=theirs)).text
    here = f"/staff/complaints/{row.id}"
    assert WORDS in (await client.get(here, headers=theirs)).text
    assert (await client.post(f"{here}/taking", headers=theirs)).status_code == 303
    assert (await client.post(f"{here}/replies", headers=theirs, data=SAID)).status_code == 303
    blank = await client.post(f"{here}/answer", headers=theirs, data={"text": ""})
    assert blank.status_code == 422
    assert (await client.post(f"{here}/answer", headers=theirs, data=SAID)).status_code == 303
    page = (await client.get(f"/complaints/{row.id}", headers=mine)).text
    assert clerk.name in page and "样例：已改进" in page and "不满意，提出异议" in page
    assert "投诉已答复" in (await client.get("/", headers=mine)).text
    again = await client.post(f"/complaints/{row.id}/reopening", headers=mine, data={"text": "样例：不满意"})
    assert again.status_code == 303
    await answered(units, row, clerk)
    page = await client.post(f"/complaints/{row.id}/reopening", headers=mine, data={"text": "样例：还不满意"})
    assert page.status_code == 409 and "样例：还不满意" in page.text and "监督电话" in page.text
    assert (await client.post(f"/complaints/{row.id}/closing", headers=mine)).status_code == 303
    late = await client.post(f"{here}/replies", headers=theirs, data={"text": "样例：太晚的话"})
    assert late.status_code == 409 and "已经答复或结束" in late.text


async def test_REG68_through_the_api_alone(client: Client, units: Units, place: House, who: Patient) -> None:
    headers = await bearer(units, who.actor)
    draft = str(uuid4())
    body = {"kind": "waiting", "text": WORDS, "hospital": place.hospital.code, "draft": draft}
    made = await client.post("/api/v1/complaints", headers=headers, json=body)
    assert made.status_code == 201 and made.json()["steps"][0]["kind"] == "made"
    twice = await client.post("/api/v1/complaints", headers=headers, json=body)
    assert twice.json()["id"] == made.json()["id"]
    here = f"/api/v1/complaints/{made.json()['id']}"
    offered = await client.post(
        f"{here}/photos", headers=headers, json={"content_type": "image/jpeg", "size": 1000}
    )
    assert offered.status_code == 201
    missing = await client.post(offered.json()["finish_url"], headers=headers)
    assert (missing.status_code, missing.json()["code"]) == (409, "upload_missing")
    assert (await client.post(f"{here}/closing", headers=headers)).json()["code"] == "complaint_not_answered"
    too_long = body | {"text": "字" * 2001, "draft": str(uuid4())}
    long = await client.post("/api/v1/complaints", headers=headers, json=too_long)
    assert (long.status_code, long.json()["errors"][0]["pointer"]) == (422, "/text")
    clerk = await bearer(units, await add_clerk(units, place))
    owed = (await client.get("/api/v1/staff/complaints", headers=clerk)).json()
    assert [item["number"] for item in owed["items"]] == [made.json()["number"]]
    theirs = f"/api/v1/staff/complaints/{made.json()['id']}"
    answer = await client.post(f"{theirs}/answer", headers=clerk, json={"text": "样例：已改进"})
    assert answer.json()["state"] == "answered"
    assert (await client.post(f"{here}/closing", headers=headers)).json()["state"] == "closed"


async def test_REG58_a_refusal_shows_why_and_a_button_that_asks_a_person(
    client: Client, units: Units, place: House
) -> None:
    unwell = await add_booker(units, place, "13800007777")
    headers = await cookie(units, unwell.actor)
    asked = Question(
        place.hospital.id, unwell.person.id, Stage.RED_FLAGS, ClinicKind.INTERNET, stable=False, red_flags=()
    )
    check = (await assess(units, unwell.actor, asked)).row
    page = (await client.get(f"/h/{place.hospital.code}/check/{check.id}", headers=headers)).text
    button = re.search(r'href="(/complaints/new\?about=gate_check&amp;id=[^"]+)"', page)
    assert button is not None
    form = (await client.get(button[1].replace("&amp;", "&"), headers=headers)).text
    assert "申请人工复核" in form and "规则本身不能由人工放宽" in form
    body = {
        "draft": str(new_id()), "about": "gate_check", "about_id": str(check.id), "kind": "review",
        "text": "样例：上月来过",
    }  # fmt: skip
    made = await client.post("/complaints/new", headers=headers, data=body)
    assert made.status_code == 303
    clerk = await cookie(units, await add_clerk(units, place))
    here = f"/staff{made.headers['location']}"
    assert "系统当时的判定" in (await client.get(here, headers=clerk)).text
    unsaid = await client.post(f"{here}/answer", headers=clerk, data={"text": "样例：已核对"})
    assert unsaid.status_code == 409 and "请选择复核结果" in unsaid.text
    said = {"text": "样例：已补录", "outcome": "corrected"}
    assert (await client.post(f"{here}/answer", headers=clerk, data=said)).status_code == 303
    page = (await client.get(made.headers["location"], headers=headers)).text
    assert "重新核对资格" in page and f"/h/{place.hospital.code}/check?person=" in page


async def test_REG68_the_head_sees_what_is_late_and_a_patient_nothing_of_the_staffs_queue(
    client: Client, units: Units, mine: Headers, place: House, who: Patient
) -> None:
    row = await add_complaint(units, place, who)
    head = await cookie(units, await add_clerk(units, place, Role.HEAD, "head"))
    assert "有投诉待处理" not in (await client.get("/staff", headers=head)).text
    clerk = await cookie(units, await add_clerk(units, place))
    assert "有投诉待处理" in (await client.get("/staff", headers=clerk)).text
    assert (await client.get("/staff/complaints", headers=mine)).status_code == 403
    assert (await reread(units, row)).escalated_at is None


async def test_REG68_an_order_says_when_its_complaint_is_answered(
    client: Client, units: Units, mine: Headers, place: House, who: Patient
) -> None:
    booking = await book(units, place, who, (await add_clinic(units, place.doctor)).slot.id)
    row = await add_complaint(units, place, who, hospital_id=None, about="booking", about_id=booking.id)
    headers = await bearer(units, who.actor)
    order = (await client.get(f"/api/v1/orders/bookings/{booking.id}", headers=headers)).json()
    [promised] = [made for made in order["promises"] if made["code"] == "complaint_answer"]
    assert (promised["owner"], promised["standing"]) == ("hospital", "running")
    page = (await client.get(f"/orders/bookings/{booking.id}", headers=mine)).text
    assert "医院答复您的投诉" in page and f"/complaints/{row.id}" in page


def _flash(answer: httpx2.Response, mine: Headers) -> Headers:
    """The cookie that carries the sentence to the next page, beside the session's."""
    flash = answer.headers["set-cookie"].partition(";")[0]
    return {"cookie": f"{mine['cookie']}; {flash}"}
