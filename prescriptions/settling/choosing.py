"""The patient chooses how to get the medicine: by courier or at the window; until money moves it may change.

A path is left only once no payment on it can come in any more, and a courier is asked before an address is
taken: both ask somebody outside, so these verbs take `Units` and work in steps.
"""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from prescriptions.couriers import AddressNotServed, Couriers, Estimate, Place
from prescriptions.models import Line, Prescription
from prescriptions.queries import lines_of
from prescriptions.settling import rules
from prescriptions.settling.address import Address
from prescriptions.settling.clocks import Clocks, clocks_of, refresh
from prescriptions.settling.errors import (
    MayNotTravel,
    MoneyMoving,
    NotAgreed,
    NotChoosable,
    PaymentOver,
    PharmacySendsNothing,
    WindowClosed,
)
from prescriptions.settling.models import Fulfilment
from prescriptions.settling.policy import may_choose
from prescriptions.settling.queries import code_digest, lock_sheet
from prescriptions.states import FulfilmentState, Path, RxState, SheetKind
from prescriptions.stock import Pharmacy, pharmacy
from telehealth.core.access import Actor
from telehealth.core.unit import Unit, Units
from telehealth.directory import hospital
from telehealth.payments.settling import close_at_once, close_charge

#: A bag of boxes with its wrapping; what a bag of herbs weighs is on the sheet.
_BOXES_G, _WRAPPING_G = 500, 200
#: How often two sheets of one hospital may draw the same eight digits.
_DRAWS = 5


@dataclass(frozen=True, slots=True)
class Choices:
    """Which paths are open to a sheet now, and why not."""

    clocks: Clocks
    pharmacy: Pharmacy
    #: An error's class, whose `detail` is the reason; None when the path is open.
    courier: type[MayNotTravel] | type[PharmacySendsNothing] | type[PaymentOver] | None
    window: type[WindowClosed] | type[PaymentOver] | None


async def choices_of(unit: Unit, rx: Prescription, row: Fulfilment) -> Choices:
    clocks = await clocks_of(unit, rx, row.pharmacy_id)
    place = await pharmacy(unit, row.pharmacy_id)
    if clocks.closes_at <= unit.now:
        return Choices(clocks, place, PaymentOver, PaymentOver)
    return Choices(
        clocks, place, _courier_closed(rx, place), None if clocks.window_until is not None else WindowClosed
    )


async def choose_courier(
    units: Units, actor: Actor, prescription_id: UUID, address: Address, *, agreed: bool
) -> Fulfilment:
    """To be sent there, freight collected at the door; it may be paid now. The address may still be changed.

    Raises:
        NotAgreed: first the patient is told that it is self-pay, and who gets name, phone and address.
        NotChoosable, PaymentOver, MayNotTravel, PharmacySendsNothing.
        AddressNotServed: another address, or the window.
        CourierUnavailable, CourierNotOffered, CourierRefused: nothing is known of that address.
    """
    if not agreed:
        raise NotAgreed()
    async with units.of(actor) as unit:
        rx, row = await _choosable(unit, prescription_id)
        place = await pharmacy(unit, row.pharmacy_id)
        if (closed := _courier_closed(rx, place)) is not None:
            raise closed()
        origin = Place(place.province, place.city, place.county, place.address)
        code = (await hospital(unit, rx.hospital_id)).code
        weight_g = weigh(rx, await lines_of(unit, rx.id))
    courier = units.port(Couriers).courier(code)
    found = await courier.estimate(origin, address.place, weight_g=weight_g, cold_chain=rx.needs_cold_chain)
    if not found.is_served:
        raise AddressNotServed()
    async with units.of(actor) as unit:
        rx, row = await _choosable(unit, prescription_id)
        row.path, row.address = Path.COURIER, address.model_dump_json()
        row.code = row.code_digest = None
        row.estimate = _kept(found, unit.now)
        row.agreed_at = unit.now
        await refresh(unit, rx, row)
        unit.audit("fulfilment.courier_chosen", row, number=rx.number)
        # PIPL art. 23: whom the patient agreed to have told, of what, and for what.
        unit.audit(
            "fulfilment.disclosure_agreed", row,
            to=["pharmacy", "courier"], kinds=["name", "mobile", "address"], purpose="delivery",
        )  # fmt: skip
        unit.step("rx.choose")
    return row


async def choose_window(units: Units, actor: Actor, prescription_id: UUID) -> Fulfilment:
    """To be paid and collected at the hospital, with a pick-up code; the same code when asked again.

    Whoever was about to pay online is asked about at the provider first: what is paid stays paid.

    Raises NotChoosable, PaymentOver, WindowClosed; MoneyMoving, ProviderDown: ask again in a moment.
    """
    await _stop_paying_online(units, actor, prescription_id)
    async with units.of(actor) as unit:
        rx, row = await _choosable(unit, prescription_id)
        if row.path is Path.COURIER and row.charge_id is not None:
            # Somebody opened another one since, or a person looks at its money.
            if not await close_charge(unit, row.charge_id):
                raise MoneyMoving()
            row.charge_id = None
        clocks = await clocks_of(unit, rx, row.pharmacy_id)
        if clocks.window_until is None:
            raise WindowClosed()
        await set_window(unit, rx, row)
    return row


async def set_window(unit: Unit, rx: Prescription, row: Fulfilment) -> None:
    """The rows are locked, and nothing can come in online."""
    if row.path is not Path.WINDOW:
        row.path = Path.WINDOW
        unit.audit("fulfilment.window_chosen", row, number=rx.number)
    if row.code is None:
        await _draw_code(unit, row)
    await refresh(unit, rx, row)
    await unit.session.flush()


async def _stop_paying_online(units: Units, actor: Actor, prescription_id: UUID) -> None:
    async with units.of(actor) as unit:
        _rx, row = await _choosable(unit, prescription_id)
        if row.path is not Path.COURIER or (charge_id := row.charge_id) is None:
            return
        if await close_charge(unit, charge_id):
            row.charge_id = None
            return
    await close_at_once(units, charge_id)


async def _choosable(unit: Unit, prescription_id: UUID) -> tuple[Prescription, Fulfilment]:
    sheet = await lock_sheet(unit, prescription_id)
    may_choose(unit.actor, sheet.rx)
    row = sheet.fulfilment
    if row is None or row.state is not FulfilmentState.OPEN or sheet.rx.state is not RxState.PASSED:
        raise NotChoosable(state=str(sheet.rx.state))
    if (await clocks_of(unit, sheet.rx, row.pharmacy_id)).closes_at <= unit.now:
        raise PaymentOver()
    return sheet.rx, row


def _courier_closed(
    rx: Prescription, place: Pharmacy
) -> type[MayNotTravel] | type[PharmacySendsNothing] | None:
    if not rx.may_travel or (rx.needs_cold_chain and not place.has_cold_chain):
        return MayNotTravel
    return None if place.sends else PharmacySendsNothing


async def _draw_code(unit: Unit, row: Fulfilment) -> None:
    for _ in range(_DRAWS):
        code = f"{secrets.randbelow(10**rules.CODE_DIGITS):0{rules.CODE_DIGITS}d}"
        taken = await unit.session.scalar(
            sa.select(Fulfilment.id).where(
                Fulfilment.hospital_id == row.hospital_id,
                Fulfilment.code_digest == code_digest(row.hospital_id, code),
            )
        )
        if taken is None:
            row.code, row.code_digest = code, code_digest(row.hospital_id, code)
            return
    raise MoneyMoving()


def weigh(rx: Prescription, lines: Sequence[Line]) -> int:
    """Grams, roughly and rather too much: only the estimate goes by it."""
    if rx.kind is SheetKind.HERB:
        return int(sum(line.quantity for line in lines)) + _WRAPPING_G
    return _BOXES_G + _WRAPPING_G


def _kept(found: Estimate, at: datetime) -> dict[str, Any]:
    return {
        "lowest": found.lowest,
        "highest": found.highest,
        "arrives_by": found.arrives_by.isoformat() if found.arrives_by else None,
        "asked_at": at.isoformat(),
    }
