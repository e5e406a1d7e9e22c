"""A waybill: our number first, then the courier, then its answer. The courier learns no drug (REG 57)."""

from dataclasses import dataclass
from uuid import UUID

from prescriptions.couriers import (
    AddressNotServed,
    Carrier,
    CourierNotOffered,
    CourierRefused,
    Couriers,
    ParcelState,
    Party,
    Shipment,
    Waybill,
)
from prescriptions.pharmacy import queries
from prescriptions.pharmacy.errors import ColdChainByOthers, PathDiffers, WaybillMissing, WrongWaybill
from prescriptions.pharmacy.holding import hold
from prescriptions.pharmacy.models import DispatchOrder, Parcel
from prescriptions.pharmacy.policy import own_order, take_order
from prescriptions.pharmacy.rules import Trouble, look_again, weight_g
from prescriptions.pharmacy.undoing import cancel_parcel, undo
from prescriptions.queries import lines_of, prescription
from prescriptions.settling import Address, fulfilment
from prescriptions.states import DispatchState, Path, SheetKind
from prescriptions.stock import Pharmacy, pharmacy
from telehealth.core.access import Actor
from telehealth.core.i18n import N_
from telehealth.core.ids import new_id
from telehealth.core.jobs import Work, task
from telehealth.core.points import point
from telehealth.core.unit import Unit, Units
from telehealth.directory import hospital
from telehealth.patients.disclosing import Recipient, disclose

WAYBILLS = "waybills"
#: As the patient's record of disclosures calls them.
COURIER_NAMES = {
    "sf": N_("顺丰速运"), "ems": N_("邮政 EMS"), "jd": N_("京东物流"), "china_post": N_("中国邮政"),
    "deppon": N_("德邦快递"),
}  # fmt: skip
#: A waybill is asked for once the sheet is checked, and until the parcel has gone.
_BOOKABLE = frozenset({DispatchState.CHECKED, DispatchState.PACKED})


@dataclass(frozen=True, slots=True)
class _Intent:
    parcel_id: UUID
    hospital: str
    shipment: Shipment


@task("pharmacy.book_waybill", retry_s=(5, 30, 120, 600, 1800, 3600, 7200, 14400))
async def book_waybill(work: Work, *, order_id: str) -> None:
    await book(work.units, UUID(order_id))


async def book_as(units: Units, actor: Actor, order_id: UUID) -> Parcel:
    """A dispenser asks for the waybill now. Raises PathDiffers, and what the courier raises."""
    async with units.of(actor) as unit:
        row = await own_order(unit, actor, order_id)
        if row.path is not Path.COURIER:
            raise PathDiffers()
    found = await book(units, order_id)
    if found is None:
        raise WaybillMissing()
    return found


async def book(units: Units, order_id: UUID) -> Parcel | None:
    """Three steps, keyed by our own number: asking twice makes one waybill. None when there is none to book.

    An address that no courier serves gives the order up (XY30); any other no is for a person.
    Raises CourierUnavailable: nothing is known, ask again.
    """
    async with units.system(WAYBILLS) as unit:
        known, intent = await _intend(unit, order_id)
    if intent is None:
        return known
    try:
        point("rx.waybill.before_call")
        made = await units.port(Couriers).courier(intent.hospital).create(intent.shipment)
        point("rx.waybill.after_call")
    except AddressNotServed:
        await _drop(units, order_id, intent.parcel_id, "")
        await undo(units, order_id, "refused_address")
        return None
    except (CourierRefused, CourierNotOffered) as error:
        await _drop(units, order_id, intent.parcel_id, error.code)
        return None
    async with units.system(WAYBILLS) as unit:
        return await _keep(unit, order_id, intent.parcel_id, made)


async def enter_waybill(unit: Unit, actor: Actor, order_id: UUID, carrier: Carrier, number: str) -> Parcel:
    """Booked at another courier's own desk; followed from here. It never carries the cold chain (REG 45)."""
    row = await take_order(unit, actor, order_id)
    if row.path is not Path.COURIER:
        raise PathDiffers()
    if row.needs_cold_chain:
        raise ColdChainByOthers()
    if row.state not in _BOOKABLE:
        raise WaybillMissing(state=str(row.state))
    if await queries.parcel_by_waybill(unit, row.hospital_id, str(carrier), number) is not None:
        # It is somebody's already: they would see each other's parcel.
        raise WrongWaybill()
    parcel = await queries.live_parcel(unit, order_id)
    if parcel is None or parcel.booked_at is not None:
        if parcel is not None:
            raise PathDiffers(waybill=parcel.waybill)
        parcel = await _new_parcel(unit, row, carrier)
    parcel.carrier, parcel.waybill, parcel.booked_at = str(carrier), number, unit.now
    first = look_again(0)
    parcel.look_at = unit.wall + first if first is not None else None
    unit.audit("dispatch.waybill_entered", row, number=row.number, carrier=str(carrier))
    await _told(unit, row, parcel)
    await unit.defer(watch_parcel, parcel_id=parcel.id)
    return parcel


@task("pharmacy.watch_parcel", retry_s=(30, 300, 1800))
async def watch_parcel(work: Work, *, parcel_id: str) -> None:
    """Ask the aggregator for pushes; without them the parcel is looked at now and then."""
    async with work.units.system(WAYBILLS) as unit:
        parcel = await unit.session.get(Parcel, UUID(parcel_id))
        if parcel is None or parcel.booked_at is None:
            return
        code = (await hospital(unit, parcel.hospital_id)).code
        phone = await phone_of(unit, parcel)
    tracker = work.units.port(Couriers).tracker(code, Carrier(parcel.carrier))
    await tracker.watch(Carrier(parcel.carrier), parcel.waybill, phone_last4=phone)


async def print_waybill(units: Units, actor: Actor, order_id: UUID) -> bytes:
    """The courier's own label, PDF. Raises WaybillMissing, CourierUnavailable, CourierRefused."""
    async with units.of(actor) as unit:
        row = await own_order(unit, actor, order_id)
        parcel = await queries.live_parcel(unit, order_id)
        if parcel is None or parcel.booked_at is None:
            raise WaybillMissing()
        code = (await hospital(unit, row.hospital_id)).code
        unit.audit("dispatch.waybill_printed", row, number=row.number)
    courier = units.port(Couriers).courier(code)
    return await courier.print(Waybill(Carrier(parcel.carrier), parcel.waybill, parcel.order_number))


async def _intend(unit: Unit, order_id: UUID) -> tuple[Parcel | None, _Intent | None]:
    row = await queries.lock_order(unit, order_id)
    parcel = await queries.live_parcel(unit, order_id)
    if parcel is not None and parcel.booked_at is not None:
        return parcel, None
    if row.path is not Path.COURIER or row.state not in _BOOKABLE or row.undo_reason is not None:
        await _call_off(unit, order_id)
        return None, None
    way = await fulfilment(unit, order_id)
    if way is None or way.address is None:
        await hold(unit, row, Trouble.ADDRESS)
        return None, None
    if parcel is None:
        parcel = await _new_parcel(unit, row, Carrier.SF)
    receiver = Address.model_validate_json(way.address).party
    shipment = Shipment(
        parcel.order_number,
        sender=sender(await pharmacy(unit, row.pharmacy_id)),
        receiver=receiver,
        weight_g=await _weight(unit, order_id),
        cold_chain=row.needs_cold_chain,
    )
    unit.step("rx.waybill")
    return None, _Intent(parcel.id, (await hospital(unit, row.hospital_id)).code, shipment)


async def _call_off(unit: Unit, order_id: UUID) -> None:
    """Whoever asked for a waybill may have died before the answer, and the question may have reached the
    courier after the cancelling of a number it did not know yet. Cancelling again is cancelling once."""
    for parcel in await queries.parcels_of(unit, order_id):
        if parcel.booked_at is None and parcel.cancelled_at is not None:
            await unit.defer(cancel_parcel, parcel_id=parcel.id)


async def _new_parcel(unit: Unit, row: DispatchOrder, carrier: Carrier) -> Parcel:
    """Its number is ours, and made before the call."""
    before = await queries.parcels_of(unit, row.id)
    parcel = Parcel(
        id=new_id(), order_id=row.id, hospital_id=row.hospital_id, account_id=row.account_id,
        carrier=str(carrier), order_number=f"{row.number}-{len(before) + 1}", waybill="",
        state=ParcelState.CREATED, cold_chain=row.needs_cold_chain, created_at=unit.now, booked_at=None,
        cancelled_at=None, delivered_at=None, look_at=None, looks=0,
    )  # fmt: skip
    unit.session.add(parcel)
    await unit.session.flush()
    return parcel


async def _keep(unit: Unit, order_id: UUID, parcel_id: UUID, made: Waybill) -> Parcel | None:
    row = await queries.lock_order(unit, order_id)
    parcel = await queries.lock_parcel(unit, parcel_id)
    if parcel is None:
        return None
    if parcel.booked_at is None:
        parcel.carrier, parcel.waybill, parcel.booked_at = str(made.carrier), made.number, unit.now
        first = look_again(0)
        parcel.look_at = unit.wall + first if first is not None else None
        unit.audit("dispatch.waybill_booked", row, number=row.number, parcel=parcel.order_number)
        await _told(unit, row, parcel)
        unit.step("rx.waybill")
    if parcel.cancelled_at is not None or row.state is DispatchState.CANCELLED:
        # Given up while the courier was asked: nobody may come for it.
        await unit.defer(cancel_parcel, parcel_id=parcel.id)
    return parcel


async def _told(unit: Unit, row: DispatchOrder, parcel: Parcel) -> None:
    """The patient can read which courier was told where they live (REG57)."""
    rx = await prescription(unit, row.id)
    await disclose(
        unit, Recipient.COURIER, hospital_id=row.hospital_id, person_id=rx.person_id,
        name=COURIER_NAMES.get(parcel.carrier, parcel.carrier), subject=f"parcels:{parcel.id}",
    )  # fmt: skip


async def _drop(units: Units, order_id: UUID, parcel_id: UUID, word: str) -> None:
    """The courier said no: this number is over. `word` makes it a matter for a person."""
    async with units.system(WAYBILLS) as unit:
        row = await queries.lock_order(unit, order_id)
        parcel = await queries.lock_parcel(unit, parcel_id)
        if parcel is None or parcel.booked_at is not None:
            return
        parcel.cancelled_at = unit.now
        parcel.stand_at(ParcelState.CANCELLED)
        unit.audit("dispatch.waybill_refused", row, number=row.number, word=word or "address_not_served")
        if word:
            await hold(unit, row, Trouble.COURIER, note=word)


def sender(place: Pharmacy) -> Party:
    return Party(place.name, place.phone, place.province, place.city, place.county, place.address)


async def _weight(unit: Unit, order_id: UUID) -> int:
    rx = await prescription(unit, order_id)
    lines = await lines_of(unit, order_id)
    return weight_g([line.quantity for line in lines], is_herb=rx.kind is SheetKind.HERB)


async def phone_of(unit: Unit, parcel: Parcel) -> str:
    """The last four digits, without which couriers tell nothing about a parcel."""
    way = await fulfilment(unit, parcel.order_id)
    if way is None or way.address is None:
        return ""
    return Address.model_validate_json(way.address).party.phone_last4
