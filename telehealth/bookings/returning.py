"""What becomes of the money when a booking ends (docs/money.md §8)."""

from uuid import UUID

from telehealth.bookings import queries
from telehealth.bookings.models import Booking
from telehealth.core.i18n import format_fen
from telehealth.core.jobs import Work, task
from telehealth.core.unit import Unit
from telehealth.payments import own_charge
from telehealth.payments.charging import earn
from telehealth.payments.refunding import refund_in_full, refund_share
from telehealth.payments.settling import close_charge
from telehealth.payments.states import RefundReason

ALL = 10_000

NOTHING_PAID = {"zh": "没有收取费用。", "en": "Nothing was charged."}
NOTHING_BACK = {"zh": "按规定费用不退。", "en": "By the rules nothing of the fee goes back."}
ALL_BACK = {"zh": "费用全额退回。", "en": "All of the fee goes back."}

BACK_TO_PAYER = {
    "zh": "按规定应退的费用退给原付款人。",
    "en": "By the rules what goes back goes to whoever paid.",
}
GIVING = "money of a visit passed on"


@task("bookings.give_back_to_payer")
async def give_back_to_payer(work: Work, *, booking_id: str, basis_points: int) -> None:
    """Twice is once: what was asked back, or earned, is."""
    async with work.units.system(GIVING) as unit:
        booking = await queries.lock_with_seat(unit, UUID(booking_id))
        if booking is not None and booking.charge_id is not None:
            await give_share_back(unit, booking, basis_points)


async def _sees_money(unit: Unit, charge_id: UUID) -> bool:
    """A patient's own unit sees only what that account paid; every other unit sees it."""
    if unit.account_id is None or unit.hospital_id is not None:
        return True
    return await own_charge(unit, unit.actor, charge_id) is not None


async def stop_paying(unit: Unit, booking: Booking) -> None:
    """Nobody shall pay for it any more. What is paid nevertheless refunds itself."""
    if booking.charge_id is not None:
        await close_charge(unit, booking.charge_id)


async def give_all_back(unit: Unit, booking: Booking, reason: RefundReason) -> dict[str, str]:
    """Ask for all of a paid booking's money back; what to tell the patient."""
    if booking.charge_id is None or not booking.fee:
        return NOTHING_PAID
    await refund_in_full(unit, booking.charge_id, reason)
    return ALL_BACK


async def give_share_back(unit: Unit, booking: Booking, basis_points: int) -> dict[str, str]:
    """The same for a patient who cancelled; what stays with the hospital is earned.

    The money of a visit that was passed on is another account's: it goes back in a job, to who paid.
    """
    if booking.charge_id is not None and booking.fee and not await _sees_money(unit, booking.charge_id):
        await unit.defer(give_back_to_payer, booking_id=booking.id, basis_points=basis_points)
        return NOTHING_BACK if not basis_points else BACK_TO_PAYER
    if basis_points == ALL or booking.charge_id is None or not booking.fee:
        return await give_all_back(unit, booking, RefundReason.CANCELLED)
    refund = None
    if basis_points:
        refund = await refund_share(unit, booking.charge_id, basis_points, RefundReason.CANCELLED)
    await earn(unit, booking.charge_id)
    if refund is None:
        return NOTHING_BACK
    return {
        "zh": f"按规定退回{format_fen(refund.amount, 'zh-CN')}。",
        "en": f"By the rules {format_fen(refund.amount, 'en')} goes back.",
    }
