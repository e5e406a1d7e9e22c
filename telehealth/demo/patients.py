"""Sample patients, opened as a patient would: code by SMS, name and document, card, gate, seat."""

import re
from uuid import UUID

import anyio
import httpx2
import structlog

from telehealth.accounts import Channel, patient_by_phone
from telehealth.accounts.signing_in import request_code, sign_in_with_code
from telehealth.core.access import Actor, Role
from telehealth.core.errors import DomainError
from telehealth.core.unit import Units
from telehealth.demo.accounts import PATIENTS, DemoPatient
from telehealth.demo.bookings import book
from telehealth.patients.adding import NewPerson, add_person
from telehealth.patients.binding import bind_card
from telehealth.patients.rules import DocumentKind, Relation
from telehealth.patients.states import CardKind, Purpose
from telehealth.web.house import House

log = structlog.get_logger(__name__)

SANDBOX_WITHIN_S = 30


async def open_patients(house: House) -> None:
    """Those who are not there yet. A sandbox that refuses one leaves that one for the next start."""
    if not await _sandbox_answers(house.settings.sandbox_url):
        log.warning("demo.sandbox_silent")
        return
    for index, one in enumerate(PATIENTS):
        try:
            actor, is_new = await _account(house, one)
            if is_new and one.document:
                person_id = await _person(house.units, actor, one)
                if one.books:
                    await book(house, one.hospital, person_id, nth=index)
        except DomainError as error:
            log.warning("demo.patient_left_out", error=str(error))


async def _account(house: House, one: DemoPatient) -> tuple[Actor, bool]:
    phone = f"+86{one.phone}"
    async with house.units.system("demo") as unit:
        known = await patient_by_phone(unit, phone)
    if known is not None:
        return Actor.signed_in(known.id, frozenset({Role.PATIENT})), False
    await request_code(house.units, phone)
    code = await _code_on(house.settings.sandbox_url, one.phone)
    signed_in = await sign_in_with_code(
        house.units, phone, code, channel="browser", door=Channel.BROWSER, user_agent="demo"
    )
    return signed_in.actor, True


async def _person(units: Units, actor: Actor, one: DemoPatient) -> UUID:
    wanted = NewPerson(
        Relation.SELF,
        one.name,
        DocumentKind.RESIDENT_ID,
        one.document,
        hospital=one.hospital,
        agreed=frozenset({Purpose.IDENTITY_CHECK}),
    )
    link = await add_person(units, actor, wanted)
    await bind_card(units, actor, one.hospital, link.person_id, kind=CardKind.VISIT, number=one.card)
    return link.person_id


async def _code_on(sandbox: str, phone: str) -> str:
    """The six digits that the sandbox carrier delivered last."""
    async with httpx2.AsyncClient(timeout=5) as http:
        found = await http.get(f"{sandbox}/sms/messages", params={"phone": phone, "limit": 1})
    digits = re.search(r"(?<!\d)(\d{6})(?!\d)", str(found.json()["messages"][0]["text"]))
    if digits is None:
        raise LookupError("a message without a code")
    return digits[1]


async def _sandbox_answers(sandbox: str) -> bool:
    with anyio.move_on_after(SANDBOX_WITHIN_S):
        async with httpx2.AsyncClient(timeout=2) as http:
            while True:
                try:
                    if (await http.get(f"{sandbox}/console/state")).status_code == 200:
                        return True
                except httpx2.HTTPError:
                    pass
                await anyio.sleep(0.2)
    return False
