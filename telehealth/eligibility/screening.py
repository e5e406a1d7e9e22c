"""Which questions a patient must answer before the gate can speak, and what the answers amount to (XY04)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from telehealth.core.errors import FieldsInvalid
from telehealth.core.i18n import N_
from telehealth.core.unit import Unit
from telehealth.eligibility.models import GateDecision
from telehealth.eligibility.ports import RedFlagAdvice, RedFlagBook, RedFlagQuestion
from telehealth.hospital import stored_visits
from telehealth.rulebook import current_policy


@dataclass(frozen=True, slots=True)
class Answers:
    """`flags` is None while a question is open and none was answered yes: nothing can be said yet."""

    flags: tuple[str, ...] | None
    unanswered: tuple[str, ...]


async def questions(
    unit: Unit, book: RedFlagBook, *, hospital_id: UUID, person_id: UUID | None = None, complaint: str = ""
) -> Sequence[RedFlagQuestion]:
    """By what the patient writes and by the diagnoses of their visits here."""
    codes: list[str] = []
    if person_id is not None:
        visits = await stored_visits(unit, hospital_id, person_id)
        codes = [found.code for visit in visits for found in visit.diagnoses if found.code]
    return book.questions_for(dict.fromkeys(codes), complaint)


def weigh(asked: Sequence[RedFlagQuestion], answers: Mapping[str, bool]) -> Answers:
    """Raises FieldsInvalid for an answer to a question that was not asked."""
    known = {question.id for question in asked}
    strange = {f"answers.{name}": N_("没有这个问题") for name in answers if name not in known}
    if strange:
        raise FieldsInvalid(strange)
    flags = tuple(question.id for question in asked if answers.get(question.id) is True)
    unanswered = tuple(question.id for question in asked if answers.get(question.id) is None)
    return Answers(flags if flags or not unanswered else None, unanswered)


async def advice_for(unit: Unit, book: RedFlagBook, check: GateDecision) -> RedFlagAdvice | None:
    """What to do at once, when the declaration behind a decision named something urgent."""
    flags = check.declared.red_flags
    if not flags:
        return None
    return book.advice(flags, (await current_policy(unit, check.hospital_id)).policy)
