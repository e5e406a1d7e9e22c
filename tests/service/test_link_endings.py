"""What becomes of what a helper booked, typed and paid, once they no longer act for the patient (XY17)."""

import pytest
import sqlalchemy as sa

from telehealth.accounts.models import Account
from telehealth.bookings.cancelling import cancel
from telehealth.bookings.errors import BookingNotFound
from telehealth.bookings.models import Booking
from telehealth.bookings.returning import give_back_to_payer
from telehealth.bookings.states import BookingState, Ending
from telehealth.consultations.errors import RoomNotFound, SeatEnded
from telehealth.consultations.gate import Gate
from telehealth.consultations.helping import accept, invite
from telehealth.consultations.models import RoomSeat
from telehealth.consultations.states import SeatState
from telehealth.core.audit import AuditRecord
from telehealth.core.jobs import Work
from telehealth.core.unit import Units
from telehealth.intake.models import IntakeForm
from telehealth.intake.states import FormState
from telehealth.notifications.notices import Notice
from telehealth.patients.linking_family import end_link, end_representation
from telehealth.patients.models import PatientLink
from telehealth.patients.passing_on import pass_on_late
from telehealth.patients.rules import Relation
from telehealth.patients.states import LinkState
from telehealth.payments.models import Charge
from telehealth.payments.states import ChargeState, RefundReason
from telehealth.rulebook.rules import ClinicKind
from tests.support.factories.accounts import add_patient, patient
from tests.support.factories.bookings import (
    House,
    Patient,
    add_booker,
    add_house,
    add_relative,
    book,
    reread,
    told,
)
from tests.support.factories.intake import add_form as add_draft
from tests.support.factories.patients import add_card
from tests.support.factories.rooms import Visit, add_room, messages, say, seat
from tests.support.factories.schedule import add_clinic
from tests.support.factories.visits import begin_paying, hold_in, pay_cash, refunds_of_booking


@pytest.fixture
async def place(units: Units) -> House:
    return await add_house(units)


@pytest.fixture
async def daughter(units: Units, place: House) -> Patient:
    return await add_booker(units, place, "13800001234", name="样例甲")


@pytest.fixture
async def mother(units: Units, place: House, daughter: Patient) -> Patient:
    """As the daughter's account knows her."""
    return await add_relative(units, place, daughter, name="样例乙")


async def own_account(units: Units, place: House, who: Patient) -> Account:
    """She signs up, shows who she is, and may end what the other account may do."""
    account = await add_patient(units, "13700009999", name="样例乙")
    async with units.system("test") as unit:
        found = sa.select(PatientLink).where(PatientLink.person_id == who.person.id)
        link = (await unit.session.scalars(found)).one()
        link.subject_account_id = account.id
        unit.session.add(
            PatientLink(
                account_id=account.id, person_id=who.person.id, relation=Relation.SELF,
                state=LinkState.ACTIVE, name=link.name, document_kind=link.document_kind,
                document_number=link.document_number, missing=[], created_at=unit.now,
                activated_at=unit.now, ended_by="",
            )
        )  # fmt: skip
    await add_card(units, place.hospital.id, account, who.person)
    return account


async def link_of(units: Units, who: Patient) -> PatientLink:
    async with units.system("test") as unit:
        found = sa.select(PatientLink).where(
            PatientLink.person_id == who.person.id, PatientLink.account_id == who.account.id
        )
        return (await unit.session.scalars(found)).one()


async def paid_later(units: Units, place: House, who: Patient, **facts: object) -> Booking:
    planned = await add_clinic(units, place.doctor, **facts)  # type: ignore[arg-type]
    return await pay_cash(units, place, await hold_in(units, place, who, planned))


async def charge_of(units: Units, booking: Booking) -> Charge:
    async with units.system("test") as unit:
        return (await unit.session.scalars(sa.select(Charge).where(Charge.subject_id == booking.id))).one()


async def test_XY17_a_seat_a_former_helper_held_is_free_at_once(
    units: Units, place: House, mother: Patient
) -> None:
    planned = await add_clinic(units, place.doctor)
    booking = await book(units, place, mother, planned.slot.id)
    await end_link(units, mother.actor, mother.person.id)
    after = await reread(units, booking)
    assert (after.state, after.reason) == (BookingState.CANCELLED, Ending.HELPER_LEFT)
    assert after.account_id is None
    assert Notice.BOOKING_CANCELLED in await told(units, mother.account)


async def test_XY17_what_a_former_helper_was_just_paying_is_stopped(
    units: Units, place: House, mother: Patient
) -> None:
    planned = await add_clinic(units, place.doctor)
    booking = await book(units, place, mother, planned.slot.id)
    await begin_paying(units, mother, booking)
    await end_link(units, mother.actor, mother.person.id)
    charge = await charge_of(units, booking)
    assert charge.state is ChargeState.CLOSED or charge.closing_since is not None
    assert charge.account_id == mother.account.id


async def test_XY17_a_paid_visit_goes_to_the_persons_own_account_and_the_money_back_to_who_paid(
    units: Units, place: House, mother: Patient
) -> None:
    booking = await paid_later(units, place, mother)
    own = await own_account(units, place, mother)
    await end_representation(units, patient(own), (await link_of(units, mother)).id)
    after = await reread(units, booking)
    assert (after.state, after.account_id) == (BookingState.PAID, own.id)
    assert Notice.VISITS_PASSED_ON in await told(units, own)
    async with units.of(mother.actor) as unit:
        with pytest.raises(BookingNotFound):
            await cancel(unit, booking.id)
    async with units.of(patient(own)) as unit:
        assert (await cancel(unit, booking.id)).state is BookingState.CANCELLED
    for _ in range(2):
        work = Work(units, 1, 0)
        await give_back_to_payer.run(work, booking_id=str(booking.id), basis_points=10_000)
    [refund] = await refunds_of_booking(units, booking)
    assert (refund.account_id, refund.amount) == (mother.account.id, 5000)
    assert refund.reason is RefundReason.CANCELLED


async def test_XY17_an_online_visit_nobody_could_come_to_is_given_back(
    units: Units, place: House, mother: Patient
) -> None:
    booking = await paid_later(units, place, mother)
    await end_link(units, mother.actor, mother.person.id)
    assert (await reread(units, booking)).state is BookingState.CANCELLED
    [refund] = await refunds_of_booking(units, booking)
    assert (refund.account_id, refund.amount) == (mother.account.id, 5000)
    assert Notice.BOOKING_CANCELLED in await told(units, mother.account)


async def test_XY17_to_the_hospitals_door_the_patient_can_still_walk(
    units: Units, place: House, mother: Patient
) -> None:
    booking = await paid_later(units, place, mother, kind=ClinicKind.OFFLINE)
    await end_link(units, mother.actor, mother.person.id)
    after = await reread(units, booking)
    assert (after.state, after.account_id) == (BookingState.PAID, None)


async def test_XY17_who_gives_up_themself_loses_nothing(
    units: Units, place: House, daughter: Patient
) -> None:
    booking = await paid_later(units, place, daughter)
    await end_link(units, daughter.actor, daughter.person.id)
    after = await reread(units, booking)
    assert (after.state, after.account_id) == (BookingState.PAID, daughter.account.id)


async def test_XY17_another_who_acts_for_them_takes_over_when_they_have_no_account(
    units: Units, place: House, mother: Patient
) -> None:
    booking = await paid_later(units, place, mother)
    son = await add_patient(units, "13600005555", name="样例丁")
    async with units.system("test") as unit:
        link = (await unit.session.scalars(sa.select(PatientLink).where(
            PatientLink.person_id == mother.person.id))).one()  # fmt: skip
        unit.session.add(
            PatientLink(
                account_id=son.id, person_id=mother.person.id, relation=Relation.PARENT,
                state=LinkState.ACTIVE, name=link.name, document_kind=link.document_kind,
                document_number=link.document_number, missing=[], created_at=unit.now,
                activated_at=unit.now, ended_by="",
            )
        )  # fmt: skip
    await end_link(units, mother.actor, mother.person.id)
    assert (await reread(units, booking)).account_id == son.id


async def test_XY17_coming_back_later_does_not_open_what_was_passed_on(
    units: Units, place: House, mother: Patient
) -> None:
    booking = await paid_later(units, place, mother)
    own = await own_account(units, place, mother)
    await end_link(units, mother.actor, mother.person.id)
    async with units.system("test") as unit:
        link = (await unit.session.scalars(sa.select(PatientLink).where(
            PatientLink.account_id == mother.account.id, PatientLink.person_id == mother.person.id,
        ))).one()  # fmt: skip
        link.state = LinkState.ACTIVE
    assert await pass_on_late(units) == 0
    assert (await reread(units, booking)).account_id == own.id


async def test_XY17_a_half_told_illness_is_nobodys_to_read(
    units: Units, place: House, mother: Patient
) -> None:
    draft = await add_draft(units, mother.actor, mother.person, place.department)
    await end_link(units, mother.actor, mother.person.id)
    async with units.system("test") as unit:
        assert await unit.session.get(IntakeForm, draft.id) is None
        left = sa.select(sa.func.count()).select_from(IntakeForm).where(IntakeForm.state == FormState.DRAFT)
        assert await unit.session.scalar(left) == 0


async def become_helper(units: Units, visit: Visit) -> None:
    """Whoever booked this visit did so for somebody else."""
    async with units.system("test") as unit:
        await unit.session.execute(
            sa.update(PatientLink)
            .where(PatientLink.account_id == visit.patient.account_id)
            .values(relation=Relation.PARENT)
        )


async def test_XY17_an_open_room_closes_for_a_former_helper_and_their_guests(units: Units) -> None:
    visit = await add_room(units)
    await become_helper(units, visit)
    guest = patient(await add_patient(units, "13700007777"))
    link = (await invite(units, visit.patient, visit.room, name="邻居")).link
    await accept(units, guest, link.rpartition("/")[2])
    place, beside = await seat(units, visit, visit.patient), await seat(units, visit, guest)
    await end_link(units, visit.patient, visit.who.person.id)
    gate = Gate(units)
    for left in (place, beside):
        with pytest.raises(SeatEnded):
            await gate.terms(left)
    with pytest.raises(RoomNotFound):
        await seat(units, visit, visit.patient)
    async with units.system("test") as unit:
        seats = (await unit.session.scalars(sa.select(RoomSeat.state))).all()
        assert set(seats) == {SeatState.ENDED}


async def test_XY17_what_was_said_goes_along_and_stays_as_it_was_said(units: Units) -> None:
    """Evidence changes hands, and nothing else about it changes."""
    visit = await add_room(units)
    await become_helper(units, visit)
    await say(units, visit, visit.patient, "她的降压药快吃完了")
    before = [(row.seq, row.text, row.author_id) for row in await messages(units, visit)]
    await end_link(units, visit.patient, visit.who.person.id)
    after = await messages(units, visit)
    assert [(row.seq, row.text, row.author_id) for row in after][: len(before)] == before
    assert {row.account_id for row in after} == {None}


async def test_XY17_what_was_being_written_while_the_link_ended_follows(
    units: Units, place: House, mother: Patient
) -> None:
    booking = await paid_later(units, place, mother, kind=ClinicKind.OFFLINE)
    await end_link(units, mother.actor, mother.person.id)
    async with units.system("test") as unit:
        # As a row lies whose transaction was open meanwhile.
        await unit.session.execute(
            sa.update(Booking).where(Booking.id == booking.id).values(account_id=mother.account.id)
        )
    assert await pass_on_late(units) == 1
    assert await pass_on_late(units) == 0
    assert (await reread(units, booking)).account_id is None
    async with units.system("test") as unit:
        found = sa.select(AuditRecord).where(AuditRecord.name == "person.passed_on")
        records = (await unit.session.scalars(found.order_by(AuditRecord.id))).all()
        assert [record.facts["to"] for record in records] == [None, None]
        assert records[-1].facts["rows"] == 1
