"""Visits the sample patients paid for, so that money moves when a newcomer looks.

Everything a patient does on the way: the gate, the notice, the condition form, the seat, the
charge, and at last the payer's own press at the sandbox's till.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from itertools import zip_longest
from uuid import UUID

import httpx2
import structlog

from telehealth.bookings import Booking, BookingState
from telehealth.bookings.cancelling import cancel
from telehealth.bookings.errors import SlotNotFound
from telehealth.bookings.holding import Wish, hold
from telehealth.bookings.paying import open_charge
from telehealth.core.access import Actor
from telehealth.core.errors import DomainError
from telehealth.core.unit import Unit
from telehealth.demo.accounts import DemoPatient, DemoVisit
from telehealth.directory import accept_notice, current_notice, hospital_by_code
from telehealth.directory.states import NoticeChannel
from telehealth.eligibility import Stage
from telehealth.eligibility.checking import Question, assess
from telehealth.intake.filling import SaveForm, begin, save
from telehealth.intake.sending import submit
from telehealth.payments import ChargeClosed, PayOrderState, Way, charging
from telehealth.payments.settling import look_at
from telehealth.rulebook.rules import Channel, ClinicKind
from telehealth.schedule import clinic_offers, slots_of
from telehealth.web.house import House

log = structlog.get_logger(__name__)

#: The door these bookings came through, by which the next start knows them again.
DOOR = "demo"


@dataclass(frozen=True, slots=True)
class _Seat:
    slot_id: UUID
    department_id: UUID


def lacks_visits(one: DemoPatient, had: Sequence[Booking]) -> bool:
    return any(_next_step(visit, booking) for visit, booking in _paired(one, had))


async def pay_for_visits(
    house: House, actor: Actor, one: DemoPatient, person_id: UUID, had: Sequence[Booking]
) -> None:
    """One visit after the other, each from where an earlier start left it.

    The first that fails ends it, so that the order in which they were made tells them apart.
    """
    for visit, found in _paired(one, had):
        try:
            await _go_on(house, actor, one, person_id, visit, found)
        except (DomainError, httpx2.HTTPError) as error:
            log.warning("demo.visit_left_out", department=visit.department, error=str(error))
            return


async def _go_on(
    house: House, actor: Actor, one: DemoPatient, person_id: UUID, visit: DemoVisit, found: Booking | None
) -> None:
    """Raises ChargeClosed when the hold ran out meanwhile: the next start holds another seat."""
    booking = found or await _hold(house, actor, one, person_id, visit)
    if booking.state is BookingState.HELD:
        await _pay(house, actor, booking.id)
    if visit.cancelled and _next_step(visit, booking):
        async with house.units.of(actor) as unit:
            await cancel(unit, booking.id)


def _paired(one: DemoPatient, had: Sequence[Booking]) -> list[tuple[DemoVisit, Booking | None]]:
    """One whose hold ran out before it was paid is made again."""
    ours = [row for row in had if row.door == DOOR and row.state is not BookingState.RELEASED]
    ours.sort(key=lambda row: row.id)
    return list(zip_longest(one.visits, ours[: len(one.visits)]))


def _next_step(visit: DemoVisit, booking: Booking | None) -> bool:
    """Whether anything is left to do."""
    if booking is None or booking.state is BookingState.HELD:
        return True
    return visit.cancelled and booking.state is BookingState.PAID


async def _hold(house: House, actor: Actor, one: DemoPatient, person_id: UUID, visit: DemoVisit) -> Booking:
    async with house.units.of(actor) as unit:
        place = await hospital_by_code(unit, one.hospital)
        seat = await _seat(unit, place.id, visit)
    asked = Question(place.id, person_id, stage=Stage.RED_FLAGS, stable=True, red_flags=())
    check = await assess(house.units, actor, asked)
    async with house.units.of(actor) as unit:
        await _accept_notice(unit, place.id)
    form_id = await _form(house, actor, person_id, seat.department_id, visit)
    async with house.units.of(actor) as unit:
        return await hold(unit, Wish(seat.slot_id, person_id, check.row.id, form_id, door=DOOR))


async def _seat(unit: Unit, hospital_id: UUID, visit: DemoVisit) -> _Seat:
    """In the middle of what is still to come of the day, or next; a day later when nothing is.

    Raises SlotNotFound.
    """
    for days in (visit.days, visit.days + 1):
        day = unit.today + timedelta(days=days)
        offers = await clinic_offers(unit, hospital_id, ClinicKind.INTERNET, first=day, last=day)
        clinics = [
            offer.clinic
            for offer in offers
            if offer.department.code == visit.department
            and (offer.doctor.account_id is not None or not visit.with_our_doctor)
        ]
        coming = [
            offer
            for offer in await slots_of(unit, clinics, Channel.ONLINE)
            if offer.left and offer.slot.starts_at > unit.now
        ]
        if coming:
            chosen = coming[0 if visit.with_our_doctor else len(coming) // 2]
            return _Seat(chosen.slot.id, chosen.clinic.department_id)
    raise SlotNotFound()


async def _accept_notice(unit: Unit, hospital_id: UUID) -> None:
    notice = await current_notice(unit, hospital_id)
    if notice is not None:
        await accept_notice(
            unit, hospital_id, notice.sha256,
            account_id=unit.actor.account, channel=NoticeChannel.BROWSER,
        )  # fmt: skip


async def _form(house: House, actor: Actor, person_id: UUID, department_id: UUID, visit: DemoVisit) -> UUID:
    """XY22. A draft that an earlier start left is gone on with."""
    async with house.units.of(actor) as unit:
        draft = await begin(unit, person_id=person_id, department_id=department_id, kind=ClinicKind.INTERNET)
        words = SaveForm(
            version=draft.version,
            complaint=visit.complaint,
            history=visit.history,
            no_history=not visit.history,
            allergies=visit.allergies,
            no_known_allergies=not visit.allergies,
            medicines=visit.medicines,
            no_medicines=not visit.medicines,
        )
        await save(unit, draft.id, words)
    return (await submit(house.units, actor, draft.id)).id


async def _pay(house: House, actor: Actor, booking_id: UUID) -> None:
    async with house.units.of(actor) as unit:
        charge = await open_charge(unit, booking_id)
    await pay_charge(house, actor, charge.id)


async def pay_charge(house: House, actor: Actor, charge_id: UUID) -> None:
    """By the code on the screen, which somebody scans with WeChat. Raises ChargeClosed."""
    begun = await charging.begin(house.units, actor, charge_id, Way.NATIVE)
    number = begun.order.out_trade_no
    await _press_pay(house.settings.sandbox_url, number)
    if await look_at(house.units, number) is not PayOrderState.PAID:
        raise ChargeClosed()


async def _press_pay(sandbox: str, number: str) -> None:
    async with httpx2.AsyncClient(timeout=5) as http:
        answer = await http.post(f"{sandbox}/wechatpay/till/pay", json={"out_trade_no": number})
    # Pressed by an earlier start that never learned of it: whoever asks next learns it.
    if answer.status_code != httpx2.codes.CONFLICT:
        answer.raise_for_status()
