"""Bad input and bad moments at the patient's doors: by page and by API a clear answer, and nothing lost.

What is wrong is said in the reader's words beside what they typed; what they had before is still theirs.
"""

import re
from datetime import UTC, date, datetime, timedelta

import httpx2
import pytest
import sqlalchemy as sa

from telehealth.complaints.models import Complaint
from telehealth.core.clock import FixedClock
from telehealth.core.ids import new_id
from telehealth.core.unit import Units
from telehealth.family.states import BindingState, Side
from telehealth.patients.models import Consent, PatientLink
from telehealth.patients.rules import Relation
from telehealth.patients.states import LinkState, Purpose
from telehealth.ratings.models import Rating
from telehealth.records.models import Report, Share
from telehealth.strikes.models import Appeal
from tests.support.factories.accounts import bearer, cookie
from tests.support.factories.bookings import House, Patient, add_booker, add_house
from tests.support.factories.complaints import WORDS
from tests.support.factories.family import (
    add_member,
    ask_to_bind,
    bind_member,
    places,
    reread_binding,
)
from tests.support.factories.ratings import had
from tests.support.factories.records import add_report, add_share
from tests.support.factories.strikes import add_strike

Client = httpx2.AsyncClient
Headers = dict[str, str]
API = "/api/v1"
#: What a browser sends from a box into which somebody pasted a screenful of a terminal.
CONTROLS = "样例：等了很久\x1b[31m\x07\u202e"


@pytest.fixture
async def place(units: Units) -> House:
    return await add_house(units)


@pytest.fixture
async def who(units: Units, place: House) -> Patient:
    return await add_booker(units, place)


@pytest.fixture
async def mine(units: Units, who: Patient) -> Headers:
    return await cookie(units, who.actor)


@pytest.fixture
async def app(units: Units, who: Patient) -> Headers:
    return await bearer(units, who.actor)


@pytest.fixture
async def report(units: Units, place: House, who: Patient) -> Report:
    return await add_report(units, place.hospital.id, who.person.id)


async def count(units: Units, table: type[Complaint | Rating | Appeal | Share]) -> int:
    async with units.system("test") as unit:
        return await unit.session.scalar(sa.select(sa.func.count()).select_from(table)) or 0


# A share that is over.


async def test_GD08_an_expired_link_says_what_to_do_and_the_owner_keeps_everything(
    client: Client, units: Units, clock: FixedClock, who: Patient, mine: Headers, app: Headers, report: Report
) -> None:
    share = await add_share(units, who.actor, report, days=1)
    assert (await client.get(f"/shared/{share.token}")).status_code == 200
    clock.move_business_to(clock.business() + timedelta(days=1))
    over = await client.get(f"/shared/{share.token}")
    assert over.status_code == 404 and who.person.name not in over.text and "血脂四项" not in over.text
    assert (await client.post(f"/shared/{share.token}", data={"code": "123456"})).status_code == 404
    assert "已到期" in (await client.get(f"/shares/{share.id}", headers=mine)).text
    [kept] = (await client.get(f"{API}/shares", headers=app)).json()["items"]
    assert kept["id"] == str(share.id)
    assert (await client.get(f"/records/reports/{report.id}", headers=mine)).status_code == 200


async def test_GD08_a_link_taken_back_is_over_at_once_and_taking_back_twice_changes_nothing(
    client: Client, units: Units, who: Patient, mine: Headers, app: Headers, report: Report
) -> None:
    share = await add_share(units, who.actor, report)
    for _ in range(2):
        assert (await client.post(f"/shares/{share.id}/revocation", headers=mine)).status_code == 303
    again = await client.post(f"{API}/shares/{share.id}/revocation", json={}, headers=app)
    assert again.status_code in (200, 204)
    assert (await client.get(f"/shared/{share.token}")).status_code == 404


async def test_REG59_a_restricted_record_is_not_shared_and_the_page_says_why(
    client: Client, who: Patient, place: House, mine: Headers, app: Headers, report: Report, units: Units
) -> None:
    ids = {"person_id": str(who.person.id), "hospital_id": str(place.hospital.id)}
    await client.post("/data-rights/restrictions", data=ids | {"agreed": "true"}, headers=mine)
    wish = {"person_id": str(who.person.id), "papers": f"report:{report.id}", "days": "7", "label": "家人"}
    refused = await client.post("/shares", data=wish, headers=mine)
    assert refused.status_code == 409 and "限制" in refused.text and "家人" in refused.text
    body = {"person_id": str(who.person.id), "papers": [f"report:{report.id}"], "days": 7}
    said = await client.post(f"{API}/shares", json=body, headers=app)
    assert (said.status_code, said.json()["code"]) == (409, "data_restricted")
    assert await count(units, Share) == 0


# Bindings.


async def test_GS06_the_sixth_binding_leaves_five_and_the_relative(
    client: Client, units: Units, place: House, who: Patient, mine: Headers, app: Headers
) -> None:
    for name in "甲乙丙丁戊":
        member = await add_member(units, who.account, name=f"样例{name}")
        await bind_member(units, who.actor, place.hospital, member)
    sixth = await add_member(units, who.account, name="样例己")
    body = {"person_id": str(sixth.id), "hospital": place.hospital.code}
    for _ in range(2):
        said = await client.post(f"{API}/family/bindings", json=body, headers=app)
        assert (said.status_code, said.json()["code"]) == (409, "family_month_full")
    assert said.json()["facts"] == {"limit": 5, "resets_on": "2026-12-01"}
    page = await client.post("/family", data=body, headers=mine)
    assert page.status_code == 409 and "12月1日" in page.text
    kept = (await client.get(f"{API}/family", headers=app)).json()
    assert len(kept["members"]) == 5 and kept["left"] == 0
    assert await places(units, Side.MEMBER, sixth.id) == []
    assert (await client.get(f"/people/{sixth.id}", headers=mine)).status_code == 200


async def test_GS02_nobody_binds_themselves(
    client: Client, units: Units, place: House, who: Patient, mine: Headers, app: Headers
) -> None:
    body = {"person_id": str(who.person.id), "hospital": place.hospital.code}
    said = await client.post(f"{API}/family/bindings", json=body, headers=app)
    assert said.status_code in (409, 422) and said.json()["code"] == "family_not_a_relative"
    page = await client.post("/family", data=body, headers=mine)
    assert page.status_code == said.status_code
    assert await places(units, Side.USER, who.account.id) == []


async def test_GS07_a_member_bound_twice_is_free_again_at_the_hospitals_midnight_and_not_before(
    client: Client, units: Units, clock: FixedClock, place: House, who: Patient, app: Headers
) -> None:
    """30 November ends in Shanghai while it is still 30 November, 16:00, in UTC."""
    clock.move_business_to(datetime(2026, 11, 30, 15, 0, tzinfo=UTC))
    number = "110101195506071234"
    for phone in ("13800000011", "13800000012"):
        other = await add_booker(units, place, phone)
        member = await add_member(units, other.account, name="样例母", number=number)
        await bind_member(units, other.actor, place.hospital, member)
    wanted = await add_member(units, who.account, name="样例母", number=number)
    assert wanted.id == member.id
    body = {"person_id": str(wanted.id), "hospital": place.hospital.code}
    clock.move_business_to(datetime(2026, 11, 30, 15, 59, 59, tzinfo=UTC))
    full = await client.post(f"{API}/family/bindings", json=body, headers=app)
    assert (full.status_code, full.json()["code"]) == (409, "family_member_month_full")
    assert full.json()["facts"] == {"limit": 2, "resets_on": "2026-12-01"}
    clock.move_business_to(datetime(2026, 11, 30, 16, 0, tzinfo=UTC))
    assert (await client.post(f"{API}/family/bindings", json=body, headers=app)).status_code == 201


# A consent taken back in the middle.


async def test_REG56_a_guardians_consent_taken_back_by_page_ends_the_request_and_nothing_else(
    client: Client, units: Units, place: House, who: Patient, mine: Headers, app: Headers
) -> None:
    child = await add_member(
        units, who.account, name="样例童", born=date(2021, 5, 6), relation=Relation.CHILD
    )
    asked = await ask_to_bind(units, who.actor, place.hospital, child)
    async with units.system("test") as unit:
        given = await unit.session.scalar(
            sa.select(Consent.id).where(Consent.purpose == Purpose.FAMILY_CHILD)
        )
    where = f"/people/{child.id}/consents/{given}/withdrawal"
    assert (await client.post(where, headers=mine)).status_code == 303
    assert (await client.post(where, headers=mine)).status_code == 303
    assert (await reread_binding(units, asked.id)).state is BindingState.WITHDRAWN
    page = await client.get(f"/family/{asked.id}", headers=mine)
    assert page.status_code == 200 and "重新申请" in page.text
    late = await client.post(f"/family/{asked.id}/submission", headers=mine)
    assert late.status_code in (303, 409)
    assert (await client.get(f"{API}/family", headers=app)).json()["left"] == 5
    async with units.system("test") as unit:
        link = await unit.session.scalar(sa.select(PatientLink).where(PatientLink.person_id == child.id))
    assert link is not None and link.state is LinkState.ACTIVE


# Ratings.


async def test_GD12_a_second_rating_changes_nothing_unless_it_is_meant_as_a_change(
    client: Client, units: Units, place: House, who: Patient, mine: Headers, app: Headers
) -> None:
    booking = await had(units, place, who)
    page, api = f"/bookings/{booking.id}/rating", f"{API}/bookings/{booking.id}/rating"
    assert (await client.post(api, json={"stars": 5, "words": "样例：好"}, headers=app)).status_code == 201
    twice = await client.post(api, json={"stars": 1}, headers=app)
    assert (twice.status_code, twice.json()["code"]) == (409, "already_rated")
    # A page that lay open since before the first one.
    stale = await client.post(page, data={"stars": "2", "words": "样例：另一处写的"}, headers=mine)
    assert stale.status_code == 409 and "原来的评价还在" in stale.text
    assert "样例：好" in stale.text and "样例：另一处写的" in stale.text
    stands = (await client.get(api, headers=app)).json()
    assert (stands["stars"], stands["words"]) == (5, "样例：好")
    meant = {"stars": "2", "words": "样例：另一处写的", "changes": "true"}
    assert (await client.post(page, data=meant, headers=mine)).status_code == 303
    assert (await client.get(api, headers=app)).json()["stars"] == 2
    assert await count(units, Rating) == 1


async def test_GD12_after_its_days_a_visit_is_not_rated_and_the_words_stay_on_the_page(
    client: Client, units: Units, clock: FixedClock, place: House, who: Patient
) -> None:
    booking = await had(units, place, who)
    clock.move_business_to(datetime(2026, 12, 5, 16, 0, tzinfo=UTC))
    said = {"stars": "5", "words": "样例：想起来再说一句"}
    page = await client.post(
        f"/bookings/{booking.id}/rating", data=said, headers=await cookie(units, who.actor)
    )
    assert page.status_code == 409 and "样例：想起来再说一句" in page.text
    assert f"/complaints/new?about=booking&amp;id={booking.id}" in page.text
    body = {"stars": 5}
    api = await client.post(
        f"{API}/bookings/{booking.id}/rating", json=body, headers=await bearer(units, who.actor)
    )
    assert (api.status_code, api.json()["code"]) == (409, "rating_too_late")
    assert await count(units, Rating) == 0


async def test_GD12_the_last_second_of_the_fourteenth_day_still_counts(
    client: Client, units: Units, clock: FixedClock, place: House, who: Patient
) -> None:
    booking = await had(units, place, who)
    clock.move_business_to(datetime(2026, 12, 5, 15, 59, 59, tzinfo=UTC))
    headers = await bearer(units, who.actor)
    made = await client.post(f"{API}/bookings/{booking.id}/rating", json={"stars": 4}, headers=headers)
    assert made.status_code == 201


async def test_GD12_anothers_visit_is_not_there(
    client: Client, units: Units, place: House, who: Patient
) -> None:
    booking = await had(units, place, who)
    stranger = await add_booker(units, place, "13900005678")
    for headers, path in (
        (await cookie(units, stranger.actor), f"/bookings/{booking.id}/rating"),
        (await bearer(units, stranger.actor), f"{API}/bookings/{booking.id}/rating"),
    ):
        sent = {"json": {"stars": 1}} if path.startswith(API) else {"data": {"stars": "1"}}
        assert (await client.post(path, headers=headers, **sent)).status_code == 404  # type: ignore[arg-type]
    assert await count(units, Rating) == 0


# Complaints.


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("字" * 2001, "超过字数上限"),
        ("x" * 100_000, None),
        ("", None),
        (" \n ", None),
        (CONTROLS, "含有无法识别的字符"),
    ],
    ids=["one too many", "100 KB", "empty", "blank", "control characters"],
)
async def test_REG68_a_complaint_nobody_can_take_is_refused_beside_its_words(
    client: Client, units: Units, place: House, mine: Headers, app: Headers, text: str, says: str | None
) -> None:
    body = {"draft": str(new_id()), "hospital": place.hospital.code, "kind": "service", "text": text}
    page = await client.post("/complaints/new", data=body, headers=mine)
    assert page.status_code == 422 and "f-text-error" in page.text
    assert says is None or says in page.text
    if len(text) > 100:
        assert text in page.text, "not a word is lost"
    said = await client.post(
        f"{API}/complaints",
        json={"hospital": place.hospital.code, "kind": "service", "text": text},
        headers=app,
    )
    assert said.status_code == 422 and said.json()["errors"][0]["pointer"] == "/text"
    assert await count(units, Complaint) == 0
    mended = await client.post("/complaints/new", data=body | {"text": WORDS}, headers=mine)
    assert mended.status_code == 303 and await count(units, Complaint) == 1


# Appeals.


async def test_SJ09_an_appeal_is_made_once_and_a_second_says_it_is_being_looked_at(
    client: Client, units: Units, place: House, who: Patient, mine: Headers, app: Headers
) -> None:
    strike = await add_strike(units, place.hospital.id, who.account, who.person, date(2026, 11, 14))
    page = f"/strikes/{strike.id}/appeals"
    assert (await client.post(page, data={"text": "当时在急诊"}, headers=mine)).status_code == 303
    twice = await client.post(page, data={"text": "再说一次"}, headers=mine)
    assert twice.status_code == 409 and "申诉处理中" in twice.text
    said = await client.post(f"{API}/strikes/{strike.id}/appeals", json={"text": "再说一次"}, headers=app)
    assert (said.status_code, said.json()["code"]) == (409, "appeal_already_open")
    for wrong in ("", "x" * 1001, CONTROLS):
        refused = await client.post(page, data={"text": wrong}, headers=mine)
        assert refused.status_code == 422
        body = {"text": wrong}
        assert (
            await client.post(f"{API}/strikes/{strike.id}/appeals", json=body, headers=app)
        ).status_code == 422
    stranger = await bearer(units, (await add_booker(units, place, "13900005678")).actor)
    unknown = await client.post(f"{API}/strikes/{strike.id}/appeals", json={"text": "x"}, headers=stranger)
    assert unknown.status_code == 404
    assert await count(units, Appeal) == 1
    assert re.search("当时在急诊|申诉处理中", (await client.get("/strikes", headers=mine)).text)
