"""Staff pages: who is booked in a clinic, closing it, finding a booking, giving a seat back."""

from uuid import UUID

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from telehealth.bookings import cancelling, completing, paying, queries
from telehealth.bookings.capabilities import cancel_sentence, capability_of
from telehealth.bookings.errors import NotAttendable, NotCancellable, NotPayable
from telehealth.bookings.pages import line, money_of
from telehealth.bookings.schemas import CancelForPatient, TakeCash
from telehealth.bookings.states import LIVE
from telehealth.core.access import Actor, Permission
from telehealth.core.errors import TransitionRefused
from telehealth.core.i18n import N_
from telehealth.core.text import is_storable
from telehealth.core.unit import Unit, Units
from telehealth.directory import said
from telehealth.patients import hospital_patient, people_by_id
from telehealth.patients.masking import mask_card, mask_name
from telehealth.patients.viewing import Looked, note_look
from telehealth.payments.errors import CashAmountWrong, ChargeClosed, ChargeSettled
from telehealth.rulebook.rules import Channel
from telehealth.schedule import clinic_offer
from telehealth.schedule.closing import close_clinic
from telehealth.schedule.pages import shares
from telehealth.schedule.schemas import CloseClinic
from telehealth.schedule.states import CLINIC, ClinicEvent
from telehealth.schedule.wording import CHANNEL_LABELS, HALF_LABELS, KIND_LABELS
from telehealth.web.contract import page
from telehealth.web.forms import Form, blank, read_form
from telehealth.web.pages import redirect, render
from telehealth.web.preferences import language


@page(needs=Permission.SEE_CLINICS)
async def clinic_page(request: Request, unit: Unit, clinic_id: UUID) -> Response:
    return await _clinic(request, unit, clinic_id, blank())


@page(needs=Permission.PLAN_CLINICS)
async def close_clinic_page(request: Request, units: Units, actor: Actor, clinic_id: UUID) -> Response:
    form = await read_form(request, CloseClinic)
    if form.model is None:
        async with units.of(actor) as unit:
            return await _clinic(request, unit, clinic_id, form, status=422)
    try:
        async with units.of(actor) as unit:
            await close_clinic(unit, clinic_id, reason=form.model.reason)
    except TransitionRefused:
        return redirect(f"/staff/clinics/{clinic_id}", flash=N_("这个门诊已经停诊"), kind="info")
    return redirect(f"/staff/clinics/{clinic_id}", flash=N_("已停诊，已约的患者会收到通知"))


@page(needs=Permission.BOOK_FOR_PATIENT)
async def find_bookings_page(request: Request, unit: Unit) -> Response:
    number = request.query_params.get("number", "").strip()[:40]
    pending = request.query_params.get("group") == "pending"
    rows = []
    if number:
        rows = await queries.by_number(unit, number) if is_storable(number) else []
    else:
        rows = await queries.recent(unit, pending=pending)
    people = await people_by_id(unit, [row.booking.person_id for row in rows])
    lang = language(request)
    lines = [line(row, people, lang) for row in rows]
    for found in lines:
        found["patient"] = mask_name(found["patient"]) if found["patient"] else ""
        found["channel"] = CHANNEL_LABELS[found["booking"].channel]
        found["href"] = f"/staff/bookings/{found['booking'].id}"
    return render(request, "bookings/find.html", number=number, pending=pending, rows=lines)


@page(needs=Permission.BOOK_FOR_PATIENT)
async def staff_booking_page(request: Request, unit: Unit, booking_id: UUID) -> Response:
    return await _booking(request, unit, booking_id, blank())


@page(needs=Permission.BOOK_FOR_PATIENT)
async def cancel_for_patient_page(request: Request, units: Units, actor: Actor, booking_id: UUID) -> Response:
    form = await read_form(request, CancelForPatient)
    if form.model is None:
        async with units.of(actor) as unit:
            return await _booking(request, unit, booking_id, form, status=422)
    try:
        async with units.of(actor) as unit:
            await cancelling.cancel(unit, booking_id, reason=form.model.reason)
    except NotCancellable as error:
        return redirect(f"/staff/bookings/{booking_id}", flash=error.detail, kind="warn")
    return redirect(f"/staff/bookings/{booking_id}", flash="预约已取消")


@page(needs=Permission.TAKE_CASH)
async def take_cash_page(request: Request, units: Units, actor: Actor, booking_id: UUID) -> Response:
    form = await read_form(request, TakeCash)
    if form.model is not None:
        try:
            async with units.of(actor) as unit:
                await paying.pay_at_desk(unit, booking_id, received=form.model.received)
            return redirect(f"/staff/bookings/{booking_id}", flash=N_("已收款，预约成功"))
        except CashAmountWrong as error:
            form.errors["received"] = error.detail
        except (NotPayable, ChargeClosed, ChargeSettled) as error:
            return redirect(f"/staff/bookings/{booking_id}", flash=error.detail, kind="warn")
    async with units.of(actor) as unit:
        return await _booking(request, unit, booking_id, blank(), cash=form, status=422)


@page(needs=Permission.BOOK_FOR_PATIENT)
async def attend_in_person_page(units: Units, actor: Actor, booking_id: UUID) -> Response:
    try:
        async with units.of(actor) as unit:
            await completing.complete_in_person(unit, booking_id)
    except NotAttendable as error:
        return redirect(f"/staff/bookings/{booking_id}", flash=error.detail, kind="warn")
    return redirect(f"/staff/bookings/{booking_id}", flash=N_("已登记到诊"))


async def _clinic(
    request: Request, unit: Unit, clinic_id: UUID, form: Form[CloseClinic], *, status: int = 200
) -> Response:
    offer = await clinic_offer(unit, clinic_id, Channel.DESK)
    clinic, lang = offer.clinic, language(request)
    rows = await queries.in_clinic(unit, clinic_id)
    people = await people_by_id(unit, [row.person_id for row in rows])
    lines = []
    for row in rows:
        can, who = capability_of(row), people.get(row.person_id)
        lines.append({
            "href": f"/staff/bookings/{row.id}" if unit.actor.may(Permission.BOOK_FOR_PATIENT) else "",
            "number": row.number,
            "patient": mask_name(who.name) if who else "",
            "time": row.starts_at,
            "channel": CHANNEL_LABELS[row.channel],
            "tag": (can.tone, can.label),
        })  # fmt: skip
    return render(
        request,
        "bookings/clinic.html",
        status,
        form=form,
        clinic=clinic,
        half=HALF_LABELS[clinic.half],
        kind=KIND_LABELS[clinic.kind],
        doctor=said(offer.doctor, "name", lang),
        title=said(offer.doctor, "title", lang),
        department=said(offer.department, "name", lang),
        campus=said(offer.campus, "name", lang),
        shares=shares(clinic),
        taken=clinic.taken_online + clinic.taken_desk + clinic.taken_phone,
        live=sum(row.state in LIVE for row in rows),
        lines=lines,
        is_open=CLINIC.allows(clinic.state, ClinicEvent.CLOSE),
        may_close=unit.actor.may(Permission.PLAN_CLINICS),
        week_href=f"/staff/clinics?week={clinic.day.isoformat()}&campus={clinic.campus_id}",
    )


async def _booking(
    request: Request,
    unit: Unit,
    booking_id: UUID,
    form: Form[CancelForPatient],
    *,
    cash: Form[TakeCash] | None = None,
    status: int = 200,
) -> Response:
    place = await queries.place_of(unit, booking_id)
    booking = place.booking
    people = await people_by_id(unit, [booking.person_id])
    await note_look(unit, booking.person_id, Looked.BOOKING, booking.id)
    card = await hospital_patient(unit, booking.hospital_id, booking.person_id)
    can, ruling = capability_of(booking), await cancelling.ruling(unit, booking)
    return render(
        request,
        "bookings/staff_booking.html",
        status,
        form=form,
        **line(place, people, language(request)),
        can=can,
        channel=CHANNEL_LABELS[booking.channel],
        card=mask_card(card.card_number) if card else "",
        is_restricted=card is not None and card.restricted_at is not None,
        may_cancel=can.may_cancel and ruling.allowed,
        cancel_words=cancel_sentence(ruling) if can.may_cancel else "",
        cash=cash or blank(),
        may_take_cash=unit.actor.may(Permission.TAKE_CASH) and paying.is_payable(unit, booking),
        may_attend=completing.is_attendable(unit, booking),
        money=await money_of(unit, booking),
        clinic_href=f"/staff/clinics/{booking.clinic_id}",
    )


routes = [
    Route("/staff/clinics/{clinic_id:uuid}", clinic_page),
    Route("/staff/clinics/{clinic_id:uuid}/closure", close_clinic_page, methods=["POST"]),
    Route("/staff/bookings", find_bookings_page),
    Route("/staff/bookings/{booking_id:uuid}", staff_booking_page),
    Route("/staff/bookings/{booking_id:uuid}/cash", take_cash_page, methods=["POST"]),
    Route("/staff/bookings/{booking_id:uuid}/attendance", attend_in_person_page, methods=["POST"]),
    Route("/staff/bookings/{booking_id:uuid}/cancellation", cancel_for_patient_page, methods=["POST"]),
]
