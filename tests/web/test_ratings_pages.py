"""Rating, without script and by the API: asked once, twice is told clearly, refused leads to a complaint."""

import httpx2
import pytest

from telehealth.core.access import Role
from telehealth.core.unit import Units
from telehealth.ratings.tallying import count_anew
from tests.support.factories.accounts import add_staff, bearer, cookie, staff
from tests.support.factories.bookings import House, Patient, add_booker, add_house, book
from tests.support.factories.complaints import add_clerk
from tests.support.factories.ratings import had, stars
from tests.support.factories.rulebook import publish_policy
from tests.support.factories.schedule import add_clinic

Client = httpx2.AsyncClient
Headers = dict[str, str]


@pytest.fixture
async def place(units: Units) -> House:
    return await add_house(units)


@pytest.fixture
async def who(units: Units, place: House) -> Patient:
    return await add_booker(units, place)


@pytest.fixture
async def mine(units: Units, who: Patient) -> Headers:
    return await cookie(units, who.actor)


async def test_GD12_the_home_page_asks_once(
    client: Client, units: Units, mine: Headers, place: House, who: Patient
) -> None:
    booking = await had(units, place, who)
    here = f"/bookings/{booking.id}/rating"
    assert here in (await client.get("/", headers=mine)).text
    form = (await client.get(here, headers=mine)).text
    assert "★★★★★" in form and "不评价，也不再问我" in form
    assert (await client.post(f"{here}/dismissal", headers=mine)).status_code == 303
    assert here not in (await client.get("/", headers=mine)).text
    assert here in (await client.get(f"/bookings/{booking.id}", headers=mine)).text


async def test_GD12_given_changed_and_shown(
    client: Client, units: Units, mine: Headers, place: House, who: Patient
) -> None:
    booking = await had(units, place, who)
    here = f"/bookings/{booking.id}/rating"
    for wrong in ({}, {"stars": "0"}, {"stars": "6"}, {"stars": "2.5"}, {"stars": "很好"}):
        refused = await client.post(here, headers=mine, data=wrong | {"words": "样例：说了这些"})
        assert refused.status_code == 422 and "样例：说了这些" in refused.text, wrong
    long = await client.post(here, headers=mine, data={"stars": "5", "words": "字" * 501})
    assert long.status_code == 422 and "字" * 501 in long.text
    assert (
        await client.post(here, headers=mine, data={"stars": "4", "words": "样例：好"})
    ).status_code == 303
    page = (await client.get(here, headers=mine)).text
    assert "修改评价" in page and "样例：好" in page
    assert 'name="changes" value="true"' in page
    changed = await client.post(here, headers=mine, data={"stars": "3", "changes": "true"})
    assert changed.status_code == 303
    doctor = await add_staff(units, place.hospital.id, [Role.DOCTOR], login="doc", doctor_id=place.doctor.id)
    own = (await client.get("/staff/ratings", headers=await cookie(units, staff(doctor)))).text
    assert "评价满 10 条后才显示" in own and who.person.name not in own


async def test_GD12_a_visit_without_a_visit_leads_to_a_complaint(
    client: Client, units: Units, mine: Headers, place: House, who: Patient
) -> None:
    booking = await book(units, place, who, (await add_clinic(units, place.doctor)).slot.id)
    page = (await client.get(f"/bookings/{booking.id}/rating", headers=mine)).text
    assert "不能评价" in page and f"/complaints/new?about=booking&amp;id={booking.id}" in page
    refused = await client.post(f"/bookings/{booking.id}/rating", headers=mine, data={"stars": "1"})
    assert refused.status_code == 409 and "不能评价" in refused.text


async def test_GD12_through_the_api_rating_twice_is_told_clearly(
    client: Client, units: Units, place: House, who: Patient
) -> None:
    booking = await had(units, place, who)
    headers = await bearer(units, who.actor)
    here = f"/api/v1/bookings/{booking.id}/rating"
    assert (await client.get(here, headers=headers)).status_code == 404
    assert (await client.post(here, headers=headers, json={"stars": 4.5})).status_code == 422
    assert (await client.post(here, headers=headers, json={"stars": 5})).status_code == 201
    twice = await client.post(here, headers=headers, json={"stars": 1})
    assert (twice.status_code, twice.json()["code"]) == (409, "already_rated")
    assert (await client.get(here, headers=headers)).json()["stars"] == 5
    assert (await client.put(here, headers=headers, json={"stars": 2})).json()["stars"] == 2


async def test_GD12_an_average_stands_beside_a_doctor_once_enough_rated(
    client: Client, units: Units, mine: Headers, place: House, who: Patient
) -> None:
    await stars(units, who, await had(units, place, who), 4)
    async with units.system("test") as unit:
        await count_anew(unit, place.doctor.id)
    score = f"/api/v1/doctors/{place.doctor.id}/score"
    assert (await client.get(score)).json() == {"average": None, "count": None}
    # Three is the least the law of the book lets a hospital choose, so two more rate.
    await publish_policy(units, place.hospital.id, ratings={"shown_from": 3})
    assert (await client.get(score)).json() == {"average": None, "count": None}


async def test_GD12_words_are_read_by_a_person_before_the_doctor_may(
    client: Client, units: Units, place: House, who: Patient
) -> None:
    row = await stars(units, who, await had(units, place, who), 5, "样例：讲得很耐心")
    clerk = await cookie(units, await add_clerk(units, place))
    page = (await client.get("/staff/rating-words", headers=clerk)).text
    assert "样例：讲得很耐心" in page and who.person.name not in page
    assert (await client.post(f"/staff/rating-words/{row.id}/passing", headers=clerk)).status_code == 303
    assert "样例：讲得很耐心" not in (await client.get("/staff/rating-words", headers=clerk)).text
    api = await bearer(units, await add_clerk(units, place, login="other"))
    again = await client.post(f"/api/v1/staff/rating-words/{row.id}/withholding", headers=api)
    assert (again.status_code, again.json()["code"]) == (409, "transition_refused")
