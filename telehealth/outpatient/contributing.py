"""Bills on the pages below: the account's own page, finance's worklist."""

from datetime import timedelta
from typing import Any

from telehealth.bookings import Booking, BookingState
from telehealth.core.access import Actor, Permission
from telehealth.core.i18n import LANGUAGES, N_
from telehealth.core.unit import Unit
from telehealth.directory import said
from telehealth.outpatient import queries, queue_queries, queue_showing
from telehealth.outpatient.lining_up import ahead_words
from telehealth.outpatient.models import QueueTicket
from telehealth.outpatient.rules import number_shown
from telehealth.outpatient.states import TicketState
from telehealth.rulebook.rules import ClinicKind

#: Sooner the round itself is busy with it.
_SLOW = timedelta(minutes=10)


async def queue_home(unit: Unit, actor: Actor) -> list[dict[str, Any]]:
    """Where somebody stands in a queue of today, or that they may check in by now."""
    if actor.is_staff or not actor.may(Permission.BOOK):
        return []
    cards = [
        await _standing(unit, ticket) for ticket in await queue_queries.live_tickets(unit, actor.account)
    ]
    for booking in await queue_queries.to_check_in(unit, actor.account):
        mine = await queue_showing.mine(unit, booking.id)
        if mine.is_open:
            cards.append(
                {
                    "title": N_("到了医院请签到"),
                    "text": {lang: said(mine.place.campus, "name", lang) for lang in LANGUAGES},
                    "href": f"/queue/{booking.id}",
                    "icon": "map-pin",
                    "kind": "warn",
                }
            )
    return cards


async def booking_actions(unit: Unit, actor: Actor, booking: Booking) -> list[dict[str, Any]]:
    """From the ticket of a visit in person to its queue."""
    if actor.is_staff or booking.kind is not ClinicKind.OFFLINE or booking.day != unit.today:
        return []
    ticket = await queue_queries.ticket_of_booking(unit, booking.id)
    if ticket is None and booking.state is not BookingState.PAID:
        return []
    return [{"href": f"/queue/{booking.id}", "label": N_("看候诊进度") if ticket else N_("签到候诊")}]


async def me_links(unit: Unit, actor: Actor) -> list[dict[str, Any]]:
    if actor.is_staff or not actor.may(Permission.PAY):
        return []
    return [
        {
            "title": N_("门诊缴费"),
            "href": "/bills",
            "icon": "receipt",
            "text": N_("线下门诊的药费、检查费，按院区和单据支付"),
        }
    ]


async def worklist(unit: Unit, actor: Actor) -> list[dict[str, Any]]:
    if not actor.is_staff or not actor.may(Permission.SEE_MONEY):
        return []
    slow = [
        place
        for place in await queries.unconfirmed(unit)
        if place.bill.paid_at is not None and unit.now - place.bill.paid_at >= _SLOW
    ]
    if not slow:
        return []
    return [
        {
            "title": N_("门诊缴费未得到医院系统确认"),
            "text": N_("患者已支付，医院系统没有应答；系统会一直重试，窗口请勿重复收费"),
            "href": "/staff/bills",
            "icon": "hourglass",
            "kind": "warn",
            "count": len(slow),
        }
    ]


async def _standing(unit: Unit, ticket: QueueTicket) -> dict[str, Any]:
    place = await queue_queries.clinic_place(unit, ticket.clinic_id)
    number = number_shown(ticket.number)
    title, kind = _TITLES[ticket.state]
    ahead = ahead_words(ticket.ahead) if ticket.ahead is not None else {"zh": "", "en": ""}
    parts = {lang: (said(place.campus, "name", lang), number, ahead[lang[:2]]) for lang in LANGUAGES}
    return {
        "title": title,
        "text": {lang: " · ".join(part for part in parts[lang] if part) for lang in LANGUAGES},
        "href": f"/queue/{ticket.booking_id}",
        "icon": "users-round",
        "kind": kind,
        "label": N_("看排队进度"),
    }


_TITLES = {
    TicketState.WAITING: (N_("候诊中"), "warn"),
    TicketState.CALLED: (N_("正在叫您的号"), "warn"),
    TicketState.MISSED: (N_("已过号，请到服务台"), "danger"),
}
