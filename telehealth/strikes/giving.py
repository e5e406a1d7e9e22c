"""Record an absence as a strike, and the ban it brings when it is the one too many (SJ07, SJ08)."""

from dataclasses import dataclass
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from telehealth.core.clock import HospitalDay
from telehealth.core.ids import new_id
from telehealth.core.plain import plain
from telehealth.core.unit import Unit
from telehealth.notifications import Notice, notify
from telehealth.patients import people_by_id
from telehealth.patients.masking import mask_name
from telehealth.rulebook import current_policy
from telehealth.rulebook.rules import Channel, PolicySet
from telehealth.strikes import queries
from telehealth.strikes.errors import StrikeNotFound, StrikeRefused
from telehealth.strikes.models import BanRow, StrikeRow
from telehealth.strikes.rules import Absence, bans_from, why_no_strike


@dataclass(frozen=True, slots=True)
class Missed:
    """The booking nobody came for; `on` is the day of its slot."""

    hospital_id: UUID
    person_id: UUID
    account_id: UUID | None
    booking_id: UUID
    booking_number: str
    on: HospitalDay


async def give_strike(unit: Unit, missed: Missed, absence: Absence) -> StrikeRow:
    """One absence is one strike: calling it again for the same booking changes nothing.

    A ban closes the channels of the hospital's policy from this day on; what is booked stays booked.

    Raises StrikeRefused with every reason against it.
    """
    version = await current_policy(unit, missed.hospital_id)
    reasons = why_no_strike(absence, version.policy)
    if reasons:
        raise StrikeRefused(reasons=[str(reason) for reason in reasons])
    await lock_standing(unit, missed.hospital_id, missed.person_id)
    strike_id = await _insert(unit, missed, absence, version.number)
    if strike_id is None:
        known = await queries.strike_of_booking(unit, missed.booking_id)
        if known is None:
            raise StrikeNotFound()
        return known
    strike = await queries.strike(unit, strike_id)
    if strike is None:
        raise StrikeNotFound()
    unit.audit("strike.given", strike, booking=missed.booking_number, policy=version.number)
    person = await masked_person(unit, missed.person_id)
    if missed.account_id is not None:
        await notify(
            unit, Notice.STRIKE_GIVEN, missed.account_id, hospital_id=missed.hospital_id, href="/strikes",
            person=person, on=missed.on,
        )  # fmt: skip
    await _ban(unit, strike, version.policy, person)
    return strike


async def lock_standing(unit: Unit, hospital_id: UUID, person_id: UUID) -> None:
    """Strikes of one person at one hospital are counted one after another."""
    statement = sa.text("select pg_advisory_xact_lock(hashtextextended(:key, 0))")
    await unit.session.execute(statement, {"key": f"strikes:{hospital_id}:{person_id}"})


async def masked_person(unit: Unit, person_id: UUID) -> str:
    found = (await people_by_id(unit, [person_id])).get(person_id)
    return mask_name(found.name) if found else "*"


async def _insert(unit: Unit, missed: Missed, absence: Absence, policy_number: int) -> UUID | None:
    row = insert(StrikeRow).values(
        id=new_id(),
        hospital_id=missed.hospital_id,
        person_id=missed.person_id,
        account_id=missed.account_id,
        booking_id=missed.booking_id,
        booking_number=missed.booking_number,
        on=missed.on,
        given_at=unit.now,
        policy_number=policy_number,
        evidence=plain(absence),
        reversal_reason="",
    )
    once = row.on_conflict_do_nothing(index_elements=["booking_id"]).returning(StrikeRow.id)
    return (await unit.session.execute(once)).scalar_one_or_none()


async def _ban(unit: Unit, strike: StrikeRow, policy: PolicySet, person: str) -> None:
    """Record what the whole history brings now: an absence may be reported after a later one."""
    history = queries.as_rules(await queries.strikes_of(unit, strike.hospital_id, strike.person_id))
    recorded = await queries.unlifted_bans(unit, strike.hospital_id, strike.person_id)
    known = {(row.channel, row.from_on) for row in recorded}
    ends = [
        await _start(unit, strike, ban.channel, ban.from_on, ban.until_on)
        for ban in bans_from(history, policy)
        if ban.from_on is not None and ban.until_on is not None
        if (ban.channel, ban.from_on) not in known and ban.until_on >= unit.today
    ]
    if ends and strike.account_id is not None:
        await notify(
            unit, Notice.BAN_STARTED, strike.account_id, hospital_id=strike.hospital_id, href="/strikes",
            person=person, until=max(ends),
        )  # fmt: skip


async def _start(
    unit: Unit, strike: StrikeRow, channel: Channel, from_on: HospitalDay, until_on: HospitalDay
) -> HospitalDay:
    row = BanRow(
        hospital_id=strike.hospital_id,
        person_id=strike.person_id,
        strike_id=strike.id,
        channel=channel,
        from_on=from_on,
        until_on=until_on,
    )
    unit.session.add(row)
    await unit.session.flush()
    unit.audit("ban.started", row, account_id=strike.account_id, channel=channel, until=until_on)
    return until_on
