"""The way into a room, on the pages below that a patient looks at: home, and the booking."""

from typing import Any

from telehealth.bookings import Booking, BookingState
from telehealth.consultations.models import Consultation
from telehealth.consultations.queries import CONSULTATION_OF, coming_rooms
from telehealth.consultations.states import OPEN, ConsultationState
from telehealth.core.access import Actor, Permission
from telehealth.core.i18n import N_, format_instant
from telehealth.core.unit import Unit
from telehealth.directory import doctors_by_id

_HAD = frozenset({BookingState.PAID, BookingState.COMPLETED})


async def patient_home(unit: Unit, actor: Actor) -> list[dict[str, Any]]:
    """Rooms of today; one in which the doctor waits comes first."""
    if actor.is_staff or not actor.may(Permission.BOOK):
        return []
    found = await coming_rooms(unit, unit.today)
    doctors = await doctors_by_id(unit, [row.doctor_id for row in found])
    return [_card(row, doctors[row.doctor_id].name, doctors[row.doctor_id].name_en) for row in found]


async def booking_actions(unit: Unit, actor: Actor, booking: Booking) -> list[dict[str, Any]]:
    """Into the room while it is open, to its record once it is over."""
    if actor.is_staff or booking.state not in _HAD:
        return []
    found = await CONSULTATION_OF.first(unit, room=booking.id)
    if found is None:
        return []
    if found[0].state in OPEN:
        return [{"href": f"/rooms/{booking.id}", "label": N_("进入诊室")}]
    return [{"href": f"/rooms/{booking.id}/record", "label": N_("查看就诊记录")}]


def _card(row: Consultation, doctor: str, doctor_en: str) -> dict[str, Any]:
    is_in = row.state is ConsultationState.ADMITTED
    return {
        "title": N_("医生已接诊，请进入诊室") if is_in else N_("诊室已开放，可以进入候诊"),
        "text": {
            lang: " · ".join((format_instant(row.starts_at, lang, "short"), name))
            for lang, name in (("zh-CN", doctor), ("en", doctor_en))
        },
        "href": f"/rooms/{row.id}",
        "icon": "stethoscope",
        "kind": "warn" if is_in else "info",
        "until": None,
    }
