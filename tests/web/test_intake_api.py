"""The condition form through the API: autosave, conflict, files by address, and nobody else's."""

from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import httpx2
import pytest

from telehealth.core.clock import FixedClock
from telehealth.core.unit import Units
from telehealth.directory.models import Department, Hospital
from telehealth.directory.states import DepartmentKind
from tests.support import uploads
from tests.support.factories.accounts import add_patient, add_staff, bearer, patient, staff
from tests.support.factories.directory import add_campus, add_department, add_hospital
from tests.support.factories.eligibility import Follower, add_follower
from tests.support.factories.intake import COMPLETE
from tests.support.factories.rulebook import publish_policy

pytestmark = pytest.mark.anyio

Http = httpx2.AsyncClient
Headers = dict[str, str]


@pytest.fixture
async def hospital(units: Units) -> Hospital:
    row = await add_hospital(units, "yunan")
    await publish_policy(units, row.id)
    return row


@pytest.fixture
async def tcm(units: Units, hospital: Hospital) -> Department:
    campus = await add_campus(units, hospital.id)
    return await add_department(
        units, hospital.id, [campus.id], "tcm", kind=DepartmentKind.TCM, tongue_required=True
    )


@pytest.fixture
async def known(units: Units, hospital: Hospital) -> Follower:
    return await add_follower(units, hospital.id)


@pytest.fixture
async def app(units: Units, known: Follower) -> Headers:
    return await bearer(units, known.actor)


async def begun(client: Http, app: Headers, who: Follower, department: Department) -> dict[str, Any]:
    answer = await client.post(
        "/api/v1/intake-forms",
        json={"person_id": str(who.person.id), "department_id": str(department.id)},
        headers=app,
    )
    assert answer.status_code == 201
    form: dict[str, Any] = answer.json()
    return form


async def upload(
    client: Http,
    app: Headers,
    form_id: str,
    data: bytes,
    kind: str = "tongue",
    content_type: str = "image/jpeg",
) -> httpx2.Response:
    """As static/js/upload.js does it: announce, send, finish."""
    announced = {"kind": kind, "filename": "IMG 1.jpg", "content_type": content_type, "size": len(data)}
    offer = await client.post(f"/api/v1/intake-forms/{form_id}/attachments", json=announced, headers=app)
    if offer.status_code != 201:
        return offer
    grant = offer.json()
    assert grant["method"] == "PUT"
    sent = await client.put(grant["url"], content=data, headers=grant["headers"])
    assert sent.status_code == 201
    return await client.post(grant["finish_url"], json={}, headers=app)


async def test_XY22_XY23_a_form_from_the_first_word_to_the_last_photo(
    client: Http, app: Headers, known: Follower, tcm: Department
) -> None:
    form = await begun(client, app, known, tcm)
    path = f"/api/v1/intake-forms/{form['id']}"
    assert form["template"]["photos"] == {"tongue": 1}
    assert {lack["field"] for lack in form["lacking"]} >= {"complaint", "allergies", "photos.tongue"}
    saved = await client.put(path, json={"version": form["version"], **COMPLETE}, headers=app)
    assert saved.json()["version"] == form["version"] + 1
    early = await client.post(f"{path}/submission", json={}, headers=app)
    assert early.status_code == 422 and early.json()["errors"][0]["pointer"] == "/photos/tongue"
    done = (await upload(client, app, form["id"], uploads.photo())).json()
    assert done["state"] == "ready" and done["problem"] is None and done["thumbnail_url"]
    sent = await client.post(f"{path}/submission", json={"version": saved.json()["version"]}, headers=app)
    assert sent.status_code == 200 and sent.json()["state"] == "submitted" and sent.json()["lacking"] == []


async def test_an_autosave_in_the_shape_of_a_page_is_understood(
    client: Http, app: Headers, known: Follower, tcm: Department
) -> None:
    """Texts, lone boxes as true or false, an unanswered radio as null, answers under dotted names."""
    form = await begun(client, app, known, tcm)
    path = f"/api/v1/intake-forms/{form['id']}"
    page = {
        "version": str(form["version"]), "editor": "page-1", "complaint": "有点胸痛", "no_history": True,
        "history": "", "filled_by": None, "filler_relation": "", "answers.chest_pain": "no", "_tongue": [],
    }  # fmt: skip
    assert (await client.put(path, json=page, headers=app)).status_code == 200
    again = await client.put(path, json={**page, "complaint": "有点胸痛，昨天起"}, headers=app)
    assert again.status_code == 200
    stored = (await client.get(path, headers=app)).json()
    assert stored["content"]["complaint"] == "有点胸痛，昨天起" and stored["content"]["no_history"]
    assert [(item["id"], item["answer"]) for item in stored["questions"]] == [("chest_pain", False)]


async def test_a_conflict_carries_the_stored_copy_so_that_nothing_is_lost(
    client: Http, app: Headers, known: Follower, tcm: Department
) -> None:
    form = await begun(client, app, known, tcm)
    path = f"/api/v1/intake-forms/{form['id']}"
    first = {"version": form["version"], "editor": "phone", "complaint": "手机上写的内容"}
    assert (await client.put(path, json=first, headers=app)).status_code == 200
    second = {"version": form["version"], "editor": "desktop", "complaint": "电脑上写的内容"}
    refused = await client.put(path, json=second, headers=app)
    problem = refused.json()
    assert refused.status_code == 409 and problem["code"] == "intake_form_outdated"
    assert refused.headers["content-type"] == "application/problem+json"
    assert problem["current"]["content"]["complaint"] == "手机上写的内容"
    assert problem["current"]["version"] == problem["facts"]["version"]
    retry = await client.put(path, json={**second, "version": problem["current"]["version"]}, headers=app)
    assert retry.status_code == 200


async def test_XY04_an_urgent_answer_is_refused_with_the_numbers_to_dial(
    client: Http, app: Headers, known: Follower, tcm: Department
) -> None:
    form = await begun(client, app, known, tcm)
    path = f"/api/v1/intake-forms/{form['id']}"
    said = {"version": 1, "complaint": "胸痛得厉害", "answers": {"chest_pain": True}}
    await client.put(path, json=said, headers=app)
    refused = await client.post(f"{path}/submission", json={}, headers=app)
    assert refused.status_code == 409 and refused.json()["code"] == "red_flag"
    assert refused.json()["facts"] == {"level": "emergency", "numbers": ["120"]}


@pytest.mark.parametrize(
    ("name", "status", "code"),
    [
        ("svg", 422, "upload_unreadable"),
        ("program", 422, "upload_unreadable"),
        ("bomb", 422, "upload_too_large"),
        ("pdf_script", 422, "upload_refused"),
    ],
)
async def test_XY23_hostile_uploads_get_a_clear_sentence_and_cost_nothing(
    client: Http, app: Headers, known: Follower, tcm: Department, name: str, status: int, code: str
) -> None:
    data = {
        "svg": uploads.SVG_WITH_SCRIPT,
        "program": uploads.PROGRAM,
        "bomb": uploads.png_bomb(),
        "pdf_script": uploads.pdf_with_script(),
    }[name]
    form = await begun(client, app, known, tcm)
    refused = await upload(client, app, form["id"], data, kind="report")
    assert (refused.status_code, refused.json()["code"]) == (status, code)
    assert refused.json()["detail"]
    kept = (await client.get(f"/api/v1/intake-forms/{form['id']}", headers=app)).json()
    assert kept["attachments"] == [] and kept["state"] == "draft"


async def test_XY23_wrong_types_and_sizes_are_refused_before_a_byte_is_sent(
    client: Http, app: Headers, known: Follower, tcm: Department
) -> None:
    form = await begun(client, app, known, tcm)
    path = f"/api/v1/intake-forms/{form['id']}/attachments"
    asked = {"kind": "tongue", "filename": "a", "content_type": "image/jpeg", "size": 1000}
    wrong = await client.post(path, json={**asked, "content_type": "text/html"}, headers=app)
    assert wrong.status_code == 422 and wrong.json()["errors"][0]["pointer"] == "/content_type"
    large = await client.post(path, json={**asked, "size": 50_000_000}, headers=app)
    assert large.status_code == 422 and large.json()["code"] == "upload_too_large"
    document = await client.post(path, json={**asked, "content_type": "application/pdf"}, headers=app)
    assert document.json()["code"] == "photo_wanted"


async def test_a_file_opens_for_five_minutes_and_is_asked_for_anew(
    client: Http, app: Headers, known: Follower, tcm: Department, clock: FixedClock
) -> None:
    form = await begun(client, app, known, tcm)
    done = (await upload(client, app, form["id"], uploads.photo())).json()
    lead = await client.get(done["url"], headers=app)
    assert lead.status_code == 307
    opened = await client.get(lead.headers["location"])
    assert opened.status_code == 200 and opened.headers["content-type"] == "image/jpeg"
    thumbnail = await client.get(done["thumbnail_url"], headers=app)
    assert (await client.get(thumbnail.headers["location"])).headers["content-type"] == "image/webp"
    clock.advance(timedelta(minutes=5, seconds=1))
    assert (await client.get(lead.headers["location"])).status_code == 403
    assert (await client.get(done["url"])).status_code == 401
    gone = await client.delete(done["remove_url"], headers=app)
    assert gone.status_code == 204
    assert (await client.get(done["url"], headers=app)).status_code == 404


async def test_someone_elses_form_and_files_are_not_found(
    client: Http, units: Units, app: Headers, known: Follower, tcm: Department
) -> None:
    form = await begun(client, app, known, tcm)
    done = (await upload(client, app, form["id"], uploads.photo())).json()
    other_hospital = await add_hospital(units, "jiangbin", name="江滨医院")
    for actor in (
        patient(await add_patient(units, "13800007777")),
        staff(await add_staff(units, other_hospital.id, login="there", phone="13800006666")),
    ):
        other = await bearer(units, actor)
        path, file = f"/api/v1/intake-forms/{form['id']}", f"/api/v1/attachments/{done['id']}"
        answers = [
            await client.get(path, headers=other),
            await client.put(path, json={"version": 1}, headers=other),
            await client.post(f"{path}/submission", json={}, headers=other),
            await client.post(f"{path}/revision", headers=other),
            await upload(client, other, form["id"], uploads.photo()),
            await client.get(f"{file}/content", headers=other),
            await client.post(f"{file}/finish", json={}, headers=other),
            await client.delete(file, headers=other),
        ]
        assert [answer.status_code for answer in answers] == [404] * len(answers)
    begin = await client.post(
        "/api/v1/intake-forms",
        json={"person_id": str(known.person.id), "department_id": str(tcm.id)},
        headers=await bearer(units, patient(await add_patient(units, "13800007777"))),
    )
    assert begin.status_code == 404
    assert (await client.get(f"/api/v1/intake-forms/{uuid4()}", headers=app)).status_code == 404


async def test_text_no_database_should_meet_is_refused_by_its_field(
    client: Http, app: Headers, known: Follower, tcm: Department
) -> None:
    form = await begun(client, app, known, tcm)
    path = f"/api/v1/intake-forms/{UUID(form['id'])}"
    refused = await client.put(path, json={"version": 1, "history": "a\x00b"}, headers=app)
    assert refused.status_code == 422 and refused.json()["errors"][0]["pointer"] == "/history"
