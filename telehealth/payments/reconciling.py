"""Fetch what a provider or the insurer says of a day, and lay it beside our ledger (GD06).

Fetching again replaces what was there, in one transaction. A difference stays until a person explains
it, or a later bill agrees with us after all.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from uuid import UUID, uuid5

import sqlalchemy as sa
import structlog
from sqlalchemy.dialects.postgresql import insert

from telehealth.core.access import HOUSE, Actor
from telehealth.core.clock import HospitalDay, at_local, hospital_day
from telehealth.core.errors import Busy, Refused, Unavailable
from telehealth.core.i18n import N_
from telehealth.core.ids import new_id
from telehealth.core.points import point
from telehealth.core.progress import advance, ask, begin, fail, finish, watched
from telehealth.core.unit import Unit, Units
from telehealth.directory import hospital, hospitals
from telehealth.insurance import Insurer
from telehealth.ledger import Account, Entry, post, provider_account
from telehealth.payments import reconciliation_queries as queries
from telehealth.payments.comparing import DifferenceKind, Found, compare
from telehealth.payments.models import BillFetch, BillRow, Difference
from telehealth.payments.ports import Providers
from telehealth.payments.reconciliation_queries import INSURER
from telehealth.payments.states import Way

__all__ = ["AGREED", "FEES", "Side", "fetch_bill", "fetch_due", "is_ready", "match", "parties"]

log = structlog.get_logger(__name__)

#: When a day's bills are fetched, on the next day; the vendor promises them for ten.
READY_AT = time(10, 30)
#: How far back a bill that could not be had is still asked for.
BACK_DAYS = 7
#: The reference of a difference between the fees of a bill and those that were posted.
FEES = "fees"
#: The note of a difference that went away by itself.
AGREED = N_("重新取账后双方一致，系统自动销账")
_SPAN = (timedelta(days=-1), timedelta(days=1))
_CALL_FAILURES = (Unavailable, Busy, Refused)
#: The kind of its progress, and how many steps there are: asked, compared.
BILL = "payments.bill"
_STEPS = 2


@dataclass(frozen=True, slots=True)
class Side:
    """A line of a party's own book, in the words both kinds of party share."""

    kind: str
    reference: str
    party_number: str
    amount: int
    fee: int
    at: datetime | None


def parties(units: Units, code: str) -> list[str]:
    """Who keeps a book of this hospital's money beside ours. Cash at the window has no second one."""
    ways = [way for way in Way if way is not Way.CASH]
    providers = units.port(Providers).by_name
    found = [name for name, one in providers.items() if any(one.offers(code, way) for way in ways)]
    insurer = units.port(Insurer)  # type: ignore[type-abstract]
    return [*found, INSURER] if insurer.serves(code) else found


def is_ready(day: HospitalDay, now: datetime) -> bool:
    """Whether the bills of a day should be there."""
    return now >= at_local(day + timedelta(days=1), READY_AT)


def bill_subject(hospital_id: UUID, day: HospitalDay, party: str) -> UUID:
    """The subject under which the progress of one bill is kept."""
    return uuid5(hospital_id, f"{party} {day.isoformat()}")


async def fetch_bill(
    units: Units, hospital_id: UUID, day: HospitalDay, party: str, *, actor: Actor = HOUSE
) -> int:
    """Ask, replace what was there, post the fees once, compare; how many lines it has.

    Raises BillNotReady, ProviderDown, ProviderBusy, InsurerDown, InsurerRefused: nothing was changed.
    """
    subject = bill_subject(hospital_id, day, party)
    async with units.hospital(hospital_id, actor) as unit:
        code = (await hospital(unit, hospital_id)).code
        await ask(unit, BILL, subject, total=_STEPS)
        await begin(unit, BILL, subject, total=_STEPS, step=N_("正在向对方取账单"))
    async with watched(lambda: units.hospital(hospital_id, actor), BILL, subject, last=True):
        point("bill.before_call")
        try:
            digest, lines = await _ask(units, code, day, party)
        except _CALL_FAILURES as error:
            async with units.hospital(hospital_id, actor) as unit:
                await fail(unit, BILL, subject, why=error.detail)
            raise
        point("bill.after_call")
        async with units.hospital(hospital_id, actor) as unit:
            await advance(unit, BILL, subject, 1, step=N_("账单已取到，正在核对"))
        async with units.hospital(hospital_id, actor) as unit:
            await _replace(unit, hospital_id, day, party, digest, lines)
            if party != INSURER:
                await _post_fees(unit, hospital_id, day, party)
            await match(unit, hospital_id, day, party)
            for other in await _to_look_at_again(unit, hospital_id, day, party):
                await match(unit, hospital_id, other, party)
            await finish(unit, BILL, subject, step=N_("账单已取回并核对"))
            unit.step("bill")
    return len(lines)


async def fetch_due(units: Units) -> int:
    """Every bill of the last days that should be there and is not; how many could be had."""
    count = 0
    today = hospital_day(units.clock.business())
    days = [today - timedelta(days=back) for back in range(BACK_DAYS, 0, -1)]
    async with units.public() as unit:
        places = [(row.id, row.code, row.live_from) for row in await hospitals(unit)]
    for hospital_id, code, live_from in places:
        async with units.hospital(hospital_id, HOUSE) as unit:
            ready = [day for day in days if is_ready(day, unit.now) and live_from and day >= live_from]
            there = await queries.fetched_days(unit, hospital_id, ready)
        wanted = [(party, day) for day in ready for party in parties(units, code)]
        for party, day in wanted:
            if (party, day) not in there:
                count += await _fetch_quietly(units, hospital_id, day, party)
    return count


async def match(unit: Unit, hospital_id: UUID, day: HospitalDay, party: str) -> int:
    """Write down what a party's bill of the day and our ledger disagree about; how much there is.

    Idempotent. What was explained by a person stays explained unless its amounts changed.
    """
    found = compare(await queries.books_of(unit, hospital_id, party, day))
    if party != INSURER:
        found += await _fees_that_differ(unit, hospital_id, day, party)
    rows = await queries.lock_differences(unit, hospital_id, party, day)
    before = {(row.kind, row.reference): row for row in rows}
    for one in found:
        row = before.pop((one.kind, one.reference), None)
        if row is None:
            _open(unit, hospital_id, day, party, one)
        else:
            _follow(unit, row, one)
    for row in before.values():
        _agree(unit, row)
    return len(found)


async def _ask(units: Units, code: str, day: HospitalDay, party: str) -> tuple[str, Sequence[Side]]:
    if party == INSURER:
        insurer = units.port(Insurer)  # type: ignore[type-abstract]
        settled = await insurer.settlements(code, day)
        return "", [
            Side(line.kind, line.reference, line.party_number, line.amount, 0, line.at) for line in settled
        ]
    bill = await units.port(Providers)[party].bill(code, day)
    return bill.digest, [
        Side(line.kind, line.reference, line.party_number, line.amount, line.fee, line.at)
        for line in bill.lines
    ]


async def _fetch_quietly(units: Units, hospital_id: UUID, day: HospitalDay, party: str) -> bool:
    try:
        await fetch_bill(units, hospital_id, day, party)
    except _CALL_FAILURES as error:
        # The next round asks again; the page of the day says that the bill is missing.
        log.warning("bill.not_fetched", party=party, day=day.isoformat(), error=error.code)
        return False
    return True


async def _replace(
    unit: Unit, hospital_id: UUID, day: HospitalDay, party: str, digest: str, lines: Sequence[Side]
) -> None:
    facts = {"fetched_at": unit.now, "rows": len(lines), "digest": digest}
    fetch = insert(BillFetch).values(id=new_id(), hospital_id=hospital_id, party=party, day=day, **facts)
    # Its row is locked from here on: two who fetch the same bill do so one after the other.
    await unit.session.execute(
        fetch.on_conflict_do_update(index_elements=["hospital_id", "party", "day"], set_=facts)
    )
    await unit.session.execute(
        sa.delete(BillRow).where(
            BillRow.hospital_id == hospital_id, BillRow.party == party, BillRow.day == day
        )
    )
    rows = [
        {
            "id": new_id(), "hospital_id": hospital_id, "party": party, "day": day, "kind": line.kind,
            "reference": line.reference, "party_number": line.party_number, "amount": line.amount,
            "fee": line.fee, "at": line.at,
        }
        for line in _merged(lines)
    ]  # fmt: skip
    if rows:
        await unit.session.execute(sa.insert(BillRow), rows)
    unit.audit("bill.fetched", f"bill:{hospital_id}", party=party, day=day, rows=len(lines), digest=digest)


def _merged(lines: Iterable[Side]) -> Iterator[Side]:
    """One line a number: what is listed twice counts twice, and shows as an amount that differs."""
    kept: dict[tuple[str, str], Side] = {}
    for line in lines:
        first = kept.setdefault((line.kind, line.reference), line)
        if first is not line:
            amount, fee = first.amount + line.amount, first.fee + line.fee
            kept[line.kind, line.reference] = Side(
                first.kind, first.reference, first.party_number, amount, fee, first.at
            )
    return iter(kept.values())


async def _post_fees(unit: Unit, hospital_id: UUID, day: HospitalDay, party: str) -> None:
    """Once a bill. A bill that says otherwise later is a difference, never a second posting."""
    fees = await queries.fees_of(unit, hospital_id, party, day)
    if not fees or await queries.fees_posted(unit, hospital_id, party, day):
        return
    await post(
        unit,
        Entry(
            cause=queries.fees_cause(hospital_id, party, day),
            event="bill.fees",
            hospital_id=hospital_id,
            postings={Account.FEES: fees, provider_account(party): -fees},
        ),
    )


async def _fees_that_differ(unit: Unit, hospital_id: UUID, day: HospitalDay, party: str) -> list[Found]:
    posted = await queries.fees_posted(unit, hospital_id, party, day)
    said = await queries.fees_of(unit, hospital_id, party, day)
    return [] if posted == said else [Found(DifferenceKind.AMOUNT_DIFFERS, FEES, posted, said)]


async def _to_look_at_again(
    unit: Unit, hospital_id: UUID, day: HospitalDay, party: str
) -> Sequence[HospitalDay]:
    """Around midnight they may date a thing a day later than we do: its line came only now."""
    questions = await queries.days_in_question(unit, hospital_id, party, day)
    around = await queries.fetched_days(unit, hospital_id, [day + span for span in _SPAN])
    return sorted({*questions, *(other for whose, other in around if whose == party)})


def _open(unit: Unit, hospital_id: UUID, day: HospitalDay, party: str, one: Found) -> None:
    row = Difference(
        id=new_id(), hospital_id=hospital_id, day=day, party=party, kind=one.kind, reference=one.reference,
        ours=one.ours, theirs=one.theirs, found_at=unit.now, owner_name="", note="",
    )  # fmt: skip
    unit.session.add(row)
    _record(unit, "difference.found", row)


def _follow(unit: Unit, row: Difference, one: Found) -> None:
    """Other amounts, or a thing that had gone away by itself, are news: open again."""
    changed = (row.ours, row.theirs) != (one.ours, one.theirs)
    by_itself = row.resolved_at is not None and row.owner_id is None
    if changed or by_itself:
        row.ours, row.theirs, row.resolved_at = one.ours, one.theirs, None
        _record(unit, "difference.changed", row)


def _agree(unit: Unit, row: Difference) -> None:
    """Nobody is named: who looked after it stands in the record, and nobody explained it."""
    if row.resolved_at is not None:
        return
    row.resolved_at, row.owner_id, row.owner_name = unit.now, None, ""
    row.note = f"{row.note}\n{AGREED}".strip()
    _record(unit, "difference.agreed", row)


def _record(unit: Unit, name: str, row: Difference) -> None:
    unit.audit(
        name, row, day=row.day, party=row.party, kind=row.kind, reference=row.reference,
        ours=row.ours, theirs=row.theirs,
    )  # fmt: skip
