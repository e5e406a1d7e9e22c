"""From rows to what a page shows: finished words, no states for a template to compare."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from telehealth.core.clock import completed_years
from telehealth.core.unit import Unit
from telehealth.directory import Hospital, hospitals
from telehealth.patients import queries
from telehealth.patients.linking_family import CARRYING
from telehealth.patients.masking import mask_card, mask_number
from telehealth.patients.matching import REGISTERED_KINDS
from telehealth.patients.models import Consent, IdentityReview, PatientCard, PatientLink, Person
from telehealth.patients.rules import DOCUMENT_LABELS, ConsentKind, Relation
from telehealth.patients.states import CARD_LABELS, REVIEW_LABELS, LinkState, Purpose
from telehealth.patients.wording import (
    PURPOSE_LABELS,
    RELATION_LABELS,
    REVIEW_STATES,
    SEX_LABELS,
    VERIFIERS,
    WAY_LABELS,
    Badge,
    badge,
    is_open,
)

Words = Callable[[str], str]


@dataclass
class CardForm:
    values: dict[str, Any]
    errors: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class PersonLine:
    href: str
    name: str
    sub: str
    badge: Badge


@dataclass(frozen=True, slots=True)
class RepresentativeLine:
    id: UUID
    title: str
    since: Any


@dataclass(frozen=True, slots=True)
class ConsentLine:
    id: UUID
    title: str
    way: str
    given_at: Any
    withdrawn_at: Any
    #: Where withdrawing it is posted; empty when it is withdrawn.
    withdraw: str
    ends_link: bool


@dataclass(frozen=True, slots=True)
class ReviewLine:
    title: str
    hospital: str
    badge: Badge
    requested_at: Any
    reason: str


@dataclass(frozen=True, slots=True)
class PlaceLine:
    """A hospital and the card bound there, if any."""

    name: str
    bind: str
    card: str
    kind: str
    unbind: str
    linked: bool


@dataclass(frozen=True, slots=True)
class Detail:
    id: UUID
    name: str
    relation: str
    badge: Badge
    facts: list[tuple[str, str]]
    #: What is still to do, and by which ways.
    needs_adult: bool
    needs_guardian: bool
    needs_document: bool
    can_ask_authority: bool
    can_show_face: bool
    code_expected: bool
    review_open: bool
    is_active: bool
    consents: list[ConsentLine]
    reviews: list[ReviewLine]
    places: list[PlaceLine]
    representatives: list[RepresentativeLine]
    verified_by: str
    #: Nobody has agreed yet that other hospitals are asked for medicines in use.
    may_permit_medicines: bool


def options(labels: Mapping[Any, str], _: Words) -> list[tuple[str, str]]:
    return [(str(value), _(text)) for value, text in labels.items()]


def line(link: PatientLink, person: Person | None, _: Words) -> PersonLine:
    document = f"{_(DOCUMENT_LABELS[link.document_kind])} {mask_number(link.document_number)}"
    return PersonLine(
        f"/people/{link.person_id}",
        link.name,
        f"{_(RELATION_LABELS[link.relation])} · {document}",
        _said(badge(link, person), _),
    )


def representative_line(link: PatientLink, _: Words) -> RepresentativeLine:
    """The other account stays without a name: its holder may not be in our books."""
    title = _("把您添加为“{relation}”的账号").format(relation=_(RELATION_LABELS[link.relation]))
    return RepresentativeLine(link.id, title, link.created_at)


async def detail(unit: Unit, account_id: UUID, person_id: UUID, _: Words, lang: str) -> Detail:
    """Raises PersonNotFound."""
    link = await queries.link_for(unit, account_id, person_id)
    person = (await queries.people_by_id(unit, [person_id])).get(person_id)
    active = link.state is LinkState.ACTIVE
    places = await hospitals(unit)
    reviews = await queries.reviews_of_link(unit, link.id)
    cards = await queries.cards_of(unit, account_id, person_id=person_id)
    unverified = active and person is not None and not person.is_verified
    registered = link.document_kind in REGISTERED_KINDS
    own = link.relation is Relation.SELF and active
    others = await queries.representatives(unit, account_id) if own else ()
    consents = await queries.consents_of(unit, link.id)
    return Detail(
        id=person_id,
        name=link.name,
        relation=_(RELATION_LABELS[link.relation]),
        badge=_said(badge(link, person), _),
        facts=_facts(unit, link, person if active else None, _),
        needs_adult=ConsentKind.ADULT in link.missing,
        needs_guardian=ConsentKind.GUARDIANSHIP_PROOF in link.missing,
        needs_document=unverified,
        can_ask_authority=unverified and registered,
        can_show_face=registered and (unverified or ConsentKind.ADULT in link.missing),
        code_expected=link.hospital_id is not None and ConsentKind.ADULT in link.missing,
        review_open=any(is_open(review) for review in reviews),
        is_active=active,
        consents=[_consent(row, person_id, _) for row in consents],
        reviews=[_review(row, places, _, lang) for row in reviews],
        places=[await _place(unit, place, person_id, cards, _, lang) for place in places] if active else [],
        representatives=[representative_line(other, _) for other in others],
        verified_by=_(VERIFIERS[person.verified_by]) if active and person and person.verified_by else "",
        may_permit_medicines=active
        and not any(row.purpose is Purpose.MEDICINE_CHECK and row.withdrawn_at is None for row in consents),
    )


def _facts(unit: Unit, link: PatientLink, person: Person | None, _: Words) -> list[tuple[str, str]]:
    rows = [(_(DOCUMENT_LABELS[link.document_kind]), mask_number(link.document_number))]
    if person is not None:
        age = completed_years(person.birth_date, unit.today)
        rows += [
            (_("性别"), _(SEX_LABELS[person.sex])),
            (_("年龄"), _("{age} 岁").format(age=age)),
        ]
    return rows


def _consent(row: Consent, person_id: UUID, _: Words) -> ConsentLine:
    open_ = row.withdrawn_at is None
    ends = row.purpose in CARRYING
    return ConsentLine(
        row.id,
        _(PURPOSE_LABELS[row.purpose]),
        _(WAY_LABELS[row.way]) if row.way else "",
        row.given_at,
        row.withdrawn_at,
        f"/people/{person_id}/consents/{row.id}/withdrawal" if open_ else "",
        ends,
    )


def _review(row: IdentityReview, places: Any, _: Words, lang: str) -> ReviewLine:
    kind, text = REVIEW_STATES[row.state]
    place = next((place for place in places if place.id == row.hospital_id), None)
    return ReviewLine(
        _(REVIEW_LABELS[row.kind]), _name(place, lang), Badge(kind, _(text)), row.requested_at, row.reason
    )


async def _place(unit: Unit, place: Hospital, person_id: UUID, cards: Any, _: Words, lang: str) -> PlaceLine:
    card: PatientCard | None = next((card for card in cards if card.hospital_id == place.id), None)
    patient = await queries.hospital_patient(unit, place.id, person_id) if card else None
    return PlaceLine(
        _name(place, lang),
        f"/h/{place.code}/cards/new?person={person_id}",
        mask_card(card.number) if card else "",
        _(CARD_LABELS[card.kind]) if card else "",
        f"/h/{place.code}/cards/{card.id}/removal" if card else "",
        bool(patient and patient.insurance_linked),
    )


def _name(place: Hospital | None, lang: str) -> str:
    if place is None:
        return ""
    return place.name_en if lang == "en" else place.name


def _said(one: Badge, _: Words) -> Badge:
    return Badge(one.kind, _(one.text))
