"""The user's pages: members and payers, a new request, one binding and what may be done about it."""

from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from telehealth.core.access import Actor, Permission
from telehealth.core.errors import DomainError, FieldsInvalid
from telehealth.core.i18n import N_
from telehealth.core.unit import Unit, Units
from telehealth.directory import hospital, said
from telehealth.family import ending, listing, queries, requesting, viewing
from telehealth.family.attaching import MOST_PAPERS, max_bytes
from telehealth.family.doors import GUESSES
from telehealth.family.errors import BindingNotFound
from telehealth.family.pages import values
from telehealth.family.rules import PAPERS_WANTED
from telehealth.family.schemas import AgreeDetails, RequestBinding
from telehealth.patients import PersonNotFound
from telehealth.patients.consent_texts import TEXTS
from telehealth.patients.states import Purpose
from telehealth.rulebook import current_policy
from telehealth.web.contract import page
from telehealth.web.forms import read_form
from telehealth.web.house import house_of
from telehealth.web.openapi import PREFIX
from telehealth.web.pages import own_path, redirect, render, words
from telehealth.web.preferences import language
from telehealth.web.problems import sentence, status_of

P = Permission


@page(needs=P.MANAGE_PEOPLE)
async def family_page(request: Request, unit: Unit, actor: Actor) -> Response:
    found = await listing.family_of(unit, actor)
    _, lang = words(request), language(request)
    return render(
        request, "family/family.html",
        members=[values.line(row, _, lang) for row in found.bindings],
        payers=[
            values.payer_line(row, _, lang, details=await viewing.details_agreed(unit, row.link_id))
            for row in found.payers
        ],
        is_open=bool(found.offers),
        opens_on=found.opens_on,
        limit=found.limit,
        left=found.left,
        resets_on=found.resets_on,
        is_payer_known=found.is_payer_known,
        places=[said(offer.hospital, "name", lang) for offer in found.offers],
        links=await _contributed(request, "family_links", unit, actor),
    )  # fmt: skip


@page(needs=P.MANAGE_PEOPLE)
async def new_binding_page(request: Request, unit: Unit, actor: Actor) -> Response:
    asked = request.query_params
    chosen = {"person_id": asked.get("person", ""), "hospital": asked.get("hospital", "")}
    return await _new(request, unit, actor, chosen | {"next": asked.get("next", "")}, {})


@page(needs=P.MANAGE_PEOPLE, limit=GUESSES)
async def request_binding_page(request: Request, units: Units, actor: Actor) -> Response:
    form = await read_form(request, RequestBinding)
    errors, status = dict(form.errors), 422
    if form.model is not None:
        try:
            binding = await requesting.request(units, actor, form.model.wanted())
            target = f"/family/{binding.id}"
            if onward := own_path(str(form.values.get("next", "")), ""):
                target += "?" + urlencode({"next": onward})
            return redirect(target, flash=N_("已提交申请，请选择一种方式完成核验"))
        except PersonNotFound:
            raise
        except FieldsInvalid as error:
            errors |= error.fields
        except DomainError as error:
            errors["__all__"], status = sentence(error, language(request)), status_of(error)
    async with units.account(actor.account, actor) as unit:
        return await _new(request, unit, actor, form.values, errors, status)


@page(needs=P.MANAGE_PEOPLE)
async def binding_page(request: Request, unit: Unit, actor: Actor, binding_id: UUID) -> Response:
    return await show(request, unit, actor, binding_id)


@page(needs=P.MANAGE_PEOPLE)
async def binding_sheet_page(request: Request, unit: Unit, actor: Actor, binding_id: UUID) -> Response:
    """On paper, for the desk (GS14)."""
    row = await queries.own_binding(unit, actor.account, binding_id)
    place, _, lang = await hospital(unit, row.hospital_id), words(request), language(request)
    seen = await listing.look(unit, row)
    return render(
        request, "family/sheet.html",
        binding=values.detail(seen, _, lang, hospital=said(place, "name", lang)),
        phone=place.phone,
        papers_wanted=PAPERS_WANTED,
        face_from=await _face_from(unit, row.hospital_id),
        paying=TEXTS[Purpose.FAMILY_PAYING],
    )  # fmt: skip


@page(needs=P.MANAGE_PEOPLE)
async def withdraw_binding_page(request: Request, units: Units, actor: Actor, binding_id: UUID) -> Response:
    try:
        await requesting.withdraw(units, actor, binding_id)
    except BindingNotFound:
        raise
    except DomainError as error:
        return redirect(f"/family/{binding_id}", flash=sentence(error, language(request)), kind="warn")
    return redirect("/family", flash=N_("已撤回申请，名额已退回"))


@page(needs=P.MANAGE_PEOPLE)
async def unbind_page(request: Request, units: Units, actor: Actor, binding_id: UUID) -> Response:
    """Payer or member; the other is told."""
    try:
        await ending.unbind(units, actor, binding_id)
    except BindingNotFound:
        raise
    except DomainError as error:
        return redirect("/family", flash=sentence(error, language(request)), kind="warn")
    return redirect("/family", flash=N_("已解除，对方会收到通知；已支付的费用不受影响"))


@page(needs=P.MANAGE_PEOPLE)
async def agree_details_page(request: Request, units: Units, actor: Actor, binding_id: UUID) -> Response:
    form = await read_form(request, AgreeDetails)
    agreed = form.model is not None and form.model.agreed
    try:
        binding = await viewing.agree_details(units, actor, binding_id, agreed=agreed)
    except BindingNotFound:
        raise
    except DomainError as error:
        return redirect("/family", flash=sentence(error, language(request)), kind="warn")
    here = f"/family/{binding.id}" if binding.account_id == actor.account else "/family"
    flash = N_("付款人现在可以看到账单上的名称") if agreed else N_("付款人只能看到项目类别和金额了")
    return redirect(here, flash=flash)


async def show(
    request: Request,
    unit: Unit,
    actor: Actor,
    binding_id: UUID,
    *,
    errors: dict[str, str] | None = None,
    typed: dict[str, Any] | None = None,
    status: int = 200,
) -> Response:
    row = await queries.own_binding(unit, actor.account, binding_id)
    seen = await listing.look(unit, row)
    _, lang = words(request), language(request)
    place = await hospital(unit, row.hospital_id)
    return render(
        request, "family/binding.html", status,
        binding=values.detail(seen, _, lang, hospital=said(place, "name", lang)),
        papers=values.papers(seen.papers, _),
        papers_url=f"{PREFIX}/family/bindings/{row.id}/papers",
        most_papers=MOST_PAPERS,
        max_bytes=await max_bytes(unit, row.hospital_id),
        papers_wanted=PAPERS_WANTED,
        face_from=await _face_from(unit, row.hospital_id),
        bills=await _bills(request, unit, actor, row.person_id),
        texts={str(purpose): TEXTS[purpose] for purpose in (Purpose.FACE_CHECK, Purpose.BILL_DETAILS)},
        hospital_phone=place.phone,
        errors={name: _(text) for name, text in (errors or {}).items()},
        typed=typed or {},
        onward=own_path(request.query_params.get("next", ""), ""),
    )  # fmt: skip


async def _new(
    request: Request,
    unit: Unit,
    actor: Actor,
    chosen: dict[str, Any],
    errors: dict[str, str],
    status: int = 200,
) -> Response:
    found = await listing.family_of(unit, actor)
    _, lang = words(request), language(request)
    rows = await listing.candidates(unit, actor, found.offers[0].policy) if found.offers else []
    people = [values.candidate(one, _) for one in rows]
    picked = next((one for one in people if str(one["person_id"]) == str(chosen.get("person_id"))), None)
    return render(
        request, "family/new.html", status,
        people=people,
        picked=picked,
        chosen=chosen,
        errors={name: _(text) for name, text in errors.items()},
        places=[(offer.hospital.code, said(offer.hospital, "name", lang)) for offer in found.offers],
        is_open=bool(found.offers),
        opens_on=found.opens_on,
        is_payer_known=found.is_payer_known,
        left=found.left,
        limit=found.limit,
        resets_on=found.resets_on,
        texts={str(purpose): TEXTS[purpose] for purpose in (Purpose.FAMILY_PAYING, Purpose.FAMILY_CHILD)},
        papers_wanted=PAPERS_WANTED,
        face_from=found.offers[0].policy.family.face_from_age if found.offers else 0,
        next=own_path(str(chosen.get("next", "")), ""),
    )  # fmt: skip


async def _face_from(unit: Unit, hospital_id: UUID) -> int:
    return (await current_policy(unit, hospital_id)).policy.family.face_from_age


async def _contributed(request: Request, place: str, unit: Unit, actor: Actor) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    for part in house_of(request).contributions.get(place, []):
        found += await part(unit, actor)
    return found


async def _bills(request: Request, unit: Unit, actor: Actor, person_id: UUID) -> list[dict[str, Any]]:
    """What this account paid, or owes, for the member: lines and amounts only (GS01)."""
    found: list[dict[str, Any]] = []
    for part in house_of(request).contributions.get("family_bills", []):
        found += await part(unit, actor, person_id)
    return found


_ONE = "/family/{binding_id:uuid}"

routes = [
    Route("/family", family_page),
    Route("/family/new", new_binding_page),
    Route("/family", request_binding_page, methods=["POST"]),
    Route(_ONE, binding_page),
    Route(_ONE + "/sheet", binding_sheet_page),
    Route(_ONE + "/withdrawal", withdraw_binding_page, methods=["POST"]),
    Route(_ONE + "/unbinding", unbind_page, methods=["POST"]),
    Route(_ONE + "/details", agree_details_page, methods=["POST"]),
]
