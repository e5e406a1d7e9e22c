"""Where parcels are: pushed, asked for, or both; told twice or out of order, it comes to the same."""

from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID

import structlog

from prescriptions.couriers import (
    Carrier,
    CourierNotOffered,
    CourierRefused,
    Couriers,
    CourierUnavailable,
    ParcelState,
    Push,
    Scan,
    Watch,
    advance,
)
from prescriptions.pharmacy import queries
from prescriptions.pharmacy.handing import leave_by_courier
from prescriptions.pharmacy.holding import hold
from prescriptions.pharmacy.models import DispatchOrder, Parcel
from prescriptions.pharmacy.rules import GONE, MOVES, OVER, TROUBLES, Trouble, look_again
from prescriptions.pharmacy.shipping import phone_of
from prescriptions.pharmacy.telling import tell
from prescriptions.queries import prescription
from prescriptions.settling import lock_sheet
from prescriptions.states import DISPATCH, DispatchState, Path
from prescriptions.writing.carding import announce_state
from telehealth.core.unit import Unit, Units
from telehealth.directory import HospitalNotFound, hospital, hospital_by_code
from telehealth.notifications import Notice

log = structlog.get_logger(__name__)

PARCELS = "parcels"
AT_ONCE = 50
#: Whoever dies while asking leaves a parcel that is asked about again.
LEASE = timedelta(minutes=10)
_NOTICES = {
    ParcelState.DELIVERED: Notice.RX_DELIVERED,
    ParcelState.REFUSED: Notice.RX_PARCEL_REFUSED,
    ParcelState.RETURNED: Notice.RX_PARCEL_RETURNED,
}


async def receive_push(units: Units, party: str, code: str, token: str, body: bytes) -> bytes:
    """Keep what a courier pushed and say what it wants to hear. A parcel we do not know changes nothing.

    Raises PushInvalid, CourierNotOffered.
    """
    tracker = units.port(Couriers).pushing(party, code)
    for push in tracker.read_push(body, token=token):
        await _keep_push(units, code, push)
    return tracker.answer()


async def look_round(units: Units) -> int:
    """Housekeeping: ask about parcels that no push came for."""
    async with units.system(PARCELS) as unit:
        due = list(await queries.parcels_to_look_at(unit, limit=AT_ONCE))
    for parcel_id in due:
        await look(units, parcel_id)
    return len(due)


async def look(units: Units, parcel_id: UUID) -> None:
    """Ask the courier where it is; silence is asked about again, less and less often."""
    async with units.system(PARCELS) as unit:
        parcel = await queries.lock_parcel(unit, parcel_id)
        if parcel is None or parcel.booked_at is None:
            return
        parcel.look_at = unit.wall + LEASE
        code = (await hospital(unit, parcel.hospital_id)).code
        phone = await phone_of(unit, parcel)
    carrier = Carrier(parcel.carrier)
    scans: Sequence[Scan] = ()
    try:
        tracker = units.port(Couriers).tracker(code, carrier)
        scans = await tracker.routes(carrier, parcel.waybill, phone_last4=phone)
    except (CourierUnavailable, CourierRefused, CourierNotOffered) as error:
        log.warning("parcel.look_failed", parcel=str(parcel_id), error=error.code)
    async with units.system(PARCELS) as unit:
        await record(unit, parcel, scans, asked=True)


async def record(
    unit: Unit, seen: Parcel, scans: Sequence[Scan], *, asked: bool = False, watch: Watch = Watch.GOES_ON
) -> None:
    """Each scan once; the parcel is where all scans together say, and its order follows."""
    await lock_sheet(unit, seen.order_id)
    row = await queries.lock_order(unit, seen.order_id)
    parcel = await queries.lock_parcel(unit, seen.id)
    if parcel is None:
        return
    new = await queries.insert_scans(unit, [_row(unit, parcel, scan) for scan in scans])
    before = parcel.state
    parcel.stand_at(advance(before, await queries.scans(unit, parcel.id)))
    parcel.looks = 0 if new else parcel.looks + asked
    _look_later(unit, parcel)
    if parcel.state is not before:
        unit.audit("parcel.moved", parcel, to=parcel.state, parcel=parcel.order_number)
    if parcel.state is not before or _lags(row, parcel):
        await _follow(unit, row, parcel)
    is_silent = parcel.look_at is None and parcel.state not in OVER | {ParcelState.DELIVERED}
    if is_silent or (watch is Watch.LOST and not scans):
        await hold(unit, row, Trouble.LOST)


async def _keep_push(units: Units, code: str, push: Push) -> None:
    async with units.system(PARCELS) as unit:
        try:
            place = await hospital_by_code(unit, code)
        except HospitalNotFound:
            return
        parcel = await queries.parcel_by_waybill(unit, place.id, str(push.carrier), push.waybill)
        if parcel is None:
            log.info("parcel.unknown", carrier=str(push.carrier))
            return
        await record(unit, parcel, push.scans, watch=push.watch)


def _lags(row: DispatchOrder, parcel: Parcel) -> bool:
    """It moved before the pharmacy had written down that it was packed or handed over."""
    if parcel.cancelled_at is not None or row.state not in (DispatchState.PACKED, DispatchState.HANDED_OVER):
        return False
    return parcel.state in (GONE if row.state is DispatchState.PACKED else MOVES)


async def _follow(unit: Unit, row: DispatchOrder, parcel: Parcel) -> None:
    """What the parcel's way means for the order. One that was given up and moves is a person's matter."""
    state = parcel.state
    if row.state is DispatchState.PACKED and state in GONE and row.path is Path.COURIER:
        # The courier has it, though nobody scanned it at the door.
        await leave_by_courier(unit, row, by=row.checked_by or row.id)
    if row.state is DispatchState.CHECKED and state in GONE:
        # It left before anybody packed it: somebody looks what went.
        await hold(unit, row, Trouble.COURIER)
    if row.state is DispatchState.CANCELLED:
        if state in GONE:
            await hold(unit, row, Trouble.COURIER)
        return
    event = MOVES.get(state)
    if event is not None and DISPATCH.allows(row.state, event):
        row.apply(event)
        row.ended_at = unit.now
        if state is ParcelState.DELIVERED:
            parcel.delivered_at = unit.now
            await announce_state(unit, await prescription(unit, row.id), "delivered")
        unit.audit("dispatch.followed", row, number=row.number, parcel=state)
    if state in TROUBLES and parcel.cancelled_at is None:
        await hold(unit, row, Trouble(TROUBLES[state]))
    if state is ParcelState.CANCELLED and row.state in (DispatchState.CHECKED, DispatchState.PACKED):
        # By the courier itself: that number is over, and the order may get another.
        parcel.cancelled_at = parcel.cancelled_at or unit.now
    if state in _NOTICES:
        await tell(unit, row, _NOTICES[state])


def _look_later(unit: Unit, parcel: Parcel) -> None:
    over = parcel.state in OVER or parcel.state is ParcelState.DELIVERED or parcel.cancelled_at is not None
    wait = None if over else look_again(parcel.looks)
    parcel.look_at = None if wait is None else unit.wall + wait


def _row(unit: Unit, parcel: Parcel, scan: Scan) -> dict[str, object]:
    return {
        "parcel_id": parcel.id, "scan_id": scan.id, "hospital_id": parcel.hospital_id,
        "account_id": parcel.account_id, "at": scan.at, "place": scan.place, "remark": scan.remark,
        "raw_code": scan.raw_code, "state": scan.state, "heard_at": unit.now,
    }  # fmt: skip
