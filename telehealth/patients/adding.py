"""Add a person to an account: oneself, another adult, a child (XY17).

Read what the account has, ask the authority (and for a child the hospital) with no unit open,
then write. Nothing is written before the authority answered, and the answer to a wrong pair is
the same whether or not we know the document.
"""

from dataclasses import dataclass, field
from datetime import date
from uuid import UUID

import sqlalchemy as sa
import structlog
from sqlalchemy.dialects.postgresql import insert

from telehealth.accounts import find_account
from telehealth.core.access import Actor
from telehealth.core.clock import completed_years
from telehealth.core.errors import FieldsInvalid
from telehealth.core.i18n import N_
from telehealth.core.ids import new_id
from telehealth.core.unit import Unit, Units
from telehealth.directory import Hospital, hospital_by_code, hospitals
from telehealth.hospital import HISRejected, HISUnavailable, fetch_patient
from telehealth.patients import queries
from telehealth.patients.disclosing import tell_of_identity_check
from telehealth.patients.errors import (
    IdentityMismatch,
    PersonAlreadyAdded,
    SelfAlreadyAdded,
    TooManyPeople,
)
from telehealth.patients.linking_family import (
    REASON,
    grant,
    open_if_complete,
    record_consent,
    settle_subject,
)
from telehealth.patients.matching import (
    REGISTERED_KINDS,
    Claim,
    Likeness,
    likeness,
    names_guardian,
    system_of,
)
from telehealth.patients.models import PatientLink, Person
from telehealth.patients.ports import IdentityAnswer, IdentityChecker
from telehealth.patients.reviewing import ask_for_review
from telehealth.patients.rules import (
    ConsentKind,
    Document,
    DocumentInvalid,
    DocumentKind,
    Relation,
    Sex,
    consents_needed,
    normalise_name,
    parse_document,
)
from telehealth.patients.states import LinkState, Purpose, ReviewKind, Verifier
from telehealth.patients.verifying_identity import lock_document
from telehealth.rulebook import PolicyMissing, current_policy
from telehealth.rulebook.rules import PolicySet, sample_policy

log = structlog.get_logger(__name__)

MOST_PEOPLE = 12


@dataclass(frozen=True, slots=True)
class NewPerson:
    """As typed. `hospital` is where a missing consent or proof would be given."""

    relation: Relation
    name: str
    document_kind: DocumentKind
    document_number: str
    country: str = ""
    birth_date: date | None = None
    sex: Sex | None = None
    hospital: str = ""
    agreed: frozenset[Purpose] = frozenset()


@dataclass(slots=True)
class _Claimed:
    """What was typed, checked and normalised, and what it takes."""

    wanted: NewPerson
    name: str
    document: Document
    birth_date: date
    sex: Sex
    hospital: Hospital | None
    needed: list[ConsentKind] = field(default_factory=list)
    holder_name: str = ""
    holder_phone: str = ""


async def add_person(units: Units, actor: Actor, wanted: NewPerson) -> PatientLink:
    """
    Raises:
        FieldsInvalid: by field, also for a consent that was not ticked.
        IdentityMismatch: name and number do not belong together.
        PersonAlreadyAdded, SelfAlreadyAdded, TooManyPeople.
        IdentityUnavailable, IdentityQuotaSpent: nothing was written.
    """
    async with units.account(actor.account, actor) as unit:
        claimed = await _claim(unit, actor, wanted)
    verified = await _ask_authority(units, claimed)
    is_guardian = await _ask_hospital(units, claimed)
    async with units.system(REASON, actor) as unit:
        person_id = await _person(unit, actor, claimed, verified=verified)
        link = await _link(unit, actor, claimed, person_id)
        if claimed.document.kind in REGISTERED_KINDS:
            await tell_of_identity_check(unit, person_id, new_id())
        _record_agreements(unit, link, claimed)
        if is_guardian:
            evidence = {"hospital": claimed.hospital.code if claimed.hospital else ""}
            proof = ConsentKind.GUARDIANSHIP_PROOF
            await grant(unit, link, proof, given_by="guardian", evidence=evidence)
        open_if_complete(unit, link)
        await unit.session.flush()
        await settle_subject(unit, link)
        if ConsentKind.GUARDIANSHIP_PROOF in link.missing and claimed.hospital is not None:
            await ask_for_review(unit, link, ReviewKind.GUARDIANSHIP, claimed.hospital.id)
        unit.audit(
            "person.added", link, relation=link.relation, document=link.document_kind,
            verified=verified, missing=link.missing,
        )  # fmt: skip
        return link


async def _claim(unit: Unit, actor: Actor, wanted: NewPerson) -> _Claimed:
    name = normalise_name(wanted.name)
    document = _document(wanted, unit.today)
    birth_date, sex = _birth(wanted, document, unit.today)
    hospital = await _hospital(unit, wanted.hospital)
    needed = consents_needed(
        completed_years(birth_date, unit.today), wanted.relation, await _policy(unit, hospital)
    )
    if needed and needed != [ConsentKind.ADULT] and hospital is None:
        raise FieldsInvalid({"hospital": N_("请选择核对监护关系的医院")})
    _check_agreements(wanted.agreed, needed)
    await _check_own_links(unit, actor.account, wanted.relation, document)
    claimed = _Claimed(wanted, name, document, birth_date, sex, hospital, needed)
    if own := await queries.own_person(unit, actor.account):
        claimed.holder_name = own.name
    if account := await find_account(unit, actor.account):
        claimed.holder_phone = account.phone or ""
    return claimed


def _document(wanted: NewPerson, today: date) -> Document:
    try:
        return parse_document(
            wanted.document_kind, wanted.document_number, today=today, country=wanted.country
        )
    except DocumentInvalid as error:
        field_name = "country" if "country" in error.fields else "document_number"
        raise DocumentInvalid(error.fault, field_name) from None


def _birth(wanted: NewPerson, document: Document, today: date) -> tuple[date, Sex]:
    """What the number says; typed only where it says nothing."""
    if document.birth_date is not None and document.sex is not None:
        return document.birth_date, document.sex
    problems: dict[str, str] = {}
    if wanted.birth_date is None:
        problems["birth_date"] = N_("请填写出生日期")
    elif not date(1900, 1, 1) <= wanted.birth_date <= today:
        problems["birth_date"] = N_("出生日期不对，请与证件核对")
    if wanted.sex is None:
        problems["sex"] = N_("请选择性别")
    if problems or wanted.birth_date is None or wanted.sex is None:
        raise FieldsInvalid(problems)
    return wanted.birth_date, wanted.sex


async def _hospital(unit: Unit, code: str) -> Hospital | None:
    """The named one, or the only one there is."""
    if code:
        return await hospital_by_code(unit, code)
    known = await hospitals(unit)
    return known[0] if len(known) == 1 else None


async def _policy(unit: Unit, hospital: Hospital | None) -> PolicySet:
    if hospital is None:
        return sample_policy()
    try:
        return (await current_policy(unit, hospital.id)).policy
    except PolicyMissing:
        return sample_policy()


def _check_agreements(agreed: frozenset[Purpose], needed: list[ConsentKind]) -> None:
    problems: dict[str, str] = {}
    if Purpose.IDENTITY_CHECK not in agreed:
        problems["agree_identity"] = N_("请阅读并勾选同意，才能核验身份")
    if ConsentKind.GUARDIANSHIP_PROOF in needed and Purpose.GUARDIANSHIP not in agreed:
        problems["agree_guardianship"] = N_("未成年人须由监护人声明并勾选")
    if ConsentKind.CHILD_DATA in needed and Purpose.CHILD_DATA not in agreed:
        problems["agree_child_data"] = N_("未满十四周岁须由监护人单独同意")
    if problems:
        raise FieldsInvalid(problems)


async def _check_own_links(unit: Unit, account_id: UUID, relation: Relation, document: Document) -> None:
    """Only against what this account added itself."""
    links = await queries.links_of(unit, account_id)
    if any((link.document_kind, link.document_number) == (document.kind, document.number) for link in links):
        raise PersonAlreadyAdded()
    if relation is Relation.SELF and any(link.relation is Relation.SELF for link in links):
        raise SelfAlreadyAdded()
    if len(links) >= MOST_PEOPLE:
        raise TooManyPeople(limit=MOST_PEOPLE)


async def _ask_authority(units: Units, claimed: _Claimed) -> bool:
    """Whether the authority vouches; False where it has no record or never keeps such documents."""
    if claimed.document.kind not in REGISTERED_KINDS:
        return False
    checker = units.port(IdentityChecker)  # type: ignore[type-abstract]
    answer = await checker.check(claimed.name, claimed.document.number)
    if answer is IdentityAnswer.MISMATCH:
        raise IdentityMismatch()
    return answer is IdentityAnswer.MATCH


async def _ask_hospital(units: Units, claimed: _Claimed) -> bool:
    """Whether the hospital's own record of a child names the account holder as its contact.

    Spares a walk to the counter; whatever goes wrong, the counter is still there.
    """
    if ConsentKind.GUARDIANSHIP_PROOF not in claimed.needed or claimed.hospital is None:
        return False
    if not claimed.holder_name or not claimed.holder_phone:
        return False
    document = claimed.document
    try:
        found = await fetch_patient(
            units, claimed.hospital.code, system_of(document.kind), document.number,
            birth_date=claimed.birth_date,
        )  # fmt: skip
    except (HISUnavailable, HISRejected) as error:
        log.info("guardianship.not_asked", error=error.code)
        return False
    claim = Claim(claimed.name, document.kind, document.number, claimed.birth_date)
    match = found.only
    return (
        match is not None
        and likeness(match, claim) is Likeness.SAME
        and names_guardian(match, name=claimed.holder_name, phone=claimed.holder_phone)
    )


async def _person(unit: Unit, actor: Actor, claimed: _Claimed, *, verified: bool) -> UUID:
    document = claimed.document
    if verified:
        return await register_verified(
            unit, document, name=claimed.name, birth_date=claimed.birth_date, sex=claimed.sex,
            by=Verifier.AUTHORITY,
        )  # fmt: skip
    row = insert(Person).values(
        _values(unit, document, claimed.name, claimed.birth_date, claimed.sex) | {"claimed_by": actor.account}
    )
    # The account claimed it before and gave it up: its own claim, in its new words.
    again = row.on_conflict_do_update(
        index_elements=["claimed_by", "document_index"],
        set_={name: row.excluded[name] for name in ("name", "birth_date", "sex", "country")},
    )
    person_id: UUID = (await unit.session.execute(again.returning(Person.id))).scalar_one()
    return person_id


async def register_verified(
    unit: Unit, document: Document, *, name: str, birth_date: date, sex: Sex, by: Verifier
) -> UUID:
    """The one row of a document somebody vouches for; made when there is none. In a system unit."""
    index = queries.document_index(document.kind, document.number)
    await lock_document(unit, index)
    known = await queries.verified_person(unit, document.kind, document.number)
    if known is not None:
        if by is Verifier.AUTHORITY:
            # Names change in law; the authority's is the one that holds.
            known.name = name
        return known.id
    person = Person(**_values(unit, document, name, birth_date, sex), verified_at=unit.now, verified_by=by)
    unit.session.add(person)
    await unit.session.flush()
    unit.audit("person.verified", person, by=by)
    return person.id


def _values(unit: Unit, document: Document, name: str, birth_date: date, sex: Sex) -> dict[str, object]:
    return {
        "name": name,
        "document_kind": document.kind,
        "document_number": document.number,
        "document_index": queries.document_index(document.kind, document.number),
        "country": document.country or "",
        "birth_date": birth_date,
        "sex": sex,
        "created_at": unit.now,
    }


async def _link(unit: Unit, actor: Actor, claimed: _Claimed, person_id: UUID) -> PatientLink:
    missing = [kind for kind in claimed.needed if kind is not ConsentKind.CHILD_DATA]
    row = (
        insert(PatientLink)
        .values(
            id=new_id(),
            account_id=actor.account,
            person_id=person_id,
            relation=claimed.wanted.relation,
            state=LinkState.PENDING,
            name=claimed.name,
            document_kind=claimed.document.kind,
            document_number=claimed.document.number,
            hospital_id=claimed.hospital.id if claimed.hospital else None,
            missing=[str(kind) for kind in missing],
            created_at=unit.now,
            ended_by="",
        )
        .on_conflict_do_nothing()
        .returning(PatientLink.id)
    )
    link_id = (await unit.session.execute(row)).scalar_one_or_none()
    if link_id is None:
        # The same form sent twice at once.
        raise PersonAlreadyAdded()
    found = sa.select(PatientLink).where(PatientLink.id == link_id).with_for_update()
    return (await unit.session.scalars(found)).one()


def _record_agreements(unit: Unit, link: PatientLink, claimed: _Claimed) -> None:
    record_consent(unit, link, Purpose.IDENTITY_CHECK, given_by="holder")
    if ConsentKind.CHILD_DATA in claimed.needed:
        record_consent(unit, link, Purpose.CHILD_DATA, given_by="guardian")
