"""The books others keep of a hospital's money, a day of each beside ours."""

from dataclasses import dataclass
from datetime import date, datetime

from telehealth.core.unit import Unit
from telehealth.directory import hospital
from telehealth.payments import reconciliation_queries as queries
from telehealth.payments.comparing import Books
from telehealth.payments.reconciling import is_ready, parties


@dataclass(frozen=True, slots=True)
class PartyBooks:
    """`fees` in fen, by its bill; `fetched_at` is None while the bill is not here; `is_due`: it should be."""

    party: str
    books: Books
    fees: int
    fetched_at: datetime | None
    is_due: bool


async def party_books(unit: Unit, day: date) -> list[PartyBooks]:
    """Of the actor's hospital: whoever is asked today, and whoever was asked on that day."""
    hospital_id = unit.actor.hospital
    fetched = await queries.fetches_of(unit, hospital_id, day)
    here = parties(unit.units, (await hospital(unit, hospital_id)).code)
    return [
        PartyBooks(
            party,
            await queries.books_of(unit, hospital_id, party, day),
            await queries.fees_of(unit, hospital_id, party, day),
            fetched[party].fetched_at if party in fetched else None,
            is_ready(day, unit.now),
        )
        for party in [*here, *(party for party in fetched if party not in here)]
    ]
