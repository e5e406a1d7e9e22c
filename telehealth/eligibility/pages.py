"""HTML routes of the gate: who comes, may they, what did they answer, why not (XY06)."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from pydantic import BaseModel, ConfigDict, ValidationError
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from telehealth.core.access import Actor, Permission
from telehealth.core.clock import completed_years
from telehealth.core.errors import FieldsInvalid
from telehealth.core.i18n import N_
from telehealth.core.unit import Unit, Units
from telehealth.directory import Hospital, HospitalSwitch, hospital_by_code, live_hospital, said
from telehealth.eligibility import asking, presenting, screening
from telehealth.eligibility.doors import CHECKS, book_of, emergency_of, reader_of
from telehealth.eligibility.errors import CheckNotFound
from telehealth.eligibility.facts import Stage
from telehealth.eligibility.models import GateDecision
from telehealth.eligibility.schemas import Answers, Complaint
from telehealth.patients import LinkPending, LinkState, hospital_patient, links_of, people_of, person_for
from telehealth.patients.wording import RELATION_LABELS
from telehealth.rulebook.rules import ClinicKind
from telehealth.web.contract import field_sentences, page
from telehealth.web.forms import collect
from telehealth.web.pages import redirect, render, words
from telehealth.web.preferences import language

_KINDS = {"online": ClinicKind.INTERNET, "internet": ClinicKind.INTERNET, "offline": ClinicKind.OFFLINE}
#: What the road to a seat may carry past the gate: where, with whom, when.
_CARRIED = ("campus", "department", "doctor", "day", "slot", "form")


class Declare(BaseModel):
    model_config = ConfigDict(extra="ignore")

    stable: bool
    complaint: Complaint = ""
    answers: Answers = {}


@dataclass
class Declaring:
    """What was typed, to show again, and what is wrong with it."""

    values: dict[str, Any] = field(default_factory=dict)
    errors: dict[str, str] = field(default_factory=dict)
    model: Declare | None = None


@page(needs=Permission.BOOK, limit=CHECKS)
async def check_page(request: Request, units: Units, actor: Actor, code: str) -> Response:
    """Choose who comes; once chosen, ask the gate for card, age, visit and ban before anything else."""
    chosen = _uuid(request.query_params.get("person", ""))
    if chosen is None:
        async with units.of(actor) as unit:
            return await _choose(request, unit, await live_hospital(unit, code))
    kind = _KINDS.get(request.query_params.get("kind", ""), ClinicKind.INTERNET)
    try:
        row, _ = await asking.ask(units, actor, book_of(request), code, asking.Told(chosen, kind=kind))
    except LinkPending as error:
        return redirect(f"/people/{chosen}", flash=error.detail, kind="warn")
    if row.clinic_kind is ClinicKind.OFFLINE and row.allowed:
        # An ordinary visit in person asks nothing more (SJ01).
        return redirect(f"/h/{code}/book?{urlencode([*presenting.known(row), *_rest(request)])}")
    return redirect(_address(code, row, request))


@page(needs=Permission.BOOK)
async def check_result_page(request: Request, unit: Unit, code: str, check_id: UUID) -> Response:
    """A decision as it was made; reloading it asks nobody again."""
    return await _show(request, unit, code, check_id, Declaring())


@page(needs=Permission.BOOK, limit=CHECKS)
async def declare_page(request: Request, units: Units, actor: Actor, code: str, check_id: UUID) -> Response:
    form = await _read_declaration(request)
    async with units.of(actor) as unit:
        row, _ = await _own(unit, code, check_id)
        if form.model is not None:
            asked = await screening.questions(
                unit, book_of(request), hospital_id=row.hospital_id, person_id=row.person_id,
                complaint=form.model.complaint,
            )  # fmt: skip
            known = {question.id for question in asked}
            answers = {name: said for name, said in form.model.answers.items() if name in known}
            form.errors |= _open_questions(screening.weigh(asked, answers))
        if form.model is None or form.errors:
            return await _show(request, unit, code, check_id, form, status=422)
    told = asking.Told(
        row.person_id,
        Stage.RED_FLAGS,
        row.clinic_kind,
        None,
        form.model.stable,
        form.model.complaint,
        answers,
    )
    decided, _ = await asking.ask(units, actor, book_of(request), code, told)
    return redirect(_address(code, decided, request))


def _open_questions(weighed: screening.Answers) -> dict[str, str]:
    """One yes is enough to stop; without one, every question needs its answer."""
    if weighed.flags:
        return {}
    return {f"answers.{name}": N_("请回答这个问题") for name in weighed.unanswered}


async def _read_declaration(request: Request) -> Declaring:
    values = collect(await request.form(max_fields=100, max_files=0))
    prefix = "answers."
    answers = {name.removeprefix(prefix): said for name, said in values.items() if name.startswith(prefix)}
    raw = {"complaint": values.get("complaint", ""), "answers": {k: v for k, v in answers.items() if v}}
    if values.get("stable"):
        raw["stable"] = values["stable"]
    try:
        return Declaring(values, model=Declare.model_validate(raw))
    except ValidationError as error:
        form = Declaring(values, field_sentences(error))
        if not values.get("stable"):
            form.errors["stable"] = N_("请说明病情是否稳定")
        return form


async def _choose(request: Request, unit: Unit, place: Hospital) -> Response:
    actor, lang, _ = unit.actor, language(request), words(request)
    kind = request.query_params.get("kind", "internet")
    people, waiting = [], []
    for link, person in await people_of(unit, actor.account):
        known = [("person", str(person.id)), ("kind", kind), *_rest(request)]
        here = f"/h/{place.code}/check?{urlencode(known)}"
        patient = await hospital_patient(unit, place.id, person.id)
        has_card = (patient is not None and patient.is_bound) or kind == "offline"
        card = f"/h/{place.code}/cards/new?{urlencode({'person': str(person.id), 'next': here})}"
        age = _("%(age)s 岁") % {"age": completed_years(person.birth_date, unit.today)}
        people.append({
            "name": person.name,
            "sub": f"{_(RELATION_LABELS[link.relation])}，{age}",
            "href": here if has_card else card,
            "tag": "" if has_card else _("先绑定就诊卡"),
        })  # fmt: skip
    for link in await links_of(unit, actor.account):
        if link.state is LinkState.PENDING:
            waiting.append({"name": link.name, "href": f"/people/{link.person_id}"})
    back = urlencode({"next": f"{request.url.path}?{request.url.query}"})
    return render(
        request,
        "eligibility/choose.html",
        hospital=place,
        hospital_name=said(place, "name", lang),
        is_online=kind != "offline",
        people=people,
        waiting=waiting,
        add_href=f"/people/new?{back}",
        offline_href=f"/h/{place.code}/book?kind=offline" if _offline(place) and kind != "offline" else "",
        complaint_phone=place.complaint_phone,
    )


async def _show(
    request: Request, unit: Unit, code: str, check_id: UUID, form: Declaring, *, status: int = 200
) -> Response:
    row, place = await _own(unit, code, check_id)
    reader = reader_of(request)
    outcome = presenting.result(row, place, reader, _rest(request))
    asked = []
    if outcome.asks_questions:
        found = await screening.questions(
            unit, book_of(request), hospital_id=place.id, person_id=row.person_id,
            complaint=str(form.values.get("complaint", ""))[:1000],
        )  # fmt: skip
        asked = [(item.id, item.en if reader.lang == "en" else item.zh) for item in found]
    person = await person_for(unit, unit.actor.account, row.person_id)
    return render(
        request,
        "eligibility/result.html",
        status,
        hospital=place,
        hospital_name=said(place, "name", reader.lang),
        person_name=person.name,
        outcome=outcome,
        emergency=await emergency_of(request, unit, row),
        questions=asked,
        values=form.values,
        errors={name: reader.translate(text) for name, text in form.errors.items()},
        choose_href=f"/h/{code}/check?{urlencode([('kind', str(row.clinic_kind)), *_rest(request)])}",
        again_href=presenting.again(row, place, _rest(request)),
        check_id=row.id,
        decided_at=row.decided_at,
        policy_number=row.policy_number,
        complaint_phone=place.complaint_phone,
    )


async def _own(unit: Unit, code: str, check_id: UUID) -> tuple[GateDecision, Hospital]:
    """Raises CheckNotFound, also under another hospital's address."""
    row = await asking.own_check(unit, check_id)
    place = await hospital_by_code(unit, code)
    if row.hospital_id != place.id:
        raise CheckNotFound()
    return row, place


def _address(code: str, row: GateDecision, request: Request) -> str:
    rest = urlencode(_rest(request))
    return f"/h/{code}/check/{row.id}{'?' + rest if rest else ''}"


def _rest(request: Request) -> list[tuple[str, str]]:
    return _carried(request.query_params)


def _carried(params: Mapping[str, str]) -> list[tuple[str, str]]:
    return [(name, params[name][:100]) for name in _CARRIED if params.get(name)]


def _offline(place: Hospital) -> bool:
    return place.has(HospitalSwitch.OFFLINE_REGISTRATION)


def _uuid(text: str) -> UUID | None:
    """None for nobody chosen. Raises FieldsInvalid for nonsense."""
    if not text:
        return None
    try:
        return UUID(text)
    except ValueError:
        raise FieldsInvalid({"person": N_("请选择就诊人")}) from None


routes = [
    Route("/h/{code}/check", check_page),
    Route("/h/{code}/check/{check_id:uuid}", check_result_page),
    Route("/h/{code}/check/{check_id:uuid}", declare_page, methods=["POST"]),
]
