"""Sheets on the pages below: home, the account's own page, the booking they were written in."""

from datetime import datetime
from typing import Any

from prescriptions.models import Prescription
from prescriptions.patient import queries
from prescriptions.pharmacy import DispatchOrder
from prescriptions.settling import fulfilments_of
from prescriptions.states import Path, SheetKind
from telehealth.bookings import Booking
from telehealth.core.access import Actor, Permission
from telehealth.core.i18n import LANGUAGES, N_, format_fen, translator
from telehealth.core.unit import Unit


async def patient_home(unit: Unit, actor: Actor) -> list[dict[str, Any]]:
    if actor.is_staff or not actor.may(Permission.PAY):
        return []
    found = await queries.payable(unit)
    ways = await fulfilments_of(unit, [rx.id for rx in found])
    return [
        *[_coming(rx, order) for rx, order in await queries.coming(unit)],
        *[_payable(rx, ways[rx.id].pay_by if rx.id in ways else rx.valid_until) for rx in found],
    ]


def _coming(rx: Prescription, order: DispatchOrder) -> dict[str, Any]:
    at_window = order.path is Path.WINDOW
    number = order.window_number if at_window else None
    return {
        "title": N_("药已配好，凭取药码到窗口取药") if at_window else N_("药品正在配送，运费到付"),
        "text": {
            lang: f"{translator(lang)(N_('取药号'))} {number} · {rx.number}" if number else rx.number
            for lang in LANGUAGES
        },
        "href": f"/prescriptions/{rx.id}",
        "icon": "package-check" if at_window else "truck",
        "kind": "ok",
    }


def _payable(rx: Prescription, until: datetime | None) -> dict[str, Any]:
    return {
        "title": N_("处方待缴费，逾期失效"),
        "text": {lang: f"{rx.number} · {format_fen(rx.total, lang)}" for lang in LANGUAGES},
        "href": f"/prescriptions/{rx.id}",
        "icon": "pill",
        "kind": "warn",
        "until": until,
    }


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
