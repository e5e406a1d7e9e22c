"""Where the insurer's page sends the patient back to."""

from typing import Any
from uuid import UUID

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from telehealth.core.access import Actor, Permission
from telehealth.core.errors import DomainError
from telehealth.core.i18n import N_, format_fen, format_instant
from telehealth.core.unit import Units
from telehealth.directory import HospitalNotFound, said
from telehealth.insurance import queries
from telehealth.insurance.covering import authorised, refused
from telehealth.insurance.enquiring import doors, enquire
from telehealth.insurance.errors import (
    AccountHidden,
    AuthorisationLost,
    CoverNotOffered,
    CoverTaken,
    InsurerDown,
    InsurerRefused,
    SplitUnsound,
)
from telehealth.insurance.pricing import price
from telehealth.insurance.rules import GIVEUPS
from telehealth.insurance.states import CoverState, Giveup
from telehealth.web.contract import page
from telehealth.web.pages import redirect, render
from telehealth.web.preferences import language
from telehealth.web.problems import sentence, status_of

HERE = "/insurance/return"
ACCOUNT = "/insurance/account"
PRICED = N_("医保已分割，请核对各项金额后支付")

#: What the insurer's page says when no number comes; anything else is a no.
_SAID = {"not_insured": Giveup.UNINSURED, "expired": Giveup.EXPIRED}
_EXPECTED = (AuthorisationLost, CoverNotOffered, CoverTaken, InsurerDown, InsurerRefused, SplitUnsound)


@page(needs=Permission.PAY, limit="30/minute")
async def insurance_return_page(request: Request, units: Units, actor: Actor) -> Response:
    """A GET of somebody else's making: only the token of a cover of this account does anything."""
    told = request.query_params
    token, number = told.get("state", ""), told.get("payAuthNo", "")
    if not number:
        return await _without(units, actor, token, told.get("error", ""))
    async with units.account(actor.account, actor) as unit:
        known = await queries.cover_by_token(unit, token, actor.account)
    here = f"/pay/{known.charge_id}"
    if known.state is CoverState.SETTLED:
        return redirect(here)
    try:
        cover = await authorised(units, actor, token, number)
        await price(units, actor, cover.id)
    except _EXPECTED as error:
        return redirect(here, flash=await _sentence(units, actor, known.id, error), kind="warn")
    return redirect(here, flash=PRICED)


@page(needs=Permission.PAY, limit="30/hour")
async def insurance_account_page(request: Request, units: Units, actor: Actor) -> Response:
    """Read only (GS11); where nobody tells, the page says so and the link to it is not shown."""
    asked, lang = request.query_params.get("hospital", ""), language(request)
    async with units.account(actor.account, actor) as unit:
        places = await doors(unit, actor)
    chosen = next((place for place in places if place.code == asked), places[0] if places else None)
    shown: dict[str, Any] = {
        "places": [
            {"href": f"{ACCOUNT}?hospital={place.code}", "label": said(place, "name", lang),
             "current": chosen is not None and place.id == chosen.id}
            for place in places
        ],
        "here": f"{ACCOUNT}?hospital={chosen.code}" if chosen else ACCOUNT,
        "error": "",
    }  # fmt: skip
    try:
        found = await enquire(units, actor, chosen.code if chosen else asked or "-")
    except (HospitalNotFound, AccountHidden):
        # Nothing went wrong: the insurer knows nobody, or tells nothing. The page says where to ask.
        return render(request, "insurance/account.html", **shown, hidden=True)
    except DomainError as error:
        shown["error"] = sentence(error, lang)
        return render(request, "insurance/account.html", status_of(error), **shown)
    return render(
        request, "insurance/account.html", **shown,
        hospital=said(found.hospital, "name", lang),
        balance=found.balance,
        entries=[
            {"at": format_instant(entry.at, lang), "place": entry.place}
            | {name: format_fen(getattr(entry, name), lang) for name in ("total", "fund", "personal", "cash")}
            for entry in found.entries
        ],
    )  # fmt: skip


async def _without(units: Units, actor: Actor, token: str, error: str) -> Response:
    async with units.account(actor.account, actor) as unit:
        cover = await refused(unit, token, _SAID.get(error, Giveup.PATIENT))
    reason = Giveup(cover.reason) if cover.reason else Giveup.PATIENT
    return redirect(f"/pay/{cover.charge_id}", flash=GIVEUPS[reason], kind="warn")


async def _sentence(units: Units, actor: Actor, cover_id: UUID, error: DomainError) -> str:
    """Why this cover came to nothing, where it did; else what went wrong just now."""
    async with units.account(actor.account, actor) as unit:
        cover = await queries.cover_of(unit, cover_id)
    return GIVEUPS[Giveup(cover.reason)] if cover.reason else error.detail


routes = [Route(HERE, insurance_return_page), Route(ACCOUNT, insurance_account_page)]
