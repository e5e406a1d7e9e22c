"""A page's ear: who may listen, to what, until when; and that it hears nothing but 'look again'."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from websockets.asyncio.client import ClientConnection
from websockets.asyncio.client import connect as dial
from websockets.exceptions import ConnectionClosed, InvalidStatus

from telehealth.core.access import Actor, Role
from telehealth.core.bus import NotifyBus
from telehealth.core.ids import new_id
from telehealth.core.unit import Units
from telehealth.web import changes
from telehealth.web.house import House
from telehealth.web.sessions import end_sessions_of
from tests.support.factories.accounts import add_patient, add_staff, patient, staff
from tests.support.factories.directory import add_hospital
from tests.support.rooms import Door, open_door

pytestmark = pytest.mark.anyio


@pytest.fixture
async def door(house: House) -> AsyncIterator[Door]:
    bus = house.units.bus
    assert isinstance(bus, NotifyBus)
    bus.subscribe(lambda topics: None)
    # Its first word is that anything may have changed.
    await bus.listening.wait()
    async with open_door(house) as opened:
        yield opened


@pytest.fixture
async def desk(units: Units) -> Actor:
    return staff(await add_staff(units, (await add_hospital(units)).id, (Role.DESK,)))


@asynccontextmanager
async def listening(door: Door, actor: Actor, **headers: str) -> AsyncIterator[ClientConnection]:
    signed_in = await door.bearer(actor)
    await settled(door)
    async with dial(f"ws://{door.host}/changes", additional_headers=signed_in | headers) as socket:
        yield socket


async def settled(door: Door) -> None:
    """What was done so far is said: nobody who comes now hears of it."""
    bus, said = door.house.units.bus, asyncio.Event()
    assert bus is not None
    leave = bus.subscribe(lambda topics: said.set() if topics and "test:settled" in topics else None)
    bus.mention(["test:settled"])
    async with asyncio.timeout(20):
        await said.wait()
    leave()


async def happens(units: Units, actor: Actor) -> None:
    """Something worth a record, of this account or at this hospital."""
    async with units.system("test") as unit:
        unit.audit(
            "test.done", f"tests:{new_id()}", hospital_id=actor.hospital_id, account_id=actor.account_id
        )


async def test_staff_hear_of_their_hospital_and_a_patient_of_themselves(
    door: Door, units: Units, desk: Actor
) -> None:
    one = patient(await add_patient(units, "13800001111"))
    async with listening(door, desk) as there, listening(door, one) as here:
        await happens(units, Actor(hospital_id=desk.hospital_id))
        assert await there.recv() == changes.LOOK
        await happens(units, one)
        assert await here.recv() == changes.LOOK


async def test_nobody_hears_of_another_hospital_or_another_person(
    door: Door, units: Units, desk: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(changes, "BEAT_S", 1.0)
    other = await add_hospital(units, "jiangbin", name="江滨医院")
    stranger = patient(await add_patient(units, "13800002222"))
    one = patient(await add_patient(units, "13800001111"))
    async with listening(door, desk) as there, listening(door, one) as here:
        await happens(units, Actor(hospital_id=other.id))
        await happens(units, stranger)
        await happens(units, Actor(hospital_id=desk.hospital_id, account_id=stranger.account_id))
        assert await there.recv() == changes.LOOK
        assert await here.recv() == changes.STILL, "a patient hears of no hospital"


async def test_a_busy_hospital_is_heard_at_a_measured_pace(
    door: Door, units: Units, desk: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(changes, "PACE_S", 1.5)
    monkeypatch.setattr(changes, "BEAT_S", 4.0)
    async with listening(door, desk) as there:
        for _ in range(3):
            await happens(units, desk)
        assert await there.recv() == changes.LOOK
        for _ in range(5):
            await happens(units, desk)
        assert [await there.recv(), await there.recv()] == [changes.LOOK, changes.STILL]


async def test_it_ends_with_the_session(door: Door, units: Units, desk: Actor) -> None:
    async with listening(door, desk) as there:
        await happens(units, desk)
        assert await there.recv() == changes.LOOK
        async with units.system("test") as unit:
            await end_sessions_of(unit, desk.account)
        with pytest.raises(ConnectionClosed) as closed:
            while True:
                await there.recv()
        assert closed.value.rcvd is not None and closed.value.rcvd.code == changes.OVER


async def test_the_end_of_another_session_of_the_account_ends_nothing(
    door: Door, units: Units, desk: Actor
) -> None:
    async with listening(door, desk) as there:
        async with units.system("test") as unit:
            unit.hint(f"account:{desk.account}:sessions")
        assert await there.recv() == changes.STILL
        await happens(units, desk)
        assert await there.recv() == changes.LOOK


async def test_strangers_and_other_sites_do_not_listen(door: Door, units: Units, desk: Actor) -> None:
    url = f"ws://{door.host}/changes"
    half = Actor.signed_in(desk.account, desk.roles, hospital_id=desk.hospital_id, assurance="password")
    for headers in (
        {},
        {"Authorization": "Bearer nonsense"},
        await door.bearer(half),
        await door.bearer(desk) | {"Origin": "https://elsewhere.example"},
    ):
        with pytest.raises(InvalidStatus) as refused:
            async with dial(url, additional_headers=headers):
                pass
        assert refused.value.response.status_code == 403


async def test_too_many_pages_of_one_account_ask_by_themselves(
    door: Door, units: Units, desk: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(changes, "MOST_OF_ONE", 1)
    async with listening(door, desk) as first, listening(door, desk) as second:
        with pytest.raises(ConnectionClosed) as closed:
            await second.recv()
        assert closed.value.rcvd is not None and closed.value.rcvd.code == changes.FULL
        await happens(units, desk)
        assert await first.recv() == changes.LOOK
    async with listening(door, desk) as third:
        await happens(units, desk)
        assert await third.recv() == changes.LOOK, "who left makes room"
