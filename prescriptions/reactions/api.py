"""JSON routes of reactions. Somebody else's is a 404."""

from uuid import UUID

from starlette.requests import Request
from starlette.routing import Route

from prescriptions.errors import PrescriptionNotFound
from prescriptions.reactions import queries
from prescriptions.reactions.assessing import Opinion, assess
from prescriptions.reactions.doors import emergency_for
from prescriptions.reactions.errors import ReactionNotFound, SheetNotReportable
from prescriptions.reactions.models import Reaction
from prescriptions.reactions.reporting import Told, report
from prescriptions.reactions.schemas import AssessReaction, ReactionQuery, ReactionView, ReportReaction
from telehealth.core.access import Actor, Permission
from telehealth.core.ids import new_id
from telehealth.core.unit import Unit
from telehealth.web.contract import operation
from telehealth.web.pagination import Page, cut, moment_key
from telehealth.web.preferences import language

P = Permission


@operation(
    needs=P.BOOK,
    status=201,
    raises=(PrescriptionNotFound, SheetNotReportable, ReactionNotFound),
    idempotent=True,
    limit="30/hour",
)
async def report_reaction(
    request: Request, unit: Unit, actor: Actor, prescription_id: UUID, body: ReportReaction
) -> ReactionView:
    """What a medicine of this sheet did. A severe one answers with what to do at once."""
    told = Told(
        tuple(body.drug_codes), body.what, body.began_on, body.severity, body.taking, body.draft or new_id()
    )
    row = await report(unit, actor, prescription_id, told)
    return ReactionView.of(row, await emergency_for(unit, row, language(request)))


@operation(needs=P.BOOK)
async def list_reactions(unit: Unit, query: ReactionQuery) -> Page[ReactionView]:
    """One's own, newest first."""
    return await _page(unit, query)


@operation(needs=P.BOOK, raises=(ReactionNotFound,))
async def show_reaction(request: Request, unit: Unit, reaction_id: UUID) -> ReactionView:
    row = await queries.reaction_of(unit, reaction_id)
    return ReactionView.of(row, await emergency_for(unit, row, language(request)))


@operation(needs=P.REVIEW_PRESCRIPTIONS)
async def list_reactions_to_assess(unit: Unit) -> list[ReactionView]:
    """Not assessed yet, the oldest promise first."""
    return [ReactionView.of(row) for row in await queries.waiting(unit)]


@operation(needs=P.REVIEW_PRESCRIPTIONS)
async def list_hospital_reactions(unit: Unit, query: ReactionQuery) -> Page[ReactionView]:
    """Every report of the hospital, newest first: what is reported onward."""
    return await _page(unit, query)


@operation(needs=P.REVIEW_PRESCRIPTIONS, raises=(ReactionNotFound,))
async def assess_reaction(unit: Unit, actor: Actor, reaction_id: UUID, body: AssessReaction) -> ReactionView:
    """The pharmacist's opinion; assessed again, the later one counts."""
    opinion = Opinion(body.causality, body.ending, body.advice)
    return ReactionView.of(await assess(unit, actor, reaction_id, opinion))


@operation(needs=P.CONSULT, raises=(ReactionNotFound,))
async def show_reaction_to_doctor(unit: Unit, reaction_id: UUID) -> ReactionView:
    """To whoever signed the sheet."""
    row = await queries.reaction_of(unit, reaction_id)
    unit.audit("reaction.opened", row)
    return ReactionView.of(row)


async def _page(unit: Unit, query: ReactionQuery) -> Page[ReactionView]:
    rows = await queries.reactions_of(unit, before=moment_key(query.after), limit=query.limit)
    kept, following = cut(rows, query.limit, _key)
    return Page(items=[ReactionView.of(row) for row in kept], next=following)


def _key(row: Reaction) -> tuple[object, ...]:
    return (row.made_at, row.id)


routes = [
    Route("/prescriptions/{prescription_id:uuid}/reactions", report_reaction, methods=["POST"]),
    Route("/reactions", list_reactions),
    Route("/reactions/{reaction_id:uuid}", show_reaction),
    Route("/staff/reactions", list_hospital_reactions),
    Route("/staff/reactions-to-assess", list_reactions_to_assess),
    Route("/staff/reactions/{reaction_id:uuid}/assessment", assess_reaction, methods=["POST"]),
    Route("/staff/own-reactions/{reaction_id:uuid}", show_reaction_to_doctor),
]
