"""The dispatch desk: the board, one order with its next step, labels, and whatever is scanned."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from pydantic import BaseModel
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from prescriptions.pharmacy import (
    checking,
    claiming,
    decocting,
    excepting,
    handing,
    packing,
    picking,
    presenting,
    queries,
    shipping,
)
from prescriptions.pharmacy.desk_forms import (
    BagsForm,
    CodeForm,
    CollectForm,
    LotForm,
    MatchesForm,
    Nothing,
    PackForm,
    PotForm,
    ReasonForm,
    ResolutionForm,
    TroubleForm,
)
from prescriptions.pharmacy.errors import DispatchNotFound
from prescriptions.pharmacy.labelling import labels_of
from prescriptions.pharmacy.policy import own_order
from prescriptions.pharmacy.rules import (
    CHECK_LABELS,
    CHECKS,
    MATCH_LABELS,
    RESOLUTION_LABELS,
    TROUBLE_LABELS,
    Trouble,
    ways_out,
)
from prescriptions.pharmacy.wording import PARCEL_LABELS, STEPS, step_of
from prescriptions.sheet.drawing import labels as draw_labels
from prescriptions.states import DispatchState, Path
from prescriptions.stock import NoPharmacy, count_low, note_presence, own_pharmacy
from telehealth.core.access import Actor, Permission
from telehealth.core.errors import DomainError, FieldsInvalid
from telehealth.core.i18n import N_
from telehealth.core.unit import Unit, Units
from telehealth.web.contract import page
from telehealth.web.forms import Form, blank, read_form
from telehealth.web.house import House, house_of
from telehealth.web.pages import redirect, render, words
from telehealth.web.preferences import language
from telehealth.web.problems import sentence, status_of

NEEDS = Permission.DISPENSE
BOARD = "/staff/dispatch"


@dataclass(frozen=True, slots=True)
class Call:
    """One press of a button."""

    units: Units
    actor: Actor
    order_id: UUID
    form: Any
    house: House


@page(needs=NEEDS)
async def dispatch_board_page(request: Request, unit: Unit, actor: Actor) -> Response:
    try:
        place = await own_pharmacy(unit, actor)
    except NoPharmacy as error:
        return render(request, "prescriptions/dispatch_none.html", 409, reason=error)
    await note_presence(unit, actor)
    return render(
        request,
        "prescriptions/dispatch_board.html",
        board=await presenting.board(unit, place),
        low=await count_low(unit, place.id),
        labels=presenting.LANE_LABELS,
        states=presenting.STATE_LABELS,
        troubles=TROUBLE_LABELS,
        code=request.query_params.get("code", "")[:80],
        unknown=request.query_params.get("unknown") == "1",
    )


@page(needs=NEEDS)
async def dispatch_away_page(request: Request, unit: Unit, actor: Actor) -> Response:
    """What the courier has."""
    place = await own_pharmacy(unit, actor)
    return render(
        request,
        "prescriptions/dispatch_away.html",
        rows=await queries.on_the_way(unit, place.id),
        parcels=PARCEL_LABELS,
        pharmacy=place,
    )


@page(needs=NEEDS, limit="240/minute")
async def dispatch_scan_page(request: Request, unit: Unit, actor: Actor) -> Response:
    """Whatever was scanned at the board: a sheet's number, a waybill, a window number."""
    form = await read_form(request, CodeForm)
    place = await own_pharmacy(unit, actor)
    code = form.model.code if form.model is not None else ""
    found = await queries.scanned(unit, place.id, code) if code else None
    return redirect(f"{BOARD}/{found}" if found is not None else f"{BOARD}?unknown=1")


@page(needs=NEEDS)
async def dispatch_order_page(request: Request, unit: Unit, actor: Actor, order_id: UUID) -> Response:
    await note_presence(unit, actor)
    return await _order(request, unit, actor, order_id, blank())


@page(needs=NEEDS, limit="240/minute")
async def dispatch_verb_page(
    request: Request, units: Units, actor: Actor, order_id: UUID, verb: str
) -> Response:
    button = VERBS.get(verb)
    if button is None:
        raise DispatchNotFound()
    form = await read_form(request, button.form)
    status = 422
    if form.model is not None:
        try:
            await button.run(Call(units, actor, order_id, form.model, house_of(request)))
            return redirect(f"{BOARD}/{order_id}" if button.stays else BOARD, flash=button.said)
        except FieldsInvalid as error:
            form.refuse(error)
            form.errors.setdefault("__all__", sentence(error, language(request)))
        except DomainError as error:
            form.errors["__all__"] = sentence(error, language(request))
            status = status_of(error)
    async with units.of(actor) as unit:
        return await _order(request, unit, actor, order_id, form, status=status)


@page(needs=NEEDS)
async def dispatch_labels_page(request: Request, units: Units, actor: Actor, order_id: UUID) -> Response:
    async with units.of(actor) as unit:
        row = await own_order(unit, actor, order_id)
        wanted = await labels_of(unit, row)
        unit.audit("dispatch.labels_printed", row, number=row.number)
    return _pdf(await draw_labels(wanted), f"labels-{row.number}")


@page(needs=NEEDS, limit="60/minute")
async def dispatch_waybill_page(request: Request, units: Units, actor: Actor, order_id: UUID) -> Response:
    return _pdf(await shipping.print_waybill(units, actor, order_id), "waybill")


def _pdf(body: bytes, name: str) -> Response:
    headers = {"content-disposition": f'inline; filename="{name}.pdf"', "cache-control": "no-store"}
    return Response(body, media_type="application/pdf", headers=headers)


async def _order(
    request: Request, unit: Unit, actor: Actor, order_id: UUID, form: Form[Any], *, status: int = 200
) -> Response:
    work = await presenting.work(unit, await own_order(unit, actor, order_id))
    row = work.order
    step = step_of(row, is_mine=work.card.is_mine, booked=bool(work.parcel and work.parcel.waybill))
    cooked, _ = bool(row.decoction), words(request)
    return render(
        request,
        "prescriptions/dispatch_order.html",
        status,
        work=work,
        form=form,
        step=step,
        title=STEPS[step],
        state=presenting.STATE_LABELS[row.state],
        path=presenting.PATH_LABELS[row.path],
        is_courier=row.path is Path.COURIER,
        is_over=row.state in _OVER,
        checks=[
            (CHECK_LABELS[check], [(match, MATCH_LABELS[match]) for match in matches])
            for check, matches in CHECKS.items()
        ],
        troubles=[(kind.value, _(TROUBLE_LABELS[kind])) for kind in Trouble],
        trouble=TROUBLE_LABELS[Trouble(work.trouble.kind)] if work.trouble is not None else "",
        ways=[(way.value, _(RESOLUTION_LABELS[way])) for way in ways_out(row.state, cooked=cooked)],
        parcel_state=PARCEL_LABELS[work.parcel.state] if work.parcel is not None else "",
        scans=[(scan, PARCEL_LABELS[scan.state] if scan.state is not None else "") for scan in work.scans],
    )


_OVER = frozenset({DispatchState.CANCELLED, DispatchState.DELIVERED, DispatchState.COLLECTED})


@dataclass(frozen=True, slots=True)
class Button:
    """A form of the order page: what it sends, what it does, what is said when it is done."""

    form: type[BaseModel]
    run: Callable[[Call], Awaitable[object]]
    said: str = ""
    stays: bool = True


async def _claim(call: Call) -> None:
    async with call.units.of(call.actor) as unit:
        await claiming.claim(unit, call.actor, call.order_id)


async def _release(call: Call) -> None:
    async with call.units.of(call.actor) as unit:
        await claiming.release(unit, call.actor, call.order_id)


async def _scan(call: Call) -> None:
    async with call.units.of(call.actor) as unit:
        await picking.scan(unit, call.actor, call.order_id, call.form.code)


async def _unscan(call: Call) -> None:
    async with call.units.of(call.actor) as unit:
        await picking.unscan(unit, call.actor, call.order_id, UUID(call.form.lot_id))


async def _pick(call: Call) -> None:
    await picking.finish_checked(call.units, call.actor, call.order_id)


async def _decoct(call: Call) -> None:
    async with call.units.of(call.actor) as unit:
        await decocting.start(unit, call.actor, call.order_id, pot=call.form.pot)


async def _decocted(call: Call) -> None:
    async with call.units.of(call.actor) as unit:
        await decocting.finish(unit, call.actor, call.order_id, bags=call.form.bags)


async def _check(call: Call) -> None:
    async with call.units.of(call.actor) as unit:
        await checking.check(unit, call.actor, call.order_id, call.form.ticked)


async def _reject(call: Call) -> None:
    async with call.units.of(call.actor) as unit:
        await checking.reject(unit, call.actor, call.order_id, call.form.reason)


async def _waybill(call: Call) -> None:
    await shipping.book_as(call.units, call.actor, call.order_id)


async def _pack(call: Call) -> None:
    async with call.units.of(call.actor) as unit:
        await packing.pack(unit, call.actor, call.order_id, logger=call.form.logger)


async def _hand_over(call: Call) -> None:
    async with call.units.of(call.actor) as unit:
        await handing.hand_over(unit, call.actor, call.order_id, call.form.code)


async def _call_number(call: Call) -> None:
    async with call.units.of(call.actor) as unit:
        await handing.call(unit, call.actor, call.order_id)


async def _collect(call: Call) -> None:
    async with call.units.of(call.actor) as unit:
        await handing.collect(
            unit, call.house.limiter, call.actor, call.order_id, call.form.who(),
            counselling=call.form.counselling,
        )  # fmt: skip


async def _trouble(call: Call) -> None:
    async with call.units.of(call.actor) as unit:
        await excepting.report(unit, call.actor, call.order_id, call.form.kind, call.form.note)


async def _resolve(call: Call) -> None:
    async with call.units.of(call.actor) as unit:
        await excepting.resolve(unit, call.actor, call.order_id, call.form.way)


VERBS = {
    "claim": Button(Nothing, _claim, N_("已领单，请按批号配药")),
    "release": Button(Nothing, _release, N_("已退回队列"), stays=False),
    "scan": Button(CodeForm, _scan),
    "unscan": Button(LotForm, _unscan),
    "pick": Button(Nothing, _pick, N_("已配齐，请另一位药师复核")),
    "decoct": Button(PotForm, _decoct, N_("已开始煎煮")),
    "decocted": Button(BagsForm, _decocted, N_("已煎好，请复核")),
    "check": Button(MatchesForm, _check, N_("复核完成")),
    "reject": Button(ReasonForm, _reject, N_("已退回重配")),
    "waybill": Button(Nothing, _waybill, N_("运单已生成")),
    "pack": Button(PackForm, _pack, N_("已打包")),
    "hand-over": Button(CodeForm, _hand_over, N_("已交快递"), stays=False),
    "call": Button(Nothing, _call_number, N_("已叫号")),
    "collect": Button(CollectForm, _collect, N_("已发药"), stays=False),
    "trouble": Button(TroubleForm, _trouble, N_("已转异常处理")),
    "resolve": Button(ResolutionForm, _resolve, N_("已处理")),
}

routes = [
    Route(BOARD, dispatch_board_page),
    Route(f"{BOARD}/scan", dispatch_scan_page, methods=["POST"]),
    Route(f"{BOARD}/away", dispatch_away_page),
    Route(f"{BOARD}/{{order_id}}", dispatch_order_page),
    Route(f"{BOARD}/{{order_id}}/labels.pdf", dispatch_labels_page),
    Route(f"{BOARD}/{{order_id}}/waybill.pdf", dispatch_waybill_page),
    Route(f"{BOARD}/{{order_id}}/{{verb}}", dispatch_verb_page, methods=["POST"]),
]
