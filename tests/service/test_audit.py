"""What was done is on record, sealed per hospital into a chain that shows where it was touched."""

from datetime import timedelta
from uuid import UUID

import pytest
import sqlalchemy as sa
from structlog.contextvars import bound_contextvars

from telehealth.core.access import Actor, Role
from telehealth.core.audit import AuditRecord, AuditSeal, broken_link, seal_batch
from telehealth.core.clock import FixedClock
from telehealth.core.ids import new_id
from telehealth.core.provisioning import Addresses
from telehealth.core.unit import Unit, Units

NORTH, SOUTH = new_id(), new_id()


async def test_a_record_says_who_did_what_to_what_and_when(units: Units, clock: FixedClock) -> None:
    actor = Actor.signed_in(new_id(), frozenset({Role.DESK}), hospital_id=NORTH, name="前台")
    clock.move_business_to(clock.business() + timedelta(days=3))
    with bound_contextvars(request_id="request-1"):
        async with units.of(actor) as unit:
            unit.audit("booking.held", "bookings:7", rule="XY06", until=unit.now, days={3, 1, 2})
    record = (await _records(units))[0]
    assert (record.actor_id, record.actor_name, record.scope) == (actor.account_id, "前台", "hospital")
    assert (record.name, record.subject_kind, record.subject_id) == ("booking.held", "bookings", "7")
    assert (record.hospital_id, record.account_id) == (NORTH, None)
    assert record.at - record.wall_at == timedelta(days=3)
    assert record.facts == {"rule": "XY06", "until": record.at.isoformat(), "days": [1, 2, 3]}
    assert record.request_id == "request-1"


async def test_a_record_of_an_account_belongs_to_it(units: Units) -> None:
    actor = Actor.signed_in(new_id(), frozenset({Role.PATIENT}))
    async with units.of(actor) as unit:
        unit.audit("account.renamed", f"accounts:{actor.account}")
    async with units.of(actor) as unit:
        assert [row.account_id for row in await _seen(unit)] == [actor.account_id]


async def test_a_record_of_what_was_undone_does_not_exist(units: Units) -> None:
    with pytest.raises(ZeroDivisionError):
        async with units.system("test") as unit:
            unit.audit("test.happened", "tests:1")
            await unit.session.flush()
            raise ZeroDivisionError
    assert await _records(units) == []


async def test_records_are_sealed_into_one_chain_a_hospital(units: Units) -> None:
    for number, hospital_id in enumerate([NORTH, SOUTH, NORTH, None, SOUTH, NORTH]):
        await _happen(units, hospital_id, number)
    assert await _seal(units) == 6
    async with units.system("test") as unit:
        rows = await unit.session.execute(
            sa.select(AuditSeal.hospital_id, AuditSeal.link).order_by(AuditSeal.hospital_id, AuditSeal.link)
        )
        links: dict[UUID | None, list[int]] = {}
        for row in rows:
            links.setdefault(row.hospital_id, []).append(row.link)
    assert links == {NORTH: [1, 2, 3], SOUTH: [1, 2], None: [1]}
    assert [await _broken(units, each) for each in (NORTH, SOUTH, None)] == [None, None, None]


async def test_sealing_again_goes_on_where_the_chain_ends(units: Units) -> None:
    for number in range(5):
        await _happen(units, NORTH, number)
    assert [await _seal(units, limit=2) for _ in range(4)] == [2, 2, 1, 0]
    await _happen(units, NORTH, 5)
    assert await _seal(units) == 1
    assert await _broken(units, NORTH) is None


@pytest.mark.parametrize("touch", [
    "update audit_records set facts = '{\"number\": 99}' where id = :id",
    "update audit_records set actor_name = '别人' where id = :id",
    "update audit_records set at = at + interval '1 second' where id = :id",
    "update audit_records set hospital_id = null where id = :id",
    "update audit_seals set digest = repeat('0', 64) where record_id = :id",
    "delete from audit_seals where record_id = :id",
])  # fmt: skip
async def test_tampering_is_found_at_its_link(units: Units, database: Addresses, touch: str) -> None:
    for number in range(6):
        await _happen(units, NORTH, number)
        await _happen(units, SOUTH, number)
    await _seal(units)
    async with units.system("test") as unit:
        fourth = await unit.session.scalar(
            sa.select(AuditSeal.record_id).where(AuditSeal.hospital_id == NORTH, AuditSeal.link == 4)
        )
    owner = sa.create_engine(database.owner_url)
    with owner.begin() as connection:
        assert connection.execute(sa.text(touch), {"id": fourth}).rowcount == 1
    owner.dispose()
    assert await _broken(units, NORTH) == 4
    assert await _broken(units, SOUTH) is None


async def test_a_record_that_commits_late_is_sealed_later(units: Units) -> None:
    async with units.system("test") as slow:
        slow.audit("test.happened", "tests:slow", hospital_id=NORTH)
        await slow.session.flush()
        await _happen(units, NORTH, 1)
        assert await _seal(units) == 1
    assert await _seal(units) == 1
    assert await _broken(units, NORTH) is None


async def test_a_second_sealer_leaves_the_first_alone(units: Units) -> None:
    await _happen(units, NORTH, 1)
    async with units.system("test") as first:
        assert await seal_batch(first.session) == 1
        assert await _seal(units) == 0
    assert await _seal(units) == 0
    assert await _broken(units, NORTH) is None


async def _happen(units: Units, hospital_id: UUID | None, number: int) -> None:
    async with units.system("test") as unit:
        unit.audit("test.happened", f"tests:{number}", hospital_id=hospital_id, number=number)


async def _seal(units: Units, limit: int = 500) -> int:
    async with units.system("test") as unit:
        return await seal_batch(unit.session, limit=limit)


async def _broken(units: Units, hospital_id: UUID | None) -> int | None:
    async with units.system("test") as unit:
        return await broken_link(unit.session, hospital_id)


async def _records(units: Units) -> list[AuditRecord]:
    async with units.system("test") as unit:
        return await _seen(unit)


async def _seen(unit: Unit) -> list[AuditRecord]:
    return list(await unit.session.scalars(sa.select(AuditRecord)))
