"""A family for the family account: one bound parent, one child whose papers wait for the hospital.

Asked for and proved through the doors a patient uses. Each step looks first; a sandbox that refuses one
leaves it for the next start.
"""

import httpx2
import structlog

from telehealth.accounts import patient_by_phone
from telehealth.core.access import Actor, Role
from telehealth.core.errors import DomainError
from telehealth.core.unit import Units
from telehealth.demo.moving import sandbox_answers
from telehealth.family import proving
from telehealth.family.attaching import attach
from telehealth.family.listing import family_of
from telehealth.family.requesting import Wanted, request
from telehealth.patients import LinkState, PatientLink, links_of
from telehealth.patients.adding import NewPerson, add_person
from telehealth.patients.rules import DocumentKind, Relation
from telehealth.patients.states import Purpose
from telehealth.patients.verifying_identity import finish_face_check, start_face_check
from telehealth.web.house import House

log = structlog.get_logger(__name__)

PAYER = "13800000101"
HOSPITAL = "yunan"
MOTHER, CHILD = "何秀珍", "林小禾"
_ADULT = frozenset({Purpose.IDENTITY_CHECK})
_MINOR = frozenset({Purpose.IDENTITY_CHECK, Purpose.GUARDIANSHIP, Purpose.CHILD_DATA})
_GUARDIAN = frozenset({Purpose.FAMILY_PAYING, Purpose.FAMILY_CHILD})


async def open_relatives(house: House) -> None:
    units = house.units
    async with units.system("demo") as unit:
        account = await patient_by_phone(unit, f"+86{PAYER}")
    if account is None:
        return
    actor = Actor.signed_in(account.id, frozenset({Role.PATIENT}))
    async with units.of(actor) as unit:
        known = {row.member_name for row in (await family_of(unit, actor)).bindings}
    if {MOTHER, CHILD} <= known or not await sandbox_answers(house.settings.sandbox_url):
        return
    try:
        numbers = await _numbers(house.settings.sandbox_url)
        if MOTHER not in known:
            await _bind_mother(house, actor, numbers[MOTHER])
        if CHILD not in known:
            await _ask_for_child(house, actor, numbers[CHILD])
    except (DomainError, httpx2.HTTPError, LookupError) as error:
        log.warning("demo.relative_left_out", error=str(error))


async def _bind_mother(house: House, actor: Actor, number: str) -> None:
    """She looks into the phone twice: to be looked after online, and to be paid for."""
    units, back = house.units, f"{house.settings.public_url}/family"
    link = await _link(units, actor, Relation.PARENT, MOTHER, number, _ADULT)
    if link.state is LinkState.PENDING:
        check, url = await start_face_check(units, actor, link.person_id, return_url=back, agreed=True)
        await _look_into(url)
        link = await finish_face_check(units, actor, link.person_id, check.id)
    asked = await request(units, actor, Wanted(link.person_id, HOSPITAL))
    check_id, url = await proving.start_face(units, actor, asked.id, return_url=back, agreed=True)
    await _look_into(url)
    await proving.finish_face(units, actor, asked.id, check_id)


async def _ask_for_child(house: House, actor: Actor, number: str) -> None:
    link = await _link(house.units, actor, Relation.CHILD, CHILD, number, _MINOR)
    asked = await request(house.units, actor, Wanted(link.person_id, HOSPITAL, _GUARDIAN))
    await attach(house.units, actor, asked.id, _paper())
    async with house.units.of(actor) as unit:
        await proving.submit_papers(unit, actor, asked.id)


async def _link(
    units: Units, actor: Actor, relation: Relation, name: str, number: str, agreed: frozenset[Purpose]
) -> PatientLink:
    async with units.of(actor) as unit:
        found = [link for link in await links_of(unit, actor.account) if link.document_number == number]
    if found:
        return found[0]
    wanted = NewPerson(relation, name, DocumentKind.RESIDENT_ID, number, hospital=HOSPITAL, agreed=agreed)
    return await add_person(units, actor, wanted)


async def _look_into(url: str) -> None:
    async with httpx2.AsyncClient(timeout=5) as http:
        answer = await http.post(url, data={"outcome": "pass"})
    if answer.status_code >= httpx2.codes.BAD_REQUEST:
        answer.raise_for_status()


async def _numbers(sandbox: str) -> dict[str, str]:
    """The samples are born relative to the day the sandbox first opened, and so are their numbers."""
    async with httpx2.AsyncClient(timeout=5) as http:
        people = (await http.get(f"{sandbox}/faceid/people")).json()["people"]
    return {str(one["name"]): str(one["id_card"]) for one in people}


def _paper() -> bytes:
    """One page that says what it is: a sample."""
    words = (
        b"BT /F1 28 Tf 72 700 Td (SAMPLE - household register) Tj 0 -40 Td (invented, no real person) Tj ET"
    )
    parts = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R"
        b" /Resources << /Font << /F1 5 0 R >> >> >>",
        b"<< /Length %d >>\nstream\n%s\nendstream" % (len(words), words),
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
    ]
    body, places = b"%PDF-1.4\n", list[int]()
    for number, part in enumerate(parts, 1):
        places.append(len(body))
        body += b"%d 0 obj\n%s\nendobj\n" % (number, part)
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    count, start = len(parts) + 1, len(body)
    return body + (
        b"xref\n0 %d\n0000000000 65535 f \n%strailer\n<< /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n"
        % (count, table, count, start)
    )
