"""Who may no longer act for somebody: every door with an id of theirs is closed, and nothing is lost (XY17).

The routes come from the features and the ids from the town of the permission matrix, so a new route is
walked the moment it exists. What a former helper paid stays theirs to read: receipts and refunds.
"""

import asyncio
from dataclasses import dataclass
from typing import Any

import httpx2
import pytest
import sqlalchemy as sa

import app
from telehealth.accounts.models import Account
from telehealth.core.access import Role
from telehealth.core.clock import FixedClock
from telehealth.core.db import Base
from telehealth.core.settings import Settings
from telehealth.core.tenancy import tenancy_of
from telehealth.core.unit import Units
from telehealth.notifications.models import InboxMessage
from telehealth.notifications.notices import Notice
from telehealth.patients.linking_family import end_representation
from telehealth.patients.models import PatientLink
from telehealth.patients.rules import Relation
from telehealth.patients.states import LinkState
from telehealth.web.application import build
from telehealth.web.house import House
from tests.conftest import NOON_ENOUGH
from tests.support.factories.accounts import add_patient, bearer, cookie, patient
from tests.support.factories.patients import add_card
from tests.support.factories.town import Side
from tests.web.test_permission_matrix import (
    BODIES,
    Town,
    _api,
    _everything,
    _fill,
    _may,
    _names_somebodys,
    _pages,
)

Client = httpx2.AsyncClient

#: What an account keeps that once acted for somebody: its own money, its own claims, its own family account,
#: what it asked as an heir, and what it was told. Nothing of these says what the person has, takes, or said.
KEPT = (
    "/charges/", "/pay/", "/receipts/", "/refunds/", "/insurance/", "/messages/", "/staff/messages/",
    "/sessions/", "/me/", "/family/", "/consents/", "/data-requests/", "/data-rights/",
    "/people/{person_id}/consents/", "/people/{person_id:uuid}/consents/",
    "/people/{person_id}/face-checks/", "/people/{person_id:uuid}/face-checks/",
)  # fmt: skip
#: Words that only somebody who acts for the person may read: complaint, chat, medicines, reaction.
MEDICAL = ("续药", "降压药快吃完了", "起红疹", "样例片")


@dataclass(frozen=True, slots=True)
class Left:
    """Before and after: what each address said to the helper, and who took over."""

    taker: Account
    before: dict[str, int]


@pytest.fixture(scope="module")
def left(town: Town, town_settings: Settings) -> Left:
    """The town's patient turns out to be a mother whose daughter booked; she ends that in her own account."""

    async def leave() -> Left:
        house = app.build_house(town_settings, clock=FixedClock(NOON_ENOUGH))
        await house.blobs.prepare()
        try:
            here = town[0]
            taker = await _mother(house.units, here)
            before = {path: status async for path, status, _ in _look(house, here, here.patient.actor)}
            async with house.units.system("test") as unit:
                found = sa.select(PatientLink.id).where(
                    PatientLink.account_id == here.patient.account.id,
                    PatientLink.person_id == here.patient.person.id,
                )
                link_id = (await unit.session.scalars(found)).one()
            await end_representation(house.units, patient(taker), link_id)
            return Left(taker, before)
        finally:
            await house.close()

    return asyncio.run(leave())


async def _mother(units: Units, here: Side) -> Account:
    """The helper acts for a parent now, and that parent has an account of their own."""
    account = await add_patient(units, "13700009999", name="样例乙")
    person = here.patient.person
    async with units.system("test") as unit:
        mine = PatientLink.person_id == person.id
        await unit.session.execute(
            sa.update(PatientLink).where(mine).values(relation=Relation.PARENT, subject_account_id=account.id)
        )
        link = (await unit.session.scalars(sa.select(PatientLink).where(mine))).one()
        unit.session.add(
            PatientLink(
                account_id=account.id, person_id=person.id, relation=Relation.SELF, state=LinkState.ACTIVE,
                name=link.name, document_kind=link.document_kind, document_number=link.document_number,
                missing=[], created_at=unit.now, activated_at=unit.now, ended_by="",
            )
        )  # fmt: skip
    await add_card(units, here.house.hospital.id, account, person)
    return account


async def _look(house: House, here: Side, actor: Any) -> Any:
    """Every address with an id of somebody's that a patient may ask for."""
    transport = httpx2.ASGITransport(app=build(house), raise_app_exceptions=False)
    async with Client(transport=transport, base_url="http://testserver") as client:
        for routes, door in ((_api, bearer), (_pages, cookie)):
            headers = await door(house.units, actor)
            for method, path, operation in routes():
                if method == "GET" and operation.needs and _may(Role.PATIENT, operation.needs):
                    if _names_somebodys(path, Role.PATIENT):
                        answer = await client.get(_fill(path, here), headers=headers)
                        yield path, answer.status_code, answer.text


async def test_XY17_every_address_of_somebody_one_acted_for_is_closed(
    town_house: House, town: Town, left: Left
) -> None:
    here = town[0]
    asked = 0
    async for path, status, text in _look(town_house, here, here.patient.actor):
        asked += 1
        if _is_kept(path):
            assert not [word for word in MEDICAL if word in text], path
        else:
            assert status == 404, f"{path}: {status}"
    assert asked >= 80


async def test_XY17_nothing_of_theirs_can_be_changed_either(
    town_house: House, town_http: Client, town: Town, town_settings: Settings, left: Left
) -> None:
    here = town[0]
    api = await bearer(town_house.units, here.patient.actor)
    pages = await cookie(town_house.units, here.patient.actor)
    before = _everything(town_settings)
    for method, path, operation in _api():
        if method != "GET" and operation.needs and _is_closed(path, operation.needs):
            body = BODIES[operation.name] if operation.body is not None else None
            answer = await town_http.request(method, _fill(path, here), headers=api, json=body)
            assert answer.status_code == 404, f"{method} {path}: {answer.status_code} {answer.text}"
    for method, path, operation in _pages():
        if method != "GET" and operation.needs and _is_closed(path, operation.needs):
            answer = await town_http.request(method, _fill(path, here), headers=pages)
            # A form that lacks its fields may be refused before anybody looks for the object.
            assert answer.status_code in (404, 422), f"{method} {path}: {answer.status_code}"
    assert _everything(town_settings) == before


async def test_XY17_lists_and_home_show_nothing_of_somebody_one_acted_for(
    town_house: House, town_http: Client, town: Town, left: Left
) -> None:
    here = town[0]
    numbers = [here.things[name] for name in ("booking_id", "room_id", "prescription_id", "report_id")]
    for routes, door in ((_api, bearer), (_pages, cookie)):
        headers = await door(town_house.units, here.patient.actor)
        for method, path, operation in routes():
            if (
                method == "GET"
                and operation.needs
                and _may(Role.PATIENT, operation.needs)
                and "{" not in path
            ):
                answer = await town_http.get(path, headers=headers)
                found = [word for word in (*MEDICAL, *numbers) if word in answer.text]
                assert not found, f"{path}: {found}"


async def test_XY17_who_takes_over_reads_all_of_it(town_house: House, town: Town, left: Left) -> None:
    """Nothing is lost: each address answers the person as it answered the helper, but for the other's own."""
    here = town[0]
    async for path, status, _ in _look(town_house, here, patient(left.taker)):
        if not _is_kept(path) and not _was_dropped(path):
            assert status == left.before[path] or "rebooking" in path, (
                f"{path}: {left.before[path]} → {status}"
            )


async def test_XY17_no_row_of_the_person_stays_with_the_former_helper(
    town: Town, town_settings: Settings, left: Left
) -> None:
    """Asked of the database: whatever table a feature adds, its rows of the person went along."""
    here = town[0]
    former, person = str(here.patient.account.id), str(here.patient.person.id)
    engine = sa.create_engine(town_settings.owner_url.get_secret_value())
    stayed, went = [], 0
    with engine.connect() as connection:
        for name, told in tenancy_of(Base.registry.mappers).items():
            if told.of and "person_id" in Base.metadata.tables[name].c:
                rows = "select count(*) from {} where account_id = :account and person_id = :person"
                of_table = sa.text(rows.format(name))
                if connection.scalar(of_table, {"account": former, "person": person}):
                    stayed.append(name)
                went += connection.scalar(of_table, {"account": str(left.taker.id), "person": person}) or 0
    engine.dispose()
    assert stayed == []
    assert went > 10


async def test_XY17_what_the_helper_paid_stays_theirs_to_read(
    town_house: House, town_http: Client, town: Town, town_settings: Settings, left: Left
) -> None:
    here = town[0]
    headers = await cookie(town_house.units, here.patient.actor)
    engine = sa.create_engine(town_settings.owner_url.get_secret_value(), poolclass=sa.NullPool)
    with engine.connect() as connection:
        mine = {"account": str(here.patient.account.id)}
        paid = connection.execute(
            sa.text("select id from charges where account_id = :account and state = 'settled'"), mine
        ).all()
        back = connection.execute(sa.text("select id from refunds where account_id = :account"), mine).all()
    engine.dispose()
    assert len(paid) >= 3 and back
    for address in (*(f"/receipts/{row.id}" for row in paid), *(f"/refunds/{row.id}" for row in back)):
        answer = await town_http.get(address, headers=headers)
        assert answer.status_code == 200, address
        assert not [word for word in MEDICAL if word in answer.text], address
        assert f"/bookings/{here.things['room_id']}" not in answer.text


async def test_XY17_what_they_were_told_leads_nowhere_any_more(
    town_house: House, town: Town, left: Left
) -> None:
    here = town[0]
    gone = (here.things["booking_id"], here.things["room_id"], here.things["prescription_id"])
    async with town_house.units.system("test") as unit:
        found = sa.select(InboxMessage.href).where(InboxMessage.account_id == here.patient.account.id)
        hrefs = list((await unit.session.scalars(found)).all())
        told = sa.select(InboxMessage.notice).where(InboxMessage.account_id == left.taker.id)
        assert Notice.VISITS_PASSED_ON in (await unit.session.scalars(told)).all()
    assert hrefs
    assert not [href for href in hrefs if any(each in href for each in gone)]


def _is_kept(path: str) -> bool:
    """What an account keeps: its money, its own claims and family account, its messages and sessions."""
    return path.removeprefix("/api/v1").startswith(KEPT)


def _was_dropped(path: str) -> bool:
    """A draft nobody sent, a share, a copy: they ended with the helper's word to act."""
    return any(part in path for part in ("/shares/", "/attachments/", "/papers/{paper_id", "/exports/"))


def _is_closed(path: str, needs: Any) -> bool:
    is_theirs = _may(Role.PATIENT, needs) and _names_somebodys(path, Role.PATIENT)
    return is_theirs and not _is_kept(path)
