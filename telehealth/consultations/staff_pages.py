"""The doctor's pages: today's line, a visit in three panes, what is to be followed up, the record.

All but the calls works without script. Deeds are posted, and lead back to the pane they came from.
"""

from datetime import date
from typing import Any
from urllib.parse import quote
from uuid import UUID

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from telehealth.accounts import StepUpNeeded
from telehealth.consultations import (
    absent,
    admitting,
    alerting,
    chatting,
    concluding,
    following_up,
    inviting,
    noting,
    recordings,
    withdrawing,
)
from telehealth.consultations.doctor_errors import ColleagueNotFound
from telehealth.consultations.doctor_presenting import line_view
from telehealth.consultations.filing import file_of
from telehealth.consultations.following_up import follow_ups
from telehealth.consultations.gate import find_seat
from telehealth.consultations.line import line_of
from telehealth.consultations.models import VisitNote
from telehealth.consultations.noting import SaveNote
from telehealth.consultations.staff_forms import Admit, Conclude, FinishFollowUp, Invite, Say, Withdraw
from telehealth.consultations.staff_record import alarms_context, record_context, tasks_context
from telehealth.consultations.staff_room import Typed, room_context
from telehealth.core.access import Actor, Permission
from telehealth.core.clock import HospitalDay
from telehealth.core.errors import (
    Conflict,
    FieldsInvalid,
    Invalid,
    Refused,
    TransitionRefused,
    Unavailable,
)
from telehealth.core.i18n import N_
from telehealth.core.unit import Unit, Units
from telehealth.web.contract import page
from telehealth.web.forms import Form, collect, read_form
from telehealth.web.house import house_of
from telehealth.web.pages import redirect, render, words
from telehealth.web.preferences import language
from telehealth.web.problems import sentence, status_of

NEEDS = Permission.CONSULT
#: What a person can do something about; other errors have a page of their own.
REFUSALS = (Refused, Conflict, Invalid, Unavailable)
ALARMS = "/staff/alarms"
PANES = ("talk", "file", "line")


@page(needs=Permission.SEE_CLINICS)
async def line_page(request: Request, units: Units, actor: Actor) -> Response:
    """An alarm leads the duty desk here too, who have no line of their own."""
    if not actor.may(NEEDS):
        return redirect(ALARMS)
    lang, say = language(request), words(request)
    async with units.of(actor) as unit:
        day = _day(request.query_params.get("day", "")) or unit.today
        is_today = day == unit.today
        rows = await line_of(unit, None if is_today else day)
        line = line_view(
            rows, day, now=unit.now, is_today=is_today, lang=lang, say=say,
            current=_uuid(request.query_params.get("current", "")),
        )  # fmt: skip
        due = sum(task.row.due_day <= unit.today for task in await follow_ups(unit))
    welcome = {
        "title": say(N_("今天的线上复诊")) if line["next"] else say(N_("没有等候的患者")),
        "text": say(N_("左边是等候的患者，紧急的排在最前；接诊前请先看资料。"))
        if line["next"]
        else say(N_("有患者付费后会出现在这里，开诊时也会提醒您。")),
        "href": line["next"],
    }
    return render(request, "consultations/line.html", line=line, follow_ups=due, welcome=welcome)


@page(needs=NEEDS)
async def staff_room_page(request: Request, units: Units, actor: Actor, room_id: UUID) -> Response:
    shown = request.query_params.get("pane", "talk")
    return await _room(request, units, actor, room_id, shown=shown if shown in PANES else "talk")


@page(needs=NEEDS, limit="60/minute")
async def say_page(request: Request, units: Units, actor: Actor, room_id: UUID) -> Response:
    seat = await find_seat(units, actor, room_id)
    form = await read_form(request, Say)
    if form.model is None:
        return _back(room_id, "talk", N_("请输入要发送的内容"), kind="warn")
    try:
        await chatting.say(
            units, seat, client_id=form.model.client_id, kind=form.model.kind, text=form.model.text
        )
    except REFUSALS as error:
        return _back(room_id, "talk", error.detail, kind="warn")
    return _back(room_id, "talk")


@page(needs=NEEDS)
async def admit_page(request: Request, units: Units, actor: Actor, room_id: UUID) -> Response:
    form = await read_form(request, Admit)
    try:
        await admitting.admit(units, actor, room_id, fit=bool(form.model and form.model.fit))
    except StepUpNeeded:
        back = quote(f"{_href(room_id)}?pane=file", safe="")
        return redirect(f"/staff/step-up?next={back}")
    except REFUSALS as error:
        form.errors["fit"] = sentence(error, language(request))
        return await _again(request, units, actor, room_id, "admission", form, status=status_of(error))
    return _back(room_id, "talk", N_("已接诊，可以回复和呼叫患者"))


@page(needs=NEEDS, limit="60/minute")
async def note_page(request: Request, units: Units, actor: Actor, room_id: UUID) -> Response:
    """Save, and on "sign" sign what was saved this moment."""
    wants_signature = collect(await request.form(max_fields=100, max_files=0)).get("_do") == "sign"
    form = await read_form(request, SaveNote)
    if form.model is None:
        return await _again(request, units, actor, room_id, "note", form)
    try:
        async with units.of(actor) as unit:
            note = await noting.save(unit, room_id, await _with_words(unit, room_id, form.model))
        if wants_signature:
            await _sign(units, actor, room_id, note)
    except FieldsInvalid as error:
        return await _again(request, units, actor, room_id, "note", form.refuse(error))
    except REFUSALS as error:
        form.errors["__all__"] = sentence(error, language(request))
        return await _again(request, units, actor, room_id, "note", form, status=status_of(error))
    done = N_("病历已签名，可以完成就诊") if wants_signature else N_("病历已保存")
    return _back(room_id, "file", done, part="part-ends" if wants_signature else "part-note")


@page(needs=NEEDS)
async def conclude_page(request: Request, units: Units, actor: Actor, room_id: UUID) -> Response:
    form = await read_form(request, Conclude)
    if form.model is not None:
        try:
            async with units.of(actor) as unit:
                await concluding.conclude(
                    unit,
                    room_id,
                    advice=form.model.advice,
                    follow_up_on=form.model.follow_up_day,
                    follow_up_reason=form.model.follow_up_reason,
                )
            return _back(room_id, "file", N_("就诊已完成"), part="part-ends")
        except FieldsInvalid as error:
            form.refuse(error)
        except REFUSALS as error:
            return _back(room_id, "file", error.detail, kind="warn", part="part-ends")
    return await _again(request, units, actor, room_id, "conclusion", form)


@page(needs=NEEDS)
async def withdraw_page(request: Request, units: Units, actor: Actor, room_id: UUID) -> Response:
    form = await read_form(request, Withdraw)
    if form.model is None:
        return await _again(request, units, actor, room_id, "withdrawal", form)
    try:
        async with units.of(actor) as unit:
            await withdrawing.find_unsuitable(
                unit, room_id, reason=form.model.reason, advice=form.model.advice
            )
    except REFUSALS as error:
        return _back(room_id, "file", error.detail, kind="warn", part="part-ends")
    return _back(room_id, "file", N_("已终止线上就诊，费用全额退回患者"), part="part-ends")


@page(needs=NEEDS)
async def absent_page(units: Units, actor: Actor, room_id: UUID) -> Response:
    try:
        async with units.of(actor) as unit:
            await absent.mark(unit, room_id)
    except REFUSALS as error:
        return _back(room_id, "file", error.detail, kind="warn", part="part-ends")
    return _back(room_id, "file", N_("已记为患者未到"), part="part-ends")


@page(needs=NEEDS)
async def remind_page(units: Units, actor: Actor, room_id: UUID) -> Response:
    try:
        async with units.of(actor) as unit:
            await absent.remind(unit, room_id)
    except REFUSALS as error:
        return _back(room_id, "file", error.detail, kind="warn", part="part-ends")
    return _back(room_id, "file", N_("已提醒患者"), part="part-ends")


@page(needs=NEEDS)
async def invite_colleague_page(request: Request, units: Units, actor: Actor, room_id: UUID) -> Response:
    form = await read_form(request, Invite)
    if form.model is None:
        return await _again(request, units, actor, room_id, "colleagues", form)
    try:
        async with units.of(actor) as unit:
            await inviting.invite(unit, room_id, doctor_id=form.model.doctor_id, reason=form.model.reason)
    except (*REFUSALS, ColleagueNotFound) as error:
        return _back(room_id, "file", error.detail, kind="warn", part="part-colleagues")
    return _back(room_id, "file", N_("已邀请，对方会收到通知"), part="part-colleagues")


@page(needs=NEEDS)
async def dismiss_colleague_page(units: Units, actor: Actor, room_id: UUID, seat_id: UUID) -> Response:
    try:
        async with units.of(actor) as unit:
            await inviting.dismiss(unit, room_id, seat_id)
    except REFUSALS as error:
        return _back(room_id, "file", error.detail, kind="warn", part="part-colleagues")
    return _back(room_id, "file", N_("会诊医生已离开"), part="part-colleagues")


@page(needs=Permission.SEE_CLINICS)
async def acknowledge_page(request: Request, units: Units, actor: Actor, room_id: UUID) -> Response:
    """By the doctor in the room, or by the duty desk on the list of alarms."""
    async with units.of(actor) as unit:
        await alerting.acknowledge(unit, room_id)
    done = N_("已记下：这次紧急提醒已处理")
    return _back(room_id, "talk", done) if actor.may(NEEDS) else redirect(ALARMS, flash=done)


@page(needs=Permission.SEE_CLINICS)
async def alarms_page(request: Request, unit: Unit) -> Response:
    """Every visit of the hospital whose patient cannot wait."""
    alarms = await alarms_context(unit, lang=language(request))
    return render(request, "consultations/alarms.html", alarms=alarms)


@page(needs=NEEDS)
async def follow_ups_page(request: Request, unit: Unit) -> Response:
    context = await tasks_context(unit, lang=language(request), typed=Typed())
    return render(request, "consultations/follow_ups.html", **context)


@page(needs=NEEDS)
async def finish_follow_up_page(request: Request, units: Units, actor: Actor, follow_up_id: UUID) -> Response:
    form = await read_form(request, FinishFollowUp)
    if form.model is None:
        typed = Typed(f"task:{follow_up_id}", form.values, form.errors)
        async with units.of(actor) as unit:
            context = await tasks_context(unit, lang=language(request), typed=typed)
        return render(request, "consultations/follow_ups.html", 422, **context)
    try:
        async with units.of(actor) as unit:
            await following_up.finish(unit, follow_up_id, outcome=form.model.outcome)
    except TransitionRefused:
        return redirect("/staff/follow-ups", flash=N_("这次随访已经完成"), kind="info")
    return redirect("/staff/follow-ups", flash=N_("随访已完成"))


@page(needs=Permission.SEE_CLINICS)
async def staff_record_page(request: Request, unit: Unit, room_id: UUID) -> Response:
    """For the treating doctor, a guest while the visit runs, and whoever may read all records."""
    context = await record_context(unit, room_id, lang=language(request))
    return render(request, "consultations/staff_record.html", **context)


@page(needs=Permission.SEE_CLINICS)
async def play_recording_page(units: Units, actor: Actor, segment_id: UUID) -> Response:
    """Without script: one part by itself, written down all the same."""
    url = await recordings.link(units, actor, segment_id)
    return RedirectResponse(url, 303, {"cache-control": "no-store"})


async def _room(
    request: Request,
    units: Units,
    actor: Actor,
    room_id: UUID,
    *,
    shown: str,
    typed: Typed = Typed(),  # noqa: B008 - frozen
    status: int = 200,
) -> Response:
    context = await room_context(units, actor, room_id, lang=language(request), shown=shown, typed=typed)
    context["tools"] = await _tools(request, units, actor, room_id)
    return render(request, "consultations/console.html", status, **context)


async def _tools(request: Request, units: Units, actor: Actor, room_id: UUID) -> list[dict[str, Any]]:
    """What features above bring into a visit: sections of rows and of things to begin."""
    async with units.of(actor) as unit:
        found = [
            await part(unit, room_id, language(request))
            for part in house_of(request).contributions.get("room_tools", [])
        ]
    return [section for section in found if section is not None]


async def _again(
    request: Request,
    units: Units,
    actor: Actor,
    room_id: UUID,
    name: str,
    form: Form[Any],
    *,
    status: int = 422,
) -> Response:
    """The same pane with what was typed, and what is wrong with it."""
    say = words(request)
    errors = {field: say(text) for field, text in form.errors.items()}
    typed = Typed(name, form.values, errors)
    return await _room(request, units, actor, room_id, shown="file", typed=typed, status=status)


async def _with_words(unit: Unit, room_id: UUID, edit: SaveNote) -> SaveNote:
    """Without script the code of a diagnosis comes alone: the hospital's words go with it."""
    if not edit.diagnosis_code:
        return edit.model_copy(update={"diagnosis_text": ""})
    known = (await file_of(unit, room_id)).diagnoses
    return edit.model_copy(update={"diagnosis_text": known.get(edit.diagnosis_code, edit.diagnosis_text)})


async def _sign(units: Units, actor: Actor, room_id: UUID, note: VisitNote) -> None:
    async with units.of(actor) as unit:
        await noting.sign(unit, room_id, version=note.version)


def _href(room_id: UUID) -> str:
    return f"/staff/rooms/{room_id}"


def _back(room_id: UUID, pane: str, flash: str = "", *, kind: str = "ok", part: str = "") -> Response:
    hash_ = f"#{part}" if part else ""
    return redirect(f"{_href(room_id)}?pane={pane}{hash_}", flash=flash, kind=kind)


def _day(text: str) -> HospitalDay | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None


routes = [
    Route("/staff/line", line_page),
    Route(ALARMS, alarms_page),
    Route("/staff/follow-ups", follow_ups_page),
    Route("/staff/follow-ups/{follow_up_id:uuid}/completion", finish_follow_up_page, methods=["POST"]),
    Route("/staff/recordings/{segment_id:uuid}", play_recording_page),
    Route("/staff/rooms/{room_id:uuid}", staff_room_page),
    Route("/staff/rooms/{room_id:uuid}/messages", say_page, methods=["POST"]),
    Route("/staff/rooms/{room_id:uuid}/admission", admit_page, methods=["POST"]),
    Route("/staff/rooms/{room_id:uuid}/note", note_page, methods=["POST"]),
    Route("/staff/rooms/{room_id:uuid}/conclusion", conclude_page, methods=["POST"]),
    Route("/staff/rooms/{room_id:uuid}/withdrawal", withdraw_page, methods=["POST"]),
    Route("/staff/rooms/{room_id:uuid}/absence", absent_page, methods=["POST"]),
    Route("/staff/rooms/{room_id:uuid}/reminder", remind_page, methods=["POST"]),
    Route("/staff/rooms/{room_id:uuid}/urgency", acknowledge_page, methods=["POST"]),
    Route("/staff/rooms/{room_id:uuid}/colleagues", invite_colleague_page, methods=["POST"]),
    Route(
        "/staff/rooms/{room_id:uuid}/colleagues/{seat_id:uuid}/removal",
        dismiss_colleague_page,
        methods=["POST"],
    ),
    Route("/staff/rooms/{room_id:uuid}/record", staff_record_page),
]
