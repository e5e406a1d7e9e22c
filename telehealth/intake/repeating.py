"""A form for the next visit from what lasts of the last one, with a complaint said anew (BJ09, XY22)."""

from uuid import UUID

from telehealth.core.access import Actor
from telehealth.core.unit import Unit, Units
from telehealth.intake import queries
from telehealth.intake.filling import begin, content_of, read
from telehealth.intake.models import IntakeForm
from telehealth.intake.states import FormEvent, FormState
from telehealth.rulebook.rules import ClinicKind


async def last_complaint(unit: Unit, form_id: UUID | None) -> str:
    """What they wrote then, to be read and changed; "" where there is no such form any more."""
    if form_id is None:
        return ""
    found = await queries.seen_form(unit, form_id)
    return content_of(found).complaint if found is not None else ""


async def begin_again(
    units: Units, actor: Actor, *, person_id: UUID, department_id: UUID, complaint: str
) -> IntakeForm:
    """A draft for an internet visit that lacks nothing which is as true as last time; it is not sent here.

    A form that was sent and came to nothing is taken back, so that the doctor reads what is said now.

    Raises PersonNotFound, LinkPending, DepartmentNotFound, Forbidden, FormNotFound.
    """
    async with units.of(actor) as unit:
        found = await begin(unit, person_id=person_id, department_id=department_id, kind=ClinicKind.INTERNET)
        row = await read(unit, found.id, lock=True)
        if row.state is FormState.SUBMITTED:
            row.apply(FormEvent.REVISE)
        row.body = content_of(row).model_copy(update={"complaint": complaint}).model_dump_json()
        row.version += 1
        row.saved_by = ""
        row.saved_at = unit.now
        return row
