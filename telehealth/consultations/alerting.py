"""Somebody wrote of a red flag, or says they feel worse: a card for them, an alert for those on duty.

Writing is never blocked by it.
"""

from collections.abc import Iterable, Mapping
from datetime import timedelta
from typing import Any
from uuid import UUID

from telehealth.consultations.doctor_queries import readable_visit
from telehealth.consultations.errors import RoomNotFound
from telehealth.consultations.presenting import said
from telehealth.consultations.queries import consultation, fetch, staff_to_alert
from telehealth.consultations.writing import announce
from telehealth.core.access import Permission
from telehealth.core.i18n import N_
from telehealth.core.jobs import Work, task
from telehealth.core.unit import Unit
from telehealth.intake import red_flags
from telehealth.notifications import Notice, notify
from telehealth.rulebook import current_policy

RED_FLAG = "red_flag"
WORSE = "worse"
#: An alert that nobody answered is given again after this.
AGAIN_AFTER = timedelta(minutes=10)

_WORSE = N_(
    "如果症状很重或还在加重，请立即拨打急救电话，或由家人送到最近的急诊，不要等待线上回复。已通知医生和值班人员。"
)


async def card_of_text(unit: Unit, hospital_id: UUID, text: str) -> Mapping[str, Any] | None:
    """The emergency card for words that name a red flag (XY04); None for all others."""
    flags = [hit.flag for hit in red_flags.hits_in(text)]
    return await _card(unit, hospital_id, flags) if flags else None


async def card_of_worsening(unit: Unit, hospital_id: UUID) -> Mapping[str, Any]:
    policy = (await current_policy(unit, hospital_id)).policy
    return {"level": "emergency", "numbers": [policy.intake.emergency_number], "sentence": said(_WORSE)}


async def raise_alarm(unit: Unit, room: UUID, by: str) -> bool:
    """Mark an open visit urgent and alert doctor and duty desk. False when they were alerted just now."""
    raised = await fetch(unit, _RAISE, room=room, by=by, now=unit.now, again=unit.now - AGAIN_AFTER)
    if not raised:
        return False
    await announce(unit, room, "urgent", code=by)
    unit.audit("consultation.urgent", f"consultations:{room}", hospital_id=raised[0]["hospital_id"],
               account_id=raised[0]["account_id"], by=by)  # fmt: skip
    await unit.defer(alert_staff, room=room)
    return True


_RAISE = """
update consultations set urgent_at = %(now)s, urgent_by = %(by)s
where id = %(room)s and state in ('waiting', 'admitted') and (urgent_at is null or urgent_at < %(again)s)
returning hospital_id, account_id
"""


async def acknowledge(unit: Unit, room: UUID) -> None:
    """The doctor, a colleague in the room, or the duty desk has seen to it. Again changes nothing.

    Raises RoomNotFound.
    """
    if not unit.actor.may(Permission.BOOK_FOR_PATIENT):
        await readable_visit(unit, room)
    seen = await fetch(unit, _SEEN_TO, room=room, hospital=unit.actor.hospital)
    if not seen:
        raise RoomNotFound()
    if seen[0]["was_urgent"]:
        await announce(unit, room, "urgency_acknowledged")
        unit.audit("consultation.urgency_acknowledged", f"consultations:{room}",
                   account_id=seen[0]["account_id"])  # fmt: skip


_SEEN_TO = """
with before as (
    select id, urgent_at is not null as was_urgent from consultations
    where id = %(room)s and hospital_id = %(hospital)s for update
)
update consultations c set urgent_at = null, urgent_by = null
from before where c.id = before.id
returning c.account_id, before.was_urgent
"""


@task("consultations.alert_staff", queue="default", retry_s=(1, 5, 15, 60, 300))
async def alert_staff(work: Work, *, room: str) -> None:
    """To the inboxes and phones of the doctor and everybody at the desk. Twice is better than never."""
    async with work.units.system("room alert") as unit:
        row = await consultation(unit, UUID(room))
        if row.urgent_at is None:
            return
        number = (await fetch(unit, _NUMBER, room=row.id))[0]["number"]
        staff = await staff_to_alert(unit, row.hospital_id, row.doctor_id)
        for account_id in dict.fromkeys(_everybody(staff.doctor, staff.desk)):
            await notify(
                unit, Notice.ROOM_URGENT, account_id, hospital_id=row.hospital_id,
                href=f"/staff/rooms/{row.id}" if account_id == staff.doctor else f"/staff/bookings/{row.id}",
                number=number, at=row.urgent_at,
            )  # fmt: skip


_NUMBER = "select number from bookings where id = %(room)s"


def _everybody(doctor: UUID | None, desk: Iterable[UUID]) -> list[UUID]:
    return [*([doctor] if doctor is not None else []), *desk]


async def _card(unit: Unit, hospital_id: UUID, flags: list[str]) -> Mapping[str, Any] | None:
    policy = (await current_policy(unit, hospital_id)).policy
    advice = red_flags.advice(flags, policy)
    if advice is None:
        return None
    return {"level": str(advice.level), "numbers": list(advice.numbers), "sentence": said(advice.sentence)}


def alert(kind: str, card: Mapping[str, Any]) -> Mapping[str, Any]:
    """What the page that wrote shows at once."""
    return {"kind": kind, "card": card}
