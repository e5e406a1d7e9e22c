"""Read the books: what moved on a day, and what stands. Every report about money starts here."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

import sqlalchemy as sa

from telehealth.core.unit import Unit
from telehealth.ledger.models import LedgerEntry, LedgerPosting


@dataclass(frozen=True, slots=True)
class AccountLine:
    """One account over a span of days. Fen; debits and credits both positive; `balance` as of its end."""

    account: str
    opening: int
    debits: int
    credits: int

    @property
    def balance(self) -> int:
        return self.opening + self.debits - self.credits


@dataclass(frozen=True, slots=True)
class EntryLine:
    """A posting with its entry, for lists and exports."""

    entry_id: UUID
    at: datetime
    event: str
    cause: str
    charge_id: UUID | None
    account: str
    amount: int


def movements() -> sa.Subquery:
    """Every posting beside its entry's cause and event, for features above to join with their own rows."""
    return (
        sa.select(
            LedgerEntry.cause,
            LedgerEntry.event,
            LedgerPosting.account,
            LedgerPosting.amount,
            LedgerPosting.hospital_id,
            LedgerPosting.posted_on,
        )
        .join(LedgerPosting, LedgerPosting.entry_id == LedgerEntry.id)
        .subquery("movements")
    )


async def trial_balance(unit: Unit, hospital_id: UUID, first: date, last: date) -> list[AccountLine]:
    """Each account that ever moved, by name; the openings, and the balances, sum to zero."""
    posting = LedgerPosting
    before = posting.posted_on < first
    amount = posting.amount
    rows = await unit.session.execute(
        sa.select(
            posting.account,
            sa.func.coalesce(sa.func.sum(amount).filter(before), 0),
            sa.func.coalesce(sa.func.sum(amount).filter(~before, amount > 0), 0),
            sa.func.coalesce(sa.func.sum(-amount).filter(~before, amount < 0), 0),
        )
        .where(posting.hospital_id == hospital_id, posting.posted_on <= last)
        .group_by(posting.account)
        .order_by(posting.account)
    )
    return [
        AccountLine(account, int(opening), int(debits), int(paid)) for account, opening, debits, paid in rows
    ]


async def entries(
    unit: Unit,
    hospital_id: UUID,
    first: date,
    last: date,
    *,
    account: str | None = None,
    after: tuple[datetime, UUID] | None = None,
    limit: int = 100,
) -> list[EntryLine]:
    """Postings of a span in order of time, one more entry than `limit` when there are more."""
    found = _lines().where(LedgerEntry.hospital_id == hospital_id, LedgerEntry.posted_on.between(first, last))
    if account is not None:
        found = found.where(LedgerPosting.account == account)
    if after is not None:
        found = found.where(sa.tuple_(LedgerEntry.at, LedgerEntry.id) > sa.tuple_(*after))
    return await _read(unit, found.limit(limit + 1))


async def of_charge(unit: Unit, charge_id: UUID) -> list[EntryLine]:
    return await _read(unit, _lines().where(LedgerEntry.charge_id == charge_id))


async def balances_of(unit: Unit, charge_ids: Sequence[UUID]) -> dict[tuple[UUID, str], int]:
    """(charge, account) → balance in fen; accounts at zero are left out."""
    posting = LedgerPosting
    rows = await unit.session.execute(
        sa.select(posting.charge_id, posting.account, sa.func.sum(posting.amount))
        .where(posting.charge_id.in_(charge_ids))
        .group_by(posting.charge_id, posting.account)
        .having(sa.func.sum(posting.amount) != 0)
    )
    return {(charge_id, account): int(amount) for charge_id, account, amount in rows if charge_id}


def _lines() -> sa.Select[LedgerEntry, LedgerPosting]:
    return (
        sa.select(LedgerEntry, LedgerPosting)
        .join(LedgerPosting, LedgerPosting.entry_id == LedgerEntry.id)
        .order_by(LedgerEntry.at, LedgerEntry.id, LedgerPosting.amount.desc(), LedgerPosting.account)
    )


async def _read(unit: Unit, found: sa.Select[LedgerEntry, LedgerPosting]) -> list[EntryLine]:
    return [
        EntryLine(
            entry.id, entry.at, entry.event, entry.cause, entry.charge_id, posting.account, posting.amount
        )
        for entry, posting in await unit.session.execute(found)
    ]
