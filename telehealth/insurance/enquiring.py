"""One's own insured account, to look at only (GS11): what is left on it, and what it paid lately."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from telehealth.core.access import Actor
from telehealth.core.unit import Unit, Units
from telehealth.directory import Hospital, hospital_by_code, hospitals
from telehealth.insurance import queries
from telehealth.insurance.errors import AccountHidden
from telehealth.insurance.ports import AccountEntry, Insurer
from telehealth.insurance.rules import ELSEWHERE, UNINSURED, region_of
from telehealth.patients import Person, own_person
from telehealth.patients.rules import DocumentKind

#: How far back the insurer is asked.
LOOKED_BACK = timedelta(days=365)


@dataclass(frozen=True, slots=True)
class OwnAccount:
    """`balance` in fen, None where the insurer tells none; entries newest first."""

    hospital: Hospital
    since: date
    balance: int | None
    entries: Sequence[AccountEntry]


async def doors(unit: Unit, actor: Actor) -> Sequence[Hospital]:
    """Hospitals through which this account's holder can ask; none where it would lead nowhere."""
    own = await own_person(unit, actor.account)
    if own is None or not own.is_verified or own.document_kind is not DocumentKind.RESIDENT_ID:
        return []
    return [place for place in await hospitals(unit) if await _leads(unit, place, own)]


async def enquire(units: Units, actor: Actor, code: str) -> OwnAccount:
    """Ask the insurer about the account of whoever is signed in, and nobody else's.

    Raises HospitalNotFound, AccountHidden, InsurerDown, InsurerRefused.
    """
    async with units.account(actor.account, actor) as unit:
        place = await hospital_by_code(unit, code)
        own = await own_person(unit, actor.account)
        if own is None or place.id not in {one.id for one in await doors(unit, actor)}:
            raise AccountHidden()
        since = unit.today - LOOKED_BACK
        until = unit.today
    found = await units.port(Insurer).account(  # type: ignore[type-abstract]
        place.code, document_number=own.document_number, name=own.name, first=since, last=until
    )
    if found is None or region_of(found.division) in (ELSEWHERE, UNINSURED):
        raise AccountHidden()
    async with units.account(actor.account, actor) as unit:
        unit.audit("insurance.account_viewed", f"persons:{own.id}", hospital_id=place.id)
    entries = sorted(found.entries, key=lambda entry: entry.at, reverse=True)
    return OwnAccount(place, since, found.balance, entries)


async def _leads(unit: Unit, place: Hospital, own: Person) -> bool:
    if not unit.port(Insurer).tells_accounts(place.code):  # type: ignore[type-abstract]
        return False
    record = await queries.record_of(unit, place.id, own.id)
    return record is None or record.region not in (ELSEWHERE, UNINSURED)
