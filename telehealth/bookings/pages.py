"""The ticket of a booking, paying for it, and giving it back. The list of them is one of all orders."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from telehealth.bookings import booking_pages, cancelling, paying, queries
from telehealth.bookings.capabilities import (
    CANCEL_SENTENCES,
    Capability,
    cancel_sentence,
    capability_of,
    gives_all_back,
)
from telehealth.bookings.choice import Choice
from telehealth.bookings.errors import NotCancellable, NotPayable
from telehealth.bookings.models import Booking
from telehealth.bookings.queries import BookingPlace
from telehealth.core.access import Actor, Permission
from telehealth.core.unit import Unit, Units
from telehealth.directory import said
from telehealth.patients import Person, people_by_id
from telehealth.payments import own_charge, refunds_of
from telehealth.payments.errors import ChargeClosed
from telehealth.payments.states import ChargeState, RefundState
from telehealth.payments.wording import PARKED_WORDS, REFUND_REASONS, REFUND_STATES
from telehealth.rulebook.rules import ClinicKind
from telehealth.schedule.rules import CancelReason
from telehealth.schedule.wording import KIND_LABELS
from telehealth.web.contract import page
from telehealth.web.house import house_of
from telehealth.web.pages import redirect, render
from telehealth.web.preferences import language

#: A clock that runs for days says less than a date.
LONGEST_TIMER = timedelta(hours=2)


@page(needs=Permission.BOOK)
async def booking_page(request: Request, unit: Unit, booking_id: UUID) -> Response:
    place = await queries.place_of(unit, booking_id)
    booking, hospital = place.booking, place.hospital
    people = await people_by_id(unit, [booking.person_id])
    said_now = capability_of(booking, now=unit.now)
    ruling = await cancelling.ruling(unit, booking)
    again = Choice(
        hospital.code, booking.kind, person=booking.person_id, check=booking.decision_id,
        campus=booking.campus_id, department=booking.department_id, doctor=booking.doctor_id,
        day=booking.day, form=booking.form_id,
    )  # fmt: skip
    return render(
        request,
        "bookings/ticket.html",
        **_facts(place, people, language(request)),
        can=said_now,
        timer=said_now.counts_down and booking.hold_until - unit.now < LONGEST_TIMER,
        may_cancel=said_now.may_cancel and ruling.allowed,
        cancel_words=cancel_sentence(ruling) if said_now.may_cancel else "",
        money=await money_of(unit, booking),
        free_until=ruling.free_until if gives_all_back(ruling) else None,
        rebook=again.href(),
        actions=[
            action
            for part in house_of(request).contributions.get("booking_actions", [])
            for action in await part(unit, unit.actor, booking)
        ],
        told=(booking.reason or "") if said_now.tone == "danger" else "",
        finding=booking.finding,
        advice=booking.advice,
        hospital_phone=hospital.phone,
        complaint_phone=hospital.complaint_phone,
    )


@page(needs=Permission.PAY)
async def pay_booking_page(units: Units, actor: Actor, booking_id: UUID) -> Response:
    """To the page where it is paid; a seat that costs nothing is paid with this."""
    try:
        async with units.of(actor) as unit:
            charge = await paying.open_charge(unit, booking_id)
    except (NotPayable, ChargeClosed) as error:
        return redirect(f"/bookings/{booking_id}", flash=error.detail, kind="warn")
    return redirect(paying.pay_href(charge))


@page(needs=Permission.BOOK)
async def cancel_booking_page(units: Units, actor: Actor, booking_id: UUID) -> Response:
    try:
        async with units.of(actor) as unit:
            await cancelling.cancel(unit, booking_id)
    except NotCancellable as error:
        reason = CancelReason(error.facts["reason"])
        return redirect(f"/bookings/{booking_id}", flash=CANCEL_SENTENCES[reason], kind="warn")
    return redirect(f"/bookings/{booking_id}", flash="预约已取消")


async def money_of(unit: Unit, booking: Booking) -> dict[str, Any]:
    """What was paid for it, and what of that goes back, for the page; empty as long as nothing was."""
    if booking.charge_id is None or not booking.fee:
        return {}
    charge = await own_charge(unit, unit.actor, booking.charge_id)
    if charge is None:
        return {}
    refunds = await refunds_of(unit, charge.id)
    if charge.state is not ChargeState.SETTLED and not refunds:
        return {}
    return {
        "receipt": f"/receipts/{charge.id}",
        "refunds": [
            {
                "href": f"/refunds/{steps.refund.id}",
                "number": steps.refund.number,
                "amount": steps.refund.amount,
                "reason": REFUND_REASONS[steps.refund.reason],
                "state": REFUND_STATES[steps.refund.state],
                "expected_by": steps.refund.expected_by,
                "is_back": steps.refund.state is RefundState.SETTLED,
                "words": [
                    PARKED_WORDS[leg.word] for leg in steps.legs if leg.word and leg.word in PARKED_WORDS
                ],
            }
            for steps in refunds
        ],
    }


def line(place: BookingPlace, people: Mapping[UUID, Person], lang: str) -> dict[str, Any]:
    """One row of a list of bookings."""
    facts = _facts(place, people, lang)
    can: Capability = capability_of(place.booking)
    return facts | {
        "href": f"/bookings/{place.booking.id}",
        "tag": (can.tone, can.label),
        "due": place.booking.hold_until if can.can_pay else None,
    }


def _facts(place: BookingPlace, people: Mapping[UUID, Person], lang: str) -> dict[str, Any]:
    booking = place.booking
    who = people.get(booking.person_id)
    return {
        "booking": booking,
        "kind": KIND_LABELS[booking.kind],
        "is_online": booking.kind is ClinicKind.INTERNET,
        "hospital": said(place.hospital, "name", lang),
        "campus": said(place.campus, "name", lang),
        "address": said(place.campus, "address", lang),
        "department": said(place.department, "name", lang),
        "doctor": said(place.doctor, "name", lang),
        "title": said(place.doctor, "title", lang),
        "patient": who.name if who else "",
    }


routes: Sequence[Route] = [
    *booking_pages.routes,
    Route("/bookings/{booking_id:uuid}", booking_page),
    Route("/bookings/{booking_id:uuid}/payment", pay_booking_page, methods=["POST"]),
    Route("/bookings/{booking_id:uuid}/cancellation", cancel_booking_page, methods=["POST"]),
]
