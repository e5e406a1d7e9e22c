"""JSON routes of the shelves: the caller's own pharmacy only."""

from datetime import timedelta
from uuid import UUID

from starlette.routing import Route

from prescriptions.stock import queries, receiving
from prescriptions.stock.errors import GoodsRefused, LotDiffers, LotNotFound, NoPharmacy
from prescriptions.stock.naming import drugs
from prescriptions.stock.policy import own_lot
from prescriptions.stock.schemas import (
    CountBody,
    LevelBody,
    LotView,
    ReceiptBody,
    ShelfView,
    StockQuery,
)
from prescriptions.stock.staffing import own_pharmacy
from telehealth.core.access import Actor, Permission
from telehealth.core.unit import Unit
from telehealth.rulebook import current_policy
from telehealth.web.contract import operation

NEEDS = Permission.MANAGE_STOCK
#: Days beyond the margin in which a lot counts as soon to expire.
SOON = 60


@operation(needs=NEEDS, raises=(NoPharmacy,))
async def show_stock(unit: Unit, actor: Actor, query: StockQuery) -> list[ShelfView]:
    place = await own_pharmacy(unit, actor)
    margin = (await current_policy(unit, place.hospital_id)).policy.dispensing.expiry_margin_days
    before = unit.today + timedelta(days=margin + SOON) if query.show == "expiring" else None
    found = await queries.shelves(unit, place.id, low=query.show == "low", expiring_before=before)
    return [ShelfView.of(shelf) for shelf in found]


@operation(needs=NEEDS, raises=(NoPharmacy,))
async def list_lots(unit: Unit, actor: Actor, drug_code: str) -> list[LotView]:
    """The first to expire first; blocked ones too."""
    place = await own_pharmacy(unit, actor)
    return [LotView.of(lot) for lot in await queries.lots_of(unit, place.id, [drug_code])]


@operation(needs=NEEDS, status=201, raises=(NoPharmacy, GoodsRefused, LotDiffers), idempotent=True)
async def receive_goods(unit: Unit, actor: Actor, body: ReceiptBody) -> list[LotView]:
    place = await own_pharmacy(unit, actor)
    known = (await drugs(unit, place.hospital_id)).known
    unknown = {
        f"goods.{number}.drug_code": "药品目录中没有这个编码"
        for number, each in enumerate(body.goods)
        if each.drug_code not in known
    }
    if unknown:
        raise GoodsRefused(unknown)
    lots = await receiving.receive(unit, place, [each.goods() for each in body.goods])
    return [LotView.of(lot) for lot in lots]


@operation(needs=NEEDS, raises=(NoPharmacy, LotNotFound))
async def count_lot(unit: Unit, actor: Actor, lot_id: UUID, body: CountBody) -> LotView:
    await own_lot(unit, actor, lot_id)
    return LotView.of(await receiving.count(unit, lot_id, body.found))


@operation(needs=NEEDS, raises=(NoPharmacy, LotNotFound))
async def block_lot(unit: Unit, actor: Actor, lot_id: UUID) -> LotView:
    """Damaged or doubtful: in no count any more; the newest promises it covered are withdrawn."""
    _, lot = await own_lot(unit, actor, lot_id)
    await receiving.block(unit, lot_id, receiving.BY_HAND)
    return LotView.of(lot)


@operation(needs=NEEDS, raises=(NoPharmacy, LotNotFound))
async def unblock_lot(unit: Unit, actor: Actor, lot_id: UUID) -> LotView:
    """Only what was blocked by hand, and is still far from its expiry."""
    await own_lot(unit, actor, lot_id)
    return LotView.of(await receiving.unblock(unit, lot_id, receiving.BY_HAND))


@operation(needs=NEEDS, status=204, raises=(NoPharmacy, LotNotFound))
async def set_reorder_level(unit: Unit, actor: Actor, drug_code: str, body: LevelBody) -> None:
    place = await own_pharmacy(unit, actor)
    await receiving.reorder_at(unit, place.id, drug_code, body.reorder_at)


routes = [
    Route("/stock", show_stock),
    Route("/stock/receipts", receive_goods, methods=["POST"]),
    Route("/stock/drugs/{drug_code}/lots", list_lots),
    Route("/stock/drugs/{drug_code}/reorder-level", set_reorder_level, methods=["PUT"]),
    Route("/stock/lots/{lot_id}/count", count_lot, methods=["POST"]),
    Route("/stock/lots/{lot_id}/block", block_lot, methods=["POST"]),
    Route("/stock/lots/{lot_id}/block", unblock_lot, methods=["DELETE"]),
]
