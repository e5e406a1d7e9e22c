"""Seats: a patient's own, and those staff take for them."""

from uuid import UUID

from starlette.requests import Request
from starlette.routing import Route

from telehealth.bookings import assisting, cancelling, completing, holding, paying, queries
from telehealth.bookings.capabilities import GROUPS
from telehealth.bookings.errors import (
    AccountNeeded,
    AlreadyBooked,
    BookingNotFound,
    ChannelFull,
    ClinicNotOpen,
    FormMismatch,
    FormNeeded,
    NotAttendable,
    NotCancellable,
    NotPayable,
    SlotNotFound,
    SlotOver,
    SlotTaken,
    TooLateToVerify,
)
from telehealth.bookings.schemas import (
    BookAtDesk,
    BookingDetailView,
    BookingQuery,
    BookingView,
    CancelForPatient,
    CancelRulingView,
    CashReceived,
    ChargeLink,
    ClinicBookingView,
    DeskBookingsQuery,
    DeskBookingView,
    DeskPatientView,
    FindDeskPatient,
    HoldSlot,
    OneBookingView,
    OneDeskBookingView,
    SearchBy,
)
from telehealth.core.access import Actor, Permission
from telehealth.core.unit import Unit, Units
from telehealth.directory import HospitalNotLive
from telehealth.eligibility import CheckNotFound, CheckOutdated, NotEligible
from telehealth.hospital import DocumentSystem, HISRejected, HISUnavailable
from telehealth.intake import FormNotFound, FormNotSubmitted
from telehealth.patients import (
    DataRestricted,
    LinkPending,
    PersonNotFound,
    hospital_patient,
    people_by_id,
    person,
)
from telehealth.patients.errors import CardNeedsReview, CardUnknown, DocumentInDoubt
from telehealth.patients.masking import mask_card
from telehealth.patients.registering import register_at_desk
from telehealth.patients.viewing import Looked, note_look
from telehealth.payments.errors import CashAmountWrong, ChargeClosed, ChargeSettled
from telehealth.rulebook.rules import Channel
from telehealth.schedule import ClinicNotFound, clinic_offer
from telehealth.web.contract import operation
from telehealth.web.pagination import Page, cut, moment_key
from telehealth.web.preferences import door_of

NO_SEAT = (SlotNotFound, SlotOver, SlotTaken, ChannelFull, ClinicNotOpen, HospitalNotLive, AlreadyBooked)


@operation(
    needs=Permission.BOOK,
    status=201,
    raises=(
        *NO_SEAT, NotEligible, CheckNotFound, CheckOutdated, PersonNotFound, LinkPending, DataRestricted,
        FormNeeded,
        FormMismatch, FormNotFound, FormNotSubmitted, TooLateToVerify,
    ),
    idempotent=True,
)  # fmt: skip
async def hold_slot(unit: Unit, request: Request, body: HoldSlot) -> BookingView:
    """Hold a seat while the patient pays: 15 minutes, 30 with help, never past the slot's end.

    When the hospital's system cannot be asked, the seat is kept uncharged as pending verification.
    """
    wish = holding.Wish(
        body.slot_id,
        body.person_id,
        check_id=body.check_id,
        form_id=body.form_id,
        assisted=body.assisted,
        door=door_of(request),
    )
    return BookingView.of(await holding.hold(unit, wish))


@operation(needs=Permission.BOOK)
async def list_bookings(unit: Unit, query: BookingQuery) -> Page[BookingDetailView]:
    """One's own bookings, latest visit first."""
    rows = await queries.bookings_of(
        unit,
        states=GROUPS[query.group][1],
        person_id=query.person,
        before=moment_key(query.after),
        limit=query.limit,
    )
    kept, following = cut(rows, query.limit, lambda row: (row.booking.starts_at, row.booking.id))
    return Page(items=[BookingDetailView.at(row) for row in kept], next=following)


@operation(needs=Permission.BOOK, raises=(BookingNotFound,))
async def show_booking(unit: Unit, booking_id: UUID) -> OneBookingView:
    """One's own booking, with what cancelling it now would mean. Anybody else's is not found."""
    place = await queries.place_of(unit, booking_id)
    said = await cancelling.ruling(unit, place.booking)
    ruling = CancelRulingView(
        allowed=said.allowed, refund_bp=said.refund_bp, reason=said.reason, free_until=said.free_until
    )
    return OneBookingView(
        **dict(BookingDetailView.at(place)),
        cancelling=ruling,
        finding=place.booking.finding,
        advice=place.booking.advice,
    )


@operation(needs=Permission.PAY, raises=(BookingNotFound, NotPayable, ChargeClosed), idempotent=True)
async def open_booking_charge(unit: Unit, booking_id: UUID) -> ChargeLink:
    """What a held seat costs. Asked again it is the same charge; a seat that costs nothing is paid."""
    charge = await paying.open_charge(unit, booking_id)
    return ChargeLink(id=charge.id, amount=charge.amount, pay_by=charge.pay_by, href=paying.pay_href(charge))


@operation(needs=Permission.BOOK, raises=(BookingNotFound, NotCancellable), idempotent=True)
async def cancel_booking(unit: Unit, booking_id: UUID) -> BookingView:
    """Give the seat back. Cancelling twice changes nothing."""
    return BookingView.of(await cancelling.cancel(unit, booking_id))


@operation(needs=Permission.SEE_CLINICS, raises=(ClinicNotFound,))
async def list_clinic_bookings(unit: Unit, clinic_id: UUID) -> list[ClinicBookingView]:
    """Who is booked in a clinic of this hospital, names masked."""
    await clinic_offer(unit, clinic_id, Channel.DESK)
    rows = await queries.in_clinic(unit, clinic_id)
    people = await people_by_id(unit, [row.person_id for row in rows])
    return [ClinicBookingView.of(row, people.get(row.person_id)) for row in rows]


@operation(
    needs=Permission.BOOK_FOR_PATIENT,
    status=201,
    raises=(
        *NO_SEAT, NotEligible, PersonNotFound, TooLateToVerify, AccountNeeded, HISUnavailable, HISRejected,
    ),
)  # fmt: skip
async def book_at_desk(units: Units, actor: Actor, body: BookAtDesk) -> BookingView:
    """Book for a patient at the desk or on the phone, out of that channel's share."""
    wish = assisting.DeskWish(
        body.slot_id,
        body.person_id,
        Channel(body.channel),
        stable=body.stable,
        red_flags=None if body.red_flags is None else tuple(body.red_flags),
    )
    return BookingView.of(await assisting.book_at_desk(units, actor, wish))


@operation(
    needs=Permission.BOOK_FOR_PATIENT,
    raises=(CardUnknown, CardNeedsReview, DocumentInDoubt, HISUnavailable, HISRejected),
    limit="60/minute",
)
async def find_desk_patients(units: Units, actor: Actor, body: FindDeskPatient) -> list[DeskPatientView]:
    """By a number in the hospital's system, which makes them known here, or by the phone of an account."""
    if body.by is SearchBy.PHONE:
        return [
            DeskPatientView.of(who) for who in await assisting.patients_by_phone(units, actor, body.number)
        ]
    system = DocumentSystem(body.by.value)
    patient = await register_at_desk(units, actor, body.number, system=system)
    async with units.of(actor) as unit:
        return [DeskPatientView.of(await person(unit, patient.person_id))]


@operation(needs=Permission.BOOK_FOR_PATIENT)
async def list_desk_bookings(unit: Unit, query: DeskBookingsQuery) -> list[DeskBookingView]:
    """The booking of a number, or those of this hospital that were made last."""
    if query.number:
        rows = await queries.by_number(unit, query.number)
    else:
        rows = await queries.recent(unit, pending=query.pending)
    people = await people_by_id(unit, [row.booking.person_id for row in rows])
    return [DeskBookingView.shown(row, people.get(row.booking.person_id)) for row in rows]


@operation(needs=Permission.BOOK_FOR_PATIENT, raises=(BookingNotFound,))
async def show_desk_booking(unit: Unit, booking_id: UUID) -> OneDeskBookingView:
    """One booking of this hospital, and what the desk may do with it. Who looked is written down."""
    place = await queries.place_of(unit, booking_id)
    booking = place.booking
    people = await people_by_id(unit, [booking.person_id])
    await note_look(unit, booking.person_id, Looked.BOOKING, booking.id)
    card = await hospital_patient(unit, booking.hospital_id, booking.person_id)
    return OneDeskBookingView(
        **dict(DeskBookingView.shown(place, people.get(booking.person_id))),
        card=mask_card(card.card_number) if card else "",
        is_restricted=card is not None and card.restricted_at is not None,
        may_take_cash=unit.actor.may(Permission.TAKE_CASH) and paying.is_payable(unit, booking),
        may_attend=completing.is_attendable(unit, booking),
    )


@operation(needs=Permission.BOOK_FOR_PATIENT, raises=(BookingNotFound, NotCancellable), idempotent=True)
async def cancel_for_patient(unit: Unit, booking_id: UUID, body: CancelForPatient) -> BookingView:
    """Give a patient's seat back at their word; the reason is kept."""
    return BookingView.of(await cancelling.cancel(unit, booking_id, reason=body.reason))


@operation(
    needs=Permission.TAKE_CASH,
    raises=(BookingNotFound, NotPayable, ChargeClosed, ChargeSettled, CashAmountWrong),
    idempotent=True,
)
async def take_booking_cash(unit: Unit, booking_id: UUID, body: CashReceived) -> BookingView:
    """The fee of a held seat was paid in cash at the window."""
    return BookingView.of(await paying.pay_at_desk(unit, booking_id, received=body.received))


@operation(needs=Permission.BOOK_FOR_PATIENT, raises=(BookingNotFound, NotAttendable), idempotent=True)
async def attend_in_person(unit: Unit, booking_id: UUID) -> BookingView:
    """A patient with an offline registration was seen by the doctor; midnight gives nothing back."""
    return BookingView.of(await completing.complete_in_person(unit, booking_id))


routes = [
    Route("/bookings", hold_slot, methods=["POST"]),
    Route("/bookings", list_bookings),
    Route("/bookings/{booking_id}", show_booking),
    Route("/bookings/{booking_id}/charge", open_booking_charge, methods=["POST"]),
    Route("/bookings/{booking_id}/cancellation", cancel_booking, methods=["POST"]),
    Route("/clinics/{clinic_id}/bookings", list_clinic_bookings),
    Route("/desk-patients/searches", find_desk_patients, methods=["POST"]),
    Route("/desk-bookings", book_at_desk, methods=["POST"]),
    Route("/desk-bookings", list_desk_bookings),
    Route("/desk-bookings/{booking_id}", show_desk_booking),
    Route("/desk-bookings/{booking_id}/cancellation", cancel_for_patient, methods=["POST"]),
    Route("/desk-bookings/{booking_id}/cash", take_booking_cash, methods=["POST"]),
    Route("/desk-bookings/{booking_id}/attendance", attend_in_person, methods=["POST"]),
]
