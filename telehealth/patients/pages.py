"""HTML routes of patients: the list, adding somebody, one person, their cards."""

from dataclasses import dataclass, field
from datetime import date
from typing import Any
from uuid import UUID

from pydantic import ValidationError
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from telehealth.core.access import Actor, Permission
from telehealth.core.errors import DomainError, FieldsInvalid
from telehealth.core.i18n import N_
from telehealth.core.unit import Unit, Units
from telehealth.directory import hospital_by_code, hospitals
from telehealth.patients import (
    adding,
    binding,
    consenting,
    linking_family,
    permitting,
    queries,
    verifying_identity,
)
from telehealth.patients.consent_texts import TEXTS
from telehealth.patients.doors import GUESSES, MESSAGES, face_return
from telehealth.patients.errors import CardNeedsReview, PersonNotFound
from telehealth.patients.presenting import CardForm, detail, line, options, representative_line
from telehealth.patients.rules import DOCUMENT_LABELS
from telehealth.patients.schemas import AddPerson, AskConsentCode, AskReview, BindCard, GiveConsent
from telehealth.patients.states import CARD_LABELS, CardKind, Purpose
from telehealth.patients.wording import RELATION_LABELS, SEX_LABELS
from telehealth.web.contract import field_sentences, page
from telehealth.web.forms import collect, read_form
from telehealth.web.pages import own_path, redirect, render, words
from telehealth.web.preferences import language
from telehealth.web.problems import sentence, status_of

P = Permission

OLDEST_BIRTH_YEAR = 1900
_WHOSE = N_("%(name)s（%(relation)s）")


@dataclass
class PersonForm:
    """What was typed, to show again, and what is wrong with it."""

    values: dict[str, Any] = field(default_factory=dict)
    parts: tuple[str, str, str] = ("", "", "")
    errors: dict[str, str] = field(default_factory=dict)
    model: AddPerson | None = None


@page(needs=P.MANAGE_PEOPLE)
async def people_page(request: Request, unit: Unit, actor: Actor) -> Response:
    people = {person.id: person for _, person in await queries.people_of(unit, actor.account)}
    links = await queries.links_of(unit, actor.account)
    others = await queries.representatives(unit, actor.account)
    _ = words(request)
    return render(
        request, "patients/people.html", tab="me",
        people=[line(link, people.get(link.person_id), _) for link in links],
        representatives=[representative_line(link, _) for link in others],
    )  # fmt: skip


@page(needs=P.MANAGE_PEOPLE)
async def new_person_page(request: Request, unit: Unit) -> Response:
    asked = request.query_params
    known = {"relation": asked.get("relation", ""), "document_kind": asked.get("document", "resident_id")}
    if not known["relation"] and not await queries.links_of(unit, unit.actor.account):
        known["relation"] = "self"
    return await _new_person(request, unit, PersonForm(known | {"next": asked.get("next", "")}))


@page(needs=P.MANAGE_PEOPLE, limit=GUESSES)
async def add_person_page(request: Request, units: Units, actor: Actor) -> Response:
    form = await _read_person(request)
    status = 422
    if form.model is not None:
        try:
            link = await adding.add_person(units, actor, form.model.wanted())
            target = own_path(str(form.values.get("next", "")), f"/people/{link.person_id}")
            said = N_("还差一步，请按下面的提示完成") if link.missing else N_("已添加就诊人")
            return redirect(target, flash=said, kind="warn" if link.missing else "ok")
        except FieldsInvalid as error:
            form.errors |= error.fields
        except DomainError as error:
            form.errors["__all__"], status = sentence(error, language(request)), status_of(error)
    async with units.account(actor.account, actor) as unit:
        return await _new_person(request, unit, form, status)


async def _new_person(request: Request, unit: Unit, form: PersonForm, status: int = 200) -> Response:
    _ = words(request)
    return render(
        request, "patients/new_person.html", status,
        values=form.values,
        birth_parts=form.parts,
        errors={name: _(text) for name, text in form.errors.items()},
        relations=options(RELATION_LABELS, _),
        documents=options(DOCUMENT_LABELS, _),
        sexes=options(SEX_LABELS, _),
        places=await _places(request, unit),
        years=list(range(unit.today.year, OLDEST_BIRTH_YEAR - 1, -1)),
        texts={str(purpose): text for purpose, text in TEXTS.items()},
    )  # fmt: skip


async def _read_person(request: Request) -> PersonForm:
    raw = collect(await request.form(max_fields=40, max_files=0))
    year, month, day = (str(raw.get(f"birth_date_{part}", "")) for part in ("year", "month", "day"))
    form = PersonForm(raw, (year, month, day))
    body = {name: raw[name] for name in AddPerson.model_fields if raw.get(name)}
    if year or month or day:
        try:
            body["birth_date"] = date(int(year), int(month), int(day))
        except ValueError:
            form.errors["birth_date"] = N_("请填写有效的日期")
    try:
        model = AddPerson.model_validate(body)
        form.model = None if form.errors else model
    except ValidationError as error:
        form.errors |= field_sentences(error)
    return form


@page(needs=P.MANAGE_PEOPLE)
async def person_page(request: Request, unit: Unit, person_id: UUID) -> Response:
    return await _person(request, unit, person_id)


@page(needs=P.MANAGE_PEOPLE)
async def remove_person_page(units: Units, actor: Actor, person_id: UUID) -> Response:
    await linking_family.end_link(units, actor, person_id)
    return redirect("/people", flash=N_("已移除就诊人，您不能再为其办理"))


@page(needs=P.MANAGE_PEOPLE, limit=GUESSES)
async def verify_person_page(request: Request, units: Units, actor: Actor, person_id: UUID) -> Response:
    try:
        link = await verifying_identity.check_again(units, actor, person_id)
    except PersonNotFound:
        raise
    except DomainError as error:
        return await _again(request, units, actor, person_id, error)
    return redirect(f"/people/{link.person_id}", flash=N_("已重新核验"))


@page(needs=P.MANAGE_PEOPLE, limit=GUESSES)
async def start_face_page(request: Request, units: Units, actor: Actor, person_id: UUID) -> Response:
    form = await request.form(max_fields=5, max_files=0)
    try:
        check, url = await verifying_identity.start_face_check(
            units, actor, person_id,
            return_url=face_return(request, person_id), agreed=form.get("agree_face") == "true",
        )  # fmt: skip
    except PersonNotFound:
        raise
    except DomainError as error:
        return await _again(request, units, actor, person_id, error, place="agree_face")
    return render(request, "patients/face_check.html", person_id=person_id, check=check, url=url, error="")


@page(needs=P.MANAGE_PEOPLE)
async def face_check_page(request: Request, unit: Unit, person_id: UUID, check_id: UUID) -> Response:
    """Where the vendor sends the browser back to."""
    await queries.link_for(unit, unit.actor.account, person_id)
    check = await queries.face_check(unit, unit.actor.account, check_id)
    if check is None:
        raise PersonNotFound()
    return render(request, "patients/face_check.html", person_id=person_id, check=check, url="", error="")


@page(needs=P.MANAGE_PEOPLE)
async def finish_face_page(
    request: Request, units: Units, actor: Actor, person_id: UUID, check_id: UUID
) -> Response:
    try:
        link = await verifying_identity.finish_face_check(units, actor, person_id, check_id)
    except DomainError as error:
        async with units.account(actor.account, actor) as unit:
            check = await queries.face_check(unit, actor.account, check_id)
        if check is None:
            raise PersonNotFound() from error
        said = sentence(error, language(request))
        return render(
            request, "patients/face_check.html", status_of(error),
            person_id=person_id, check=check, url="", error=said,
        )  # fmt: skip
    return redirect(f"/people/{link.person_id}", flash=N_("人脸核身已通过"))


@page(needs=P.MANAGE_PEOPLE, limit=MESSAGES)
async def send_consent_code_page(request: Request, units: Units, actor: Actor, person_id: UUID) -> Response:
    form = await read_form(request, AskConsentCode)
    if form.model is None:
        return await _again(request, units, actor, person_id, FieldsInvalid(form.errors), place="hospital")
    try:
        await consenting.request_code(units, actor, person_id, form.model.hospital)
    except PersonNotFound:
        raise
    except DomainError as error:
        return await _again(request, units, actor, person_id, error, place="hospital")
    async with units.account(actor.account, actor) as unit:
        return await _person(request, unit, person_id, code_sent=True)


@page(needs=P.MANAGE_PEOPLE, limit=GUESSES)
async def give_consent_page(request: Request, units: Units, actor: Actor, person_id: UUID) -> Response:
    form = await read_form(request, GiveConsent)
    if form.model is None:
        error: DomainError = FieldsInvalid({"code": N_("请填写六位数字验证码")})
        return await _again(request, units, actor, person_id, error, place="code")
    try:
        link = await consenting.give_by_code(units, actor, person_id, form.model.code)
    except PersonNotFound:
        raise
    except DomainError as error:
        return await _again(request, units, actor, person_id, error, place="code")
    return redirect(f"/people/{link.person_id}", flash=N_("本人已同意，现在可以为其办理"))


@page(needs=P.MANAGE_PEOPLE, limit=GUESSES)
async def ask_counter_page(request: Request, units: Units, actor: Actor, person_id: UUID) -> Response:
    form = await read_form(request, AskReview)
    if form.model is None:
        return await _again(request, units, actor, person_id, FieldsInvalid(form.errors), place="counter")
    await consenting.ask_counter(units, actor, person_id, form.model.hospital)
    return redirect(f"/people/{person_id}", flash=N_("已提交，请携带证件原件到医院窗口，结果会通知您"))


@page(needs=P.MANAGE_PEOPLE)
async def permit_medicines_page(unit: Unit, person_id: UUID) -> Response:
    await permitting.permit_medicine_check(unit, person_id)
    return redirect(f"/people/{person_id}", flash=N_("已同意，医生开方时可以核对其他医院的在用药品"))


@page(needs=P.MANAGE_PEOPLE)
async def withdraw_consent_page(units: Units, actor: Actor, person_id: UUID, consent_id: UUID) -> Response:
    ended = await linking_family.withdraw_consent(units, actor, person_id, consent_id)
    if ended:
        return redirect("/people", flash=N_("已撤回，代办关系同时结束"))
    return redirect(f"/people/{person_id}", flash=N_("已撤回这项同意"))


@page(needs=P.MANAGE_PEOPLE)
async def end_representation_page(units: Units, actor: Actor, link_id: UUID) -> Response:
    await linking_family.end_representation(units, actor, link_id)
    return redirect("/people", flash=N_("已结束，对方不能再为您办理"))


@page(needs=P.MANAGE_PEOPLE)
async def new_card_page(request: Request, unit: Unit, code: str) -> Response:
    """`?person=` is chosen already when one comes from a person's page or from the gate."""
    asked = request.query_params
    form = CardForm(
        {"person_id": asked.get("person", ""), "kind": CardKind.VISIT, "next": asked.get("next", "")}
    )
    return await _new_card(request, unit, code, form)


@page(needs=P.MANAGE_PEOPLE, limit=GUESSES)
async def bind_card_page(request: Request, units: Units, actor: Actor, code: str) -> Response:
    typed = await read_form(request, BindCard)
    form, status = CardForm(typed.values, dict(typed.errors)), 422
    if typed.model is not None:
        card = typed.model
        back = own_path(str(typed.values.get("next", "")), f"/people/{card.person_id}")
        try:
            bound = await binding.bind_card(
                units, actor, code, card.person_id, kind=card.kind, number=card.number
            )
            if back == f"/people/{card.person_id}":
                back = f"/people/{bound.person_id}"
            return redirect(back, flash=N_("就诊卡已绑定"))
        except CardNeedsReview as error:
            return redirect(f"/people/{card.person_id}", flash=error.detail, kind="warn")
        except FieldsInvalid as error:
            form.errors |= error.fields
        except PersonNotFound:
            raise
        except DomainError as error:
            form.errors["__all__"], status = sentence(error, language(request)), status_of(error)
    async with units.account(actor.account, actor) as unit:
        return await _new_card(request, unit, code, form, status)


@page(needs=P.MANAGE_PEOPLE)
async def unbind_card_page(units: Units, actor: Actor, code: str, card_id: UUID) -> Response:
    await binding.unbind_card(units, actor, code, card_id)
    return redirect("/people", flash=N_("已解除绑定"))


async def _new_card(request: Request, unit: Unit, code: str, form: CardForm, status: int = 200) -> Response:
    _ = words(request)
    place = await hospital_by_code(unit, code)
    people = await queries.people_of(unit, unit.actor.account)
    return render(
        request, "patients/new_card.html", status,
        place=place,
        place_name=place.name_en if language(request) == "en" else place.name,
        people=[
            (link.person_id, _(_WHOSE) % {"name": link.name, "relation": _(RELATION_LABELS[link.relation])})
            for link, _p in people
        ],
        kinds=options(CARD_LABELS, _),
        values=form.values,
        errors={name: _(text) for name, text in form.errors.items()},
    )  # fmt: skip


async def _again(
    request: Request,
    units: Units,
    actor: Actor,
    person_id: UUID,
    error: DomainError,
    *,
    place: str = "__all__",
) -> Response:
    """The person's page once more, with what went wrong beside the form it went wrong in."""
    _ = words(request)
    if isinstance(error, FieldsInvalid):
        errors = {place: _(next(iter(error.fields.values())))}
    else:
        errors = {place: sentence(error, language(request))}
    async with units.account(actor.account, actor) as unit:
        return await _person(
            request, unit, person_id, errors=errors, status=status_of(error), code_sent=place == "code"
        )


async def _person(
    request: Request,
    unit: Unit,
    person_id: UUID,
    *,
    errors: dict[str, str] | None = None,
    status: int = 200,
    code_sent: bool = False,
) -> Response:
    shown = await detail(unit, unit.actor.account, person_id, words(request), language(request))
    return render(
        request, "patients/person.html", status,
        person=shown,
        errors=errors or {},
        code_sent=code_sent or shown.code_expected,
        places=await _places(request, unit),
        face_text=TEXTS[Purpose.FACE_CHECK],
        medicines_text=TEXTS[Purpose.MEDICINE_CHECK],
        back_to="/people",
    )  # fmt: skip


async def _places(request: Request, unit: Unit) -> list[tuple[str, str]]:
    english = language(request) == "en"
    return [(row.code, row.name_en if english else row.name) for row in await hospitals(unit)]


routes = [
    Route("/people", people_page),
    Route("/people/new", new_person_page),
    Route("/people", add_person_page, methods=["POST"]),
    Route("/people/{person_id:uuid}", person_page),
    Route("/people/{person_id:uuid}/removal", remove_person_page, methods=["POST"]),
    Route("/people/{person_id:uuid}/verification", verify_person_page, methods=["POST"]),
    Route("/people/{person_id:uuid}/face-checks", start_face_page, methods=["POST"]),
    Route("/people/{person_id:uuid}/face-checks/{check_id:uuid}", face_check_page),
    Route("/people/{person_id:uuid}/face-checks/{check_id:uuid}", finish_face_page, methods=["POST"]),
    Route("/people/{person_id:uuid}/consent-codes", send_consent_code_page, methods=["POST"]),
    Route("/people/{person_id:uuid}/consents", give_consent_page, methods=["POST"]),
    Route(
        "/people/{person_id:uuid}/consents/{consent_id:uuid}/withdrawal",
        withdraw_consent_page,
        methods=["POST"],
    ),
    Route("/people/{person_id:uuid}/medicine-check", permit_medicines_page, methods=["POST"]),
    Route("/people/{person_id:uuid}/reviews", ask_counter_page, methods=["POST"]),
    Route("/representatives/{link_id:uuid}/removal", end_representation_page, methods=["POST"]),
    Route("/h/{code}/cards/new", new_card_page),
    Route("/h/{code}/cards", bind_card_page, methods=["POST"]),
    Route("/h/{code}/cards/{card_id:uuid}/removal", unbind_card_page, methods=["POST"]),
]
