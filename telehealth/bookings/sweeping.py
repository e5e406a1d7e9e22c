"""Midnight: whoever paid and was not attended gets everything back, without asking (XY12).

One data-modifying statement ends a batch of bookings under the very condition that evidence is
recorded under (`attending`), so commit time decides between the two (XY14). Refunds are requested
in the same transaction; they leave for the provider afterwards.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import psycopg
import sqlalchemy as sa
import structlog
from psycopg.rows import class_row
from psycopg.types.json import Jsonb

from telehealth.bookings.asking_hospital import ask_about_visits
from telehealth.bookings.attending import LONGEST_CALL
from telehealth.bookings.events import BookingsLeft
from telehealth.bookings.releasing import href
from telehealth.core.errors import DomainError
from telehealth.core.ids import new_id
from telehealth.core.unit import Unit, Units
from telehealth.intake import release_forms
from telehealth.notifications import Notice, Told, notify_many
from telehealth.payments.refunding import RefundWish, refund_many
from telehealth.payments.states import RefundReason

log = structlog.get_logger(__name__)

_FAILURES = (DomainError, sa.exc.SQLAlchemyError, psycopg.Error)


@dataclass(frozen=True, slots=True)
class Swept:
    """What the statement says of a booking it ended."""

    id: UUID
    number: str
    hospital_id: UUID
    account_id: UUID | None
    charge_id: UUID | None
    form_id: UUID | None
    fee: int
    starts_at: datetime


async def sweep_at_midnight(units: Units) -> None:
    """Housekeeping: what the hospital's system knows of offline visits first, then the sweep."""
    await ask_about_visits(units)
    await sweep_unattended(units)


async def sweep_unattended(units: Units, limit: int = 200) -> int:
    """End and refund every visit of a day gone by that nobody attended; how many.

    Catches up after any downtime, and tolerates company. A visit that a call still holds is left
    for a later round. One that cannot be refunded does not hold up the others: it stays paid, is
    logged, and is tried again in the next round.
    """
    count, stuck = 0, set[UUID]()
    while True:
        taken: list[Swept] = []
        try:
            await _batch(units, limit, stuck, taken)
        except _FAILURES as error:
            if not taken:
                raise
            if len(taken) > 1:
                count += await _one_by_one(units, len(taken), stuck)
                continue
            _give_up(taken[0], error, stuck)
            continue
        count += len(taken)
        if len(taken) < limit:
            return count


async def _one_by_one(units: Units, times: int, stuck: set[UUID]) -> int:
    """The same bookings again, each in a unit of its own: find those that fail."""
    count = 0
    for _ in range(times):
        taken: list[Swept] = []
        try:
            await _batch(units, 1, stuck, taken)
        except _FAILURES as error:
            if not taken:
                raise
            _give_up(taken[0], error, stuck)
            continue
        count += len(taken)
    return count


def _give_up(booking: Swept, error: Exception, stuck: set[UUID]) -> None:
    stuck.add(booking.id)
    log.error("sweep.left_out", booking=booking.number, error=type(error).__name__, exc_info=error)


async def _batch(units: Units, limit: int, without: set[UUID], taken: list[Swept]) -> None:
    """`taken` is filled before anything else can fail."""
    async with units.system("midnight sweep") as unit:
        taken += await _end(unit, limit, without)
        if not taken:
            return
        unit.step("sweep")
        wishes = [RefundWish(row.charge_id) for row in taken if row.charge_id is not None and row.fee]
        await refund_many(unit, wishes, RefundReason.UNATTENDED)
        await release_forms(unit, [row.form_id for row in taken if row.form_id is not None])
        await unit.publish(BookingsLeft([row.id for row in taken]))
        await notify_many(
            unit,
            Notice.BOOKING_UNATTENDED,
            [
                Told(
                    row.account_id,
                    row.hospital_id,
                    href(row.id),
                    {"number": row.number, "starts_at": row.starts_at},
                )
                for row in taken
                if row.account_id is not None
            ],
        )


SWEEP_STATEMENT = """
with due as (
    select id, row_number() over () as nth
    from (
        select id from bookings
        where state = 'paid' and attended_at is null and day < %(today)s
            -- Who came in person left the evidence in the hospital's system: see asking_hospital.
            and (kind = 'internet' or no_visit_at is not null)
            and (call_since is null or call_since <= %(call_before)s)
            and id <> all(%(without)s::uuid[])
        order by day, id
        limit %(limit)s
        for update skip locked
    ) as free
), swept as (
    update bookings b set state = 'unattended', ended_at = %(now)s, call_since = null
    from due
    where b.id = due.id and b.state = 'paid' and b.attended_at is null
    returning b.id, b.number, b.hospital_id, b.account_id, b.charge_id, b.form_id, b.fee, b.starts_at,
        b.day, due.nth
), trail as (
    insert into audit_records (
        id, hospital_id, account_id, at, wall_at, actor_id, actor_name, scope, name,
        subject_kind, subject_id, facts, request_id
    )
    select (%(audit_ids)s::uuid[])[nth], hospital_id, account_id, %(now)s, %(wall)s, null, %(actor_name)s,
        %(scope)s, 'booking.unattended', 'bookings', id::text,
        %(facts)s || jsonb_build_object('number', number, 'day', day), %(request_id)s
    from swept
)
select id, number, hospital_id, account_id, charge_id, form_id, fee, starts_at from swept
"""


async def _end(unit: Unit, limit: int, without: set[UUID]) -> list[Swept]:
    connection = await unit.connection()
    arguments: dict[str, Any] = {
        "today": unit.today,
        "call_before": unit.now - LONGEST_CALL,
        "without": list(without),
        "limit": limit,
        "now": unit.now,
        "wall": unit.wall,
        "audit_ids": [new_id() for _ in range(limit)],
        "actor_name": unit.actor.name,
        "scope": unit.scope,
        "facts": Jsonb({"refund": str(RefundReason.UNATTENDED)}),
        "request_id": unit.request_id,
    }
    async with connection.cursor(row_factory=class_row(Swept)) as cursor:
        await cursor.execute(SWEEP_STATEMENT, arguments, prepare=True)
        return await cursor.fetchall()
