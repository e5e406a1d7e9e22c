"""Whose open pages are told to look again: whoever a record is about, after the commit, and nobody else."""

from collections.abc import Iterable
from typing import Any
from uuid import UUID

import pytest

from telehealth.core.access import HOUSE
from telehealth.core.ids import new_id
from telehealth.core.unit import Units, desk_topic, own_topic
from telehealth.notifications import Notice, notify
from telehealth.notifications.reading import read_all
from tests.support.factories.accounts import add_patient, patient
from tests.support.factories.directory import add_hospital


class Noted:
    """A bus that only remembers."""

    def __init__(self) -> None:
        self.mentioned: list[str] = []

    def publish(self, topics: Iterable[str]) -> None:
        pass

    def mention(self, topics: Iterable[str]) -> None:
        self.mentioned += topics

    def subscribe(self, handler: Any) -> Any:
        return lambda: None

    async def close(self) -> None:
        pass


@pytest.fixture
def noted(units: Units, monkeypatch: pytest.MonkeyPatch) -> Noted:
    bus = Noted()
    monkeypatch.setattr(units, "bus", bus)
    return bus


async def test_what_is_recorded_touches_the_hospital_and_the_account_it_is_about(
    units: Units, noted: Noted
) -> None:
    hospital, account = new_id(), new_id()
    async with units.system("test") as unit:
        unit.audit("test.done", f"tests:{new_id()}", hospital_id=hospital, account_id=account)
        assert noted.mentioned == [], "not before the commit"
    assert noted.mentioned == [desk_topic(hospital), own_topic(account)]


async def test_what_is_rolled_back_touches_nobody(units: Units, noted: Noted) -> None:
    with pytest.raises(LookupError):
        async with units.hospital(new_id(), HOUSE) as unit:
            unit.audit("test.done", f"tests:{new_id()}")
            raise LookupError
    assert noted.mentioned == []


async def test_a_notice_touches_its_reader_and_so_does_reading_it(units: Units, noted: Noted) -> None:
    house = await add_hospital(units)
    reader = await add_patient(units, "13800001234")
    noted.mentioned.clear()
    async with units.system("test") as unit:
        await notify(unit, Notice.DAILY_REPORT, reader.id, hospital_id=house.id, **_facts(unit.today))
    assert noted.mentioned == [own_topic(reader.id)]
    async with units.of(patient(reader)) as unit:
        await read_all(unit, patient(reader))
    assert noted.mentioned == [own_topic(reader.id)] * 2


def _facts(day: Any) -> dict[str, Any]:
    return {"on": day, "visits": "1", "attended": "1"}


def test_a_topic_names_one_hospital_or_one_account() -> None:
    one = UUID(int=1)
    assert {desk_topic(one), own_topic(one)} == {f"desk:{one}", f"own:{one}"}
