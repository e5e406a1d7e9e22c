"""Give money back: one road for every reason. A refund happens once per cause, in full or by share.

Requesting it moves the books and makes its legs, in the caller's transaction, with a fixed number of
statements however many there are. Nobody outside is called: `submitting` carries the legs out.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any
from uuid import UUID

from telehealth.core.clock import HospitalDay
from telehealth.core.ids import new_id
from telehealth.core.money import yuan
from telehealth.core.unit import Unit
from telehealth.directory import working_calendar
from telehealth.ledger import Account, Entry, post_all
from telehealth.notifications import Notice, notify
from telehealth.payments import entries, queries, statements
from telehealth.payments.errors import RefundNotParked
from telehealth.payments.models import Charge, PayOrder, Refund
from telehealth.payments.rules import Parts, expected_by, refund_number, share_of
from telehealth.payments.statements import Refundable
from telehealth.payments.states import (
    ChargeState,
    LegEvent,
    LegKind,
    LegState,
    RefundReason,
)
from telehealth.payments.submitting import submit_refunds
from telehealth.payments.walking import follow_legs, lock_road, settle_leg

__all__ = [
    "INSURER", "RefundMade", "RefundWish", "refund_in_full", "refund_many", "refund_order", "refund_share",
    "retry", "settle_by_hand",
]  # fmt: skip

#: The party of an insurance leg.
INSURER = "nhsa"
_FULL = 10_000
#: No row of closed days is longer.
_LOOK_AHEAD = timedelta(days=60)
#: Whoever asks for these tells the patient, with the reason; the others are told here.
_TOLD_HERE = frozenset(
    {
        RefundReason.LATE_PAYMENT,
        RefundReason.DOUBLE_PAYMENT,
        RefundReason.SPLIT_FAILED,
        RefundReason.STAFF,
    }
)


@dataclass(frozen=True, slots=True)
class RefundWish:
    charge_id: UUID


@dataclass(frozen=True, slots=True)
class RefundMade:
    charge_id: UUID
    account_id: UUID | None
    hospital_id: UUID
    refund_id: UUID
    number: str
    amount: int
    expected_by: HospitalDay


@dataclass(frozen=True, slots=True)
class _Claim:
    """One refund to be made: so much of that order."""

    of: Refundable
    parts: Parts
    reason: RefundReason
    cause: str
    note: str = ""


async def refund_in_full(
    unit: Unit, charge_id: UUID, reason: RefundReason, *, note: str = ""
) -> Refund | None:
    """All that is left of what paid a charge; None when nothing came in or nothing is left.

    The caller has locked the subject. Asking again for the same reason answers the first refund.
    """
    return await _refund_charge(unit, charge_id, _FULL, reason, note=note)


async def refund_share(
    unit: Unit,
    charge_id: UUID,
    basis_points: int,
    reason: RefundReason,
    *,
    note: str = "",
    in_all: bool = False,
) -> Refund | None:
    """As `refund_in_full`, a share of every line and part; rounding favours the patient. None for none.

    `in_all`: with what went back before, so that deciding it twice gives it once.
    """
    return await _refund_charge(unit, charge_id, basis_points, reason, note=note, in_all=in_all)


async def refund_order(
    unit: Unit, order: PayOrder, reason: RefundReason, *, parts: Parts | None = None, note: str = ""
) -> Refund | None:
    """One paid order, locked with its charge: `parts` of it, else all that is left."""
    charge = await queries.charge_by_id(unit, order.charge_id)
    left = entries.parts_of(order) - await queries.returned_of(unit, order.id)
    of = Refundable.of(charge, order, left)
    wanted = left if parts is None else parts.at_most(left)
    return await _refund_one(unit, of, wanted, reason, note=note)


async def refund_many(
    unit: Unit, wishes: Sequence[RefundWish], reason: RefundReason, *, note: str = ""
) -> list[RefundMade]:
    """Everything that is left of many charges, whose subjects are locked, with one statement per table.

    Charges that are not paid, or were refunded for this reason before, are left out of the answer.
    Nobody is told here.
    """
    found = await statements.lock_refundable(unit, [wish.charge_id for wish in wishes])
    claims = [_Claim(of, of.left, reason, _cause(of.order_id, reason), note) for of in found]
    return await _request(unit, [claim for claim in claims if claim.parts.total])


async def retry(unit: Unit, refund_id: UUID) -> Refund:
    """Send a parked refund again, with the same number. Raises RefundNotFound, RefundNotParked."""
    refund = await queries.lock_refund(unit, refund_id)
    if not refund.is_parked:
        raise RefundNotParked()
    legs = await queries.lock_legs(unit, refund_id)
    for leg in legs:
        if leg.state is LegState.PARKED:
            leg.apply(LegEvent.RETRY)
            leg.next_at, leg.word = unit.wall, None
    follow_legs(unit, refund, legs)
    unit.audit("refund.retried", refund, number=refund.number)
    unit.step("refund.retried")
    await unit.defer(submit_refunds)
    return refund


async def settle_by_hand(unit: Unit, refund_id: UUID, note: str) -> Refund:
    """A person gave the money back another way, cash over the counter above all.

    Raises RefundNotFound, RefundNotParked.
    """
    road = await lock_road(unit, refund_id)
    refund = road.refund
    if not refund.is_parked:
        raise RefundNotParked()
    refund.note = f"{refund.note}\n{note}".strip()
    unit.audit("refund.settled_by_hand", refund, number=refund.number, amount=refund.amount)
    unit.step("refund.settled_by_hand")
    for leg in road.legs:
        if leg.state is LegState.PARKED:
            await settle_leg(unit, road, leg)
    if any(leg.state is LegState.REQUESTED for leg in road.legs):
        await unit.defer(submit_refunds)
    return refund


async def _refund_charge(
    unit: Unit,
    charge_id: UUID,
    basis_points: int,
    reason: RefundReason,
    *,
    note: str,
    in_all: bool = False,
) -> Refund | None:
    charge = await queries.lock_charge(unit, charge_id)
    if charge.state is not ChargeState.SETTLED or charge.settled_by is None:
        return None
    order = await queries.lock_order(unit, charge.settled_by)
    returned = await queries.returned_of(unit, order.id)
    left = entries.parts_of(order) - returned
    wanted = left
    if basis_points < _FULL:
        wanted = await _share(unit, charge, order, basis_points)
        wanted = wanted.beyond(returned) if in_all else wanted
    return await _refund_one(
        unit, Refundable.of(charge, order, left), wanted.at_most(left), reason, note=note
    )


async def _share(unit: Unit, charge: Charge, order: PayOrder, basis_points: int) -> Parts:
    lines = await queries.lines_of(unit, charge.id)
    paid = [
        Parts(line.amount - line.fund - line.personal - line.other, line.fund, line.personal, line.other)
        for line in lines
    ]
    return sum(share_of(paid, basis_points), Parts())


async def _refund_one(
    unit: Unit, of: Refundable, parts: Parts, reason: RefundReason, *, note: str
) -> Refund | None:
    cause = _cause(of.order_id, reason)
    if reason is RefundReason.STAFF:
        # Staff may refund in parts.
        cause = f"{cause}:{await queries.count_refunds(unit, of.order_id) + 1}"
    if (made := await queries.refund_by_cause(unit, cause)) is not None:
        return made
    if not parts.total:
        return None
    await _request(unit, [_Claim(of, parts, reason, cause, note)])
    refund = await queries.refund_by_cause(unit, cause)
    if refund is not None and refund.account_id is not None and reason in _TOLD_HERE:
        await notify(
            unit, Notice.REFUND_REQUESTED, refund.account_id, hospital_id=refund.hospital_id,
            href=f"/refunds/{refund.id}", number=refund.number, amount=yuan(refund.amount),
            expected_by=refund.expected_by,
        )  # fmt: skip
    return refund


async def _request(unit: Unit, claims: Sequence[_Claim]) -> list[RefundMade]:
    """Refunds, legs, books and records of many claims; those that were made before are passed over."""
    if not claims:
        return []
    await unit.flush()
    days = await _expected(unit, claims)
    rows = [(claim, new_id(), refund_number(unit.now)) for claim in claims]
    connection = await unit.connection()
    legs = [leg for claim, refund_id, _ in rows for leg in _legs(unit, claim, refund_id)]
    made = await connection.execute(
        _MAKE,
        {
            "ids": [refund_id for _, refund_id, _ in rows],
            "numbers": [number for _, _, number in rows],
            "hospitals": [claim.of.hospital_id for claim in claims],
            "accounts": [claim.of.account_id for claim in claims],
            "charges": [claim.of.charge_id for claim in claims],
            "orders": [claim.of.order_id for claim in claims],
            "reasons": [str(claim.reason) for claim in claims],
            "causes": [claim.cause for claim in claims],
            "amounts": [claim.parts.total for claim in claims],
            "expected": [days[_when(claim)] for claim in claims],
            "notes": [claim.note for claim in claims],
            "trails": [new_id() for _ in claims],
            "asked_by": unit.actor.account_id if unit.actor.is_staff else None,
            "actor_id": unit.actor.account_id,
            "actor_name": unit.actor.name,
            "scope": unit.scope,
            "request_id": unit.request_id,
            "now": unit.now,
            "wall": unit.wall,
            "leg_ids": [leg["id"] for leg in legs],
            "leg_refunds": [leg["refund_id"] for leg in legs],
            "leg_kinds": [leg["kind"] for leg in legs],
            "leg_parties": [leg["party"] for leg in legs],
            "leg_states": [leg["state"] for leg in legs],
            "leg_amounts": [leg["amount"] for leg in legs],
            "leg_funds": [leg["fund"] for leg in legs],
            "leg_personals": [leg["personal"] for leg in legs],
            "leg_others": [leg["other"] for leg in legs],
        },
        prepare=True,
    )
    born = {row[0] for row in await made.fetchall()}
    kept = [row for row in rows if row[1] in born]
    await post_all(unit, [_entry(claim, refund_id) for claim, refund_id, _ in kept])
    if kept:
        unit.step("refund.requested")
        await unit.defer(submit_refunds)
    return [
        RefundMade(
            charge_id=claim.of.charge_id,
            account_id=claim.of.account_id,
            hospital_id=claim.of.hospital_id,
            refund_id=refund_id,
            number=number,
            amount=claim.parts.total,
            expected_by=days[_when(claim)],
        )
        for claim, refund_id, number in kept
    ]


_MAKE = """
with claim as (
    select * from unnest(
        %(ids)s::uuid[], %(numbers)s::text[], %(hospitals)s::uuid[], %(accounts)s::uuid[],
        %(charges)s::uuid[], %(orders)s::uuid[], %(reasons)s::text[], %(causes)s::text[],
        %(amounts)s::bigint[], %(expected)s::date[], %(notes)s::text[], %(trails)s::uuid[]
    ) as claim (
        id, number, hospital_id, account_id, charge_id, pay_order_id, reason, cause, amount, expected_by,
        note, trail
    )
), made as (
    insert into refunds (
        id, number, hospital_id, account_id, charge_id, pay_order_id, reason, cause, amount, state,
        requested_at, expected_by, asked_by, note
    )
    select id, number, hospital_id, account_id, charge_id, pay_order_id, reason, cause, amount, 'requested',
        %(now)s, expected_by, %(asked_by)s, note
    from claim
    on conflict (cause) do nothing
    returning *
), walked as (
    insert into refund_legs (
        id, refund_id, pay_order_id, hospital_id, account_id, kind, party, amount, fund, personal, other,
        state, next_at
    )
    select leg.id, made.id, made.pay_order_id, made.hospital_id, made.account_id, leg.kind, leg.party,
        leg.amount, leg.fund, leg.personal, leg.other, leg.state, %(wall)s
    from unnest(
        %(leg_ids)s::uuid[], %(leg_refunds)s::uuid[], %(leg_kinds)s::text[], %(leg_parties)s::text[],
        %(leg_states)s::text[], %(leg_amounts)s::bigint[], %(leg_funds)s::bigint[],
        %(leg_personals)s::bigint[], %(leg_others)s::bigint[]
    ) as leg (id, refund_id, kind, party, state, amount, fund, personal, other)
    join made on made.id = leg.refund_id
), trail as (
    insert into audit_records (
        id, hospital_id, account_id, at, wall_at, actor_id, actor_name, scope, name, subject_kind,
        subject_id, facts, request_id
    )
    select claim.trail, made.hospital_id, made.account_id, %(now)s, %(wall)s, %(actor_id)s, %(actor_name)s,
        %(scope)s, 'refund.requested', 'refunds', made.id::text,
        jsonb_build_object('number', made.number, 'amount', made.amount, 'reason', made.reason),
        %(request_id)s
    from made join claim on claim.id = made.id
)
select id from made
"""


def _legs(unit: Unit, claim: _Claim, refund_id: UUID) -> Iterable[dict[str, Any]]:
    """Insurer, cash, and telling the channel, as far as there is something to do; the first may start."""
    parts, of = claim.parts, claim.of
    insured = {"fund": parts.fund, "personal": parts.personal, "other": parts.other}
    nothing = dict.fromkeys(insured, 0)
    wanted: list[tuple[LegKind, str, int, dict[str, int]]] = []
    if parts.insured:
        wanted.append((LegKind.INSURANCE, INSURER, parts.insured, insured))
    if parts.cash:
        wanted.append((LegKind.CASH, of.provider, parts.cash, nothing))
    # The channel knows itself that one half failed.
    if parts.insured and of.is_mixed and claim.reason is not RefundReason.SPLIT_FAILED:
        wanted.append((LegKind.TELL, of.provider, parts.insured, insured))
    state = LegState.REQUESTED
    for kind, party, amount, split in wanted:
        yield {
            "id": new_id(), "refund_id": refund_id, "kind": str(kind), "party": party,
            "state": str(state), "amount": amount, **split,
        }  # fmt: skip
        state = LegState.WAITING


def _entry(claim: _Claim, refund_id: UUID) -> Entry:
    of = claim.of
    return entries.refund_requested(
        refund_id,
        claim.parts.total,
        out_of=entries.REVENUE[of.order_type] if of.is_earned else Account.PREPAID,
        hospital_id=of.hospital_id,
        charge_id=of.charge_id,
        account_id=of.account_id,
    )


def _cause(order_id: UUID, reason: RefundReason) -> str:
    return f"{order_id}:{reason}"


def _when(claim: _Claim) -> tuple[UUID, bool]:
    return claim.of.hospital_id, bool(claim.parts.insured)


async def _expected(unit: Unit, claims: Iterable[_Claim]) -> dict[tuple[UUID, bool], date]:
    days = {}
    for hospital_id, insured in {_when(claim) for claim in claims}:
        is_working = await working_calendar(unit, hospital_id, unit.today, unit.today + _LOOK_AHEAD)
        days[hospital_id, insured] = expected_by(unit.now, is_working, insured=insured)
    return days
