"""A visit that was had, and the stars for it."""

from telehealth.bookings.completing import complete
from telehealth.bookings.models import Booking
from telehealth.core.unit import Units
from telehealth.ratings.models import Rating
from telehealth.ratings.rating import Given, rate
from tests.support.factories.bookings import House, Patient
from tests.support.factories.bookings import reread as booking_of
from tests.support.factories.visits import paid_today


async def had(units: Units, house: House, who: Patient) -> Booking:
    """Paid, attended and closed by the doctor."""
    booking = await paid_today(units, house, who)
    return await finish(units, booking)


async def finish(units: Units, booking: Booking) -> Booking:
    async with units.system("test") as unit:
        row = await unit.session.get_one(Booking, booking.id)
        row.attended_at, row.attended_by, row.attended_ref = unit.now, "note", f"note:{row.id}"
        await unit.session.flush()
        await complete(unit, row.id)
    return await booking_of(units, booking)


async def stars(units: Units, who: Patient, booking: Booking, count: int = 5, words: str = "") -> Rating:
    async with units.of(who.actor) as unit:
        return await rate(unit, who.actor, booking.id, Given(count, words))
