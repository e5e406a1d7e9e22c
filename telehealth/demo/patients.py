"""Sample patients, opened as a patient would: code by SMS, name and document, card, gate, seat."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

import httpx2
import structlog

from telehealth.accounts import Channel, patient_by_phone
from telehealth.accounts.signing_in import request_code, sign_in_with_code
from telehealth.bookings import Booking, bookings_of
from telehealth.core.access import Actor, Role
from telehealth.core.errors import DomainError
from telehealth.core.unit import Units
from telehealth.demo.accounts import PATIENTS, DemoPatient
from telehealth.demo.bookings import book, lacks_seats
from telehealth.demo.moving import sandbox_answers
from telehealth.demo.paying import lacks_visits, pay_for_visits
from telehealth.directory import hospital_by_code
from telehealth.patients import known_patient, own_person
from telehealth.patients.adding import NewPerson, add_person
from telehealth.patients.binding import bind_card
from telehealth.patients.rules import DocumentKind, Relation
from telehealth.patients.states import CardKind, Purpose
from telehealth.web.house import House

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class _Standing:
    """How far one of the samples has come."""

    actor: Actor
    person_id: UUID | None
    has_card: bool
    bookings: tuple[Booking, ...]


async def open_patients(house: House, ones: Sequence[DemoPatient] = PATIENTS) -> None:
    """Whoever lacks something. A sandbox that refuses one leaves that one for the next start."""
    waiting = [one for one in ones if _lacks(one, await _standing(house.units, one))]
    if not waiting:
        return
    if not await sandbox_answers(house.settings.sandbox_url):
        log.warning("demo.sandbox_silent")
        return
    for one in waiting:
        try:
            await _open(house, one)
        except (DomainError, httpx2.HTTPError, LookupError) as error:
            log.warning("demo.patient_left_out", error=str(error))


def _lacks(one: DemoPatient, found: _Standing | None) -> bool:
    if found is None:
        return True
    if not one.document:
        return False
    is_known = found.person_id is not None and found.has_card
    return not is_known or lacks_seats(one, found.bookings) or lacks_visits(one, found.bookings)


async def _open(house: House, one: DemoPatient) -> None:
    found = await _standing(house.units, one) or _Standing(await _account(house, one), None, False, ())
    if not one.document:
        return
    person_id = found.person_id or await _person(house.units, found.actor, one)
    if not found.has_card:
        await bind_card(
            house.units, found.actor, one.hospital, person_id, kind=CardKind.VISIT, number=one.card
        )
    # What is paid for first: the desk looks for seats in other clinics.
    await pay_for_visits(house, found.actor, one, person_id, found.bookings)
    if one.books:
        had = await _bookings(house.units, found.actor, person_id)
        await book(house.units, one, person_id, had, nth=PATIENTS.index(one))


async def _standing(units: Units, one: DemoPatient) -> _Standing | None:
    async with units.system("demo") as unit:
        account = await patient_by_phone(unit, f"+86{one.phone}")
        if account is None:
            return None
        person = await own_person(unit, account.id)
        place = await hospital_by_code(unit, one.hospital)
        known = person and await known_patient(unit, place.id, person.id)
    actor = Actor.signed_in(account.id, frozenset({Role.PATIENT}))
    if person is None:
        return _Standing(actor, None, False, ())
    return _Standing(actor, person.id, known is not None, await _bookings(units, actor, person.id))


async def _bookings(units: Units, actor: Actor, person_id: UUID) -> tuple[Booking, ...]:
    async with units.of(actor) as unit:
        return tuple(row.booking for row in await bookings_of(unit, person_id=person_id, limit=100))


async def _account(house: House, one: DemoPatient) -> Actor:
    phone = f"+86{one.phone}"
    await request_code(house.units, phone)
    code = await _code_on(house.settings.sandbox_url, one.phone)
    signed_in = await sign_in_with_code(
        house.units, phone, code, channel="browser", door=Channel.BROWSER, user_agent="demo"
    )
    return signed_in.actor


async def _person(units: Units, actor: Actor, one: DemoPatient) -> UUID:
    wanted = NewPerson(
        Relation.SELF,
        one.name,
        DocumentKind.RESIDENT_ID,
        one.document,
        hospital=one.hospital,
        agreed=frozenset({Purpose.IDENTITY_CHECK}),
    )
    return (await add_person(units, actor, wanted)).person_id


async def _code_on(sandbox: str, phone: str) -> str:
    """The six digits that the sandbox carrier delivered last."""
    async with httpx2.AsyncClient(timeout=5) as http:
        found = await http.get(f"{sandbox}/sms/messages", params={"phone": phone, "limit": 1})
    digits = re.search(r"(?<!\d)(\d{6})(?!\d)", str(found.json()["messages"][0]["text"]))
    if digits is None:
        raise LookupError("a message without a code")
    return digits[1]
