"""The condition form on a phone, with script and without (XY22, XY23)."""

import re
from typing import Any
from urllib.parse import quote

import httpx2
import pytest

from telehealth.core.unit import Units
from telehealth.directory.models import Department, Hospital
from telehealth.directory.states import DepartmentKind
from telehealth.intake import FormState
from telehealth.intake.filling import read
from telehealth.intake.models import IntakeForm
from tests.support import uploads
from tests.support.factories.accounts import add_patient, cookie, patient
from tests.support.factories.directory import add_campus, add_department, add_hospital
from tests.support.factories.eligibility import Follower, add_follower
from tests.support.factories.intake import add_form, add_sent_form
from tests.support.factories.rulebook import publish_policy

pytestmark = pytest.mark.anyio

Http = httpx2.AsyncClient
Headers = dict[str, str]
NEXT = "/h/yunan/book?slot=1"
TYPED = {
    "complaint": "血压控制平稳，需要续药", "history": "原发性高血压", "no_known_allergies": "true",
    "medicines": "", "filled_by": "patient", "_next": NEXT,
}  # fmt: skip


@pytest.fixture
async def hospital(units: Units) -> Hospital:
    row = await add_hospital(units, "yunan")
    await publish_policy(units, row.id)
    return row


@pytest.fixture
async def department(units: Units, hospital: Hospital) -> Department:
    campus = await add_campus(units, hospital.id, emergency_phone="0571-5550-1120")
    return await add_department(units, hospital.id, [campus.id])


@pytest.fixture
async def known(units: Units, hospital: Hospital) -> Follower:
    return await add_follower(units, hospital.id)


@pytest.fixture
async def browser(units: Units, known: Follower) -> Headers:
    return await cookie(units, known.actor)


@pytest.fixture
async def form(units: Units, known: Follower, department: Department) -> IntakeForm:
    return await add_form(units, known.actor, known.person, department)


def address(form: IntakeForm) -> str:
    return f"/h/yunan/intake/{form.id}?next={quote(NEXT, safe='')}"


def opened(page: httpx2.Response) -> dict[str, str]:
    """The hidden fields a browser would send back."""
    found = dict(re.findall(r'<input type="hidden" name="(version|editor)" value="([^"]*)"', page.text))
    assert set(found) == {"version", "editor"}
    return found


async def test_the_rest_of_the_address_travels_to_the_next_step(
    client: Http, browser: Headers, known: Follower, department: Department
) -> None:
    asked = f"person={known.person.id}&department={department.id}&check=c1&slot=s1"
    begun = await client.get(f"/h/yunan/intake/new?{asked}", headers=browser)
    assert begun.status_code == 303
    page = await client.get(begun.headers["location"], headers=browser)
    assert page.status_code == 200
    onward = re.search(r'name="_next" value="([^"]*)"', page.text)
    assert onward and "check=c1&amp;slot=s1&amp;form=" in onward[1]
    assert 'data-autosave="/api/v1/intake-forms/' in page.text


async def test_XY22_sending_leads_on_and_the_form_is_sent(
    client: Http, units: Units, browser: Headers, known: Follower, form: IntakeForm
) -> None:
    page = await client.get(address(form), headers=browser)
    done = await client.post(address(form), data={**TYPED, **opened(page), "go": "submit"}, headers=browser)
    assert (done.status_code, done.headers["location"]) == (303, NEXT)
    async with units.of(known.actor) as unit:
        assert (await read(unit, form.id)).state is FormState.SUBMITTED


async def test_XY22_a_refused_form_keeps_every_word_on_the_page_and_in_the_database(
    client: Http, browser: Headers, form: IntakeForm
) -> None:
    page = await client.get(address(form), headers=browser)
    typed = {**TYPED, "complaint": "药", "history": "这一段很长，不能丢"}
    refused = await client.post(
        address(form), data={**typed, **opened(page), "go": "submit"}, headers=browser
    )
    assert refused.status_code == 422 and "请再多写几个字" in refused.text
    assert "这一段很长，不能丢" in refused.text
    again = await client.get(address(form), headers=browser)
    assert "这一段很长，不能丢" in again.text
    opened(refused)


async def test_a_conflict_shows_both_copies_and_the_next_save_counts(
    client: Http, browser: Headers, form: IntakeForm
) -> None:
    phone, desktop = [opened(await client.get(address(form), headers=browser)) for _ in range(2)]
    await client.post(
        address(form), data={**TYPED, **phone, "history": "手机上补充的病史", "go": "save"}, headers=browser
    )
    mine = {**TYPED, "history": "电脑上写的病史", "go": "save"}
    told = await client.post(address(form), data={**mine, **desktop}, headers=browser)
    assert told.status_code == 409
    assert "手机上补充的病史" in told.text and "电脑上写的病史" in told.text
    saved = await client.post(address(form), data={**mine, **opened(told)}, headers=browser)
    assert saved.status_code == 303


async def test_XY04_a_hint_in_the_text_asks_and_a_yes_shows_the_emergency_page(
    client: Http, browser: Headers, form: IntakeForm
) -> None:
    page = await client.get(address(form), headers=browser)
    typed: dict[str, Any] = {**TYPED, **opened(page), "complaint": "昨晚开始胸痛", "go": "submit"}
    asked = await client.post(address(form), data=typed, headers=browser)
    assert asked.status_code == 422 and 'name="answers.chest_pain"' in asked.text
    typed |= {**opened(asked), "answers.chest_pain": "yes"}
    done = await client.post(address(form), data=typed, headers=browser)
    assert done.status_code == 303 and "/emergency" in done.headers["location"]
    urgent = await client.get(done.headers["location"], headers=browser)
    assert 'href="tel:120"' in urgent.text and 'href="tel:0571-5550-1120"' in urgent.text
    assert "/book" not in urgent.text.replace(quote(NEXT, safe=""), "")


async def test_XY23_without_script_files_travel_with_the_words(
    client: Http, browser: Headers, form: IntakeForm
) -> None:
    page = await client.get(address(form), headers=browser)
    assert f'formaction="/uploads/intake/{form.id}"' in page.text
    sent = await client.post(
        f"/uploads/intake/{form.id}",
        data={**TYPED, **opened(page), "complaint": "和照片一起保存的话", "go": "attach"},
        files={"_report_file": ("化验单.jpg", uploads.photo(), "image/jpeg")},
        headers=browser,
    )
    assert sent.status_code == 303
    again = await client.get(sent.headers["location"], headers=browser)
    assert "和照片一起保存的话" in again.text and "化验单.jpg" in again.text
    [removal] = re.findall(r'action="([^"]*/removal[^"]*)"', again.text)
    gone = await client.post(removal.replace("&amp;", "&"), headers=browser)
    assert "化验单.jpg" not in (await client.get(gone.headers["location"], headers=browser)).text


async def test_XY23_a_refused_file_is_told_at_its_box_and_the_words_are_kept(
    client: Http, browser: Headers, form: IntakeForm
) -> None:
    page = await client.get(address(form), headers=browser)
    sent = await client.post(
        f"/uploads/intake/{form.id}",
        data={**TYPED, **opened(page), "complaint": "照片不行话还在", "go": "submit"},
        files={"_report_file": ("a.svg", uploads.SVG_WITH_SCRIPT, "image/svg+xml")},
        headers=browser,
    )
    assert sent.status_code == 422 and "无法读取这个文件" in sent.text and "照片不行话还在" in sent.text
    assert "照片不行话还在" in (await client.get(address(form), headers=browser)).text


async def test_only_the_upload_path_takes_more_than_a_megabyte(
    client: Http, browser: Headers, form: IntakeForm
) -> None:
    big = {"complaint": "x" * 1_100_000}
    assert (await client.post(address(form), data=big, headers=browser)).status_code == 413
    huge = {"_report_file": ("a.jpg", bytes(17_000_000), "image/jpeg")}
    assert (await client.post(f"/uploads/intake/{form.id}", files=huge, headers=browser)).status_code == 413


async def test_a_sent_form_is_shown_and_can_be_taken_back(
    client: Http, units: Units, browser: Headers, known: Follower, department: Department
) -> None:
    form = await add_sent_form(units, known.actor, known.person, department)
    page = await client.get(address(form), headers=browser)
    assert "血压控制平稳" in page.text and "data-draft-done" in page.text and "<textarea" not in page.text
    back = await client.post(f"/h/yunan/intake/{form.id}/revision", headers=browser)
    assert back.status_code == 303
    assert "<textarea" in (await client.get(back.headers["location"], headers=browser)).text


async def test_XY23_skin_is_shown_before_it_is_described(
    client: Http, units: Units, browser: Headers, known: Follower, department: Department
) -> None:
    skin = await add_department(
        units, department.hospital_id, department.campus_ids, "skin", kind=DepartmentKind.SKIN
    )
    async with units.system("test") as unit:
        row = await unit.session.get(Department, skin.id)
        assert row is not None
        row.images_first = True
    form = await add_form(units, known.actor, known.person, skin)
    page = await client.get(address(form), headers=browser)
    assert page.text.index('data-name="_site"') < page.text.index('name="complaint"')


async def test_someone_elses_form_and_another_hospitals_address_are_not_found(
    client: Http, units: Units, browser: Headers, form: IntakeForm
) -> None:
    await add_hospital(units, "jiangbin", name="江滨医院")
    other = await cookie(units, patient(await add_patient(units, "13800007777")))
    for path in (f"/h/yunan/intake/{form.id}", f"/h/yunan/intake/{form.id}/emergency"):
        assert (await client.get(path, headers=other)).status_code == 404
    assert (await client.get(f"/h/jiangbin/intake/{form.id}", headers=browser)).status_code == 404
    assert (await client.post(f"/h/yunan/intake/{form.id}", data=TYPED, headers=other)).status_code == 404
    assert (await client.post(f"/uploads/intake/{form.id}", data=TYPED, headers=other)).status_code == 404


async def test_signing_in_comes_first_and_comes_back(client: Http, form: IntakeForm) -> None:
    page = await client.get(f"/h/yunan/intake/{form.id}")
    assert page.status_code == 303 and page.headers["location"].startswith("/sign-in?next=")
