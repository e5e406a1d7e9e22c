"""What patients offer: people, cards, consents, and the staff's review queue."""

from typing import Any

from telehealth.core.access import Actor, Permission
from telehealth.core.feature import Feature, Periodic, RailLink
from telehealth.core.i18n import N_
from telehealth.core.unit import Unit
from telehealth.directory import Hospital
from telehealth.patients import api, pages, queries, staff_pages
from telehealth.patients.audit_words import WORDS
from telehealth.patients.coming_of_age import come_of_age
from telehealth.patients.contributing_consents import PersonConsents
from telehealth.patients.contributing_fhir import RESOURCES
from telehealth.patients.passing_on import pass_on_late
from telehealth.patients.states import LinkState
from telehealth.patients.waiting import worklist


async def home_cards(unit: Unit, actor: Actor) -> list[dict[str, Any]]:
    """What somebody still owes before they can book."""
    if not actor.may(Permission.MANAGE_PEOPLE):
        return []
    links = await queries.links_of(unit, actor.account)
    if not links:
        return [
            _card(N_("请先实名"), N_("添加本人信息后即可绑定就诊卡、预约复诊"), "/people/new?relation=self")
        ]
    waiting = [link for link in links if link.state is LinkState.PENDING]
    return [
        _card(N_("就诊人待完成"), N_("还差本人同意或监护核对"), f"/people/{link.person_id}")
        for link in waiting[:1]
    ]


async def hospital_cards(unit: Unit, actor: Actor, hospital: Hospital) -> list[dict[str, Any]]:
    """Who has no card at this hospital yet."""
    if not actor.may(Permission.MANAGE_PEOPLE):
        return []
    bound = {
        card.person_id
        for card in await queries.cards_of(unit, actor.account)
        if card.hospital_id == hospital.id
    }
    return [
        {
            "title": link.name,
            "text": N_("未绑定就诊卡"),
            "href": f"/h/{hospital.code}/cards/new?person={person.id}",
            "icon": "id-card",
            "kind": "info",
        }
        for link, person in await queries.people_of(unit, actor.account)
        if person.id not in bound
    ]


async def me_links(unit: Unit, actor: Actor) -> list[dict[str, Any]]:
    if not actor.may(Permission.MANAGE_PEOPLE):
        return []
    return [
        {
            "title": N_("我的就诊人"),
            "href": "/people",
            "icon": "users-round",
            "text": N_("实名、授权与就诊卡"),
        }
    ]


async def known_name(unit: Unit, actor: Actor) -> str:
    person = await queries.own_person(unit, actor.account)
    return person.name if person is not None else ""


def _card(title: str, text: str, href: str) -> dict[str, Any]:
    return {"title": title, "text": text, "href": href, "icon": "id-card", "kind": "warn"}


feature = Feature(
    name="patients",
    api=tuple(api.routes),
    pages=(*pages.routes, *staff_pages.routes),
    templates="telehealth.patients",
    periodic=(
        Periodic("patients.pass_on_late", 300, pass_on_late),
        Periodic("patients.come_of_age", 900, come_of_age),
    ),
    rail=(RailLink(staff_pages.HERE, "id-card", N_("身份核验"), Permission.REVIEW_DOCUMENTS, order=60),),
    contributions=(
        ("audit_words", WORDS),
        ("consents", PersonConsents()),
        ("fhir", RESOURCES),
        ("patient_home", home_cards),
        ("hospital_home", hospital_cards),
        ("me", me_links),
        ("known_name", known_name),
        ("worklist", worklist),
    ),
)
