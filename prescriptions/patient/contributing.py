"""Sheets on the pages below: home, the account's own page, the booking they were written in."""

from typing import Any

from prescriptions.patient import queries
from prescriptions.states import SheetKind
from telehealth.bookings import Booking
from telehealth.core.access import Actor, Permission
from telehealth.core.i18n import N_
from telehealth.core.unit import Unit


async def me_links(unit: Unit, actor: Actor) -> list[dict[str, Any]]:
    if actor.is_staff or not actor.may(Permission.PAY):
        return []
    return [
        {
            "title": N_("我的处方"),
            "href": "/prescriptions",
            "icon": "pill",
            "text": N_("缴费、取药与用药说明"),
        }
    ]


async def booking_actions(unit: Unit, actor: Actor, booking: Booking) -> list[dict[str, Any]]:
    """From the ticket of a visit to what was prescribed in it."""
    if actor.is_staff:
        return []
    found = await queries.of_visit(unit, booking.id)
    return [{"href": f"/prescriptions/{rx.id}", "label": _LABELS[rx.kind]} for rx in found]


_LABELS = {SheetKind.WESTERN: N_("查看西药处方"), SheetKind.HERB: N_("查看中药处方")}
