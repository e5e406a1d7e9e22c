"""What the hospital knows of a person, for that person."""

from typing import Any

from telehealth.core import progress
from telehealth.core.access import Actor, Permission
from telehealth.core.feature import Feature
from telehealth.core.i18n import N_
from telehealth.core.unit import Unit
from telehealth.patients import LinkEnded
from telehealth.records import api, models, pages, sharing
from telehealth.records.sources import SOURCES

__all__ = ["feature", "models", "progress"]


async def me_links(unit: Unit, actor: Actor) -> list[dict[str, Any]]:
    if actor.is_staff or not actor.may(Permission.BOOK):
        return []
    return [
        {
            "title": N_("健康档案"),
            "href": "/records",
            "icon": "folder-heart",
            "text": N_("就诊、病历、报告、处方与收据"),
        },
        {
            "title": N_("我的分享"),
            "href": "/shares",
            "icon": "share-2",
            "text": N_("给别人看的资料，随时收回"),
        },
    ]


feature = Feature(
    name="records",
    api=tuple(api.routes),
    pages=tuple(pages.routes),
    subscriptions=((LinkEnded, sharing.on_link_ended),),
    templates="telehealth.records",
    contributions=(("me", me_links), *(("record_papers", source) for source in SOURCES)),
)
