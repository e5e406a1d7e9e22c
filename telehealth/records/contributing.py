"""What views below show of records: the doors on one's own page, and heirs who wait for the desk."""

from typing import Any

from telehealth.core.access import Actor, Permission
from telehealth.core.i18n import N_
from telehealth.core.unit import Unit
from telehealth.records import queries

DESK = "/staff/data-requests"

_LINKS = (
    (N_("健康档案"), "/records", "folder-heart", N_("就诊、病历、报告、处方与收据")),
    (N_("我的分享"), "/shares", "share-2", N_("给别人看的资料，随时收回")),
    (N_("谁看过我的资料"), "/records/views", "eye", N_("查看、播放与对外提供的记录")),
    (N_("同意与授权"), "/consents", "file-check", N_("查看与撤回")),
    (N_("我的资料权利"), "/data-rights", "scale", N_("导出、限制处理、代亡故亲属申请")),
)


async def me_links(unit: Unit, actor: Actor) -> list[dict[str, Any]]:
    if actor.is_staff or not actor.may(Permission.BOOK):
        return []
    return [{"title": title, "href": href, "icon": icon, "text": text} for title, href, icon, text in _LINKS]


async def worklist(unit: Unit, actor: Actor) -> list[dict[str, Any]]:
    if not actor.is_staff or not actor.may(Permission.BOOK_FOR_PATIENT):
        return []
    waiting = await queries.waiting_requests(unit, actor.hospital)
    if not waiting:
        return []
    late = any(row.answer_by < unit.now for row in waiting)
    return [
        {
            "title": N_("亡故患者近亲属申请"),
            "text": str(len(waiting)),
            "href": DESK,
            "icon": "file-heart",
            "kind": "danger" if late else "warn",
        }
    ]
