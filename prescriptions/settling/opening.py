"""A pharmacist passed the sheet: from now on the patient may choose how to get it, and pay (XY29)."""

from datetime import datetime
from uuid import UUID

from prescriptions.events import PrescriptionPassed, PrescriptionSigned
from prescriptions.queries import prescription
from prescriptions.settling import queries, rules
from prescriptions.settling.clocks import clocks_of, closes_at_of
from prescriptions.settling.models import Fulfilment
from prescriptions.settling.telling import tell
from prescriptions.states import FulfilmentState, RxState
from telehealth.core.deadlines import clear_deadline, set_deadline
from telehealth.core.unit import Unit
from telehealth.notifications import Notice
from telehealth.rulebook import current_policy

#: The deadline at which a sheet nobody reviewed, answered or paid is worth nothing any more.
EXPIRY = "prescriptions.expiry"
#: The deadline of the next word about an unpaid sheet.
REMINDER = "prescriptions.reminder"


async def on_signed(unit: Unit, event: PrescriptionSigned) -> None:
    """A sheet that stays with the pharmacist expires as well."""
    rx = await prescription(unit, event.prescription_id)
    if (closes_at := await closes_at_of(unit, rx)) is None:
        return
    await set_deadline(unit, EXPIRY, rx.id, closes_at, hospital_id=rx.hospital_id, account_id=rx.account_id)


async def on_passed(unit: Unit, event: PrescriptionPassed) -> None:
    """One row for its way to the patient, whoever asks again."""
    if await queries.fulfilment(unit, event.prescription_id) is not None:
        return
    rx = await prescription(unit, event.prescription_id)
    clocks = await clocks_of(unit, rx, event.pharmacy_id)
    row = Fulfilment(
        id=rx.id,
        hospital_id=rx.hospital_id,
        account_id=rx.account_id,
        person_id=rx.person_id,
        pharmacy_id=event.pharmacy_id,
        state=FulfilmentState.OPEN,
        path=None,
        estimate={},
        passed_at=unit.now,
        pay_by=clocks.shown(None),
        reminders=0,
    )
    unit.session.add(row)
    await unit.session.flush()
    unit.audit("fulfilment.opened", row, number=rx.number, pay_by=row.pay_by)
    # The sheet's end is watched since it was signed: touching that row now could wait for the sweeper, which
    # locks it before the sheet.
    await _set_reminder(unit, row)
    await tell(unit, rx, Notice.RX_PAYABLE, amount=rx.total, pay_by=row.pay_by)


async def remind(unit: Unit, prescription_id: UUID) -> None:
    """Deadline `prescriptions.reminder`: a word while it can still be paid. Again changes nothing."""
    rx = await prescription(unit, prescription_id)
    row = await queries.fulfilment(unit, prescription_id)
    if row is None or row.state is not FulfilmentState.OPEN or rx.state is not RxState.PASSED:
        return
    if row.pay_by <= unit.now:
        return
    due = await _reminders(unit, row)
    if row.reminders < sum(moment <= unit.now for moment in due):
        # After a standstill one word is enough.
        row.reminders = sum(moment <= unit.now for moment in due)
        unit.audit("fulfilment.reminded", row, number=rx.number)
        await tell(unit, rx, Notice.RX_REMINDED, amount=rx.total, pay_by=row.pay_by)
    await _set_reminder(unit, row)


async def stop_clocks(unit: Unit, prescription_id: UUID) -> None:
    """It is paid, or over."""
    await clear_deadline(unit, EXPIRY, prescription_id)
    await clear_deadline(unit, REMINDER, prescription_id)


async def _set_reminder(unit: Unit, row: Fulfilment) -> None:
    coming = next((moment for moment in await _reminders(unit, row) if moment > unit.now), None)
    if coming is not None:
        await set_deadline(
            unit, REMINDER, row.id, coming, hospital_id=row.hospital_id, account_id=row.account_id
        )


async def _reminders(unit: Unit, row: Fulfilment) -> list[datetime]:
    policy = (await current_policy(unit, row.hospital_id)).policy
    return rules.reminders(row.passed_at, row.pay_by, policy.prescription.reminder_time)
