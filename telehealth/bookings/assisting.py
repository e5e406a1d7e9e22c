"""Booking for somebody who stands at the desk or is on the phone (SJ05, SJ11)."""

from dataclasses import dataclass
from uuid import UUID

from telehealth.accounts import parse_phone, patient_by_phone
from telehealth.bookings.errors import AccountNeeded, TooLateToVerify
from telehealth.bookings.holding import Holding, hold_seat, sellable
from telehealth.bookings.models import Booking
from telehealth.bookings.releasing import tell
from telehealth.core.access import Actor
from telehealth.core.errors import FieldsInvalid
from telehealth.core.unit import Units
from telehealth.eligibility import Stage
from telehealth.eligibility.checking import Question, assess, decide_for_slot
from telehealth.notifications import Notice
from telehealth.patients import Person, accounts_acting_for, hospital_patient, links_of, people_of
from telehealth.patients.rules import Relation
from telehealth.rulebook.rules import Channel, ClinicKind


@dataclass(frozen=True, slots=True)
class DeskWish:
    """`stable` and `red_flags` are what the patient answered aloud; an offline registration asks nothing."""

    slot_id: UUID
    person_id: UUID
    channel: Channel
    stable: bool | None = None
    red_flags: tuple[str, ...] | None = None


async def book_at_desk(units: Units, actor: Actor, wish: DeskWish) -> Booking:
    """Hold a seat out of the desk's or the phone's own share; paid at the window before the slot ends.

    The notice is read out by staff, who answer for it: the audit line names them. The gate is asked
    as for anybody, and a silent hospital system is a refusal: staff can look at the record itself.

    Raises what `holding.hold` raises, and AccountNeeded for an internet clinic.
    """
    async with units.of(actor) as unit:
        clinic = (await sellable(unit, wish.slot_id)).clinic
        hospital_id, kind, day = clinic.hospital_id, clinic.kind, clinic.day
    question = Question(
        hospital_id, wish.person_id, kind=kind, slot_date=day, channel=wish.channel,
        stage=Stage.RED_FLAGS, stable=wish.stable, red_flags=wish.red_flags,
    )  # fmt: skip
    check = await assess(units, actor, question)
    account_id = await _own_account(units, actor, wish.person_id)
    if kind is ClinicKind.INTERNET and account_id is None:
        raise AccountNeeded()
    async with units.of(actor) as unit:
        place = await sellable(unit, wish.slot_id)
        decision = await decide_for_slot(unit, check.row.id, question)
        if decision.pending:
            raise TooLateToVerify()
        booking = await hold_seat(
            unit,
            Holding(
                person_id=wish.person_id,
                slot_id=wish.slot_id,
                channel=wish.channel,
                door=str(wish.channel),
                until=place.slot.ends_at,
                account_id=account_id,
                decision_id=decision.id,
                booked_by=actor.account,
            ),
        )
        unit.audit("booking.booked_for_patient", booking, number=booking.number, channel=wish.channel)
        await tell(unit, booking, Notice.BOOKING_HELD, pay_by=booking.hold_until)
        return booking


async def _own_account(units: Units, actor: Actor, person_id: UUID) -> UUID | None:
    """The patient's own account, whose phone then shows the booking; relatives are told by the patient."""
    async with units.system("desk booking", actor) as unit:
        for account_id in await accounts_acting_for(unit, person_id):
            for link in await links_of(unit, account_id):
                if link.person_id == person_id and link.relation is Relation.SELF:
                    return account_id
    return None


async def patients_by_phone(units: Units, actor: Actor, phone: str) -> list[Person]:
    """Patients of this hospital whose account, or whose family's, has this phone number.

    Raises FieldsInvalid for what is no phone number.
    """
    try:
        number = parse_phone(phone)
    except ValueError as error:
        raise FieldsInvalid({"number": str(error)}) from None
    async with units.system("desk booking", actor) as unit:
        account = await patient_by_phone(unit, number)
        if account is None:
            return []
        people = [who for _, who in await people_of(unit, account.id)]
        return [who for who in people if await hospital_patient(unit, actor.hospital, who.id) is not None]
