"""Who looked at my data, and every consent in one place with what follows from taking it back."""

from datetime import datetime
from typing import Any
from uuid import UUID

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from telehealth.core.access import Actor, Permission
from telehealth.core.consents import ConsentBook, ConsentEntry
from telehealth.core.errors import Conflict, Refused, Unavailable
from telehealth.core.i18n import N_
from telehealth.core.unit import Unit, Units
from telehealth.patients import people_of
from telehealth.patients.states import DataKind
from telehealth.records import looking
from telehealth.records.pages.own import person_id
from telehealth.records.wording import DATA_KINDS, RECIPIENTS
from telehealth.web.contract import page
from telehealth.web.pages import redirect, render
from telehealth.web.preferences import language
from telehealth.web.problems import sentence

P = Permission
PAGE = 30


@page(needs=P.BOOK)
async def looks_page(request: Request, unit: Unit, actor: Actor) -> Response:
    people = await people_of(unit, actor.account)
    if not people:
        return render(request, "records/nobody.html")
    wanted = person_id(request.query_params.get("person", ""))
    link, person = next((pair for pair in people if pair[1].id == wanted), people[0])
    before = _instant(request.query_params.get("before", ""))
    found = await looking.looks_at_person(unit, person.id, before=before, limit=PAGE)
    told = await looking.disclosed(unit, person.id) if before is None else []
    lang, here = language(request), f"/records/views?person={person.id}"
    shown = found[:PAGE]
    return render(
        request,
        "records/looks.html",
        name=link.name,
        people=[
            {"label": link.name, "href": f"/records/views?person={each.id}", "current": each.id == person.id}
            for link, each in people
        ],
        rows=[
            {
                "who": look.who,
                "place": " · ".join(
                    part for part in (look.hospital.get(lang), look.department.get(lang)) if part
                ),
                "what": look.what,
                "why": look.why,
                "at": look.at,
                "icon": {"system": "server", "share": "share-2"}.get(look.kind, "user-round"),
            }
            for look in shown
        ],
        told=[
            {
                "name": row.name,
                "purpose": RECIPIENTS[row.recipient][1],
                "who": RECIPIENTS[row.recipient][0],
                "kinds": [DATA_KINDS[DataKind(kind)] for kind in row.kinds],
                "at": row.at,
            }
            for row in told
        ],
        older=f"{here}&before={shown[-1].at.isoformat().replace('+', '%2B')}" if len(found) > PAGE else "",
        newest=here if before else "",
    )


@page(needs=P.BOOK)
async def consents_page(request: Request, unit: Unit, actor: Actor) -> Response:
    names = {person.id: link.name for link, person in await people_of(unit, actor.account)}
    found = await unit.port(ConsentBook).listed(unit)
    rows = [_row(entry, names) for entry in found]
    return render(
        request,
        "records/consents.html",
        standing=[row for row in rows if row["ended_at"] is None],
        ended=[row for row in rows if row["ended_at"] is not None],
    )


@page(needs=P.BOOK, limit="30/minute")
async def withdraw_page(
    request: Request, units: Units, actor: Actor, source: str, consent_id: UUID
) -> Response:
    """Whatever is under way gets a clear answer, and nothing is lost."""
    try:
        await units.port(ConsentBook).withdraw(units, actor, source, consent_id)
    except (Refused, Conflict, Unavailable) as error:
        return redirect("/consents", flash=sentence(error, language(request)), kind="warn")
    return redirect("/consents", flash=N_("已撤回"))


def _row(entry: ConsentEntry, names: dict[UUID, str]) -> dict[str, Any]:
    return {
        "purpose": entry.purpose,
        "text": entry.text,
        "person": names.get(entry.person_id, "") if entry.person_id else "",
        "where": entry.where,
        "given_at": entry.given_at,
        "ended_at": entry.ended_at,
        "can_withdraw": entry.can_withdraw,
        "follows": entry.follows,
        "action": f"/consents/{entry.kind}/{entry.id}/withdrawal",
    }


def _instant(text: str) -> datetime | None:
    """A page turned by a broken address begins at the top."""
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return None
    return found if found.tzinfo else None


routes = [
    Route("/records/views", looks_page),
    Route("/consents", consents_page),
    Route("/consents/{source}/{consent_id:uuid}/withdrawal", withdraw_page, methods=["POST"]),
]
