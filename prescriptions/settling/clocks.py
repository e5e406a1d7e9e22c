"""The deadlines of one sheet: what a patient is told, by when money counts, when the house moves (XY33)."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from prescriptions.models import Prescription
from prescriptions.settling import rules
from prescriptions.settling.models import Fulfilment
from prescriptions.states import Path
from prescriptions.stock import pharmacy
from telehealth.bookings import named
from telehealth.core.clock import hospital_day
from telehealth.core.unit import Unit
from telehealth.directory import working_calendar
from telehealth.rulebook import current_policy


@dataclass(frozen=True, slots=True)
class Clocks:
    """`closes_at` is the law: what a provider took before it counts. The rest is what people are told."""

    closes_at: datetime
    #: The insurer's own three days; nothing can be claimed past them, nor past `closes_at`.
    reimbursed_until: datetime
    #: The window's last closing time before either, or None when it does not open any more.
    window_until: datetime | None

    def shown(self, path: Path | None) -> datetime:
        """The one deadline for whoever chose this path, or none yet."""
        if path is Path.WINDOW and self.window_until is not None:
            return self.window_until
        return self.closes_at


async def closes_at_of(unit: Unit, rx: Prescription) -> datetime | None:
    """None for a sheet that is not signed."""
    if rx.signed_at is None or rx.valid_until is None:
        return None
    days = (await current_policy(unit, rx.hospital_id)).policy.prescription.payment_deadline_days
    return rules.closes_at(rx.signed_at, rx.valid_until, days)


async def clocks_of(unit: Unit, rx: Prescription, pharmacy_id: UUID) -> Clocks:
    if rx.signed_at is None or rx.valid_until is None:
        raise LookupError("only a signed sheet has clocks")
    policy = (await current_policy(unit, rx.hospital_id)).policy
    closes = rules.closes_at(rx.signed_at, rx.valid_until, policy.prescription.payment_deadline_days)
    visit = await named(unit, rx.visit_id)
    visit_on = visit.booking.day if visit is not None else hospital_day(rx.signed_at)
    claimed = rules.reimbursed_until(visit_on, policy.insurance.offline_reimbursement_days)
    place = await pharmacy(unit, pharmacy_id)
    window = None
    if place.has_window:
        until = min(closes, claimed)
        is_working = await working_calendar(unit, rx.hospital_id, unit.today, hospital_day(until))
        window = rules.last_opening(
            unit.now, until, opens=place.opens, closes=place.closes, is_working=is_working
        )
    return Clocks(closes, claimed, window)


async def refresh(unit: Unit, rx: Prescription, row: Fulfilment) -> Clocks:
    """The deadline that goes with the path the row has now."""
    found = await clocks_of(unit, rx, row.pharmacy_id)
    row.pay_by = found.shown(row.path)
    return found
