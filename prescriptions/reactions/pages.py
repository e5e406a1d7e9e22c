"""Reporting a reaction, following it, and assessing it; the doctor reads along."""

from datetime import date
from typing import Any
from uuid import UUID

from pydantic import BaseModel, ConfigDict
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from prescriptions.errors import PrescriptionNotFound
from prescriptions.reactions import presenting, queries
from prescriptions.reactions.assessing import Opinion, assess
from prescriptions.reactions.doors import emergency_for, emergency_of
from prescriptions.reactions.reporting import Told, report, sheet_for_report
from prescriptions.reactions.schemas import AssessReaction, Code, Words
from prescriptions.reactions.states import CAUSALITIES, ENDINGS, TAKING, Severity, Taking
from telehealth.core.access import Actor, Permission
from telehealth.core.errors import Conflict, FieldsInvalid
from telehealth.core.i18n import N_
from telehealth.core.ids import new_id
from telehealth.core.text import Day
from telehealth.core.unit import Unit, Units
from telehealth.web.contract import page
from telehealth.web.forms import Form, blank, read_form
from telehealth.web.pages import redirect, render
from telehealth.web.preferences import language

P = Permission
HERE = "/staff/reactions"
#: A report of the hospital's has at most so many lines at a time.
MOST_EXPORTED = 1000


class Filled(BaseModel):
    model_config = ConfigDict(extra="ignore")

    drug_codes: list[Code] = []
    what: Words
    began_on: Day
    severity: Severity
    taking: Taking
    draft: UUID


@page(needs=P.BOOK)
async def new_reaction_page(request: Request, unit: Unit, prescription_id: UUID) -> Response:
    return await _ask(request, unit, prescription_id, blank(draft=str(new_id())))


@page(needs=P.BOOK, limit="30/hour")
async def report_reaction_page(
    request: Request, units: Units, actor: Actor, prescription_id: UUID
) -> Response:
    """Whatever is refused, the words stay on the page."""
    form = await read_form(request, Filled)
    if form.model is not None:
        told = form.model
        try:
            async with units.account(actor.account, actor) as unit:
                row = await report(
                    unit,
                    actor,
                    prescription_id,
                    Told(
                        tuple(told.drug_codes),
                        told.what,
                        told.began_on,
                        told.severity,
                        told.taking,
                        told.draft,
                    ),
                )
            return redirect(f"/reactions/{row.id}", flash=N_("已收到，药师和开方医生都会看到"))
        except FieldsInvalid as error:
            form.refuse(error)
    async with units.account(actor.account, actor) as unit:
        return await _ask(request, unit, prescription_id, form, status=422)


@page(needs=P.BOOK)
async def reaction_page(request: Request, unit: Unit, reaction_id: UUID) -> Response:
    row, lang = await queries.reaction_of(unit, reaction_id), language(request)
    return render(
        request,
        "prescriptions/reaction.html",
        reaction=await presenting.whole(unit, row, lang),
        emergency=await emergency_for(unit, row, lang),
    )


@page(needs=P.REVIEW_PRESCRIPTIONS)
async def reactions_page(request: Request, unit: Unit) -> Response:
    lang = language(request)
    waiting = [await presenting.line(unit, row, lang) for row in await queries.waiting(unit, limit=100)]
    latest = await queries.reactions_of(unit, limit=50)
    done = [await presenting.line(unit, row, lang) for row in latest if row.assessed_at is not None]
    return render(
        request,
        "prescriptions/reactions.html",
        waiting=waiting,
        done=done,
        late=sum(row["is_late"] for row in waiting),
    )


@page(needs=P.REVIEW_PRESCRIPTIONS)
async def staff_reaction_page(request: Request, unit: Unit, reaction_id: UUID) -> Response:
    row = await queries.reaction_of(unit, reaction_id)
    unit.audit("reaction.opened", row)
    return await _show(request, unit, reaction_id, may_assess=True)


@page(needs=P.CONSULT)
async def own_reaction_page(request: Request, unit: Unit, reaction_id: UUID) -> Response:
    """To whoever signed the sheet; they read along, the pharmacist answers."""
    row = await queries.reaction_of(unit, reaction_id)
    unit.audit("reaction.opened", row)
    return await _show(request, unit, reaction_id, may_assess=False)


@page(needs=P.REVIEW_PRESCRIPTIONS)
async def assess_reaction_page(request: Request, units: Units, actor: Actor, reaction_id: UUID) -> Response:
    form = await read_form(request, AssessReaction)
    if form.model is not None:
        opinion = Opinion(form.model.causality, form.model.ending, form.model.advice)
        async with units.of(actor) as unit:
            await assess(unit, actor, reaction_id, opinion)
        return redirect(f"{HERE}/{reaction_id}", flash=N_("已评价，患者已收到通知"))
    async with units.of(actor) as unit:
        return await _show(request, unit, reaction_id, may_assess=True, form=form, status=422)


@page(needs=P.REVIEW_PRESCRIPTIONS, limit="30/hour")
async def export_reactions_page(request: Request, unit: Unit) -> Response:
    """The hospital's reports as a table to send onward; no name is in it."""
    rows = await queries.reactions_of(unit, limit=MOST_EXPORTED)
    unit.audit("reaction.exported", f"hospitals:{unit.actor.hospital}", count=len(rows))
    text = await presenting.export(unit, rows, language(request))
    headers = {
        "content-disposition": f'attachment; filename="reactions-{unit.today.isoformat()}.csv"',
        "cache-control": "no-store",
    }
    return Response(text, media_type="text/csv; charset=utf-8", headers=headers)


async def _ask(
    request: Request, unit: Unit, prescription_id: UUID, form: Form[Any], *, status: int = 200
) -> Response:
    """Raises PrescriptionNotFound."""
    lang = language(request)
    try:
        rx = await sheet_for_report(unit, prescription_id)
    except PrescriptionNotFound:
        raise
    except Conflict as error:
        return redirect(f"/prescriptions/{prescription_id}", flash=error.detail, kind="warn")
    typed = str(form.values.get("began_on", ""))
    known = await queries.of_sheet(unit, prescription_id)
    chosen = form.values.get("drug_codes") or []
    return render(
        request,
        "prescriptions/reaction_new.html",
        status,
        rx=rx,
        drugs=await presenting.choices(unit, rx, lang),
        chosen=chosen if isinstance(chosen, list) else [chosen],
        severities=presenting.severities(lang),
        taking=presenting.options(TAKING, lang),
        began_on=_day(typed) or (None if typed else unit.today),
        years=range(unit.today.year, unit.today.year - 3, -1),
        emergency=await emergency_of(unit, rx.hospital_id, lang),
        known=[await presenting.line(unit, row, lang) for row in known],
        values=form.values,
        errors=form.errors,
    )


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


async def _show(
    request: Request,
    unit: Unit,
    reaction_id: UUID,
    *,
    may_assess: bool,
    form: Form[Any] | None = None,
    status: int = 200,
) -> Response:
    row, lang = await queries.reaction_of(unit, reaction_id), language(request)
    known = {"causality": row.causality or "", "ending": row.ending or "", "advice": row.advice}
    return render(
        request,
        "prescriptions/staff_reaction.html",
        status,
        reaction=await presenting.whole(unit, row, lang),
        may_assess=may_assess,
        causalities=presenting.options(CAUSALITIES, lang),
        endings=presenting.options(ENDINGS, lang),
        values=form.values if form else known,
        errors=form.errors if form else {},
    )


routes = [
    Route("/prescriptions/{prescription_id:uuid}/reactions/new", new_reaction_page),
    Route("/prescriptions/{prescription_id:uuid}/reactions/new", report_reaction_page, methods=["POST"]),
    Route("/reactions/{reaction_id:uuid}", reaction_page),
    Route(HERE, reactions_page),
    Route(HERE + ".csv", export_reactions_page),
    Route(HERE + "/{reaction_id:uuid}", staff_reaction_page),
    Route(HERE + "/{reaction_id:uuid}/assessment", assess_reaction_page, methods=["POST"]),
    Route("/staff/own-reactions/{reaction_id:uuid}", own_reaction_page),
]
