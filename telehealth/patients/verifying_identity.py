"""Name and document belong together: said by the authority, the hospital's record, or a counter.

A claim nobody vouched for stays its account's own. Once vouched for, it becomes the one row of
that document, or joins the row that already is.
"""

from datetime import timedelta
from uuid import UUID

import sqlalchemy as sa

from telehealth.core.access import Actor
from telehealth.core.errors import FieldsInvalid
from telehealth.core.i18n import N_
from telehealth.core.ids import new_id
from telehealth.core.unit import Unit, Units
from telehealth.patients import queries
from telehealth.patients.disclosing import tell_of_identity_check
from telehealth.patients.errors import (
    DocumentInDoubt,
    FaceCheckNotFound,
    FaceFailed,
    FaceNotPossible,
    FacePending,
    IdentityMismatch,
    PersonAlreadyAdded,
)
from telehealth.patients.events import PersonVerified
from telehealth.patients.linking_family import REASON, grant, record_consent
from telehealth.patients.matching import REGISTERED_KINDS, same_name
from telehealth.patients.models import (
    Consent,
    FaceCheck,
    IdentityReview,
    PatientCard,
    PatientLink,
    Person,
)
from telehealth.patients.ports import FaceAnswer, IdentityAnswer, IdentityChecker
from telehealth.patients.rules import ConsentKind, ConsentWay
from telehealth.patients.states import FaceState, LinkState, Purpose, Recipient, Verifier


async def check_again(units: Units, actor: Actor, person_id: UUID) -> PatientLink:
    """Ask the authority once more about a person it did not know when they were added.

    Raises PersonNotFound, IdentityMismatch, IdentityUnavailable, IdentityQuotaSpent, FaceNotPossible.
    """
    async with units.account(actor.account, actor) as unit:
        link = await queries.link_for(unit, actor.account, person_id)
    if link.document_kind not in REGISTERED_KINDS:
        raise FaceNotPossible()
    answer = await _checker(units).check(link.name, link.document_number)
    async with units.system(REASON, actor) as unit:
        link = await queries.link_for(unit, actor.account, person_id, lock=True)
        if answer is IdentityAnswer.MATCH:
            await vouch(unit, link, Verifier.AUTHORITY)
        await tell_of_identity_check(unit, link.person_id, new_id())
    # Raised only now: that they were asked is written.
    if answer is IdentityAnswer.MISMATCH:
        raise IdentityMismatch()
    return link


async def start_face_check(
    units: Units, actor: Actor, person_id: UUID, *, return_url: str, agreed: bool
) -> tuple[FaceCheck, str]:
    """Begin a face check, and say where the person goes for it. `return_url` may hold `{id}`.

    One way among three (a code, the counter), so it begins only with the separate consent.

    Raises PersonNotFound, FaceNotPossible, IdentityMismatch, IdentityUnavailable.
    """
    if not agreed:
        raise FieldsInvalid({"agree_face": N_("请先阅读并勾选同意，或改用其他方式")})
    async with units.account(actor.account, actor) as unit:
        link = await queries.link_for(unit, actor.account, person_id)
        if link.document_kind not in REGISTERED_KINDS or "guardianship_proof" in link.missing:
            raise FaceNotPossible()
        check = FaceCheck(
            account_id=actor.account,
            link_id=link.id,
            state=FaceState.STARTED,
            token="",
            started_at=unit.wall,
            expires_at=unit.wall,
        )
        unit.session.add(check)
        record_consent(unit, link, Purpose.FACE_CHECK, given_by="holder")
        await unit.session.flush()
    started = await _checker(units).start_face(
        name=link.name,
        number=link.document_number,
        return_url=return_url.replace("{id}", str(check.id)),
        subject=str(check.id),
    )
    async with units.system(REASON, actor) as unit:
        await tell_of_identity_check(unit, link.person_id, check.id, by=Recipient.FACE_CHECKER)
    async with units.account(actor.account, actor) as unit:
        kept = await _face_check(unit, actor, check.id)
        kept.token = started.token
        kept.expires_at = kept.started_at + timedelta(seconds=started.lasts_s)
        return kept, started.url


async def finish_face_check(units: Units, actor: Actor, person_id: UUID, check_id: UUID) -> PatientLink:
    """Fetch the outcome from the vendor, from our side; coming back from its page proves nothing.

    Raises FaceCheckNotFound, FacePending, FaceFailed, IdentityUnavailable.
    """
    async with units.account(actor.account, actor) as unit:
        check = await _face_check(unit, actor, check_id)
        link = await _link_of(unit, check)
    if link.person_id != person_id:
        raise FaceCheckNotFound()
    if check.state is FaceState.PASSED:
        return link
    if check.state is FaceState.FAILED or not check.token:
        raise FaceFailed()
    answer = await _checker(units).face_result(
        check.token, name=link.name, number=link.document_number, subject=str(check.id)
    )
    if answer is FaceAnswer.PENDING:
        raise FacePending()
    async with units.system(REASON, actor) as unit:
        check = await _face_check(unit, actor, check_id)
        link = await _link_of(unit, check, lock=True)
        await _settle_face(unit, check, link, passed=answer is FaceAnswer.PASSED)
    if answer is FaceAnswer.FAILED:
        raise FaceFailed()
    return link


async def vouch(unit: Unit, link: PatientLink, by: Verifier) -> Person:
    """The claim behind `link` is true. Ends with a verified person, the one of that document.

    Raises DocumentInDoubt when somebody else was verified under the same number.
    """
    claim = await queries.person(unit, link.person_id)
    if claim.is_verified:
        return claim
    await lock_document(unit, claim.document_index)
    twin = await queries.verified_person(unit, claim.document_kind, claim.document_number)
    if twin is not None:
        await _join(unit, link, claim, twin)
        return twin
    claim.verified_at, claim.verified_by, claim.claimed_by = unit.now, by, None
    await unit.session.flush()
    unit.audit("person.verified", claim, account_id=link.account_id, by=by)
    await unit.publish(PersonVerified(claim.id))
    return claim


async def lock_document(unit: Unit, index: bytes) -> None:
    """Two who show the same document at once would both find nobody before them."""
    statement = sa.text("select pg_advisory_xact_lock(hashtextextended(:key, 0))")
    await unit.session.execute(statement, {"key": f"person:{index.hex()}"})


async def _join(unit: Unit, link: PatientLink, claim: Person, twin: Person) -> None:
    if not same_name(claim.name, twin.name) or claim.birth_date != twin.birth_date:
        raise DocumentInDoubt()
    taken = sa.select(PatientLink.id).where(
        PatientLink.account_id == link.account_id,
        PatientLink.person_id == twin.id,
        PatientLink.state != LinkState.ENDED,
    )
    if (await unit.session.scalars(taken)).first() is not None:
        raise PersonAlreadyAdded()
    for table in (Consent, IdentityReview):
        await unit.session.execute(sa.update(table).where(table.link_id == link.id).values(person_id=twin.id))
    moved = sa.update(PatientCard).where(
        PatientCard.account_id == link.account_id, PatientCard.person_id == claim.id
    )
    await unit.session.execute(moved.values(person_id=twin.id))
    link.person_id = twin.id
    await unit.session.flush()
    unit.audit("person.joined", twin, account_id=link.account_id)


async def _settle_face(unit: Unit, check: FaceCheck, link: PatientLink, *, passed: bool) -> None:
    if check.state is not FaceState.STARTED:
        return
    check.state, check.finished_at = FaceState.PASSED if passed else FaceState.FAILED, unit.wall
    unit.audit("face_check.finished", check, passed=passed)
    if passed and link.state is not LinkState.ENDED:
        await vouch(unit, link, Verifier.AUTHORITY)
        evidence = {"face_check": str(check.id)}
        await grant(unit, link, ConsentKind.ADULT, given_by="person", way=ConsentWay.FACE, evidence=evidence)


async def _face_check(unit: Unit, actor: Actor, check_id: UUID) -> FaceCheck:
    check = await queries.face_check(unit, actor.account, check_id)
    if check is None:
        raise FaceCheckNotFound()
    return check


async def _link_of(unit: Unit, check: FaceCheck, *, lock: bool = False) -> PatientLink:
    found = sa.select(PatientLink).where(
        PatientLink.id == check.link_id, PatientLink.account_id == check.account_id
    )
    link = (await unit.session.scalars(found.with_for_update() if lock else found)).first()
    if link is None:
        raise FaceCheckNotFound()
    return link


def _checker(units: Units) -> IdentityChecker:
    return units.port(IdentityChecker)  # type: ignore[type-abstract]
