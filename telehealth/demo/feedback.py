"""What sample patients say back: stars for a visit, and a complaint whose clock has nearly run out.

Said through the patients' own doors, once: whoever complained or rated before says nothing more.
"""

from datetime import timedelta

import structlog

from telehealth.accounts import patient_by_phone
from telehealth.bookings import Booking, BookingState, bookings_of
from telehealth.complaints import Complaint, complaints_of, lock_any, making
from telehealth.complaints.making import Said
from telehealth.complaints.states import ComplaintKind
from telehealth.complaints.watching import set_clocks
from telehealth.core.access import Actor, Role
from telehealth.core.errors import DomainError
from telehealth.core.ids import new_id
from telehealth.core.unit import Units
from telehealth.ratings.rating import Given, rate

log = structlog.get_logger(__name__)

#: By phone. The third visit that was had is left unrated, so that somebody is asked.
STARS = {
    "13800000124": Given(5, "样例留言：讲得很清楚，不用再跑一趟医院。"),
    "13800000125": Given(4),
}
COMPLAINANT = "13800000111"
WORDS = "样例投诉：处方被退回以后没有人告诉我要等多久，希望说明白什么时候能改好。"
#: Until somebody has to take it up.
NEARLY_DUE = timedelta(hours=2)


async def leave_feedback(units: Units) -> None:
    for phone, given in STARS.items():
        await _rate(units, phone, given)
    await _complain(units)


async def _rate(units: Units, phone: str, given: Given) -> None:
    found = await _visit(units, phone)
    if found is None:
        return
    actor, booking = found
    try:
        async with units.of(actor) as unit:
            await rate(unit, actor, booking.id, given)
    except DomainError as error:
        log.info("demo.rating_left_out", error=str(error))


async def _complain(units: Units) -> None:
    found = await _visit(units, COMPLAINANT)
    if found is None:
        return
    actor, booking = found
    async with units.of(actor) as unit:
        if await complaints_of(unit, limit=1):
            return
        said = Said(ComplaintKind.MEDICINE, WORDS, new_id(), about="booking", about_id=booking.id)
        row = await making.complain(unit, actor, said)
    await _nearly_due(units, row)


async def _nearly_due(units: Units, row: Complaint) -> None:
    """As if it had been made the day before: nobody who looks around can wait so long."""
    async with units.system("demo") as unit:
        kept = await lock_any(unit, row.id)
        if kept is not None:
            kept.reply_by = unit.now + NEARLY_DUE
            await set_clocks(unit, kept)


async def _visit(units: Units, phone: str) -> tuple[Actor, Booking] | None:
    """The latest visit of this patient that was had."""
    async with units.system("demo") as unit:
        account = await patient_by_phone(unit, f"+86{phone}")
    if account is None:
        return None
    actor = Actor.signed_in(account.id, frozenset({Role.PATIENT}))
    async with units.of(actor) as unit:
        rows = [row.booking for row in await bookings_of(unit, limit=20)]
    had = [row for row in rows if row.state is BookingState.COMPLETED]
    return (actor, had[0]) if had else None
