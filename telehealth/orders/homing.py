"""What a patient sees first: the next visit, what waits for them, what is on its way, whom to see again."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

from telehealth.bookings import BookingPlace
from telehealth.bookings.capabilities import capability_of
from telehealth.bookings.ordering import last_seen, live_with, next_visit
from telehealth.consultations.following_up import due_for_patient
from telehealth.consultations.welcoming import rooms_of_today
from telehealth.core.access import Actor, Permission
from telehealth.core.clock import HospitalDay
from telehealth.core.i18n import N_
from telehealth.core.orders import Group
from telehealth.core.promises import Said
from telehealth.core.unit import Unit
from telehealth.directory import doctors_by_id
from telehealth.orders.listing import waiting
from telehealth.orders.presenting import rows_of
from telehealth.orders.visits import names
from telehealth.patients import people_of
from telehealth.rulebook.rules import ClinicKind
from telehealth.schedule.wording import KIND_LABELS

#: So long before its day a follow-up is offered on the home page.
SOON = timedelta(days=7)
_MOST_AGAIN = 2


async def home_parts(unit: Unit, actor: Actor) -> list[dict[str, Any]]:
    """In the order in which they stand on the page; what is empty is left out."""
    if actor.is_staff or not actor.may(Permission.BOOK):
        return []
    people = {person.id: person for _, person in await people_of(unit, actor.account)}
    visit = await _next(unit)
    due = await waiting(unit, Group.TODO)
    moving = await waiting(unit, Group.ON_THE_WAY)
    again = await _again(unit)
    parts = []
    if visit is not None:
        who = people.get(visit.place.booking.person_id)
        shown = {"visit": visit, "patient": who.name if who is not None and len(people) > 1 else ""}
        parts.append({"template": "orders/_home_visit.html", "order": 10, "part": shown})
    if due:
        parts.append(_rows("due", 5 if visit is None or not visit.is_now else 15, rows_of(due, people)))
    if moving:
        parts.append(_rows("moving", 30, rows_of(moving, people)))
    if again:
        rows = [
            {"again": one, "patient": people[one.person_id].name} for one in again if one.person_id in people
        ]
        if rows:
            parts.append({"template": "orders/_home_again.html", "order": 50, "part": {"rows": rows}})
    return parts


async def home_services(unit: Unit, actor: Actor) -> list[dict[str, Any]]:
    if actor.is_staff or not actor.may(Permission.BOOK):
        return []
    return [{"href": "/orders", "icon": "clipboard-list", "channel_label": "orders", "order": 20}]


@dataclass(frozen=True, slots=True)
class NextVisit:
    """The visit to come, what to do about it now, and the one thing to press."""

    place: BookingPlace
    kind: str
    is_online: bool
    doctor: Said
    title: Said
    department: Said
    where: Said
    address: Said
    #: What to do next, in a sentence.
    todo: str
    href: str
    label: str
    tone: str
    state: str
    #: The doctor is in the room, or the visit is today.
    is_now: bool
    is_today: bool


async def _next(unit: Unit) -> NextVisit | None:
    rooms = await rooms_of_today(unit)
    with_doctor = next((room for room, is_in in rooms.items() if is_in), None)
    place = await next_visit(unit, first=with_doctor)
    if place is None:
        return None
    booking = place.booking
    can = capability_of(booking, now=unit.now)
    is_in = rooms.get(booking.id, False)
    is_online = booking.kind is ClinicKind.INTERNET
    todo, href, label = _what_now(booking.id, has_room=booking.id in rooms, is_in=is_in, is_online=is_online)
    hospital, campus = names(place.hospital), names(place.campus)
    return NextVisit(
        place=place,
        kind=KIND_LABELS[booking.kind],
        is_online=is_online,
        doctor=names(place.doctor),
        title={"zh-CN": place.doctor.title, "en": place.doctor.title_en or place.doctor.title},
        department=names(place.department),
        where={lang: f"{hospital[lang]} {campus[lang]}" for lang in hospital},
        address={"zh-CN": place.campus.address, "en": place.campus.address_en or place.campus.address},
        # A seat that is not paid for yet says by itself what is to be done about it.
        todo=can.sentence if can.counts_down or can.tone == "info" else todo,
        href=href,
        label=label,
        tone="warn" if is_in else can.tone,
        state=N_("医生已接诊") if is_in else can.label,
        is_now=is_in,
        is_today=booking.day == unit.today,
    )


def _what_now(booking_id: UUID, *, has_room: bool, is_in: bool, is_online: bool) -> tuple[str, str, str]:
    if is_in:
        return N_("医生已经在诊室里等您，请现在进入。"), f"/rooms/{booking_id}", N_("进入诊室")
    if has_room:
        return (
            N_("诊室已开放：可以先检查摄像头和麦克风，把想问的话写下来。"),
            f"/rooms/{booking_id}",
            N_("进入候诊"),
        )
    order = f"/orders/bookings/{booking_id}"
    if is_online:
        return N_("就诊当天诊室开放后，从这里进入候诊，不用下载别的软件。"), order, N_("查看预约")
    return N_("请提前到院，凭预约号和证件到分诊台报到。"), order, N_("查看预约")


@dataclass(frozen=True, slots=True)
class Again:
    """One tap to the same doctor (BJ09)."""

    href: str
    doctor: Said
    person_id: UUID
    department: Said
    #: The doctor named a day; None for a visit that simply took place.
    due_on: HospitalDay | None
    last_on: HospitalDay | None


async def _again(unit: Unit) -> list[Again]:
    """Follow-ups that are due soon, then the last visits; not where a visit is to come already."""
    due = await due_for_patient(unit, by=unit.today + SOON)
    seen = await last_seen(unit)
    doctors = {place.doctor.id: place.doctor for place in seen}
    missing = [row.doctor_id for row in due if row.doctor_id not in doctors]
    doctors |= await doctors_by_id(unit, missing) if missing else {}
    taken = await live_with(unit, list(doctors)) if doctors else set()
    departments = {place.doctor.id: names(place.department) for place in seen}
    found: list[Again] = []
    for row in due:
        if (row.person_id, row.doctor_id) not in taken:
            taken.add((row.person_id, row.doctor_id))
            found.append(
                Again(
                    f"/bookings/{row.room}/rebooking", names(doctors[row.doctor_id]), row.person_id,
                    departments.get(row.doctor_id, {"zh-CN": "", "en": ""}), row.due_day, None,
                )
            )  # fmt: skip
    for place in seen:
        booking = place.booking
        if (booking.person_id, booking.doctor_id) not in taken:
            taken.add((booking.person_id, booking.doctor_id))
            found.append(
                Again(
                    f"/bookings/{booking.id}/rebooking", names(place.doctor), booking.person_id,
                    names(place.department), None, booking.day,
                )
            )  # fmt: skip
    return found[:_MOST_AGAIN]


def _rows(name: str, order: int, rows: list[dict[str, Any]]) -> dict[str, Any]:
    title, href = _TITLES[name]
    return {
        "template": "orders/_home_rows.html",
        "order": order,
        "part": {"title": title, "href": href, "rows": rows},
    }


_TITLES = {
    "due": (N_("等您处理"), "/orders?group=todo"),
    "moving": (N_("在路上"), "/orders?group=on_the_way"),
}
