"""The patient's strikes with their count and appeal button, and the staff's list of appeals."""

from typing import Any
from uuid import UUID

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from telehealth.core.access import Actor, Permission
from telehealth.core.errors import DomainError
from telehealth.core.i18n import N_
from telehealth.core.unit import Unit, Units
from telehealth.patients import people_by_id
from telehealth.rulebook.rules import Channel
from telehealth.strikes import appealing, queries, viewing
from telehealth.strikes.errors import AppealNotFound, StrikeNotFound
from telehealth.strikes.models import Appeal, StrikeRow
from telehealth.strikes.schemas import AnswerAppeal, MakeAppeal
from telehealth.strikes.states import AppealState
from telehealth.web.contract import page
from telehealth.web.forms import read_form
from telehealth.web.pages import redirect, render, words
from telehealth.web.preferences import language
from telehealth.web.problems import sentence, status_of

P = Permission
HERE = "/staff/appeals"

APPEAL_BADGES = {
    AppealState.OPEN: ("warn", N_("申诉处理中")),
    AppealState.UPHELD: ("ok", N_("申诉成立")),
    AppealState.DECLINED: ("", N_("申诉未通过")),
}
CHANNELS = {
    Channel.ONLINE: N_("线上预约"),
    Channel.DESK: N_("窗口挂号"),
    Channel.PHONE: N_("电话预约"),
}


@page(needs=P.BOOK)
async def strikes_page(request: Request, unit: Unit, actor: Actor) -> Response:
    return await _strikes(request, unit, actor)


@page(needs=P.BOOK, limit="20/hour")
async def make_appeal_page(request: Request, units: Units, actor: Actor, strike_id: UUID) -> Response:
    form = await read_form(request, MakeAppeal)
    said, status = words(request)(form.errors.get("text", "")), 422
    if form.model is not None:
        try:
            async with units.account(actor.account, actor) as unit:
                await appealing.appeal(unit, actor, strike_id, form.model.text)
            return redirect("/strikes", flash=N_("已提交申诉，由医院工作人员处理，结果会通知您"))
        except StrikeNotFound:
            raise
        except DomainError as error:
            said, status = sentence(error, language(request)), status_of(error)
    async with units.account(actor.account, actor) as unit:
        wrong = {strike_id: (said, str(form.values.get("text", "")))}
        return await _strikes(request, unit, actor, wrong=wrong, status=status)


@page(needs=P.LIFT_STRIKE)
async def appeals_page(request: Request, unit: Unit, actor: Actor) -> Response:
    return await _appeals(request, unit, actor)


@page(needs=P.LIFT_STRIKE)
async def answer_appeal_page(request: Request, units: Units, actor: Actor, appeal_id: UUID) -> Response:
    form = await read_form(request, AnswerAppeal)
    upheld = form.values.get("decision") == "uphold"
    decided = upheld or form.values.get("decision") == "decline"
    said, status = words(request)(form.errors.get("answer", N_("请选择处理结果"))), 422
    if form.model is not None and decided:
        try:
            async with units.hospital(actor.hospital, actor) as unit:
                decide = appealing.uphold if upheld else appealing.decline
                await decide(unit, actor, appeal_id, form.model.answer)
            done = N_("已撤销爽约，相应的停约已解除") if upheld else N_("已答复申诉人")
            return redirect(HERE, flash=done)
        except AppealNotFound:
            raise
        except DomainError as error:
            said, status = sentence(error, language(request)), status_of(error)
    async with units.hospital(actor.hospital, actor) as unit:
        wrong = {appeal_id: (said, str(form.values.get("answer", "")))}
        return await _appeals(request, unit, actor, wrong=wrong, status=status)


async def _strikes(
    request: Request,
    unit: Unit,
    actor: Actor,
    *,
    wrong: dict[UUID, tuple[str, str]] | None = None,
    status: int = 200,
) -> Response:
    english = language(request) == "en"
    records = await viewing.records_of(unit, actor)
    return render(
        request, "strikes/strikes.html", status,
        records=[
            {
                "name": record.link.name,
                "hospital": record.hospital.name_en if english else record.hospital.name,
                "phone": record.hospital.phone,
                "standing": record.standing,
                "window_months": record.window_months,
                "bans": [
                    (words(request)(CHANNELS[ban.channel]), ban.until_on, ban.strike_id)
                    for ban in record.bans
                ],
                "strikes": [
                    _strike(request, row, appeal) | {"counts_until": record.counts_until[row.id]}
                    for row, appeal in record.strikes
                ],
            }
            for record in records
        ],
        wrong=wrong or {},
    )  # fmt: skip


def _strike(request: Request, row: StrikeRow, appeal: Appeal | None) -> dict[str, Any]:
    _ = words(request)
    kind, text = APPEAL_BADGES[appeal.state] if appeal else ("", "")
    return {
        "id": row.id,
        "on": row.on,
        "number": row.booking_number,
        "reversed": row.is_reversed,
        "badge": (kind, _(text)) if text else None,
        "answer": appeal.answer if appeal else "",
        "can_appeal": not row.is_reversed and (appeal is None or appeal.state is not AppealState.OPEN),
    }


async def _appeals(
    request: Request,
    unit: Unit,
    actor: Actor,
    *,
    wrong: dict[UUID, tuple[str, str]] | None = None,
    status: int = 200,
) -> Response:
    rows = await queries.open_appeals(unit, actor.hospital)
    answered = await queries.answered_appeals(unit, actor.hospital)
    people = await people_by_id(unit, [row.person_id for row in (*rows, *answered)])
    _ = words(request)
    return render(
        request, "strikes/appeals.html", status,
        appeals=[await _line(unit, row, people) for row in rows],
        answered=[
            {
                "name": people[row.person_id].name if row.person_id in people else "",
                "result": _(APPEAL_BADGES[row.state][1]),
                "answer": row.answer,
                "at": row.decided_at,
            }
            for row in answered
        ],
        wrong=wrong or {},
    )  # fmt: skip


async def _line(unit: Unit, row: Appeal, people: dict[UUID, Any]) -> dict[str, Any]:
    strike = await queries.strike(unit, row.strike_id)
    history = await queries.strikes_of(unit, row.hospital_id, row.person_id)
    bans = await queries.active_bans(unit, row.person_id, row.hospital_id)
    return {
        "id": row.id,
        "name": people[row.person_id].name if row.person_id in people else "",
        "text": row.text,
        "made_at": row.made_at,
        "on": strike.on if strike else None,
        "number": strike.booking_number if strike else "",
        "evidence": strike.evidence if strike else {},
        "standing": sum(not each.is_reversed for each in history),
        "until": max((ban.until_on for ban in bans if ban.until_on), default=None),
    }


routes = [
    Route("/strikes", strikes_page),
    Route("/strikes/{strike_id:uuid}/appeals", make_appeal_page, methods=["POST"]),
    Route(HERE, appeals_page),
    Route(HERE + "/{appeal_id:uuid}/answer", answer_appeal_page, methods=["POST"]),
]
