"""Ask the hospitals' systems for bills. Network steps: no unit is open while one answers."""

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

import structlog

from telehealth.core.access import Actor
from telehealth.core.jobs import Work, task
from telehealth.core.unit import Unit, Units
from telehealth.directory import hospital
from telehealth.hospital import HISRejected, HISUnavailable
from telehealth.hospital.billing import BillingGateway, HISBill
from telehealth.notifications import Notice
from telehealth.outpatient import queries
from telehealth.outpatient.noting import note, note_answer, remind_again, tell_family
from telehealth.outpatient.queries import Whom
from telehealth.outpatient.states import BillState
from telehealth.outpatient.telling import hear_again

log = structlog.get_logger(__name__)

REASON = "outpatient bills"
#: A page that is opened again within that asks nobody.
FRESH = timedelta(seconds=60)
#: How often somebody who was seen today is asked about unasked.
_ROUND = timedelta(minutes=5)
_AT_ONCE = 50
_AN_INSTANT = timedelta(microseconds=1)
#: Nobody waits longer for medicine; after that the window is asked in person.
_PICKUP = timedelta(hours=12)
#: For so long after the payment an examination that has not taken place may be called off at the hospital.
_CALLED_OFF = timedelta(days=30)
_DAILY = timedelta(days=1)
_DAILY_AT_ONCE = 200


@dataclass(frozen=True, slots=True)
class _Answer:
    whom: Whom
    fetched_at: datetime
    unpaid: list[HISBill]
    others: dict[str, HISBill | None]


async def refresh(units: Units, actor: Actor, *, at_once: bool = False) -> list[UUID]:
    """Ask about everybody the account acts for; the hospitals that did not answer.

    What was asked a minute ago is not asked again, unless somebody wants it `at_once`.
    """
    async with units.of(actor) as unit:
        since = unit.now + _AN_INSTANT if at_once else unit.now - FRESH
        whom = await queries.whom_to_ask_for(unit, actor.account, fresh_since=since)
        due = {one: await queries.due_ids(unit, one) for one in whom}
    answers = await asyncio.gather(*(_ask_quietly(units, one, due[one]) for one in whom))
    async with units.of(actor) as unit:
        for answer in answers:
            if answer is not None:
                await _keep(unit, answer, seen=True)
    silent = (one.hospital_id for one, answer in zip(whom, answers, strict=True) if answer is None)
    return list(dict.fromkeys(silent))


async def ask_after_visits(units: Units) -> int:
    """Ask about whoever is seen today, and tell them what there is to pay; how many bills are new."""
    async with units.system(REASON) as unit:
        whom = await queries.whom_to_ask_after(unit, fresh_since=unit.now - _ROUND, limit=_AT_ONCE)
        due = {one: await queries.due_ids(unit, one) for one in whom}
    found = 0
    silent: set[UUID] = set()
    for one in whom:
        if one.hospital_id in silent:
            continue
        answer = await _ask_quietly(units, one, due[one])
        if answer is None:
            silent.add(one.hospital_id)
            continue
        async with units.system(REASON) as unit:
            found += await _keep(unit, answer, seen=False)
    return found


async def ask_pharmacies(units: Units) -> int:
    """Ask whether medicine that is paid for was called yet (BJ08); how many were asked about."""
    async with units.system(REASON) as unit:
        waiting = await queries.to_be_called(unit, since=unit.now - _PICKUP, limit=_AT_ONCE)
    await _ask_about_each(units, waiting)
    return len(waiting)


async def ask_after_confirmed(units: Units) -> int:
    """Give back by itself what the hospital called off after it had confirmed; how many were asked about."""
    async with units.system(REASON) as unit:
        kept = await queries.kept_and_not_asked(
            unit, paid_since=unit.now - _CALLED_OFF, asked_before=unit.now - _DAILY, limit=_DAILY_AT_ONCE
        )
    await _ask_about_each(units, kept)
    return len(kept)


async def ask_about(units: Units, bill_id: UUID) -> None:
    """One bill, as the hospital's system has it now. Raises HISUnavailable, HISRejected, BillNotFound."""
    async with units.system(REASON) as unit:
        place = await queries.named(unit, bill_id)
        row, code = place.bill, place.hospital.code
        fetched_at = unit.now
    gateway = units.port(BillingGateway)  # type: ignore[type-abstract]
    found = await gateway.bill(code, row.his_patient_id, row.resource_id)
    async with units.system(REASON) as unit:
        row = await queries.lock_bill(unit, bill_id)
        if row.state is BillState.CONFIRMED:
            await hear_again(unit, row, found, fetched_at=fetched_at)
        else:
            await note(unit, row, found, fetched_at=fetched_at)


async def on_reminder(unit: Unit, bill_id: UUID) -> None:
    """Deadline `outpatient.bill_reminder`: said only once the hospital confirmed that it is unpaid."""
    row = await queries.lock_bill(unit, bill_id)
    if row.state is BillState.DUE:
        await unit.defer(remind, bill_id=bill_id)
        await remind_again(unit, row)


@task("outpatient.remind")
async def remind(work: Work, *, bill_id: str) -> None:
    """XY09. While the hospital's system is silent the word waits; it is no use after the deadline."""
    await ask_about(work.units, UUID(bill_id))
    async with work.units.system(REASON) as unit:
        row = await queries.lock_bill(unit, UUID(bill_id))
        if row.state is BillState.DUE and unit.now < row.shown_until:
            unit.audit("outpatient_bill.reminded", row, number=row.number)
            await tell_family(unit, row, Notice.BILL_REMINDED)


async def _ask_about_each(units: Units, bills: Iterable[tuple[UUID, UUID]]) -> None:
    """Each bill, with its hospital; a hospital that is silent is not asked again this time."""
    silent: set[UUID] = set()
    for bill_id, hospital_id in bills:
        if hospital_id in silent:
            continue
        try:
            await ask_about(units, bill_id)
        except (HISUnavailable, HISRejected) as error:
            log.info("bill.hospital_silent", bill=str(bill_id), error=error.code)
            silent.add(hospital_id)


async def _ask_quietly(units: Units, whom: Whom, due: Iterable[str]) -> _Answer | None:
    fetched_at = units.clock.business()
    gateway = units.port(BillingGateway)  # type: ignore[type-abstract]
    try:
        unpaid = list(await gateway.unpaid(whom.hospital, whom.his_patient_id))
        lacking = sorted(set(due) - {bill.resource_id for bill in unpaid})
        others = {one: await gateway.bill(whom.hospital, whom.his_patient_id, one) for one in lacking}
    except (HISUnavailable, HISRejected) as error:
        log.warning("bill.hospital_silent", hospital=whom.hospital, error=error.code)
        return None
    return _Answer(whom, fetched_at, unpaid, others)


async def _keep(unit: Unit, answer: _Answer, *, seen: bool) -> int:
    """`seen`: whoever asked is looking at the answer, and need not be told."""
    new = await note_answer(unit, answer.whom, answer.unpaid, answer.others, fetched_at=answer.fetched_at)
    for row in new:
        row.told_at = unit.now
        if not seen:
            await tell_family(unit, row, Notice.BILL_READY)
    return len(new)


async def hospital_names(unit: Unit, ids: Iterable[UUID]) -> list[tuple[str, str]]:
    """Chinese and English names of those that were silent."""
    rows = [await hospital(unit, one) for one in ids]
    return [(row.name, row.name_en) for row in rows]
