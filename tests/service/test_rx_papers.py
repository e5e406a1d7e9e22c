"""Signed sheets among the papers of a record: handed out to whoever acts for the patient (GD08, REG56)."""

import pytest

from telehealth.core.unit import Units
from telehealth.patients.errors import PersonNotFound
from telehealth.patients.linking_family import end_link
from telehealth.records import issuing
from telehealth.records.states import PaperKind
from tests.support.factories.reviewing import open_review, passed, to_review


async def test_REG56_a_sheet_is_handed_out_only_while_one_acts_for_the_patient(units: Units) -> None:
    place = await open_review(units)
    rx = await passed(units, place, await to_review(units, place))
    who = place.desk.visit.who
    paper = await issuing.issue(units, who.actor, PaperKind.PRESCRIPTION, rx.id)
    assert (await issuing.read(units, paper)).startswith(b"%PDF-")
    await end_link(units, who.actor, who.person.id)
    with pytest.raises(PersonNotFound):
        await issuing.issue(units, who.actor, PaperKind.PRESCRIPTION, rx.id)
