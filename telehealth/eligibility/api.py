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
    hospital,
    hospital_by_code,
)
from telehealth.eligibility import asking, screening
from telehealth.eligibility.doors import CHECKS, book_of, emergency_of, reader_of
from telehealth.eligibility.errors import CheckNotFound
from telehealth.eligibility.models import GateDecision
from telehealth.eligibility.schemas import (
    CheckEligibility,
    EligibilityCheckView,
    QuestionsWanted,
    RedFlagQuestionView,
)
from telehealth.patients import DataRestricted, LinkPending, PersonNotFound, person_for
from telehealth.web.contract import operation
from telehealth.web.preferences import language


@operation(
    status=201,
    needs=Permission.BOOK,
    raises=(
        HospitalNotFound,
        HospitalNotLive,
        PersonNotFound,
        LinkPending,
        DataRestricted,
        FieldsInvalid,
        Unavailable,
    ),
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
