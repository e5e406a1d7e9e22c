"""A helper's seat: invited by the patient, taken by consent, ended by either, gone with the visit (XY25)."""

import asyncio
from collections import Counter

import pytest
import sqlalchemy as sa

from telehealth.bookings.cancelling import cancel
from telehealth.consultations.errors import (
    HelpersFull,
    InvitationNotFound,
    OwnInvitation,
    RoomClosed,
    RoomNotFound,
    SeatNotFound,
)
from telehealth.consultations.helping import accept, end, invitation_of, invite
from telehealth.consultations.models import RoomSeat
from telehealth.consultations.states import SeatState
from telehealth.core.access import Actor
from telehealth.core.errors import Forbidden
from telehealth.core.rooms import Role
from telehealth.core.unit import Units
from tests.support.factories.accounts import add_patient, patient
from tests.support.factories.bookings import audited
from tests.support.factories.rooms import Visit, add_room, events, messages, say, seat


@pytest.fixture
async def visit(units: Units) -> Visit:
    return await add_room(units)


@pytest.fixture
async def daughter(units: Units) -> Actor:
    return patient(await add_patient(units, "13700007777"))


async def asked(units: Units, visit: Visit, name: str = "女儿") -> tuple[RoomSeat, str]:
    made = await invite(units, visit.patient, visit.room, name=name)
    return made.seat, made.link.rpartition("/")[2]


async def rows(units: Units) -> list[RoomSeat]:
    async with units.system("test") as unit:
        return list(await unit.session.scalars(sa.select(RoomSeat).order_by(RoomSeat.id)))


async def test_XY25_a_daughter_takes_the_seat_and_writes(units: Units, visit: Visit, daughter: Actor) -> None:
    _, token = await asked(units, visit)
    assert await accept(units, daughter, token) == visit.room
    place = await seat(units, visit, daughter)
    assert (place.role, place.name) == (Role.HELPER, "女儿")
    await say(units, visit, daughter, "她听力不好，我来补充")
    said = (await messages(units, visit))[-1]
    assert (said.role, said.author_name, said.author_id) == ("helper", "女儿", daughter.account_id)
    assert [fact["event"] for fact in await events(units, visit)] == ["helper_joined"]
    for name in ("room.helper_invited", "room.helper_joined"):
        assert len(await audited(units, name)) == 1


async def test_the_secret_of_the_link_is_not_kept(units: Units, visit: Visit) -> None:
    _, token = await asked(units, visit)
    async with units.system("test") as unit:
        found = await (await unit.connection()).execute("select row_to_json(s)::text from room_seats s")
        text = (await found.fetchone() or ("",))[0]
    assert token not in text and "女儿" not in text


async def test_before_signing_in_a_link_shows_no_more_than_needed(units: Units, visit: Visit) -> None:
    _, token = await asked(units, visit)
    shown = await invitation_of(units, token)
    assert (shown.patient, shown.doctor.id, shown.state) == ("样**", visit.house.doctor.id, SeatState.INVITED)
    with pytest.raises(InvitationNotFound):
        await invitation_of(units, token + "x")


async def test_taking_it_again_changes_nothing_and_another_finds_nothing(
    units: Units, visit: Visit, daughter: Actor
) -> None:
    _, token = await asked(units, visit)
    await accept(units, daughter, token)
    assert await accept(units, daughter, token) == visit.room
    other = patient(await add_patient(units, "13700008888"))
    with pytest.raises(InvitationNotFound):
        await accept(units, other, token)
    assert len(await events(units, visit)) == 1


async def test_nobody_helps_themselves_nor_do_staff(units: Units, visit: Visit) -> None:
    _, token = await asked(units, visit)
    with pytest.raises(OwnInvitation):
        await accept(units, visit.patient, token)
    with pytest.raises(Forbidden):
        await accept(units, visit.doctor, token)


async def test_as_many_helpers_as_the_hospital_allows(units: Units, visit: Visit, daughter: Actor) -> None:
    first, token = await asked(units, visit)
    await accept(units, daughter, token)
    with pytest.raises(HelpersFull):
        await asked(units, visit, "儿子")
    await end(units, visit.patient, visit.room, first.id)
    await asked(units, visit, "儿子")


async def test_only_the_patient_invites(units: Units, visit: Visit, daughter: Actor) -> None:
    with pytest.raises(Forbidden):
        await invite(units, visit.doctor, visit.room, name="同事")
    with pytest.raises(RoomNotFound):
        await invite(units, daughter, visit.room, name="朋友")


async def test_either_of_the_two_ends_it_and_it_cannot_be_taken_again(
    units: Units, visit: Visit, daughter: Actor
) -> None:
    row, token = await asked(units, visit)
    await accept(units, daughter, token)
    with pytest.raises(SeatNotFound):
        await end(units, visit.doctor, visit.room, row.id)
    await end(units, daughter, visit.room, row.id)
    await end(units, visit.patient, visit.room, row.id)
    assert [one.state for one in await rows(units)] == [SeatState.ENDED]
    assert [fact["event"] for fact in await events(units, visit)] == ["helper_joined", "helper_left"]
    with pytest.raises(InvitationNotFound):
        await accept(units, daughter, token)
    with pytest.raises(RoomNotFound):
        await seat(units, visit, daughter)


async def test_it_ends_with_the_visit(units: Units, visit: Visit, daughter: Actor) -> None:
    _, token = await asked(units, visit)
    async with units.of(visit.patient) as unit:
        await cancel(unit, visit.room)
    assert [one.state for one in await rows(units)] == [SeatState.ENDED]
    with pytest.raises(InvitationNotFound):
        await accept(units, daughter, token)
    with pytest.raises(RoomClosed):
        await asked(units, visit)


async def test_two_who_take_it_at_once_are_one(units: Units, visit: Visit) -> None:
    _, token = await asked(units, visit)
    people = [patient(await add_patient(units, f"1370000999{n}")) for n in range(4)]
    ends = await asyncio.gather(*(accept(units, one, token) for one in people), return_exceptions=True)
    assert Counter(type(one).__name__ for one in ends) == {"UUID": 1, "InvitationNotFound": 3}
