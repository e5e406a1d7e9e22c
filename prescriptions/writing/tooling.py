"""What the doctor's room shows of sheets, and what a doctor's home asks them to do."""

from typing import Any
from uuid import UUID

from prescriptions.queries import returned_sheets
from prescriptions.states import SheetKind
from prescriptions.writing.own import visit_of_doctor
from prescriptions.writing.showing import sheet_rows
from prescriptions.writing.wording import KINDS
from telehealth.consultations.errors import RoomNotFound
from telehealth.core.access import Actor, Permission
from telehealth.core.i18n import N_, format_fen, format_instant, translator
from telehealth.core.unit import Unit

_NEW = {SheetKind.WESTERN: N_("开西药、成药处方"), SheetKind.HERB: N_("开中药饮片处方")}
_ICONS = {SheetKind.WESTERN: "pill", SheetKind.HERB: "leaf"}


async def room_tools(unit: Unit, room: UUID, lang: str) -> dict[str, Any] | None:
    """The section of a visit, for its own doctor: its sheets, and forms that open a new one."""
    say = translator(lang)
    try:
        visit = await visit_of_doctor(unit, room)
    except RoomNotFound:
        return None
    why = ""
    if not visit.diagnoses:
        why = say(N_("医院没有这位患者的既往诊断，本次只能给出建议，不能开方。"))
    elif not visit.is_admitted:
        why = say(N_("接诊后可以开处方。")) if not visit.is_closed else ""
    return {
        "title": say(N_("处方")),
        "rows": [
            {
                "href": row.href,
                "title": say(KINDS[row.kind]),
                "sub": row.number,
                "tone": row.tone,
                "tag": row.state_words,
                "end": format_fen(row.total, lang) if row.total else "",
            }
            for row in await sheet_rows(unit, room, lang)
        ],
        "acts": [
            {
                "action": f"/staff/rooms/{room}/prescriptions",
                "fields": {"kind": str(kind)},
                "label": say(words),
                "icon": _ICONS[kind],
            }
            for kind, words in _NEW.items()
        ]
        if not why and visit.is_admitted
        else [],
        "why": why,
    }


async def worklist(unit: Unit, actor: Actor) -> list[dict[str, Any]]:
    """Sheets that came back, the most urgent first."""
    if not actor.is_staff or not actor.may(Permission.CONSULT):
        return []
    return [
        {
            "title": N_("处方被药师退回"),
            "text": {
                lang: translator(lang)(N_("处方 %(number)s：请在 %(by)s 前修改并重新签名"))
                % {"number": rx.number, "by": format_instant(rx.answer_by, lang) if rx.answer_by else "—"}
                for lang in ("zh-CN", "en")
            },
            "href": f"/staff/prescriptions/{rx.id}",
            "icon": "undo-2",
            "kind": "warn",
            "due_at": rx.answer_by,
            "since": rx.reviewed_at,
            "owner": actor.name,
        }
        for rx in await returned_sheets(unit, actor.account)
    ]
