"""JSON routes of the follow-up gate."""

from uuid import UUID

from starlette.requests import Request
from starlette.routing import Route

from telehealth.core.access import Actor, Permission
from telehealth.core.errors import FieldsInvalid, Unavailable
from telehealth.core.unit import Unit, Units
from telehealth.directory import (
    HospitalNotFound,
    HospitalNotLive,
    emergency_advice,
    hospital,
    hospital_by_code,
)
from telehealth.eligibility import asking, screening
from telehealth.eligibility.errors import CheckNotFound
from telehealth.eligibility.models import GateDecision
from telehealth.eligibility.ports import RedFlagBook
from telehealth.eligibility.schemas import (
    CheckEligibility,
    EligibilityCheckView,
    EmergencyView,
    QuestionsWanted,
    Reader,
    RedFlagQuestionView,
)
from telehealth.patients import LinkPending, PersonNotFound, person_for
from telehealth.web.contract import operation
from telehealth.web.house import house_of
from telehealth.web.pages import words
from telehealth.web.preferences import language

#: Each check may ask the hospital's system, which others need too.
CHECKS = "30/minute"


@operation(
    status=201,
    needs=Permission.BOOK,
    raises=(HospitalNotFound, HospitalNotLive, PersonNotFound, LinkPending, FieldsInvalid, Unavailable),
    limit=CHECKS,
)
async def check_eligibility(
    request: Request, units: Units, actor: Actor, code: str, body: CheckEligibility
) -> EligibilityCheckView:
    """Ask the gate as far as `stage`: card, basics (age, visit, ban), red flags, form (XY06)."""
    told = asking.Told(
        body.person_id, body.stage, body.kind, body.slot_date, body.stable, body.complaint, body.answers
    )
    row, unanswered = await asking.ask(units, actor, book_of(request), code, told)
    async with units.of(actor) as unit:
        return await _view(request, unit, row, unanswered)


@operation(needs=Permission.BOOK, raises=(CheckNotFound,))
async def show_eligibility_check(request: Request, unit: Unit, check_id: UUID) -> EligibilityCheckView:
    """A decision as it was made, with the sentences that explain it."""
    return await _view(request, unit, await asking.own_check(unit, check_id))


@operation(needs=Permission.BOOK, raises=(HospitalNotFound, PersonNotFound, LinkPending, Unavailable))
async def list_red_flag_questions(
    request: Request, unit: Unit, code: str, query: QuestionsWanted
) -> list[RedFlagQuestionView]:
    """What must be answered before an online follow-up; any yes ends the way online (XY04)."""
    place = await hospital_by_code(unit, code)
    if query.person is not None:
        await person_for(unit, unit.actor.account, query.person)
    asked = await screening.questions(
        unit, book_of(request), hospital_id=place.id, person_id=query.person, complaint=query.complaint
    )
    return [RedFlagQuestionView.of(question, language(request)) for question in asked]


def book_of(request: Request) -> RedFlagBook:
    """Raises Unavailable in a house without condition forms."""
    found = house_of(request).contributions.get("red_flags") or []
    if not found:
        raise Unavailable()
    book: RedFlagBook = found[0]
    return book


def reader_of(request: Request) -> Reader:
    return Reader(language(request), words(request))


async def emergency_of(request: Request, unit: Unit, row: GateDecision) -> EmergencyView | None:
    """None when nothing urgent was declared."""
    if not row.declared.red_flags:
        return None
    advice = await screening.advice_for(unit, book_of(request), row)
    here = await emergency_advice(unit, row.hospital_id)
    return None if advice is None else EmergencyView.of(advice, here, reader_of(request))


async def _view(
    request: Request, unit: Unit, row: GateDecision, unanswered: tuple[str, ...] = ()
) -> EligibilityCheckView:
    place = await hospital(unit, row.hospital_id)
    return EligibilityCheckView.of(
        row,
        reader_of(request),
        emergency=await emergency_of(request, unit, row),
        review_phone=place.complaint_phone,
        unanswered=unanswered,
    )


routes = [
    Route("/hospitals/{code}/eligibility-checks", check_eligibility, methods=["POST"]),
    Route("/hospitals/{code}/red-flag-questions", list_red_flag_questions),
    Route("/eligibility-checks/{check_id}", show_eligibility_check),
]
