"""One round of the gate for a patient: who asks, what was answered, what comes of it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from telehealth.core.access import Actor
from telehealth.core.clock import HospitalDay
from telehealth.core.errors import FieldsInvalid
from telehealth.core.i18n import N_
from telehealth.core.unit import Unit, Units
from telehealth.directory import Hospital, live_hospital
from telehealth.eligibility import queries, screening
from telehealth.eligibility.checking import assess
from telehealth.eligibility.errors import CheckNotFound
from telehealth.eligibility.facts import Stage
from telehealth.eligibility.models import GateDecision
from telehealth.eligibility.ports import RedFlagBook, RedFlagQuestion
from telehealth.eligibility.recording import Question
from telehealth.patients import LinkPending, PersonNotFound, person_for
from telehealth.rulebook.rules import ClinicKind


@dataclass(frozen=True, slots=True)
class Told:
    """What the patient told so far."""

    person_id: UUID
    stage: Stage = Stage.BASICS
    kind: ClinicKind = ClinicKind.INTERNET
    slot_date: HospitalDay | None = None
    stable: bool | None = None
    complaint: str = ""
    answers: Mapping[str, bool] | None = None


async def ask(
    units: Units, actor: Actor, book: RedFlagBook, code: str, told: Told
) -> tuple[GateDecision, tuple[str, ...]]:
    """The decision, and the questions still open.

    Raises HospitalNotFound, HospitalNotLive, PersonNotFound, LinkPending, FieldsInvalid.
    """
    asks_flags = told.kind is ClinicKind.INTERNET and told.stage in (Stage.RED_FLAGS, Stage.FORM)
    async with units.of(actor) as unit:
        place = await live_hospital(unit, code)
        await person_for(unit, actor.account, told.person_id)
        if told.slot_date is not None and told.slot_date < unit.today:
            raise FieldsInvalid({"slot_date": N_("请选择今天或以后的日期")})
        asked = await _asked(unit, book, place, told) if asks_flags else ()
    weighed = screening.weigh(asked, told.answers or {}) if asks_flags else screening.Answers(None, ())
    question = Question(
        place.id,
        told.person_id,
        stage=told.stage,
        kind=told.kind,
        slot_date=told.slot_date,
        stable=told.stable,
        red_flags=weighed.flags,
    )
    return (await assess(units, actor, question)).row, weighed.unanswered


async def own_check(unit: Unit, check_id: UUID) -> GateDecision:
    """A check about somebody this account may act for now. Raises CheckNotFound."""
    row = await queries.decision(unit, check_id)
    if row.account_id != unit.actor.account:
        raise CheckNotFound()
    try:
        await person_for(unit, unit.actor.account, row.person_id)
    except (PersonNotFound, LinkPending):
        raise CheckNotFound() from None
    return row


async def _asked(unit: Unit, book: RedFlagBook, place: Hospital, told: Told) -> Sequence[RedFlagQuestion]:
    return await screening.questions(
        unit, book, hospital_id=place.id, person_id=told.person_id, complaint=told.complaint
    )
