"""24:00 of the last day: what nobody paid is worth nothing any more (XY30, XY34)."""

from uuid import UUID

from prescriptions.events import PrescriptionEnded
from prescriptions.models import Prescription
from prescriptions.settling.clocks import closes_at_of
from prescriptions.settling.models import Fulfilment
from prescriptions.settling.opening import EXPIRY, stop_clocks
from prescriptions.settling.queries import Sheet, lock_sheet
from prescriptions.settling.telling import announce_state, tell, tell_doctor
from prescriptions.states import PRESCRIPTION, FulfilmentEvent, FulfilmentState, RxEvent, RxState
from telehealth.core.deadlines import set_deadline
from telehealth.core.unit import Unit
from telehealth.notifications import Notice
from telehealth.payments.settling import close_charge

UNPAID, UNANSWERED = "unpaid", "unanswered"


async def expire(unit: Unit, prescription_id: UUID) -> None:
    """Deadline `prescriptions.expiry`. Calling it again changes nothing.

    Who went off to pay may have paid in time: the provider is asked first, takes no money any more, and only
    then does the sheet end (`lapse`, told by payments). While it is silent the stock stays reserved.
    """
    sheet = await lock_sheet(unit, prescription_id)
    if not await is_due(unit, sheet):
        await _look_later(unit, sheet.rx)
        return
    row = sheet.fulfilment
    if row is not None and row.charge_id is not None:
        if not await close_charge(unit, row.charge_id):
            return
        row.charge_id = None
    await lapse(unit, sheet)


async def is_due(unit: Unit, sheet: Sheet) -> bool:
    rx = sheet.rx
    if not PRESCRIPTION.allows(rx.state, RxEvent.EXPIRE):
        return False
    ends_at = await closes_at_of(unit, rx)
    return ends_at is not None and ends_at <= unit.now


async def _look_later(unit: Unit, rx: Prescription) -> None:
    """The policy of the hospital gives it longer than it did when the sheet was signed."""
    ends_at = await closes_at_of(unit, rx)
    if ends_at is not None and PRESCRIPTION.allows(rx.state, RxEvent.EXPIRE):
        await set_deadline(unit, EXPIRY, rx.id, ends_at, hospital_id=rx.hospital_id, account_id=rx.account_id)


async def lapse(unit: Unit, sheet: Sheet) -> None:
    """End a locked sheet whose last day is over, and for which no money can come in any more."""
    if not await is_due(unit, sheet):
        return
    rx = sheet.rx
    was_payable = rx.state is RxState.PASSED
    rx.apply(RxEvent.EXPIRE, at=unit.now, reason=UNPAID if was_payable else UNANSWERED)
    unit.step("rx.expire")
    unit.audit("prescription.expired", rx, number=rx.number, reason=rx.reason)
    await unit.session.flush()
    await unit.publish(PrescriptionEnded(rx.id, rx.reason or UNPAID))
    if was_payable:
        await tell(unit, rx, Notice.RX_EXPIRED)
    await tell_doctor(unit, rx, Notice.RX_EXPIRED_UNPAID)
    await announce_state(unit, rx)


async def on_ended(unit: Unit, event: PrescriptionEnded) -> None:
    """Whoever ended it: it cannot be paid any more, and its path is closed."""
    sheet = await lock_sheet(unit, event.prescription_id)
    row = sheet.fulfilment
    await stop_clocks(unit, sheet.rx.id)
    if row is None or row.state is not FulfilmentState.OPEN:
        return
    if row.charge_id is not None and await close_charge(unit, row.charge_id):
        # Otherwise a payment may still come in, and goes back by itself.
        row.charge_id = None
    await _lapse_path(unit, sheet.rx, row)


async def _lapse_path(unit: Unit, rx: Prescription, row: Fulfilment) -> None:
    row.apply(FulfilmentEvent.LAPSE, at=unit.now)
    row.code_digest = None
    unit.audit("fulfilment.lapsed", row, number=rx.number)
