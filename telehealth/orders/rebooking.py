"""The same doctor for the same person once more (BJ09): the next free seat, the gate first, one tap.

A seat in an internet clinic still needs what the law asks of every one: a condition that is declared
stable, every urgent question answered, and a form the doctor can read. What lasts is taken from the
last form; what may have changed is on the one page, to be read, changed and confirmed.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from uuid import UUID

from telehealth.bookings import Booking, BookingPlace, BookingState, place_of
from telehealth.bookings.capabilities import capability_of
from telehealth.bookings.choice import Choice
from telehealth.bookings.errors import SlotNotFound
from telehealth.bookings.holding import Wish, hold, sellable
from telehealth.bookings.ordering import clinics_taken
from telehealth.consultations.following_up import follow_up_of
from telehealth.core.access import Actor
from telehealth.core.clock import HospitalDay
from telehealth.core.errors import FieldsInvalid
from telehealth.core.i18n import N_
from telehealth.core.unit import Unit, Units
from telehealth.directory import current_notice, live_hospital, notice_accepted
from telehealth.eligibility import GateDecision, NotEligible, Stage
from telehealth.eligibility.asking import Told, ask
from telehealth.eligibility.checking import findings
from telehealth.eligibility.facts import Decision
from telehealth.eligibility.ports import RedFlagBook, RedFlagQuestion
from telehealth.eligibility.screening import questions
from telehealth.intake.errors import FormIncomplete
from telehealth.intake.repeating import begin_again, last_complaint
from telehealth.intake.sending import submit
from telehealth.orders.errors import FormToBeWritten, NotRebookable
from telehealth.patients import Person, person_for
from telehealth.rulebook import current_policy
from telehealth.rulebook.rules import Channel, ClinicKind
from telehealth.schedule import (
    KindNotOffered,
    SlotPlace,
    clinic_offers,
    offers_kind,
    slot_place,
    slots_of,
)


@dataclass(frozen=True, slots=True)
class Proposal:
    """What one tap would hold, and what stands in its way."""

    last: BookingPlace
    person: Person
    #: None: the doctor has no seat that may be booked online.
    seat: SlotPlace | None
    decision: Decision
    check_id: UUID
    #: The day the doctor named, while that follow-up is open.
    due_on: HospitalDay | None
    #: The service notice that was not accepted yet; None when it was.
    notice_id: UUID | None
    #: Of an internet clinic: what they wrote last time, and what must be answered with no.
    complaint: str = ""
    questions: Sequence[RedFlagQuestion] = ()

    @property
    def booking(self) -> Booking:
        return self.last.booking

    @property
    def is_online(self) -> bool:
        return self.booking.kind is ClinicKind.INTERNET

    @property
    def is_allowed(self) -> bool:
        return self.decision.allowed or self.decision.pending_verification

    @property
    def has_form(self) -> bool:
        """Nothing stands between them and the seat but the tap."""
        return self.seat is not None and self.is_allowed and self.notice_id is None

    @property
    def other_campus(self) -> bool:
        """BJ05: it is not where they were last time."""
        return self.seat is not None and self.seat.campus.id != self.booking.campus_id

    @property
    def choice(self) -> Choice:
        """The same errand on the ordinary road, for whoever wants another time or has more to say."""
        return choice_of(self.last, check=self.check_id)


@dataclass(frozen=True, slots=True)
class Taking:
    """What the patient says with the tap. An offline registration asks for the seat only."""

    slot_id: UUID
    stable: bool | None = None
    answers: Mapping[str, bool] = field(default_factory=dict)
    complaint: str = ""
    assisted: bool = False
    door: str = "browser"


def choice_of(last: BookingPlace, **chosen: UUID) -> Choice:
    booking = last.booking
    return Choice(
        last.hospital.code, booking.kind, person=booking.person_id, department=booking.department_id,
        doctor=booking.doctor_id,
    ).but(**chosen)  # fmt: skip


async def last_of(unit: Unit, booking_id: UUID) -> BookingPlace:
    """Raises BookingNotFound."""
    return await place_of(unit, booking_id)


async def propose(
    units: Units, actor: Actor, book: RedFlagBook, booking_id: UUID, *, complaint: str | None = None
) -> Proposal:
    """The next free seat with the same doctor, judged by the gate for its day.

    Raises BookingNotFound, NotRebookable, PersonNotFound, LinkPending, HospitalNotLive, KindNotOffered.
    """
    async with units.of(actor) as unit:
        last, person = await _subject(unit, booking_id)
        due = await follow_up_of(unit, booking_id)
        seat = await _next_seat(unit, last.booking, not_before=due.due_day if due is not None else None)
    booking = last.booking
    told = Told(booking.person_id, Stage.BASICS, booking.kind, None if seat is None else seat.clinic.day)
    check, _ = await ask(units, actor, book, last.hospital.code, told)
    async with units.of(actor) as unit:
        notice = await current_notice(unit, booking.hospital_id)
        accepted = await notice_accepted(unit, actor.account, booking.hospital_id)
        words = await last_complaint(unit, booking.form_id) if complaint is None else complaint
        asked = await _questions(unit, book, booking, words)
    return Proposal(
        last=last,
        person=person,
        seat=seat,
        decision=Decision.of_record(check.result),
        check_id=check.id,
        due_on=due.due_day if due is not None else None,
        notice_id=notice.id if notice is not None and not accepted else None,
        complaint=words,
        questions=asked,
    )


async def take(units: Units, actor: Actor, book: RedFlagBook, booking_id: UUID, taking: Taking) -> Booking:
    """Hold the seat, or say why not; the gate has the last word, for the seat's own day.

    Raises:
        BookingNotFound, NotRebookable, and what `bookings.holding.hold` raises.
        FieldsInvalid: the declaration is missing, or what was written calls for another question.
        FormToBeWritten: the department asks for more than lasts from the last form; the draft is kept.
        RedFlagRaised: an answer in it says that this cannot wait.
    """
    async with units.of(actor) as unit:
        last, _ = await _subject(unit, booking_id)
        booking = last.booking
        seat = await sellable(unit, taking.slot_id)
        if (seat.clinic.doctor_id, seat.clinic.kind) != (booking.doctor_id, booking.kind):
            raise SlotNotFound()
        asked = await _questions(unit, book, booking, taking.complaint)
    wish = Wish(taking.slot_id, booking.person_id, assisted=taking.assisted, door=taking.door)
    if booking.kind is ClinicKind.INTERNET:
        _declared(taking, asked)
        check = await _gate(units, actor, book, last, taking, asked=asked, day=seat.clinic.day)
        form_id = await _form(units, actor, last, taking, check=check, department_id=seat.department.id)
        wish = Wish(
            taking.slot_id, booking.person_id, check.id, form_id, assisted=taking.assisted, door=taking.door
        )
    async with units.of(actor) as unit:
        held = await hold(unit, wish)
        unit.audit("booking.rebooked", held, number=held.number, after=booking.number)
        return held


async def _subject(unit: Unit, booking_id: UUID) -> tuple[BookingPlace, Person]:
    last = await place_of(unit, booking_id)
    if not capability_of(last.booking, now=unit.now).can_rebook:
        raise NotRebookable()
    person = await person_for(unit, unit.actor.account, last.booking.person_id)
    hospital = await live_hospital(unit, last.hospital.code)
    if not offers_kind(hospital, last.booking.kind, unit.today):
        raise KindNotOffered()
    return last, person


async def _next_seat(unit: Unit, booking: Booking, *, not_before: HospitalDay | None) -> SlotPlace | None:
    """The first seat that is not over, from the day on that the doctor named, if they named one."""
    policy = (await current_policy(unit, booking.hospital_id)).policy
    first = max(unit.today, not_before or unit.today)
    offers = await clinic_offers(
        unit, booking.hospital_id, booking.kind, first=first,
        last=unit.today + timedelta(days=policy.schedule.horizon_days),
        department_id=booking.department_id, doctor_id=booking.doctor_id,
    )  # fmt: skip
    taken = await clinics_taken(unit, booking.person_id, [offer.clinic.id for offer in offers])
    if booking.state is BookingState.COMPLETED:
        # They were there already: to come again is another day, or another half of it.
        taken.add(booking.clinic_id)
    free = [offer.clinic for offer in offers if offer.left > 0 and offer.clinic.id not in taken]
    for slot in await slots_of(unit, free, Channel.ONLINE):
        if slot.left > 0 and slot.slot.starts_at > unit.now:
            return await slot_place(unit, slot.slot.id)
    return None


async def _questions(
    unit: Unit, book: RedFlagBook, booking: Booking, complaint: str
) -> Sequence[RedFlagQuestion]:
    if booking.kind is not ClinicKind.INTERNET:
        return ()
    return await questions(
        unit, book, hospital_id=booking.hospital_id, person_id=booking.person_id, complaint=complaint
    )


def _declared(taking: Taking, asked: Sequence[RedFlagQuestion]) -> None:
    """Everything that must be said was said; a yes among it is for the gate to judge."""
    errors = {} if taking.stable is not None else {"stable": N_("请说明病情是否稳定")}
    if len(taking.complaint.strip()) == 0:
        errors["complaint"] = N_("请写下这次最想解决的问题")
    if True not in taking.answers.values():
        for question in asked:
            if question.id not in taking.answers:
                errors[f"answers.{question.id}"] = N_("请回答这个问题")
    if errors:
        raise FieldsInvalid(errors)


async def _gate(
    units: Units,
    actor: Actor,
    book: RedFlagBook,
    last: BookingPlace,
    taking: Taking,
    *,
    asked: Sequence[RedFlagQuestion],
    day: HospitalDay,
) -> GateDecision:
    known = {question.id for question in asked}
    answers = {name: said for name, said in taking.answers.items() if name in known}
    told = Told(
        last.booking.person_id,
        Stage.RED_FLAGS,
        last.booking.kind,
        day,
        taking.stable,
        taking.complaint,
        answers,
    )
    check, _ = await ask(units, actor, book, last.hospital.code, told)
    if not check.allowed and not check.pending:
        raise NotEligible(findings=findings(Decision.of_record(check.result)))
    return check


async def _form(
    units: Units,
    actor: Actor,
    last: BookingPlace,
    taking: Taking,
    *,
    check: GateDecision,
    department_id: UUID,
) -> UUID:
    draft = await begin_again(
        units, actor, person_id=last.booking.person_id, department_id=department_id,
        complaint=taking.complaint,
    )  # fmt: skip
    try:
        return (await submit(units, actor, draft.id)).id
    except FormIncomplete as error:
        if set(error.fields) == {"complaint"}:
            # What they typed a moment ago: they mend it where they typed it.
            raise FieldsInvalid(dict(error.fields)) from None
        raise FormToBeWritten(
            form_id=str(draft.id), check_id=str(check.id), slot_id=str(taking.slot_id)
        ) from None
