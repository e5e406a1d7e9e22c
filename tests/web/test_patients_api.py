"""People, cards and reviews through the API: what a client is told, and what is a 404."""

from datetime import timedelta
from typing import Any
from uuid import uuid4

import httpx2
import pytest

from telehealth.core.access import Role
from telehealth.core.clock import FixedClock, hospital_day
from telehealth.core.settings import Settings
from telehealth.core.unit import Units
from telehealth.directory.models import Hospital
from tests.support.factories.accounts import add_patient, add_staff, bearer, patient, staff
from tests.support.factories.directory import add_hospital
from tests.support.outside import Stranger, admit, clock_of_the_world, reach, register, stranger
from tests.support.phones import Phone, fresh_number
from tests.support.sandbox import Sandbox

API = "/api/v1"
Headers = dict[str, str]


@pytest.fixture
def clock() -> FixedClock:
    return clock_of_the_world()


@pytest.fixture
def settings(settings: Settings, sandbox: Sandbox) -> Settings:
    return reach(settings, sandbox)


@pytest.fixture
async def hospital(units: Units) -> Hospital:
    return await add_hospital(units, "yunan")


@pytest.fixture
def me(sandbox: Sandbox, hospital: Hospital) -> Stranger:
    return admit(sandbox, register(sandbox, stranger()))


async def signed_in(units: Units, phone: str = "") -> Headers:
    return await bearer(units, patient(await add_patient(units, phone or fresh_number())))


async def add(client: httpx2.AsyncClient, headers: Headers, body: dict[str, Any]) -> dict[str, Any]:
    answer = await client.post(f"{API}/people", json=body, headers=headers)
    assert answer.status_code == 201, answer.text
    found: dict[str, Any] = answer.json()
    return found


def problem(answer: httpx2.Response) -> tuple[int, str]:
    assert answer.headers["content-type"] == "application/problem+json"
    return answer.status_code, str(answer.json()["code"])


async def test_XY17_BJ04_an_app_adds_itself_and_binds_its_card(
    client: httpx2.AsyncClient, units: Units, me: Stranger
) -> None:
    headers = await signed_in(units, me.phone)
    person = await add(client, headers, me.body)
    assert (person["verified"], person["state"], person["missing"]) == (True, "active", [])
    assert person["birth_date"] == me.born.isoformat() and person["sex"] == me.sex
    assert me.number not in str(person) and person["document_masked"].endswith(me.number[-4:])
    body = {"person_id": person["id"], "number": me.card}
    card = await client.post(f"{API}/hospitals/yunan/cards", json=body, headers=headers)
    assert card.status_code == 201 and me.card not in card.text
    shown = (await client.get(f"{API}/people/{person['id']}", headers=headers)).json()
    assert [one["id"] for one in shown["cards"]] == [card.json()["id"]]
    listed = await client.get(f"{API}/hospitals/yunan/cards", headers=headers)
    assert listed.json() == shown["cards"]
    path = f"{API}/hospitals/yunan/cards/{card.json()['id']}"
    assert (await client.delete(path, headers=headers)).status_code == 204
    assert problem(await client.delete(path, headers=headers)) == (404, "card_not_found")


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        ({"name": ""}, "/name"),
        ({"name": "王\u0000明"}, "/name"),
        ({"document_number": "11010519491231002Y"}, "/document_number"),
        ({"document_number": "110105194902310021"}, "/document_number"),
        ({"document_kind": "library_card"}, "/document_kind"),
        ({"relation": "friend"}, "/relation"),
        ({"agree_identity": False}, "/agree_identity"),
        ({"document_kind": "passport", "document_number": "X1234567"}, "/country"),
        ({"shoe_size": 40}, "/shoe_size"),
    ],
)
async def test_XY17_bad_input_names_its_field(
    client: httpx2.AsyncClient, units: Units, me: Stranger, change: dict[str, Any], pointer: str
) -> None:
    answer = await client.post(f"{API}/people", json=me.body | change, headers=await signed_in(units))
    assert answer.status_code == 422
    assert [error["pointer"] for error in answer.json()["errors"]] == [pointer]
    assert me.number not in answer.text


async def test_XY17_a_mismatch_and_an_outage_are_said_apart(
    client: httpx2.AsyncClient, units: Units, me: Stranger, sandbox: Sandbox
) -> None:
    headers = await signed_in(units)
    wrong = await client.post(f"{API}/people", json=me.body | {"name": "样例丙"}, headers=headers)
    assert problem(wrong) == (409, "identity_mismatch") and "facts" not in wrong.json()
    with sandbox.faults(faceid={"mode": "upgrading"}):
        down = await client.post(f"{API}/people", json=me.body, headers=headers)
    assert problem(down) == (503, "identity_unavailable") and int(down.headers["retry-after"]) > 0


async def test_XY17_guessing_ends_after_a_while(
    client: httpx2.AsyncClient, units: Units, me: Stranger
) -> None:
    headers = await signed_in(units)
    codes = set()
    for _ in range(21):
        answer = await client.post(f"{API}/people", json=me.body | {"name": "样例丙"}, headers=headers)
        codes.add(answer.status_code)
    assert codes == {409, 429}


async def test_XY17_another_adult_through_the_api(
    client: httpx2.AsyncClient, units: Units, me: Stranger, sandbox: Sandbox
) -> None:
    headers = await signed_in(units)
    person = await add(client, headers, me.body | {"relation": "parent"})
    assert (person["state"], person["missing"], person["verified"]) == ("pending", ["adult"], None)
    path = f"{API}/people/{person['id']}"
    asked = await client.post(f"{path}/consent-codes", json={"hospital": "yunan"}, headers=headers)
    assert asked.status_code == 204
    phone = Phone(sandbox, me.phone)
    wrong = await client.post(f"{path}/consents", json={"code": phone.wrong_code}, headers=headers)
    assert wrong.status_code in (409, 422) and wrong.json()["code"] == "code_wrong"
    given = await client.post(f"{path}/consents", json={"code": phone.code}, headers=headers)
    assert given.json()["state"] == "active"
    consents = (await client.get(f"{path}/consents", headers=headers)).json()
    carrying = next(row for row in consents if row["purpose"] == "act_for_adult")
    gone = await client.delete(f"{path}/consents/{carrying['id']}", headers=headers)
    assert gone.status_code == 204
    assert problem(await client.get(path, headers=headers)) == (404, "person_not_found")


async def test_XY18_every_refusal_of_a_card_has_its_own_words(
    client: httpx2.AsyncClient, units: Units, me: Stranger, sandbox: Sandbox
) -> None:
    headers = await signed_in(units, me.phone)
    person = await add(client, headers, me.body)
    other = admit(sandbox, stranger(name="样例丁"))

    async def bind(number: str, hospital: str = "yunan") -> httpx2.Response:
        body = {"person_id": person["id"], "kind": "visit", "number": number}
        return await client.post(f"{API}/hospitals/{hospital}/cards", json=body, headers=headers)

    assert problem(await bind("T9999999")) == (409, "card_unknown")
    assert problem(await bind(other.card)) == (409, "card_mismatch")
    assert problem(await bind("??")) == (422, "fields_invalid")
    assert problem(await bind(me.card, "nowhere")) == (404, "hospital_not_found")
    with sandbox.faults(his={"mode": "down"}):
        assert problem(await bind(me.card)) == (503, "his_unavailable")
    assert (await bind(me.card)).status_code == 201


async def test_somebody_elses_person_is_a_404_everywhere(
    client: httpx2.AsyncClient, units: Units, me: Stranger
) -> None:
    person = await add(client, await signed_in(units, me.phone), me.body)
    other = await signed_in(units)
    path = f"{API}/people/{person['id']}"
    asked = [
        client.get(path, headers=other),
        client.delete(f"{path}/link", headers=other),
        client.post(f"{path}/verification", headers=other),
        client.post(f"{path}/face-checks", json={"agree_face": True}, headers=other),
        client.post(f"{path}/face-checks/{uuid4()}/result", headers=other),
        client.post(f"{path}/consent-codes", json={"hospital": "yunan"}, headers=other),
        client.get(f"{path}/consents", headers=other),
        client.post(f"{path}/consents", json={"code": "123456"}, headers=other),
        client.delete(f"{path}/consents/{uuid4()}", headers=other),
        client.get(f"{path}/reviews", headers=other),
        client.post(f"{path}/reviews", json={"hospital": "yunan"}, headers=other),
        client.delete(f"{API}/representatives/{uuid4()}", headers=other),
        client.post(
            f"{API}/hospitals/yunan/cards", json={"person_id": person["id"], "number": me.card}, headers=other
        ),
    ]
    assert [(await call).status_code for call in asked] == [404] * len(asked)


async def test_REG5_a_reviewer_decides_and_others_may_not_look(
    client: httpx2.AsyncClient, units: Units, hospital: Hospital, sandbox: Sandbox
) -> None:
    wife = register(sandbox, stranger())
    headers = await signed_in(units)
    person = await add(client, headers, wife.body | {"relation": "spouse"})
    review = await client.post(
        f"{API}/people/{person['id']}/reviews", json={"hospital": "yunan"}, headers=headers
    )
    assert review.json()["state"] == "open"
    desk = await bearer(units, staff(await add_staff(units, hospital.id, (Role.DESK,))))
    doctor = await bearer(units, staff(await add_staff(units, hospital.id, (Role.DOCTOR,), login="doctor")))
    [row] = (await client.get(f"{API}/identity-reviews", headers=desk)).json()
    assert (row["id"], row["document_number"]) == (review.json()["id"], wife.number)
    for headers_ in (doctor, headers):
        assert (await client.get(f"{API}/identity-reviews", headers=headers_)).status_code == 403
    path = f"{API}/identity-reviews/{row['id']}"
    bare = await client.post(f"{path}/refusal", json={"reason": " "}, headers=desk)
    assert bare.status_code == 422
    assert (await client.post(f"{path}/approval", json={}, headers=desk)).json()["state"] == "approved"
    again = await client.post(f"{path}/refusal", json={"reason": "迟了"}, headers=desk)
    assert problem(again) == (409, "review_already_decided")
    shown = await client.get(f"{API}/people/{person['id']}", headers=headers)
    assert shown.json()["state"] == "active"


async def test_REG56_the_texts_people_agree_to_are_public_and_versioned(client: httpx2.AsyncClient) -> None:
    texts = (await client.get(f"{API}/consent-texts")).json()
    assert {text["purpose"] for text in texts} >= {"identity_check", "face_check", "child_data"}
    assert all(text["version"] and len(text["sha256"]) == 64 for text in texts)


async def test_XY17_a_child_born_yesterday_can_be_added(
    client: httpx2.AsyncClient, units: Units, hospital: Hospital, sandbox: Sandbox
) -> None:
    baby = register(sandbox, stranger(hospital_day(units.clock.business()) - timedelta(days=1)))
    headers = await signed_in(units)
    body = baby.body | {"relation": "child", "agree_guardianship": True, "agree_child_data": True}
    assert (await add(client, headers, body))["missing"] == ["guardianship_proof"]
