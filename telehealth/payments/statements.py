"""Statements over many rows at once: leases, set-based locks, and what many parties answered.

Raw, on the unit's own connection: the midnight refund and its submission are hot paths.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any
from uuid import UUID

from psycopg.types.json import Jsonb

from telehealth.core.ids import new_id
from telehealth.core.unit import Unit
from telehealth.payments.models import Charge, PayOrder
from telehealth.payments.rules import REFUNDS_APART, WAITS, Parts, wait_after
from telehealth.payments.states import LegKind, LegState, OrderType, RefundReason


async def lease_orders(unit: Unit, *, limit: int) -> list[str]:
    """Take the open orders whose next question is due, by moving it on: the waits are the lease.

    Whoever dies over one leaves it to the next round. What somebody wants closed is asked about
    each minute.
    """
    connection = await unit.connection()
    rows = await connection.execute(
        _LEASE,
        {"wall": unit.wall, "limit": limit, "waits": [wait_after(asked) for asked in range(len(WAITS))]},
        prepare=True,
    )
    return [row[0] for row in await rows.fetchall()]


_LEASE = """
with due as (
    select o.id, c.closing_since is not null as closing
    from pay_orders o join charges c on c.id = o.charge_id
    where o.state in ('created', 'submitted') and o.look_at <= %(wall)s
    order by o.look_at limit %(limit)s
    for update of o skip locked
)
update pay_orders o set
    looks = o.looks + 1,
    look_at = %(wall)s + case
        when due.closing then interval '1 minute'
        else (%(waits)s::interval[])[least(o.looks + 2, array_length(%(waits)s::interval[], 1))] end
from due where o.id = due.id
returning o.out_trade_no
"""


def hurry_others(unit: Unit, charge_id: UUID, order_id: UUID) -> None:
    """The other open orders of a charge are asked about at once."""
    unit.later(_HURRY, (unit.wall, charge_id, order_id))


_HURRY = (
    b"update pay_orders set look_at = $1"
    b" where charge_id = $2 and id <> $3 and state in ('created', 'submitted')"
)


@dataclass(frozen=True, slots=True)
class Refundable:
    """An order that is paid, and what is left of it to give back."""

    hospital_id: UUID
    account_id: UUID | None
    charge_id: UUID
    order_id: UUID
    order_type: OrderType
    #: What it paid for was rendered: the money is revenue by now.
    is_earned: bool
    provider: str
    is_mixed: bool
    left: Parts

    @classmethod
    def of(cls, charge: Charge, order: PayOrder, left: Parts) -> "Refundable":
        return cls(
            hospital_id=charge.hospital_id,
            account_id=charge.account_id,
            charge_id=charge.id,
            order_id=order.id,
            order_type=charge.order_type,
            is_earned=charge.earned_at is not None and charge.settled_by == order.id,
            provider=order.provider,
            is_mixed=order.mix_trade_no is not None,
            left=left,
        )


async def lock_refundable(unit: Unit, charge_ids: Sequence[UUID]) -> list[Refundable]:
    """The paid ones among many charges, locked with the orders that paid them, in the order of ids."""
    if not charge_ids:
        return []
    await unit.flush()
    connection = await unit.connection()
    # What was given back is read by a statement of its own: one that waited for a lock still sees
    # the refunds of before it began to wait.
    await connection.execute(_LOCK_CHARGES, {"ids": list(charge_ids)}, prepare=True)
    rows = await connection.execute(_REFUNDABLE, {"ids": list(charge_ids)}, prepare=True)
    return [_refundable(row) for row in await rows.fetchall()]


def _refundable(row: tuple[Any, ...]) -> Refundable:
    hospital_id, account_id, charge_id, order_id, order_type, is_earned, provider, is_mixed, *left = row
    return Refundable(
        hospital_id, account_id, charge_id, order_id, OrderType(order_type), is_earned, provider, is_mixed,
        left=Parts(left[0], left[1], left[2], left[3]),
    )  # fmt: skip


_LOCK_CHARGES = """
select c.id from charges c join pay_orders o on o.id = c.settled_by
where c.id = any(%(ids)s::uuid[]) and c.state = 'settled'
order by c.id
for update of c, o
"""
_REFUNDABLE = """
select c.hospital_id, c.account_id, c.id, o.id, c.order_type, c.earned_at is not null, o.provider,
    o.mix_trade_no is not null, o.cash - back.cash, o.fund - back.fund, o.personal - back.personal,
    o.other - back.other
from charges c
join pay_orders o on o.id = c.settled_by
cross join lateral (
    select coalesce(sum(l.amount) filter (where l.kind = 'cash'), 0)::bigint as cash,
        coalesce(sum(l.fund), 0)::bigint as fund, coalesce(sum(l.personal), 0)::bigint as personal,
        coalesce(sum(l.other), 0)::bigint as other
    from refund_legs l where l.pay_order_id = o.id and l.kind in ('insurance', 'cash')
) back
where c.id = any(%(ids)s::uuid[]) and c.state = 'settled'
order by c.id
"""


@dataclass(frozen=True, slots=True)
class DueLeg:
    """A leg that is to be carried out, or asked about, with all that a party must be told."""

    id: UUID
    refund_id: UUID
    kind: LegKind
    party: str
    #: As it was before: a request, or under way.
    state: LegState
    amount: int
    fund: int
    personal: int
    other: int
    #: With this one.
    tries: int
    number: str
    reason: RefundReason
    requested_at: datetime
    out_trade_no: str
    order_cash: int
    cover_id: UUID | None
    mix_trade_no: str | None
    hospital: str
    #: Refunds of the same order that were sent before it.
    sent_before: int

    @property
    def cover(self) -> UUID:
        """The cover of an insurance leg, which there always is."""
        if self.cover_id is None:
            raise LookupError("an insurance leg without a cover")
        return self.cover_id


async def lease_legs(unit: Unit, *, limit: int) -> list[DueLeg]:
    """Take due legs by moving `next_at` on for a minute. Of one order a minute apart (business time)."""
    connection = await unit.connection()
    rows = await connection.execute(
        _LEASE_LEGS,
        {"wall": unit.wall, "now": unit.now, "limit": limit, "apart": REFUNDS_APART},
        prepare=True,
    )
    return [_due(row) for row in await rows.fetchall()]


async def cash_leg(unit: Unit, number: str) -> DueLeg | None:
    """The leg by which a provider gives cash back, by the refund's number; taken by nobody."""
    connection = await unit.connection()
    rows = await connection.execute(_CASH_LEG, {"number": number}, prepare=True)
    row = await rows.fetchone()
    return None if row is None else _due(row)


_LEG = """
    l.id, l.refund_id, l.kind, l.party, l.state, l.amount, l.fund, l.personal, l.other, l.tries,
    r.number, r.reason, r.requested_at, o.out_trade_no, o.cash, o.cover_id, o.mix_trade_no,
    o.request->>'hospital', (
        select count(*) from refund_legs s
        where s.pay_order_id = l.pay_order_id and s.kind = 'cash' and s.sent_at is not null and s.id <> l.id
    )
"""
# Nothing in it comes from outside: both statements name the same columns.
_LEASE_LEGS = f"""
with due as materialized (
    select l.id, l.pay_order_id, l.next_at, l.kind = 'cash' and l.sent_at is null as is_new
    from refund_legs l
    where l.state in ('requested', 'submitted') and l.next_at <= %(wall)s
        and (l.kind <> 'cash' or l.sent_at is not null or not exists (
            select 1 from refund_legs s
            where s.pay_order_id = l.pay_order_id and s.kind = 'cash' and s.id <> l.id
                and s.sent_at > %(now)s - %(apart)s::interval
        ))
    order by l.next_at
    limit %(limit)s
    for update skip locked
), mine as (
    select id from (
        select id, is_new, row_number() over (partition by pay_order_id, is_new order by next_at, id) as place
        from due
    ) ranked
    where not is_new or place = 1
)
update refund_legs l set
    next_at = %(wall)s + interval '1 minute',
    tries = l.tries + 1,
    sent_at = coalesce(l.sent_at, %(now)s)
from mine, refunds r, pay_orders o
where l.id = mine.id and r.id = l.refund_id and o.id = l.pay_order_id
returning {_LEG}
"""  # noqa: S608
_CASH_LEG = f"""
select {_LEG}
from refunds r
join refund_legs l on l.refund_id = r.id and l.kind = 'cash'
join pay_orders o on o.id = l.pay_order_id
where r.number = %(number)s
"""  # noqa: S608


def _due(row: tuple[Any, ...]) -> DueLeg:
    facts = dict(zip(_FIELDS, row, strict=True))
    facts |= {
        "kind": LegKind(facts["kind"]),
        "state": LegState(facts["state"]),
        "reason": RefundReason(facts["reason"]),
    }
    return DueLeg(**facts)


_FIELDS = tuple(field.name for field in fields(DueLeg))


async def write_submitted(unit: Unit, legs: Sequence[tuple[UUID, datetime | None, str | None]]) -> None:
    """The party has taken these on: id, when to ask about it, its own number. One statement."""
    if not legs:
        return
    connection = await unit.connection()
    await connection.execute(
        _SUBMITTED,
        {
            "ids": [leg[0] for leg in legs],
            "again": [leg[1] for leg in legs],
            "theirs": [leg[2] for leg in legs],
            "trails": [new_id() for _ in legs],
            "now": unit.now,
            "wall": unit.wall,
            "actor_name": unit.actor.name,
            "scope": unit.scope,
            "request_id": unit.request_id,
        },
        prepare=True,
    )


#: Refunds are locked before their legs, in the order of ids, as everybody does.
_SUBMITTED = """
with said as (
    select * from unnest(%(ids)s::uuid[], %(again)s::timestamptz[], %(theirs)s::text[], %(trails)s::uuid[])
        as said (id, again_at, party_number, trail)
), locked as materialized (
    select r.id from refunds r
    where r.id in (select l.refund_id from refund_legs l where l.id = any(%(ids)s::uuid[]))
    order by r.id for update
), legs as (
    update refund_legs l set
        state = 'submitted',
        next_at = said.again_at,
        party_number = coalesce(said.party_number, l.party_number),
        word = null
    from said, locked
    where l.id = said.id and l.refund_id = locked.id and l.state in ('requested', 'submitted')
    returning l.refund_id, said.trail
), sent as (
    update refunds r set state = 'submitted', submitted_at = coalesce(r.submitted_at, %(now)s)
    from legs where r.id = legs.refund_id and r.state = 'requested'
    returning r.id, r.hospital_id, r.account_id, r.number, legs.trail
)
insert into audit_records (
    id, hospital_id, account_id, at, wall_at, actor_id, actor_name, scope, name, subject_kind, subject_id,
    facts, request_id
)
select trail, hospital_id, account_id, %(now)s, %(wall)s, null, %(actor_name)s, %(scope)s,
    'refund.submitted', 'refunds', id::text, jsonb_build_object('number', number), %(request_id)s
from sent
"""


async def write_later(unit: Unit, legs: Sequence[tuple[UUID, datetime | None]]) -> None:
    """Nothing is known of these: id, and when to ask again."""
    if not legs:
        return
    connection = await unit.connection()
    await connection.execute(
        """
        update refund_legs l set next_at = said.again_at
        from unnest(%(ids)s::uuid[], %(again)s::timestamptz[]) as said (id, again_at)
        where l.id = said.id and l.state in ('requested', 'submitted')
        """,
        {"ids": [leg[0] for leg in legs], "again": [leg[1] for leg in legs]},
        prepare=True,
    )


async def keep_notice(
    unit: Unit,
    notice_id: UUID,
    provider: str,
    hospital_code: str,
    topic: str,
    *,
    headers: Mapping[str, str],
    body: bytes,
) -> UUID | None:
    """Store a callback as it came; whose it is, or None for a hospital that is not ours."""
    cursor = unit.cursor_for(_KEEP)
    facts = (notice_id, provider, topic, unit.wall, Jsonb(dict(headers)), body, hospital_code)
    await cursor.execute(_KEEP, facts, prepare=True)
    row = await cursor.fetchone()
    return None if row is None else row[0]


_KEEP = b"""
insert into provider_notices (id, hospital_id, provider, topic, received_at, headers, body, verdict)
select $1::uuid, h.id, $2::text, $3::text, $4::timestamptz, $5::jsonb, $6::bytea,
    case when h.id is null then 'foreign' else 'unread' end
from (select $7::text as code) asked left join hospitals h on h.code = asked.code
returning hospital_id
"""


def judge_notice(unit: Unit, notice_id: UUID, verdict: str, reference: str | None) -> None:
    unit.later(_JUDGE, (verdict, reference, notice_id))


_JUDGE = b"update provider_notices set verdict = $1, reference = $2 where id = $3 and verdict = 'unread'"
