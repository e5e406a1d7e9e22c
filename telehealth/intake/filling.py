"""Begin a condition form, keep what is typed, take a sent one back.

Nothing typed is lost: a page that saves over another's words is told first, and keeps its own.
"""

import json
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar
from uuid import UUID

import sqlalchemy as sa
from pydantic import ConfigDict, Field, StringConstraints, model_validator
from sqlalchemy.dialects.postgresql import insert

from telehealth.core.clock import completed_years
from telehealth.core.errors import FieldsInvalid, Forbidden
from telehealth.core.i18n import N_
from telehealth.core.ids import new_id
from telehealth.core.unit import Unit
from telehealth.directory import Department, DepartmentNotFound, department
from telehealth.intake import policy, queries
from telehealth.intake.content import FormContent, nested
from telehealth.intake.errors import DraftWaiting, FormFixed, FormNotFound, FormOutdated
from telehealth.intake.models import IntakeForm
from telehealth.intake.rules import FilledBy, Template, needed, templates
from telehealth.intake.states import FormEvent, FormState
from telehealth.patients import LinkPending, Person, PersonNotFound, person, person_for
from telehealth.rulebook import current_policy
from telehealth.rulebook.rules import ClinicKind, PolicySet

EditorId = Annotated[str, StringConstraints(max_length=64, pattern=r"^[A-Za-z0-9_-]*$")]


class SaveForm(FormContent):
    """A save. `version` is the one the page was opened at, `editor` names the page: its own saves, which
    may overtake each other on the way, never conflict."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    FORM_VALUES: ClassVar = True

    version: Annotated[int, Field(ge=1, le=2**31)]
    editor: EditorId = ""

    @model_validator(mode="before")
    @classmethod
    def _as_a_page_sends_it(cls, raw: Any) -> Any:
        return nested(raw)

    @property
    def content(self) -> FormContent:
        return FormContent(**self.model_dump(exclude={"version", "editor"}))


@dataclass(frozen=True, slots=True)
class Sheet:
    """A form with all that decides what it still lacks."""

    row: IntakeForm
    content: FormContent
    person: Person
    department: Department
    template: Template
    policy: PolicySet
    age: int


async def begin(unit: Unit, *, person_id: UUID, department_id: UUID, kind: ClinicKind) -> IntakeForm:
    """The form of this errand: the one already begun, else a new draft with what lasts from the last one.

    Raises PersonNotFound, LinkPending, DepartmentNotFound, Forbidden.
    """
    if not policy.may_write(unit):
        raise Forbidden()
    patient = await _person(unit, person_id)
    place = await department(unit, department_id)
    if not place.open or (kind is ClinicKind.INTERNET and not place.online):
        raise DepartmentNotFound()
    if unit.hospital_id is not None and place.hospital_id != unit.hospital_id:
        raise DepartmentNotFound()
    errand = queries.Errand(unit.owner, person_id, department_id, kind)
    found = await queries.unsent(unit, errand)
    if found is not None:
        return found
    begun = await _first_words(unit, patient)
    row = insert(IntakeForm).values(
        id=new_id(),
        hospital_id=place.hospital_id,
        account_id=errand.account_id,
        person_id=person_id,
        department_id=department_id,
        kind=kind,
        state=FormState.DRAFT,
        template=_code(place),
        body=begun.model_dump_json(),
        version=1,
        saved_by="",
        started_at=unit.now,
        saved_at=unit.now,
    )
    # Two taps at once begin one form.
    await unit.session.execute(row.on_conflict_do_nothing())
    made = await queries.unsent(unit, errand)
    if made is None:
        raise FormNotFound()
    unit.audit("intake.begun", made, template=made.template, kind=kind)
    return made


async def read(unit: Unit, form_id: UUID, *, lock: bool = False) -> IntakeForm:
    """A form whose person the reader may act for now. Raises FormNotFound."""
    row = await queries.form(unit, form_id, lock=lock)
    if not policy.may_read(unit, row):
        raise FormNotFound()
    try:
        await _person(unit, row.person_id)
    except (PersonNotFound, LinkPending):
        # The consent was withdrawn since (XY17): what was told about them is closed with it.
        raise FormNotFound() from None
    return row


async def sheet(unit: Unit, form_id: UUID, *, lock: bool = False) -> Sheet:
    """Raises FormNotFound."""
    row = await read(unit, form_id, lock=lock)
    patient = await _person(unit, row.person_id)
    place = await department(unit, row.department_id)
    numbers = (await current_policy(unit, row.hospital_id)).policy
    age = completed_years(patient.birth_date, unit.today)
    wanted = needed(
        row.template,
        is_online=row.kind is ClinicKind.INTERNET,
        tongue_required=place.tongue_required,
        age=age,
        policy=numbers,
    )
    return Sheet(row, content_of(row), patient, place, wanted, numbers, age)


def content_of(row: IntakeForm) -> FormContent:
    return FormContent.model_validate(json.loads(row.body))


async def save(unit: Unit, form_id: UUID, edit: SaveForm) -> IntakeForm:
    """Keep what is typed so far.

    Raises FormNotFound, FormFixed, FormOutdated, FieldsInvalid.
    """
    row = await writable(unit, form_id)
    if row.version != edit.version and (not edit.editor or row.saved_by != edit.editor):
        raise FormOutdated(version=row.version)
    if edit.filled_by is FilledBy.STAFF and not unit.actor.is_staff:
        raise FieldsInvalid({"filled_by": N_("请从给出的选项中选择")})
    row.body = edit.content.model_dump_json()
    row.version += 1
    row.saved_by = edit.editor
    row.saved_at = unit.now
    await unit.session.flush()
    return row


async def writable(unit: Unit, form_id: UUID) -> IntakeForm:
    """The draft, locked. Raises FormNotFound, FormFixed."""
    row = await read(unit, form_id, lock=True)
    if not policy.may_write(unit):
        raise FormNotFound()
    if row.state is not FormState.DRAFT:
        raise FormFixed(state=row.state)
    return row


async def revise(unit: Unit, form_id: UUID) -> IntakeForm:
    """Take a submitted form back to change it; a draft stays one.

    Raises FormNotFound, FormFixed once a booking uses it, DraftWaiting.
    """
    row = await read(unit, form_id, lock=True)
    if not policy.may_write(unit):
        raise FormNotFound()
    if row.state is FormState.DRAFT:
        return row
    if row.state is FormState.USED:
        raise FormFixed(state=row.state)
    row.apply(FormEvent.REVISE)
    try:
        await unit.session.flush()
    except sa.exc.IntegrityError as error:
        raise DraftWaiting() from error
    unit.audit("intake.revised", row)
    return row


async def use_form(unit: Unit, form_id: UUID) -> None:
    """The form goes with a booking from now on; a second time changes nothing.

    Raises FormNotFound, TransitionRefused for a draft.
    """
    await unit.settle()
    whose = await queries.mark_used(unit, form_id)
    if whose is None:
        row = await queries.form(unit, form_id, lock=True)
        if row.state is not FormState.USED:
            row.apply(FormEvent.USE)
            unit.audit("intake.used", row)
        return
    hospital_id, account_id = whose
    unit.audit("intake.used", f"intake_forms:{form_id}", hospital_id=hospital_id, account_id=account_id)


async def release_form(unit: Unit, form_id: UUID) -> IntakeForm:
    """The booking came to nothing: the form may go with another. Raises FormNotFound."""
    row = await queries.form(unit, form_id, lock=True)
    if row.state is FormState.USED:
        row.apply(FormEvent.RELEASE)
        unit.audit("intake.released", row)
    return row


async def _person(unit: Unit, person_id: UUID) -> Person:
    if unit.actor.is_staff or unit.actor.account_id is None:
        return await person(unit, person_id)
    return await person_for(unit, unit.actor.account_id, person_id)


async def _first_words(unit: Unit, patient: Person) -> FormContent:
    last = await queries.latest_sent(unit, account_id=unit.owner, person_id=patient.id)
    if last is not None:
        return content_of(last).lasting()
    if unit.actor.is_staff:
        return FormContent(filled_by=FilledBy.STAFF, filler_name=unit.actor.name)
    return FormContent()


def _code(place: Department) -> str:
    """A department's own template by its code, else the one of its kind."""
    return place.code if place.code in templates() else str(place.kind)
