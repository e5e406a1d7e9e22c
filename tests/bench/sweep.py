"""Midnight in one process: visits that were paid for and not attended become requested refunds."""

import asyncio
import statistics
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from itertools import count
from typing import Any
from uuid import UUID

import sqlalchemy as sa
import uvloop

from telehealth.bookings.models import Booking
from telehealth.bookings.states import BookingState
from telehealth.bookings.sweeping import sweep_unattended
from telehealth.consultations.models import Consultation
from telehealth.consultations.states import ConsultationState
from telehealth.core.clock import hospital_day
from telehealth.core.ids import new_id
from telehealth.core.unit import Unit, Units
from telehealth.intake.models import IntakeForm
from telehealth.intake.states import FormState
from telehealth.ledger import post_all
from telehealth.payments import entries
from telehealth.payments.models import Charge, ChargeLine, PayOrder, Refund
from telehealth.payments.states import ChargeState, OrderType, PayOrderState, Way
from telehealth.rulebook.rules import Channel, ClinicKind
from telehealth.schedule import Clinic, Slot
from tests.bench import sample
from tests.bench.figures import Figure, Figures
from tests.bench.patients import add_patients, open_hospital
from tests.bench.sample import Place
from tests.bench.server import durable_database
from tests.bench.service import units_of

ROUNDS = 3
A_ROUND = 2_000
_TO_WARM = 400
_BATCH = 500
FEE = 5_000
_numbers = count(1)


def measure() -> Figures:
    """The whole of it: bookings, rooms, refunds with their legs and books, forms, notices, audit, commits."""
    with durable_database() as database, asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        units = runner.run(units_of(database))
        try:
            yield runner.run(_sweeps(units))
        finally:
            runner.run(units.engine.dispose())


async def _sweeps(units: Units) -> Figure:
    place = await open_hospital(units, doctors=20)
    await sample.add_slots(units, place, slots=400)
    await add_patients(units, place, count=_TO_WARM + ROUNDS * A_ROUND)
    await pay_for_visits(units, place, _TO_WARM)
    await sweep_unattended(units)
    rates, cpu_ms = [], []
    for _ in range(ROUNDS):
        await pay_for_visits(units, place, A_ROUND)
        began, before = time.perf_counter(), time.process_time()
        swept = await sweep_unattended(units)
        took_s = time.perf_counter() - began
        assert swept == A_ROUND
        rates.append(round(swept / took_s))
        cpu_ms.append(round(1000 * (time.process_time() - before) / swept, 3))
    async with units.system("sample") as unit:
        refunds = await unit.session.scalar(sa.select(sa.func.count()).select_from(Refund))
    wanted = _TO_WARM + ROUNDS * A_ROUND
    return Figure(
        "refund_sweep",
        statistics.median(rates) if refunds == wanted else None,
        "bookings/s",
        ">= 1000",
        {"rounds": rates, "cpu_ms_per_booking": cpu_ms, "refunds": refunds, "wanted": wanted},
    )


@dataclass(frozen=True, slots=True)
class _Seat:
    slot: Slot
    clinic: Clinic


async def pay_for_visits(units: Units, place: Place, wanted: int) -> None:
    """Visits of yesterday, each with its own patient, form, charge, order and entry in the books."""
    async with units.system("sample") as unit:
        seats = [
            _Seat(slot, clinic)
            for slot, clinic in await unit.session.execute(
                sa.select(Slot, Clinic).join(Clinic, Clinic.id == Slot.clinic_id)
            )
        ]
        forms = list(
            await unit.session.scalars(
                sa.select(IntakeForm).where(IntakeForm.state == FormState.SUBMITTED).limit(wanted)
            )
        )
    for first in range(0, wanted, _BATCH):
        async with units.system("sample") as unit:
            await _add_visits(unit, place, forms[first : first + _BATCH], seats)
    async with units.engine.connect() as connection:
        await connection.execute(sa.text("analyze"))
        await connection.commit()


async def _add_visits(unit: Unit, place: Place, forms: Sequence[IntakeForm], seats: Sequence[_Seat]) -> None:
    bookings, rooms, charges, lines, orders = [], [], [], [], []
    for form in forms:
        booking_id, charge_id, order_id, number = new_id(), new_id(), new_id(), next(_numbers)
        whose: dict[str, Any] = {"hospital_id": place.hospital_id, "account_id": form.account_id}
        seat = seats[number % len(seats)]
        charges.append(_charge(unit, charge_id, order_id, booking_id, form.person_id, number, whose))
        lines.append(_line(charge_id, whose))
        orders.append(_order(unit, order_id, charge_id, number, whose))
        bookings.append(_booking(unit, place, booking_id, charge_id, form, seat, number))
        rooms.append(_room(bookings[-1]))
    made = ((Charge, charges), (ChargeLine, lines), (PayOrder, orders), (Booking, bookings))
    for kind, rows in (*made, (Consultation, rooms)):
        await unit.session.execute(sa.insert(kind), rows)
    await unit.session.execute(
        sa.update(IntakeForm)
        .where(IntakeForm.id.in_([form.id for form in forms]))
        .values(state=FormState.USED)
    )
    paid = [(Charge(**charge), PayOrder(**order)) for charge, order in zip(charges, orders, strict=True)]
    await post_all(unit, [entries.paid(charge, order) for charge, order in paid])


def _charge(
    unit: Unit,
    charge_id: UUID,
    order_id: UUID,
    booking_id: UUID,
    person_id: UUID,
    number: int,
    whose: dict[str, Any],
) -> dict[str, Any]:
    return {
        "id": charge_id, "number": f"CH-SAMPLE-{number}", "person_id": person_id, "subject_kind": "booking",
        "subject_id": booking_id, "order_type": OrderType.CONSULT, "description": "样例", "amount": FEE,
        "state": ChargeState.SETTLED, "pay_by": unit.now, "closing_since": None, "settled_at": unit.now,
        "settled_by": order_id, "earned_at": None, "created_at": unit.now, **whose,
    }  # fmt: skip


def _line(charge_id: UUID, whose: dict[str, Any]) -> dict[str, Any]:
    return {
        "id": new_id(), "charge_id": charge_id, "position": 1, "kind": "consult_fee", "description": "样例",
        "amount": FEE, "fund": 0, "personal": 0, "other": 0, **whose,
    }  # fmt: skip


def _order(unit: Unit, order_id: UUID, charge_id: UUID, number: int, whose: dict[str, Any]) -> dict[str, Any]:
    return {
        "id": order_id, "charge_id": charge_id, "provider": "wechatpay", "way": Way.JSAPI,
        "out_trade_no": f"CH-SAMPLE-{number}-1", "transaction_id": f"sample-{number}", "cash": FEE,
        "fund": 0, "personal": 0, "other": 0, "cover_id": None, "mix_trade_no": None,
        "state": PayOrderState.PAID, "request": {"hospital": "yunan"}, "answer": {}, "expires_at": unit.now,
        "look_at": unit.wall, "looks": 1, "paid_at": unit.now, "paid_on": unit.today, "taken_by": None,
        "created_at": unit.now, **whose,
    }  # fmt: skip


def _booking(
    unit: Unit,
    place: Place,
    booking_id: UUID,
    charge_id: UUID,
    form: IntakeForm,
    seat: _Seat,
    number: int,
) -> dict[str, Any]:
    yesterday = unit.now - timedelta(days=1)
    return {
        "id": booking_id, "number": f"BK-SAMPLE-{number:06d}", "hospital_id": place.hospital_id,
        "account_id": form.account_id, "person_id": form.person_id, "clinic_id": seat.clinic.id,
        "slot_id": seat.slot.id, "campus_id": place.campus_id, "department_id": place.department_id,
        "doctor_id": seat.clinic.doctor_id, "kind": ClinicKind.INTERNET, "channel": Channel.ONLINE,
        "door": "app", "state": BookingState.PAID, "pending_verification": False, "assisted": False,
        "day": hospital_day(yesterday), "starts_at": yesterday, "ends_at": yesterday + timedelta(minutes=12),
        "hold_until": yesterday, "fee": FEE, "form_id": form.id, "charge_id": charge_id,
        "created_at": yesterday,
    }  # fmt: skip


def _room(booking: dict[str, Any]) -> dict[str, Any]:
    same = (
        "id", "hospital_id", "account_id", "person_id", "doctor_id", "department_id", "form_id", "day",
        "starts_at", "ends_at",
    )  # fmt: skip
    facts = {name: booking[name] for name in same}
    return facts | {"state": ConsultationState.WAITING, "opened_at": booking["created_at"]}
