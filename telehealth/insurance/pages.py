"""Where the insurer's page sends the patient back to."""

from uuid import UUID

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from telehealth.core.access import Actor, Permission
from telehealth.core.errors import DomainError
from telehealth.core.i18n import N_
from telehealth.core.unit import Units
from telehealth.insurance import queries
from telehealth.insurance.covering import authorised, refused
from telehealth.insurance.errors import (
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
from telehealth.web.pages import redirect

HERE = "/insurance/return"
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


routes = [Route(HERE, insurance_return_page)]
