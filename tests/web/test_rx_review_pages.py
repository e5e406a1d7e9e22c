"""The pharmacist's pages and JSON: queue, one sheet, answer, duty; nobody else's."""

import re
from datetime import timedelta

import httpx2
import pytest

from prescriptions.models import Prescription
from prescriptions.states import RxState
from telehealth.core.access import Role
from telehealth.core.clock import FixedClock
from telehealth.core.unit import Units
from tests.support.factories.accounts import add_staff, bearer, cookie, staff
from tests.support.factories.reviewing import Review, open_review, to_review
from tests.support.factories.writing import sign_sheet, written_herbs

Http = httpx2.AsyncClient


@pytest.fixture
async def place(units: Units) -> Review:
    return await open_review(units)


@pytest.fixture
async def pharmacist(client: Http, units: Units, place: Review) -> Http:
    client.headers.update(await cookie(units, place.pharmacist))
    client.headers["origin"] = "http://testserver"
    return client


async def steps_up(units: Units, place: Review, client: Http) -> None:
    """The session of the cookie has its second factor fresh: it was opened this moment."""
    client.headers.update(await cookie(units, place.pharmacist))


async def now(units: Units, rx: Prescription) -> RxState:
    async with units.system("test") as unit:
        return (await unit.session.get_one(Prescription, rx.id)).state


async def test_a_western_sheet_is_read_and_passed(pharmacist: Http, units: Units, place: Review) -> None:
    rx = await to_review(units, place)
    queue = await pharmacist.get("/staff/reviews")
    assert rx.number in queue.text
    assert "还有 30 分钟" in queue.text
    page = await pharmacist.get(f"/staff/reviews/{rx.id}")
    assert page.status_code == 200
    for words in ("氨氯地平", "每次 5 mg", "通过并签名", "退回修改"):
        assert words in page.text
    passed = await pharmacist.post(f"/staff/reviews/{rx.id}/pass", data={"issue": "1"})
    assert passed.status_code == 303, passed.text
    assert await now(units, rx) is RxState.PASSED
    assert "已通过" in (await pharmacist.get("/staff/reviews")).text
    assert "已通过" in (await pharmacist.get(f"/staff/reviews/{rx.id}")).text


async def test_REG35_a_decoction_sheet_is_read_in_its_order_with_steps(
    pharmacist: Http, units: Units, place: Review
) -> None:
    rx = await sign_sheet(units, place.desk, await written_herbs(units, place.desk))
    page = await pharmacist.get(f"/staff/reviews/{rx.id}")
    assert page.status_code == 200
    herbs = re.findall(r'<li class="rx-line.*?<b>(.*?)</b>', page.text, re.S)
    assert herbs[0].startswith("黄芪")
    assert len(herbs) == 4


async def test_returning_needs_a_reason_and_keeps_what_was_typed(
    pharmacist: Http, units: Units, place: Review
) -> None:
    rx = await to_review(units, place)
    path = f"/staff/reviews/{rx.id}/answer"
    refused = await pharmacist.post(path, data={"issue": "1", "reason": " ", "go": "return"})
    assert refused.status_code == 409
    assert "请写明理由" in refused.text
    done = await pharmacist.post(path, data={"issue": "1", "reason": "样例：请核对剂量", "go": "return"})
    assert done.status_code == 303
    assert await now(units, rx) is RxState.RETURNED


async def test_refusing_is_its_own_button(pharmacist: Http, units: Units, place: Review) -> None:
    rx = await to_review(units, place)
    data = {"issue": "1", "reason": "样例：不宜使用", "go": "refuse"}
    assert (await pharmacist.post(f"/staff/reviews/{rx.id}/answer", data=data)).status_code == 303
    assert await now(units, rx) is RxState.REFUSED


@pytest.mark.parametrize("issue", ["", "0", "x", "99999999999999999999", "2"])
async def test_nonsense_is_told_as_outdated(
    pharmacist: Http, units: Units, place: Review, issue: str
) -> None:
    rx = await to_review(units, place)
    answer = await pharmacist.post(f"/staff/reviews/{rx.id}/pass", data={"issue": issue})
    assert answer.status_code == 409
    assert "请刷新" in answer.text
    assert await now(units, rx) is RxState.SIGNED


async def test_REG38_a_stale_second_factor_leads_to_it_and_back(
    pharmacist: Http, units: Units, place: Review, clock: FixedClock
) -> None:
    rx = await to_review(units, place)
    clock.advance(timedelta(minutes=31))
    answer = await pharmacist.post(f"/staff/reviews/{rx.id}/pass", data={"issue": "1"})
    assert answer.headers["location"] == f"/staff/step-up?next=/staff/reviews/{rx.id}"


async def test_the_signed_bytes_open_from_the_page(pharmacist: Http, units: Units, place: Review) -> None:
    rx = await to_review(units, place)
    answer = await pharmacist.get(f"/staff/reviews/{rx.id}/sheet", follow_redirects=True)
    assert answer.content.startswith(b"%PDF")


async def test_duty_is_planned_and_dropped(pharmacist: Http, units: Units, place: Review) -> None:
    data = {
        "account": str(place.pharmacist.account),
        "starts_at": "2026-11-21T12:00",
        "ends_at": "2026-11-21T20:00",
    }
    assert (await pharmacist.post("/staff/duty", data=data)).status_code == 303
    page = await pharmacist.get("/staff/duty")
    assert "样例药师" in page.text
    path = re.search(r'action="(/staff/duty/[^"]+/end)"', page.text)
    assert path is not None
    assert (await pharmacist.post(path[1])).status_code == 303
    assert "没有安排值班" in (await pharmacist.get("/staff/duty")).text


@pytest.mark.parametrize(
    "changes", [{"account": "x"}, {"starts_at": "soon"}, {"ends_at": "2026-11-20T20:00"}, {"ends_at": ""}]
)
async def test_duty_that_makes_no_sense_is_refused(
    pharmacist: Http, place: Review, changes: dict[str, str]
) -> None:
    data = {
        "account": str(place.pharmacist.account),
        "starts_at": "2026-11-21T12:00",
        "ends_at": "2026-11-21T20:00",
    } | changes
    assert (await pharmacist.post("/staff/duty", data=data)).status_code == 422


async def test_an_app_plans_duty(client: Http, units: Units, place: Review) -> None:
    client.headers.update(await bearer(units, place.pharmacist))
    [somebody] = (await client.get("/api/v1/duties")).json()["pharmacists"]
    assert somebody["name"] == "样例药师"
    body = {
        "account_id": somebody["account_id"],
        "starts_at": "2026-11-21T12:00:00+08:00",
        "ends_at": "2026-11-21T20:00:00+08:00",
    }
    made = await client.post("/api/v1/duties", json=body)
    again = await client.post("/api/v1/duties", json=body)
    assert (made.status_code, again.json()["id"]) == (201, made.json()["id"])
    [shown] = (await client.get("/api/v1/duties")).json()["duties"]
    assert shown == made.json()
    there = f"/api/v1/duties/{shown['id']}"
    assert (await client.delete(there)).status_code == 204
    assert (await client.delete(there)).status_code == 404
    assert (await client.get("/api/v1/duties")).json()["duties"] == []


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"account_id": "00000000-0000-4000-8000-000000000001"}, "fields_invalid"),
        ({"starts_at": "2026-11-21T12:00:00"}, "request_invalid"),
        ({"ends_at": "2026-11-21T11:00:00+08:00"}, "duty_refused"),
        ({"ends_at": "2026-11-23T20:00:00+08:00"}, "duty_refused"),
        ({"starts_at": "0001-01-01T00:00:00+08:00"}, "duty_refused"),
        ({"starts_at": "9999-12-31T00:00:00Z", "ends_at": "9999-12-31T20:00:00Z"}, "duty_refused"),
        ({"starts_at": "2028-01-01T00:00:00Z", "ends_at": "2028-01-01T20:00:00Z"}, "duty_refused"),
    ],
)
async def test_duty_of_nobody_or_of_no_day_is_refused_by_the_api(
    client: Http, units: Units, place: Review, changes: dict[str, str], code: str
) -> None:
    client.headers.update(await bearer(units, place.pharmacist))
    body = {
        "account_id": str(place.pharmacist.account),
        "starts_at": "2026-11-21T12:00:00+08:00",
        "ends_at": "2026-11-21T20:00:00+08:00",
    }
    answer = await client.post("/api/v1/duties", json=body | changes)
    assert (answer.status_code, answer.json()["code"]) == (422, code)


async def test_an_app_reads_the_queue_and_answers(client: Http, units: Units, place: Review) -> None:
    rx = await to_review(units, place)
    client.headers.update(await bearer(units, place.pharmacist))
    [waiting] = (await client.get("/api/v1/reviews")).json()
    assert waiting["number"] == rx.number
    shown = (await client.get(f"/api/v1/reviews/{rx.id}")).json()
    assert shown["lines"][0]["usage"].startswith("每次 5 mg")
    passed = await client.post(f"/api/v1/reviews/{rx.id}/passing", json={"issue": 1})
    assert passed.json()["state"] == "passed", passed.text
    again = await client.post(f"/api/v1/reviews/{rx.id}/refusal", json={"issue": 1, "reason": "样例：理由"})
    assert again.status_code == 409
    assert again.json()["code"] == "not_under_review"


@pytest.mark.parametrize("role", [role for role in Role if role not in (Role.PATIENT, Role.PHARMACIST)])
async def test_nobody_else_opens_them(client: Http, units: Units, place: Review, role: Role) -> None:
    rx = await to_review(units, place)
    member = await add_staff(units, place.desk.visit.house.hospital.id, (role,), login="other")
    page, key = await cookie(units, staff(member)), await bearer(units, staff(member))
    for path in ("/staff/reviews", f"/staff/reviews/{rx.id}", "/staff/duty"):
        assert (await client.get(path, headers=page)).status_code == 403
    assert (await client.get("/api/v1/reviews", headers=key)).status_code == 403
