"""My record: everything of one person, a page to read each thing, and its PDF."""

from typing import Any
from uuid import UUID

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from telehealth.consultations.errors import RoomNotFound
from telehealth.consultations.note_content import PARTS
from telehealth.consultations.recounting import signed_note
from telehealth.core.access import Actor, Permission
from telehealth.core.errors import DomainError
from telehealth.core.unit import Unit, Units
from telehealth.directory import hospital, said
from telehealth.patients import people_of, person_for
from telehealth.records import issuing, queries
from telehealth.records.errors import DocumentNotFound
from telehealth.records.refreshing import told_in
from telehealth.records.showing import RecordOf, record_of
from telehealth.records.states import PAPER_ICONS, PAPER_SECTIONS, PAPER_WORDS, PaperKind
from telehealth.records.wording import FLAGS, OUT_OF_RANGE, REPORT_BADGES, REPORT_KINDS, VISITS
from telehealth.web.contract import page
from telehealth.web.pages import redirect, render
from telehealth.web.preferences import language
from telehealth.web.problems import sentence

P = Permission
#: How many of each kind the first page shows.
FIRST = 4


@page(needs=P.BOOK, limit="60/minute")
async def records_page(request: Request, units: Units, actor: Actor) -> Response:
    found = await record_of(units, actor, person_id(request.query_params.get("person", "")))
    if found is None:
        return render(request, "records/nobody.html")
    chosen = request.query_params.get("kind", "")
    kind = next((each for each in PaperKind if each == chosen), None)
    return render(
        request,
        "records/records.html",
        person=found.person,
        name=found.link.name,
        people=[_tab(link.name, person.id, found, chosen) for link, person in found.people],
        sections=[_section(found, each, kind) for each in PaperKind if kind in (None, each)],
        visits=_visits(found, language(request), everything=chosen == "visit")
        if kind is None
        else {"rows": [], "more": ""},
        shows_visits=kind is None,
        only=PAPER_SECTIONS[kind] if kind else "",
        silent=[said(one.hospital, "name", language(request)) for one in found.heard if not one.answered],
        as_of=max((one.as_of for one in found.heard if one.as_of), default=None),
        restricted_at=found.restricted_at,
        all_href=f"/records?person={found.person.id}",
    )


@page(needs=P.BOOK)
async def record_note_page(request: Request, unit: Unit, visit_id: UUID) -> Response:
    try:
        note = await signed_note(unit, visit_id)
    except RoomNotFound:
        raise DocumentNotFound() from None
    await person_for(unit, unit.actor.account, note.person_id)
    lang, place = language(request), note.place
    unit.audit("record.note_read", f"consultations:{visit_id}")
    return render(
        request,
        "records/note.html",
        note=note,
        hospital=said(place.hospital, "name", lang),
        department=said(place.department, "name", lang),
        doctor=f"{said(place.doctor, 'name', lang)} {said(place.doctor, 'title', lang)}",
        parts=[(label, getattr(note.content, name)) for name, label in PARTS.items()],
        person_id=note.person_id,
    )


@page(needs=P.BOOK)
async def record_report_page(request: Request, unit: Unit, report_id: UUID) -> Response:
    row = await queries.report(unit, report_id)
    await person_for(unit, unit.actor.account, row.person_id)
    people = {person.id: link.name for link, person in await people_of(unit, unit.actor.account)}
    told, lang = told_in(row), language(request)
    unit.audit("record.report_read", row)
    return render(
        request,
        "records/report.html",
        report=row,
        told=told,
        name=people.get(row.person_id, ""),
        hospital=said(await hospital(unit, row.hospital_id), "name", lang),
        kind=REPORT_KINDS[row.kind],
        badge=REPORT_BADGES.get(row.status),
        lines=[
            {"line": line, "flag": FLAGS[line.flag], "stands_out": line.flag in OUT_OF_RANGE}
            for line in told.lines
        ],
        outside=sum(line.flag in OUT_OF_RANGE for line in told.lines),
    )


@page(needs=P.BOOK, limit="30/minute")
async def paper_pdf_page(request: Request, units: Units, actor: Actor, kind: str, item_id: UUID) -> Response:
    """The paper as it reads now: made if need be, the same bytes as last time otherwise."""
    paper = await issuing.issue(units, actor, kind_of(kind), item_id)
    data = await issuing.read(units, paper)
    return Response(data, media_type=issuing.PDF, headers=issuing.file_headers([paper]))


@page(needs=P.BOOK, limit="30/minute")
async def paper_page(request: Request, units: Units, actor: Actor, kind: str, item_id: UUID) -> Response:
    """Before it is downloaded: what it is, its hash, and where anybody checks it."""
    try:
        paper = await issuing.issue(units, actor, kind_of(kind), item_id)
    except DocumentNotFound:
        raise
    except DomainError as error:
        return redirect("/records", flash=sentence(error, language(request)), kind="warn")
    async with units.account(actor.account, actor) as unit:
        place = await hospital(unit, paper.hospital_id)
    return render(
        request,
        "records/paper.html",
        paper=paper,
        what=PAPER_WORDS[paper.kind],
        sign=PAPER_ICONS[paper.kind],
        hospital=said(place, "name", language(request)),
        file=f"/records/papers/{paper.kind}/{item_id}/file",
        check=f"/papers/{paper.code}",
        share=f"/shares/new?person={paper.person_id}&paper={paper.kind}:{item_id}",
    )


def kind_of(text: str) -> PaperKind:
    """Raises DocumentNotFound."""
    try:
        return PaperKind(text)
    except ValueError:
        raise DocumentNotFound() from None


def person_id(text: str) -> UUID | None:
    """None for nobody, and for what is no id: the page then shows oneself."""
    try:
        return UUID(text)
    except ValueError:
        return None


def _tab(name: str, person: UUID, found: RecordOf, chosen: str) -> dict[str, Any]:
    kept = f"&kind={chosen}" if chosen else ""
    return {"label": name, "href": f"/records?person={person}{kept}", "current": person == found.person.id}


def _section(found: RecordOf, kind: PaperKind, only: PaperKind | None) -> dict[str, Any]:
    items = found.items.get(kind, ())
    shown = items if only else items[:FIRST]
    more = f"/records?person={found.person.id}&kind={kind}" if len(items) > len(shown) else ""
    return {
        "title": PAPER_SECTIONS[kind],
        "icon": PAPER_ICONS[kind],
        "items": [{"item": item, "paper": f"/records/papers/{item.kind}/{item.id}"} for item in shown],
        "count": len(items),
        "more": more,
    }


def _visits(found: RecordOf, lang: str, *, everything: bool) -> dict[str, Any]:
    shown = found.visits if everything else found.visits[:FIRST]
    return {
        "rows": [
            {
                "kind": VISITS[visit.evidence.kind],
                "on": visit.evidence.on,
                "hospital": said(visit.hospital, "name", lang),
                "diagnoses": "、".join(each.text for each in visit.evidence.diagnoses if each.text),
            }
            for visit in shown
        ],
        "more": f"/records?person={found.person.id}&kind=visit" if len(found.visits) > len(shown) else "",
    }


routes = [
    Route("/records", records_page),
    Route("/records/notes/{visit_id:uuid}", record_note_page),
    Route("/records/reports/{report_id:uuid}", record_report_page),
    Route("/records/papers/{kind}/{item_id:uuid}", paper_page),
    Route("/records/papers/{kind}/{item_id:uuid}/file", paper_pdf_page),
]
