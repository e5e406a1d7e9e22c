"""The shelves on a page: what is free, runs low or expires; goods in, counting; who works where."""

from datetime import timedelta
from typing import Any
from uuid import UUID

from pydantic import BaseModel, ConfigDict
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from prescriptions.stock import queries, receiving
from prescriptions.stock.api import SOON
from prescriptions.stock.errors import LotNotFound
from prescriptions.stock.naming import drugs
from prescriptions.stock.policy import own_lot
from prescriptions.stock.rules import last_usable, read_delivery
from prescriptions.stock.schemas import CountBody, GoodsBody, LevelBody
from prescriptions.stock.staffing import assign, own_pharmacy, unassign
from telehealth.accounts import staff_of
from telehealth.core.access import Actor, Permission, Role
from telehealth.core.errors import DomainError, FieldsInvalid
from telehealth.core.i18n import N_
from telehealth.core.unit import Unit
from telehealth.rulebook import current_policy
from telehealth.web.contract import page
from telehealth.web.forms import Form, blank, read_form
from telehealth.web.pages import redirect, render
from telehealth.web.preferences import language
from telehealth.web.problems import sentence, status_of

NEEDS = Permission.MANAGE_STOCK
STOCK = "/staff/stock"
SHOWS = (("all", N_("全部")), ("low", N_("低于警戒")), ("expiring", N_("近效期")))
BLOCKS = {
    receiving.EXPIRED: N_("近效期下架"),
    receiving.RECALLED: N_("召回"),
    receiving.BY_HAND: N_("停用"),
}
CAUSES = {
    "received": N_("入库"),
    "picked": N_("配药"),
    "put_back": N_("退回货架"),
    "counted": N_("盘点"),
    "blocked": N_("停用"),
    "unblocked": N_("恢复"),
}


class ListForm(BaseModel):
    model_config = ConfigDict(extra="ignore")

    text: str = ""


class MemberForm(BaseModel):
    model_config = ConfigDict(extra="ignore")

    account_id: UUID
    pharmacy_id: UUID | None = None


@page(needs=NEEDS)
async def stock_page(request: Request, unit: Unit, actor: Actor) -> Response:
    place = await own_pharmacy(unit, actor)
    show = request.query_params.get("show", "all")
    margin = (await current_policy(unit, place.hospital_id)).policy.dispensing.expiry_margin_days
    usable = last_usable(unit.today, margin)
    soon = usable + timedelta(days=SOON)
    names = await drugs(unit, place.hospital_id)
    shelves = await queries.shelves(
        unit, place.id, low=show == "low", expiring_before=soon if show == "expiring" else None
    )
    sought = request.query_params.get("q", "").strip()[:40].lower()
    rows = [(shelf, names.of(shelf.item.drug_code)) for shelf in shelves]
    return render(
        request,
        "prescriptions/stock.html",
        pharmacy=place,
        rows=[pair for pair in rows if sought in f"{pair[1].code} {pair[1].name}".lower()],
        shows=[(key, label, key == show) for key, label in SHOWS],
        soon=soon,
        sought=sought,
    )


@page(needs=NEEDS)
async def stock_drug_page(request: Request, unit: Unit, actor: Actor, drug_code: str) -> Response:
    return await _drug(request, unit, actor, drug_code, blank())


@page(needs=NEEDS)
async def stock_receive_page(request: Request, unit: Unit, actor: Actor) -> Response:
    place = await own_pharmacy(unit, actor)
    return _receive(request, place.name, blank(drug_code=request.query_params.get("drug", "")), blank())


@page(needs=NEEDS)
async def stock_receive_one_page(request: Request, unit: Unit, actor: Actor) -> Response:
    place = await own_pharmacy(unit, actor)
    form = await read_form(request, GoodsBody)
    if form.model is not None and form.model.drug_code not in (await drugs(unit, place.hospital_id)).known:
        form.refuse(FieldsInvalid({"drug_code": N_("药品目录中没有这个编码")}))
    if form.model is None:
        return _receive(request, place.name, form, blank(), status=422)
    try:
        async with unit.session.begin_nested():
            await receiving.receive(unit, place, [form.model.goods()])
    except DomainError as error:
        words = next(iter(error.fields.values())) if isinstance(error, FieldsInvalid) else ""
        form.errors["__all__"] = words or sentence(error, language(request))
        return _receive(request, place.name, form, blank(), status=status_of(error))
    return redirect(f"{STOCK}/drugs/{form.model.drug_code}", flash=N_("已入库"))


@page(needs=NEEDS)
async def stock_receive_list_page(request: Request, unit: Unit, actor: Actor) -> Response:
    """A delivery note as CSV: all of it, or what is wrong with each row.

    Read in its request: a note is bounded (`rules.MOST_ROWS`), and half a delivery must not be on the shelf.
    """
    place = await own_pharmacy(unit, actor)
    form = await read_form(request, ListForm)
    goods, bad = read_delivery(str(form.values.get("text", "")), (await drugs(unit, place.hospital_id)).known)
    if not bad:
        try:
            async with unit.session.begin_nested():
                await receiving.receive(unit, place, goods)
        except FieldsInvalid as error:
            bad = error.fields
        except DomainError as error:
            bad = {"text": sentence(error, language(request))}
    if bad:
        form.errors.update(bad)
        return _receive(request, place.name, blank(), form, status=422)
    return redirect(STOCK, flash=N_("已入库"))


@page(needs=NEEDS)
async def stock_count_page(request: Request, unit: Unit, actor: Actor, lot_id: UUID) -> Response:
    _, lot = await own_lot(unit, actor, lot_id)
    form = await read_form(request, CountBody)
    if form.model is None:
        return await _drug(request, unit, actor, lot.drug_code, form, status=422)
    await receiving.count(unit, lot_id, form.model.found)
    return redirect(f"{STOCK}/drugs/{lot.drug_code}", flash=N_("盘点已登记"))


@page(needs=NEEDS)
async def stock_block_page(request: Request, unit: Unit, actor: Actor, lot_id: UUID) -> Response:
    _, lot = await own_lot(unit, actor, lot_id)
    if lot.blocked_at is None:
        await receiving.block(unit, lot_id, receiving.BY_HAND)
        return redirect(f"{STOCK}/drugs/{lot.drug_code}", flash=N_("批号已停用"))
    await receiving.unblock(unit, lot_id, receiving.BY_HAND)
    return redirect(f"{STOCK}/drugs/{lot.drug_code}", flash=N_("批号已恢复"))


@page(needs=NEEDS)
async def stock_level_page(request: Request, unit: Unit, actor: Actor, drug_code: str) -> Response:
    form = await read_form(request, LevelBody)
    if form.model is None:
        return await _drug(request, unit, actor, drug_code, form, status=422)
    place = await own_pharmacy(unit, actor)
    await receiving.reorder_at(unit, place.id, drug_code, form.model.reorder_at)
    return redirect(f"{STOCK}/drugs/{drug_code}", flash=N_("警戒线已更新"))


@page(needs=Permission.MANAGE_STAFF)
async def pharmacy_staff_page(request: Request, unit: Unit, actor: Actor) -> Response:
    """Which pharmacy each of its staff works at."""
    members = {row.account_id: row.pharmacy_id for row in await queries.members(unit, actor.hospital)}
    people = [row for row in await staff_of(unit, actor.hospital) if Role.PHARMACY in row.roles]
    return render(
        request,
        "prescriptions/stock_staff.html",
        people=[(row, members.get(row.account_id)) for row in people],
        pharmacies=await queries.pharmacies(unit, actor.hospital),
    )


@page(needs=Permission.MANAGE_STAFF)
async def pharmacy_assign_page(request: Request, unit: Unit, actor: Actor) -> Response:
    form = await read_form(request, MemberForm)
    own = {row.account_id for row in await staff_of(unit, actor.hospital)}
    if form.model is None or form.model.account_id not in own:
        raise LotNotFound()
    if form.model.pharmacy_id is None:
        await unassign(unit, actor.hospital, form.model.account_id)
    elif form.model.pharmacy_id in {row.id for row in await queries.pharmacies(unit, actor.hospital)}:
        await assign(unit, form.model.pharmacy_id, form.model.account_id)
    return redirect("/admin/pharmacies", flash=N_("已保存"))


def _receive(
    request: Request, pharmacy: str, form: Form[Any], many: Form[Any], *, status: int = 200
) -> Response:
    rows = {key: said for key, said in many.errors.items() if key not in ("text", "__all__")}
    return render(
        request, "prescriptions/stock_receive.html", status, pharmacy=pharmacy, form=form, many=many, bad=rows
    )


async def _drug(
    request: Request, unit: Unit, actor: Actor, drug_code: str, form: Form[Any], *, status: int = 200
) -> Response:
    place = await own_pharmacy(unit, actor)
    found = await queries.shelves(unit, place.id, codes=[drug_code])
    if not found:
        raise LotNotFound()
    lots = await queries.lots_of(unit, place.id, [drug_code])
    margin = (await current_policy(unit, place.hospital_id)).policy.dispensing.expiry_margin_days
    moves = [(lot, await queries.moves_of(unit, lot.id, limit=8)) for lot in lots[:12]]
    return render(
        request,
        "prescriptions/stock_drug.html",
        status,
        drug=(await drugs(unit, place.hospital_id)).of(drug_code),
        shelf=found[0],
        lots=lots,
        moves=sorted(
            [(move, lot, CAUSES[move.cause]) for lot, each in moves for move in each],
            key=lambda row: row[0].at,
            reverse=True,
        )[:20],
        blocks=BLOCKS,
        by_hand=receiving.BY_HAND,
        soon=last_usable(unit.today, margin) + timedelta(days=SOON),
        form=form,
    )


routes = [
    Route(STOCK, stock_page),
    Route(f"{STOCK}/receive", stock_receive_page),
    Route(f"{STOCK}/receive", stock_receive_one_page, methods=["POST"]),
    Route(f"{STOCK}/receive/list", stock_receive_list_page, methods=["POST"]),
    Route(f"{STOCK}/drugs/{{drug_code}}", stock_drug_page),
    Route(f"{STOCK}/drugs/{{drug_code}}/level", stock_level_page, methods=["POST"]),
    Route(f"{STOCK}/lots/{{lot_id}}/count", stock_count_page, methods=["POST"]),
    Route(f"{STOCK}/lots/{{lot_id}}/block", stock_block_page, methods=["POST"]),
    Route("/admin/pharmacies", pharmacy_staff_page),
    Route("/admin/pharmacies", pharmacy_assign_page, methods=["POST"]),
]
