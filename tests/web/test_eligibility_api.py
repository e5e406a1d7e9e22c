"""The gate through the API: as far as it was asked, explained in the reader's language."""

from datetime import date, timedelta
from typing import Any
from uuid import uuid4

import httpx2
import pytest

from telehealth.core.clock import FixedClock
from telehealth.core.unit import Units
from telehealth.directory.models import Hospital
from tests.support.factories.accounts import add_patient, bearer, patient
from tests.support.factories.directory import add_campus, add_hospital
from tests.support.factories.eligibility import Follower, add_check, add_follower
from tests.support.factories.rulebook import publish_policy

pytestmark = pytest.mark.anyio

Http = httpx2.AsyncClient
CALM = {
    flag: False for flag in ("chest_pain", "breathless_at_rest", "syncope", "neuro_sign", "heavy_bleeding")
}


@pytest.fixture
async def hospital(units: Units) -> Hospital:
    row = await add_hospital(units, "yunan")
    await add_campus(units, row.id, emergency_phone="0571-5550-1120")
    await publish_policy(units, row.id)
    return row


@pytest.fixture
async def known(units: Units, hospital: Hospital) -> Follower:
    return await add_follower(units, hospital.id)


async def check(client: Http, headers: dict[str, str], who: Follower, **body: Any) -> httpx2.Response:
    return await client.post(
        "/api/v1/hospitals/yunan/eligibility-checks",
        json={"person_id": str(who.person.id), **body},
        headers=headers,
    )


async def test_XY06_basics_first_then_questions_then_the_seats_open(
    client: Http, units: Units, known: Follower
) -> None:
    app = await bearer(units, known.actor)
    first = (await check(client, app, known)).json()
    assert first["allowed"] and first["stage"] == "basics" and first["not_asked"] == []
    assert first["satisfied_until"] == "2027-04-30" and "2027年4月30日" in first["window"]
    half = (
        await check(client, app, known, stage="red_flags", stable=True, answers={"syncope": False})
    ).json()
    assert half["not_asked"] == ["NOT_STABLE"] and "chest_pain" in half["unanswered"]
    done = (await check(client, app, known, stage="red_flags", stable=True, answers=CALM)).json()
    assert done["allowed"] and done["not_asked"] == [] and done["unanswered"] == []
    again = await client.get(f"/api/v1/eligibility-checks/{done['id']}", headers=app)
    assert again.json() == done


async def test_XY06_a_refusal_tells_every_rule_in_the_readers_language(
    client: Http, units: Units, hospital: Hospital
) -> None:
    child = await add_follower(units, hospital.id, born=date(2021, 1, 2), days_ago=400)
    app = await bearer(units, child.actor)
    said = (await check(client, app, child, slot_date="2026-11-25")).json()
    codes = {found["code"]: found for found in said["findings"]}
    assert not said["allowed"] and said["offer_offline_registration"]
    assert set(codes) == {"AGE_BELOW_MINIMUM", "NO_RECENT_OFFLINE_VISIT"}
    assert codes["AGE_BELOW_MINIMUM"]["satisfied_from"] == "2027-01-02"
    assert codes["NO_RECENT_OFFLINE_VISIT"]["step"] == "see_a_doctor_here"
    assert said["human_review_phone"] == "0571-5550-1999"


async def test_XY04_a_yes_ends_the_way_online_and_names_where_to_go(
    client: Http, units: Units, known: Follower
) -> None:
    app = await bearer(units, known.actor)
    said = (
        await check(client, app, known, stage="red_flags", stable=True, answers={**CALM, "chest_pain": True})
    ).json()
    assert not said["allowed"] and not said["pending"]
    assert [found["code"] for found in said["findings"]] == ["RED_FLAG"]
    assert said["emergency"]["numbers"] == ["120"]
    assert said["emergency"]["places"][0]["phone"] == "0571-5550-1120"


async def test_XY04_one_yes_is_enough_even_when_others_are_open(
    client: Http, units: Units, known: Follower
) -> None:
    app = await bearer(units, known.actor)
    said = (await check(client, app, known, stage="red_flags", answers={"syncope": True})).json()
    assert "RED_FLAG" in [found["code"] for found in said["findings"]]


async def test_XY04_what_the_patient_writes_adds_its_question(
    client: Http, units: Units, hospital: Hospital, known: Follower
) -> None:
    app = await bearer(units, known.actor)
    path = "/api/v1/hospitals/yunan/red-flag-questions"
    plain = (await client.get(path, headers=app)).json()
    more = (await client.get(path, params={"complaint": "最近黑便"}, headers=app)).json()
    assert {item["id"] for item in plain} == set(CALM)
    assert {item["id"] for item in plain} < {item["id"] for item in more}
    english = (await client.get(path, headers={**app, "accept-language": "en"})).json()
    assert english[0]["text"].isascii()


async def test_an_answer_to_no_question_and_a_day_gone_by_are_told_field_by_field(
    client: Http, units: Units, known: Follower
) -> None:
    app = await bearer(units, known.actor)
    strange = await check(client, app, known, stage="red_flags", stable=True, answers={"hiccups": True})
    assert strange.status_code == 422 and strange.json()["errors"][0]["pointer"] == "/answers/hiccups"
    past = await check(client, app, known, slot_date="2026-11-20")
    assert past.status_code == 422 and past.json()["errors"][0]["pointer"] == "/slot_date"


async def test_someone_elses_person_and_check_are_not_found(
    client: Http, units: Units, hospital: Hospital, known: Follower
) -> None:
    row = await add_check(units, known, hospital.id)
    other = await bearer(units, patient(await add_patient(units, "13800007777")))
    assert (await check(client, other, known)).status_code == 404
    assert (await client.get(f"/api/v1/eligibility-checks/{row.id}", headers=other)).status_code == 404
    questions = await client.get(
        "/api/v1/hospitals/yunan/red-flag-questions", params={"person": str(known.person.id)}, headers=other
    )
    assert questions.status_code == 404
    mine = await bearer(units, known.actor)
    assert (await client.get(f"/api/v1/eligibility-checks/{uuid4()}", headers=mine)).status_code == 404
    nowhere = await client.post(
        "/api/v1/hospitals/nowhere/eligibility-checks", json={"person_id": str(known.person.id)}, headers=mine
    )
    assert nowhere.status_code == 404


async def test_SJ12_a_hospital_that_is_not_live_checks_nobody(
    client: Http, units: Units, known: Follower, clock: FixedClock
) -> None:
    soon = await add_hospital(units, "soon", live_from=clock.business().date() + timedelta(days=9))
    await publish_policy(units, soon.id)
    said = await client.post(
        "/api/v1/hospitals/soon/eligibility-checks",
        json={"person_id": str(known.person.id)},
        headers=await bearer(units, known.actor),
    )
    assert said.status_code == 409 and said.json()["code"] == "hospital_not_live"
