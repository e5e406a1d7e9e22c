"""A pharmacy with something on its shelves, and sheets that a pharmacist passed and somebody paid for."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from prescriptions.couriers import ParcelState
from prescriptions.events import PrescriptionSpent
from prescriptions.models import Line, Prescription
from prescriptions.pharmacy import checking, claiming, packing, picking
from prescriptions.pharmacy.models import DispatchOrder, Parcel
from prescriptions.pharmacy.recalling import recall
from prescriptions.pharmacy.rules import MATCHES
from prescriptions.rules import valid_until
from prescriptions.settling.models import Fulfilment
from prescriptions.states import FulfilmentState, Path, RxState, SheetKind
from prescriptions.stock import queries as stock_queries
from prescriptions.stock.models import Lot, Pharmacy, Reservation, StockItem
from prescriptions.stock.receiving import receive
from prescriptions.stock.reserving import reserve
from prescriptions.stock.rules import Goods
from prescriptions.stock.staffing import assign, note_presence
from telehealth.accounts.models import StaffMember
from telehealth.core.access import Actor, Role
from telehealth.core.ids import new_id
from telehealth.core.unit import Units
from tests.support.factories.accounts import add_staff, staff
from tests.support.factories.rooms import Visit, add_room

#: One tablet, one patent medicine, two herbs of the sample formulary.
PILL, PATENT = "W001", "P001"
HERB, OTHER_HERB = "H001", "H002"
FAR = date(2028, 12, 31)


@dataclass(frozen=True, slots=True)
class Dispensary:
    """A pharmacy of the house in which `visit` takes place, and two who work there."""

    visit: Visit
    pharmacy: Pharmacy
    first: Actor
    second: Actor
    more: dict[str, Any] = field(default_factory=dict)

    @property
    def hospital_id(self) -> UUID:
        return self.visit.house.hospital.id


async def open_dispensary(units: Units, *, code: str = "yunan", **policy: Any) -> Dispensary:
    visit = await add_room(units, code=code, **policy)
    pharmacy = await add_pharmacy(units, visit)
    return Dispensary(
        visit,
        pharmacy,
        await add_dispenser(units, pharmacy, login=f"first.{code}", name="样例药师甲"),
        await add_dispenser(units, pharmacy, login=f"second.{code}", name="样例药师乙"),
    )


async def add_pharmacy(units: Units, visit: Visit, *, code: str = "main", **facts: Any) -> Pharmacy:
    known: dict[str, Any] = {
        "hospital_id": visit.house.hospital.id, "campus_id": visit.house.campus.id, "code": code,
        "name": "样例门诊药房", "name_en": "Sample Pharmacy", "phone": "01000000000", "province": "北京市",
        "city": "北京市", "county": "海淀区", "address": "样例路1号", "has_window": True, "sends": True,
        "decocts": True, "has_cold_chain": True, "opens": "08:00", "closes": "16:30", "is_open": True,
        "order": 1,
    }  # fmt: skip
    async with units.system("test") as unit:
        row = Pharmacy(**known | facts)
        unit.session.add(row)
    return row


async def add_dispenser(units: Units, pharmacy: Pharmacy, *, login: str, name: str = "样例药师") -> Actor:
    member = await add_staff(units, pharmacy.hospital_id, [Role.PHARMACY], login=login, name=name)
    async with units.system("test") as unit:
        await assign(unit, pharmacy.id, member.account_id)
    return staff(member)


async def be_seen(units: Units, *actors: Actor) -> None:
    for actor in actors:
        async with units.of(actor) as unit:
            await note_presence(unit, actor)


async def stock(
    units: Units,
    pharmacy: Pharmacy,
    quantities: Mapping[str, int],
    *,
    lot: str = "L1",
    expires_on: date = FAR,
) -> list[Lot]:
    async with units.system("test") as unit:
        goods = [Goods(code, lot, expires_on, Decimal(many)) for code, many in quantities.items()]
        return await receive(unit, pharmacy, goods)


async def item(units: Units, pharmacy: Pharmacy, code: str = PILL) -> StockItem:
    async with units.system("test") as unit:
        return (
            await unit.session.scalars(
                sa.select(StockItem).where(StockItem.pharmacy_id == pharmacy.id, StockItem.drug_code == code)
            )
        ).one()


async def lots(units: Units, pharmacy: Pharmacy, code: str = PILL) -> list[Lot]:
    async with units.system("test") as unit:
        rows = await unit.session.scalars(
            sa.select(Lot)
            .where(Lot.pharmacy_id == pharmacy.id, Lot.drug_code == code)
            .order_by(Lot.expires_on, Lot.lot_number)
        )
        return list(rows)


async def reserved(units: Units, prescription_id: UUID) -> list[Reservation]:
    async with units.system("test") as unit:
        rows = await unit.session.scalars(
            sa.select(Reservation)
            .where(Reservation.prescription_id == prescription_id)
            .order_by(Reservation.drug_code)
        )
        return list(rows)


async def add_sheet(
    units: Units,
    visit: Visit,
    quantities: Mapping[str, int] | None = None,
    *,
    kind: SheetKind = SheetKind.WESTERN,
    state: RxState = RxState.PASSED,
    **facts: Any,
) -> Prescription:
    """Past pad and review: what is tested here begins where a pharmacist has passed it."""
    async with units.system("test") as unit:
        key = new_id()
        known: dict[str, Any] = {
            "id": key, "number": f"RX-{key.hex[-12:].upper()}", "hospital_id": visit.house.hospital.id,
            "account_id": visit.who.account.id, "person_id": visit.who.person.id, "visit_id": visit.room,
            "doctor_id": visit.house.doctor.id, "department_id": visit.house.department.id,
            "campus_id": visit.house.campus.id, "kind": kind, "state": state, "body": "{}", "version": 1,
            "saved_by": "page-1", "saved_at": unit.now, "created_at": unit.now, "total": 1200,
            "may_travel": True, "needs_cold_chain": False, "issue": 1, "signed_at": unit.now,
            "signed_by": visit.doctor.account_id, "valid_until": valid_until(unit.now, 3),
            "verify_code": key.hex,
        }  # fmt: skip
        unit.session.add(row := Prescription(**known | facts))
        await unit.session.flush()
        for position, (code, many) in enumerate((quantities or {PILL: 1}).items(), 1):
            unit.session.add(_line(row, position, code, many))
    return row


def _line(row: Prescription, position: int, code: str, many: int) -> Line:
    herb = row.kind is SheetKind.HERB
    return Line(
        prescription_id=row.id, hospital_id=row.hospital_id, account_id=row.account_id,
        person_id=row.person_id, position=position, drug_code=code, dose=None if herb else Decimal(1),
        frequency="" if herb else "QD", days=7, route="oral", quantity=Decimal(many),
        role="jun" if herb else "", grams=Decimal(many) / 7 if herb else None, special="", amount=600,
        copied=False, confirmed=True, resign_reason="", resigned_at=None,
    )  # fmt: skip


async def hold_for(
    units: Units, sheet: Prescription, quantities: Mapping[str, int], *, decocts: bool = False
) -> Pharmacy:
    needs = {code: Decimal(many) for code, many in quantities.items()}
    async with units.system("test") as unit:
        return await reserve(
            unit, sheet, needs, kind=sheet.kind, needs_cold_chain=sheet.needs_cold_chain, decocts=decocts
        )


async def add_passed(
    units: Units, place: Dispensary, quantities: Mapping[str, int] | None = None, **facts: Any
) -> Prescription:
    """Its stock is held."""
    wanted = quantities or {PILL: 1}
    sheet = await add_sheet(units, place.visit, wanted, **facts)
    await hold_for(units, sheet, wanted)
    return sheet


def codes(rows: Sequence[Reservation]) -> dict[str, str]:
    return {row.drug_code: row.state.value for row in rows}


async def add_fulfilment(
    units: Units, sheet: Prescription, pharmacy_id: UUID, path: Path, *, address: str | None = None
) -> Fulfilment:
    """Paid, as the till leaves it."""
    async with units.system("test") as unit:
        row = Fulfilment(
            id=sheet.id, hospital_id=sheet.hospital_id, account_id=sheet.account_id,
            person_id=sheet.person_id, pharmacy_id=pharmacy_id, state=FulfilmentState.PAID, path=path,
            address=address, estimate={}, agreed_at=unit.now, charge_id=None, code=None, code_digest=None,
            window_number=7 if path is Path.WINDOW else None, passed_at=unit.now,
            pay_by=unit.now + timedelta(days=2), paid_at=unit.now, ended_at=None,
        )  # fmt: skip
        unit.session.add(row)
    return row


ADDRESS = (
    '{"name":"样例乙","mobile":"13800001234","province":"北京市","city":"北京市","county":"样例区",'
    '"street":"样例路 9 号 3 室"}'
)


async def add_order(
    units: Units,
    place: Dispensary,
    quantities: Mapping[str, int] | None = None,
    *,
    path: Path = Path.COURIER,
    address: str = ADDRESS,
    pharmacy: Pharmacy | None = None,
    **facts: Any,
) -> DispatchOrder:
    """Passed, held and paid: the pharmacy's order as the till's event makes it."""
    sheet = await add_passed(units, place, quantities, state=RxState.SPENT, **facts)
    where = pharmacy or place.pharmacy
    await add_fulfilment(units, sheet, where.id, path, address=address if path is Path.COURIER else None)
    async with units.system("test") as unit:
        await unit.publish(PrescriptionSpent(sheet.id, path))
    return await order(units, sheet.id)


async def order(units: Units, order_id: UUID) -> DispatchOrder:
    async with units.system("test") as unit:
        found = await unit.session.get(DispatchOrder, order_id)
        assert found is not None
        return found


async def to_picked(units: Units, place: Dispensary, row: DispatchOrder) -> DispatchOrder:
    """By the first of the two; of each drug the lot that expires first."""
    async with units.of(place.first) as unit:
        await claiming.claim(unit, place.first, row.id)
    async with units.of(place.first) as unit:
        for code in await picking.needs(unit, row.id):
            lot = (await stock_queries.lots_of(unit, row.pharmacy_id, [code]))[0]
            await picking.scan(unit, place.first, row.id, f"{code}/{lot.lot_number}")
        return await picking.finish(unit, place.first, row.id)


async def to_checked(units: Units, place: Dispensary, row: DispatchOrder) -> DispatchOrder:
    async with units.of(place.second) as unit:
        return await checking.check(unit, place.second, row.id, MATCHES)


async def to_packed(units: Units, place: Dispensary, row: DispatchOrder) -> DispatchOrder:
    """A courier's order gets a waybill nobody booked."""
    row = await to_checked(units, place, await to_picked(units, place, row))
    if row.path is Path.COURIER:
        await add_parcel(units, row)
    async with units.of(place.first) as unit:
        return await packing.pack(unit, place.first, row.id)


async def add_parcel(units: Units, row: DispatchOrder, *, waybill: str = "SF7000000000001") -> Parcel:
    async with units.system("test") as unit:
        parcel = Parcel(
            id=new_id(), order_id=row.id, hospital_id=row.hospital_id, account_id=row.account_id,
            carrier="sf", order_number=f"{row.number}-1", waybill=waybill, state=ParcelState.CREATED,
            cold_chain=False, created_at=unit.now, booked_at=unit.now, cancelled_at=None,
            delivered_at=None, look_at=None, looks=0,
        )  # fmt: skip
        unit.session.add(parcel)
    return parcel


async def fulfilment_of(units: Units, order_id: UUID) -> Fulfilment:
    async with units.system("test") as unit:
        found = await unit.session.get(Fulfilment, order_id)
        assert found is not None
        return found


async def furnish(units: Units, visit: Visit, member: StaffMember) -> dict[str, UUID]:
    """For a town: a pharmacy in which this member of staff works, with an order, a lot and a recall."""
    pharmacy = await add_pharmacy(units, visit)
    async with units.system("test") as unit:
        await assign(unit, pharmacy.id, member.account_id)
    actor = staff(member)
    place = Dispensary(visit, pharmacy, actor, actor)
    [lot] = await stock(units, pharmacy, {PILL: 20})
    await stock(units, pharmacy, {PILL: 1}, lot="RECALLED")
    row = await add_order(units, place)
    async with units.of(actor) as unit:
        called = await recall(unit, actor, PILL, "RECALLED", "样例召回")
    return {
        "order_id": row.id,
        "prescription_id": row.id,
        "lot_id": lot.id,
        "recall_id": called.id,
    }
