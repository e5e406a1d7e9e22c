"""Write entries: the only way money is moved in our books."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from telehealth.core.clock import hospital_day
from telehealth.core.ids import new_id
from telehealth.core.unit import Unit
from telehealth.ledger.chart import side_of
from telehealth.ledger.errors import AlreadyPosted


@dataclass(frozen=True, slots=True)
class Entry:
    """One event. `postings` maps accounts to fen, debits positive; zeros are left out."""

    cause: str
    event: str
    hospital_id: UUID
    postings: Mapping[str, int]
    charge_id: UUID | None = None
    account_id: UUID | None = None


async def post(unit: Unit, entry: Entry) -> None:
    """Raises AlreadyPosted; ValueError for postings that do not sum to zero."""
    await post_all(unit, [entry])


async def post_all(unit: Unit, entries: Sequence[Entry], *, at: datetime | None = None) -> None:
    """All of them in one statement, dated `at` (business time, the unit's own by default).

    Raises AlreadyPosted when any of the causes is there already; ValueError as `post`.
    """
    if not entries:
        return
    for entry in entries:
        _check(entry)
    at = at or unit.now
    day = hospital_day(at)
    # Nothing here looks at what the session holds back, so that may wait.
    connection = await unit.connection()
    ids = [new_id() for _ in entries]
    rows = [
        (ids[index], str(account), amount, entry)
        for index, entry in enumerate(entries)
        for account, amount in entry.postings.items()
        if amount
    ]
    written = await connection.execute(
        _POST,
        {
            "ids": ids,
            "hospitals": [entry.hospital_id for entry in entries],
            "accounts": [entry.account_id for entry in entries],
            "causes": [entry.cause for entry in entries],
            "events": [entry.event for entry in entries],
            "charges": [entry.charge_id for entry in entries],
            "at": at,
            "day": day,
            "entries": [row[0] for row in rows],
            "names": [row[1] for row in rows],
            "amounts": [row[2] for row in rows],
            "posted_hospitals": [row[3].hospital_id for row in rows],
            "posted_accounts": [row[3].account_id for row in rows],
            "posted_charges": [row[3].charge_id for row in rows],
        },
        prepare=True,
    )
    # What was there already has none of its postings written.
    if written.rowcount < len(rows):
        raise AlreadyPosted()


_POST = """
with fresh as (
    insert into ledger_entries (id, hospital_id, account_id, cause, event, charge_id, at, posted_on)
    select id, hospital_id, account_id, cause, event, charge_id, %(at)s, %(day)s
    from unnest(
        %(ids)s::uuid[], %(hospitals)s::uuid[], %(accounts)s::uuid[], %(causes)s::text[],
        %(events)s::text[], %(charges)s::uuid[]
    ) as row (id, hospital_id, account_id, cause, event, charge_id)
    on conflict (cause) do nothing
    returning id
)
insert into ledger_postings (entry_id, account, amount, hospital_id, account_id, charge_id, posted_on)
select row.entry_id, account, amount, hospital_id, account_id, charge_id, %(day)s
from unnest(
    %(entries)s::uuid[], %(names)s::text[], %(amounts)s::bigint[], %(posted_hospitals)s::uuid[],
    %(posted_accounts)s::uuid[], %(posted_charges)s::uuid[]
) as row (entry_id, account, amount, hospital_id, account_id, charge_id)
join fresh on fresh.id = row.entry_id
"""


def _check(entry: Entry) -> None:
    for account in entry.postings:
        side_of(account)
    if sum(entry.postings.values()):
        raise ValueError(f"{entry.cause} does not balance")
    if not any(entry.postings.values()):
        raise ValueError(f"{entry.cause} moves nothing")
