"""Whoever no longer acts for somebody downloads nothing of them, whenever it was made (REG56, REG60)."""

import pytest

from telehealth.core.unit import Units
from telehealth.patients.linking_family import end_link
from telehealth.records import exporting, queries
from telehealth.records.errors import ExportNotFound
from tests.support.factories.records import add_report
from tests.support.factories.rooms import add_room


async def test_REG60_an_export_ends_with_the_authority_it_was_made_by(units: Units) -> None:
    visit = await add_room(units)
    await add_report(units, visit.house.hospital.id, visit.who.person.id)
    async with units.of(visit.patient) as unit:
        row = await exporting.ask(unit, visit.patient, visit.who.person.id)
    await exporting.make_export(units, row.id, row.account_id)
    async with units.of(visit.patient) as unit:
        (await queries.export(unit, row.account_id, row.id)).unlocked_at = unit.wall
    await exporting.open_file(units, visit.patient, row.id)
    await end_link(units, visit.patient, visit.who.person.id)
    for door in (exporting.open_file, exporting.link, exporting.send_code):
        with pytest.raises(ExportNotFound):
            await door(units, visit.patient, row.id)
