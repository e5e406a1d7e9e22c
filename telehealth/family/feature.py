"""What the family account offers: who may pay for whom, the staff's reviews, and papers that go again."""

from typing import Any

from telehealth.core.access import Actor, Permission
from telehealth.core.deadlines import DeadlineKind
from telehealth.core.feature import Feature, Periodic, RailLink
from telehealth.core.i18n import N_
from telehealth.core.unit import Unit
from telehealth.family import api, deleting, ending, pages, queries, requesting, reviewing
from telehealth.family.audit_words import WORDS
from telehealth.family.proving import ANSWER_DUE
from telehealth.family.states import BindingState
from telehealth.patients import ConsentWithdrawn, LinkEnded
from telehealth.patients.masking import mask_name


async def home_cards(unit: Unit, actor: Actor) -> list[dict[str, Any]]:
    """A request the user has yet to prove."""
    if not actor.may(Permission.MANAGE_PEOPLE):
        return []
    rows = await queries.bindings_of(unit, actor.account, limit=20)
    return [
        {
            "title": N_("家庭共济待核验"),
            "text": mask_name(row.member_name),
            "href": f"/family/{row.id}",
            "icon": "users-round",
            "kind": "warn",
        }
        for row in rows
        if row.state is BindingState.PROVING
    ][:1]


async def me_links(unit: Unit, actor: Actor) -> list[dict[str, Any]]:
    if not actor.may(Permission.MANAGE_PEOPLE):
        return []
    return [
        {
            "title": N_("家庭共济"),
            "href": "/family",
            "icon": "users-round",
            "text": N_("用医保账户为家人付款"),
        }
    ]


async def worklist(unit: Unit, actor: Actor) -> list[dict[str, Any]]:
    if not actor.may(Permission.REVIEW_DOCUMENTS):
        return []
    waiting = len(await queries.review_queue(unit, actor.hospital))
    if not waiting:
        return []
    return [
        {
            "title": N_("家庭共济审核"),
            "text": str(waiting),
            "href": pages.HERE,
            "icon": "users-round",
            "kind": "warn",
        }
    ]


feature = Feature(
    name="family",
    api=tuple(api.routes),
    pages=tuple(pages.routes),
    tasks=(deleting.delete_files,),
    deadlines=(
        DeadlineKind(requesting.LAPSE, requesting.lapse),
        DeadlineKind(ANSWER_DUE, reviewing.answer_due),
        DeadlineKind(deleting.DELETE, deleting.delete_due),
    ),
    periodic=(Periodic("family.sweep_incoming", 3600, deleting.sweep_incoming),),
    subscriptions=((LinkEnded, ending.link_ended), (ConsentWithdrawn, ending.consent_withdrawn)),
    templates="telehealth.family",
    rail=(RailLink(pages.HERE, "users-round", N_("家庭共济审核"), Permission.REVIEW_DOCUMENTS, order=62),),
    contributions=(
        ("audit_words", WORDS),
        ("patient_home", home_cards),
        ("me", me_links),
        ("worklist", worklist),
    ),
)
