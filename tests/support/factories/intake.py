"""Condition forms, begun or sent, with files that were looked at."""

from typing import Any
from uuid import UUID

from telehealth.core.access import Actor
from telehealth.core.unit import Units
from telehealth.directory.models import Department
from telehealth.intake.attaching import attach
from telehealth.intake.filling import SaveForm, begin, save
from telehealth.intake.models import IntakeAttachment, IntakeForm
from telehealth.intake.rules import PhotoKind
from telehealth.intake.sending import submit
from telehealth.patients.models import Person
from telehealth.rulebook.rules import ClinicKind
from tests.support.uploads import photo

#: What an adult without worries writes.
COMPLETE: dict[str, Any] = {
    "complaint": "血压控制平稳，需要续药",
    "history": "原发性高血压五年",
    "no_known_allergies": True,
    "medicines": "氨氯地平每天一片",
}


async def add_form(
    units: Units,
    actor: Actor,
    person: Person,
    department: Department,
    *,
    kind: ClinicKind = ClinicKind.INTERNET,
    **content: Any,
) -> IntakeForm:
    """A draft that says what an adult without worries would, changed by `content`."""
    async with units.of(actor) as unit:
        row = await begin(unit, person_id=person.id, department_id=department.id, kind=kind)
        return await save(unit, row.id, SaveForm(version=row.version, **{**COMPLETE, **content}))


async def add_sent_form(
    units: Units, actor: Actor, person: Person, department: Department, **content: Any
) -> IntakeForm:
    row = await add_form(units, actor, person, department, **content)
    return await submit(units, actor, row.id)


async def add_photo(
    units: Units, actor: Actor, form_id: UUID, kind: PhotoKind = PhotoKind.TONGUE, data: bytes | None = None
) -> IntakeAttachment:
    return await attach(units, actor, form_id, kind=kind, filename="IMG_0001.jpg", data=data or photo())
