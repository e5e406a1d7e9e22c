"""Several reads in one message: the same answers as one by one, seen through the same walls."""

from typing import Any

import pytest
import sqlalchemy as sa

from telehealth.core.access import Actor, Role
from telehealth.core.audit import AuditRecord
from telehealth.core.hot import Hot, Together, append
from telehealth.core.ids import new_id
from telehealth.core.offset import ClockOffset
from telehealth.core.unit import Unit, Units

NORTH, SOUTH = new_id(), new_id()
DESK = Actor.signed_in(new_id(), frozenset({Role.DESK}), hospital_id=SOUTH, name="前台")
RECORDS = Hot(
    sa.select(AuditRecord)
    .where(AuditRecord.hospital_id == sa.bindparam("hospital_id"))
    .order_by(AuditRecord.name.desc())
)
NAMES = Hot(sa.select(AuditRecord.name, AuditRecord.facts).order_by(AuditRecord.name))
OFFSETS = Hot(sa.select(ClockOffset.offset_s).where(ClockOffset.id == 1))
TOGETHER = Together(RECORDS, NAMES, OFFSETS)


@pytest.fixture
async def records(units: Units) -> Units:
    """Two of the north, one of the south, and no clock was moved."""
    async with units.system("test") as unit:
        for name, hospital_id in (("north.a", NORTH), ("north.b", NORTH), ("south.a", SOUTH)):
            unit.audit(name, "tests:1", hospital_id=hospital_id, said=["甲", 1])
    return units


async def test_reads_together_answer_as_one_by_one(records: Units) -> None:
    async with records.system("test") as unit:
        alone = await _read(unit)
        async with TOGETHER.ahead(unit, {"hospital_id": NORTH}):
            together = await _read(unit)
            assert not unit.ahead
    assert together == alone
    assert alone == (
        [("north.b", {"said": ["甲", 1]}), ("north.a", {"said": ["甲", 1]})],
        ["north.a", "north.b", "south.a"],
        None,
    )


async def test_what_was_read_ahead_was_seen_through_the_units_own_walls(records: Units) -> None:
    async with records.of(DESK) as unit, TOGETHER.ahead(unit, {"hospital_id": NORTH}):
        assert await _read(unit) == ([], ["south.a"], None)


async def test_an_answer_for_other_values_is_not_taken(records: Units) -> None:
    async with records.system("test") as unit, TOGETHER.ahead(unit, {"hospital_id": NORTH}):
        assert [row.name for (row,) in await RECORDS.all(unit, hospital_id=SOUTH)] == ["south.a"]


async def test_the_second_to_ask_sees_what_is_there_now(records: Units) -> None:
    async with records.system("test") as unit, TOGETHER.ahead(unit, {"hospital_id": NORTH}):
        assert await OFFSETS.first(unit) is None
        await append(unit, ClockOffset(id=1, offset_s=7, moved_at=unit.wall))
        assert await OFFSETS.first(unit) == (7,)


@pytest.mark.parametrize("way", ["append", "session", "driver"])
async def test_whoever_wrote_is_not_answered_from_before(records: Units, way: str) -> None:
    async with records.system("test") as unit, TOGETHER.ahead(unit, {"hospital_id": NORTH}):
        await _move_clock(unit, way)
        assert await OFFSETS.first(unit) == (7,)


async def test_nothing_read_ahead_outlives_its_block(records: Units) -> None:
    async with records.system("test") as unit:
        async with TOGETHER.ahead(unit, {"hospital_id": NORTH}):
            pass
        assert not unit.ahead


Rows = tuple[list[tuple[str, dict[str, Any]]], list[str], tuple[int] | None]


async def _read(unit: Unit) -> Rows:
    records = [(row.name, row.facts) for (row,) in await RECORDS.all(unit, hospital_id=NORTH)]
    return records, [name for name, _ in await NAMES.all(unit)], await OFFSETS.first(unit)


async def _move_clock(unit: Unit, way: str) -> None:
    moved = ClockOffset(id=1, offset_s=7, moved_at=unit.wall)
    if way == "append":
        await append(unit, moved)
    elif way == "session":
        unit.session.add(moved)
    else:
        statement = "insert into clock_offset (id, offset_s, moved_at) values (1, 7, now())"
        await (await unit.connection()).execute(statement)
