"""What strikes offer: the patient's record with its appeal button, and the staff's answers."""

from typing import Any

from telehealth.core.access import Actor, Permission
from telehealth.core.feature import Feature, RailLink
from telehealth.core.i18n import N_
from telehealth.core.unit import Unit
from telehealth.patients import people_of
from telehealth.strikes import api, pages, queries
from telehealth.strikes.audit_words import WORDS
from telehealth.strikes.waiting import worklist


async def home_cards(unit: Unit, actor: Actor) -> list[dict[str, Any]]:
    """A ban is said before anybody looks for a seat."""
    if not actor.may(Permission.BOOK):
        return []
    people = {person.id: link.name for link, person in await people_of(unit, actor.account)}
    bans = await queries.bans_of_people(unit, list(people))
    return [
        {
            "title": N_("线上预约已暂停"),
            "text": f"{people[ban.person_id]} · {ban.until_on:%Y-%m-%d}",
            "href": "/strikes",
            "icon": "ban",
            "kind": "warn",
        }
        for ban in bans
    ]


async def me_links(unit: Unit, actor: Actor) -> list[dict[str, Any]]:
    if not actor.may(Permission.BOOK):
        return []
    return [{"title": N_("爽约记录"), "href": "/strikes", "icon": "calendar-x", "text": N_("累计次数与申诉")}]


feature = Feature(
    name="strikes",
    api=tuple(api.routes),
    pages=tuple(pages.routes),
    templates="telehealth.strikes",
    rail=(RailLink(pages.HERE, "scale", N_("爽约申诉"), Permission.LIFT_STRIKE, order=70),),
    contributions=(
        ("audit_words", WORDS),
        ("patient_home", home_cards),
        ("me", me_links),
        ("worklist", worklist),
    ),
)
