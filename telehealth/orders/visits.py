"""Visits in the list of orders: internet clinics and offline registrations, with their money."""

from collections.abc import Mapping, Sequence
from uuid import UUID

from telehealth.bookings import BookingPlace, BookingState, place_of
from telehealth.bookings.capabilities import capability_of
from telehealth.bookings.ordering import group_of, ordered
from telehealth.core.i18n import N_
from telehealth.core.orders import Line, Link, Opened, Source, Wanted
from telehealth.core.promises import Said
from telehealth.core.unit import Unit
from telehealth.orders.promising import refunds_promised, visit_facts
from telehealth.orders.rules import visit_promises
from telehealth.payments import Refund, RefundSteps, own_charge, refunds_of, refunds_on_the_way
from telehealth.rulebook import current_policy
from telehealth.rulebook.rules import ClinicKind
from telehealth.schedule.wording import KIND_LABELS

KIND = "bookings"


async def lines(unit: Unit, wanted: Wanted) -> Sequence[Line]:
    found = await ordered(unit, wanted)
    charges = [row.booking.charge_id for row in found if row.booking.charge_id and row.booking.ended_at]
    refunds = await refunds_on_the_way(unit, charges) if charges else {}
    return [line_of(unit, row, refunds) for row in found]


async def open_visit(unit: Unit, booking_id: UUID) -> Opened:
    """Raises BookingNotFound."""
    place = await place_of(unit, booking_id)
    booking = place.booking
    policy = (await current_policy(unit, booking.hospital_id)).policy.unattended
    paid_at, refunds = None, list[RefundSteps]()
    if booking.charge_id is not None:
        charge = await own_charge(unit, unit.actor, booking.charge_id)
        # Somebody who helped earlier paid it; it was paid when it was taken.
        paid_at = charge.settled_at if charge is not None else booking.created_at
        refunds = await refunds_of(unit, booking.charge_id)
    if paid_at is None and booking.state not in _UNPAID and not booking.fee:
        # What costs nothing was taken when it was made.
        paid_at = booking.created_at
    promises = visit_promises(
        visit_facts(booking, paid_at=paid_at), unit.now, unfinished_after_days=policy.unfinished_after_days
    )
    back = refunds_promised(refunds, unit.now, submit_minutes=policy.refund_submit_minutes)
    under_way = {row.refund.charge_id: row.refund for row in refunds if row.refund.settled_at is None}
    return Opened(
        line=line_of(unit, place, under_way),
        hospital=names(place.hospital),
        phone=place.hospital.phone,
        complaint_phone=place.hospital.complaint_phone,
        promises=[*promises, *back],
        links=_links(unit, place),
        subject=booking,
    )


SOURCE = Source(KIND, lines, open_visit)
_UNPAID = frozenset({BookingState.HELD, BookingState.RELEASED, BookingState.CANCELLED})


def line_of(unit: Unit, place: BookingPlace, refunds: Mapping[UUID, Refund]) -> Line:
    booking = place.booking
    can = capability_of(booking, now=unit.now)
    refund = refunds.get(booking.charge_id) if booking.charge_id else None
    return Line(
        kind=KIND,
        id=booking.id,
        number=booking.number,
        ordered_at=booking.created_at,
        person_id=booking.person_id,
        group=group_of(unit, booking, refunds),
        what=KIND_LABELS[booking.kind],
        icon="video" if booking.kind is ClinicKind.INTERNET else "hospital",
        title=_with(place),
        place=_at(place),
        label=can.label,
        tone=can.tone,
        href=f"/bookings/{booking.id}",
        action=N_("去支付") if can.can_pay else N_("再约") if can.can_rebook else "",
        starts_at=booking.starts_at,
        ends_at=booking.ends_at,
        amount=booking.fee,
        due_at=booking.hold_until if can.can_pay else None,
        due_words=N_("号源保留到") if can.can_pay else "",
        refund=refund.amount if refund else None,
        refund_on=refund.expected_by if refund else None,
    )


def names(row: object) -> dict[str, str]:
    """A name in both languages."""
    name = str(getattr(row, "name", ""))
    return {"zh-CN": name, "en": str(getattr(row, "name_en", "")) or name}


def _with(place: BookingPlace) -> Said:
    doctor, department = names(place.doctor), names(place.department)
    return {lang: f"{_in(doctor, lang)} · {_in(department, lang)}" for lang in ("zh-CN", "en")}


def _at(place: BookingPlace) -> Said:
    hospital, campus = names(place.hospital), names(place.campus)
    return {lang: f"{_in(hospital, lang)} {_in(campus, lang)}" for lang in ("zh-CN", "en")}


def _in(said: Said, lang: str) -> str:
    return said if isinstance(said, str) else said[lang]


def _links(unit: Unit, place: BookingPlace) -> list[Link]:
    booking = place.booking
    can = capability_of(booking, now=unit.now)
    ticket = Link(f"/bookings/{booking.id}", N_("去支付") if can.can_pay else N_("查看预约单"))
    again = Link(f"/bookings/{booking.id}/rebooking", N_("再约同一位医生"))
    return [again, ticket] if can.can_rebook else [ticket]
