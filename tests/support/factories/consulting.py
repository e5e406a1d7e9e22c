"""A doctor at work in a room: signed in on a device, writing a note, ringing."""

from dataclasses import replace
from typing import Any

from telehealth.consultations.admitting import admit
from telehealth.consultations.models import Consultation, VisitNote
from telehealth.consultations.noting import SaveNote, save, sign
from telehealth.core.access import Actor
from telehealth.core.ids import new_id
from telehealth.core.rooms import Role, RoomJournal
from telehealth.core.unit import Units
from telehealth.web.sessions import open_session
from tests.support.factories.rooms import Visit

#: Every part long enough for the sample policy.
NOTE = {
    "complaint": "样例主诉：血压控制后复诊配药",
    "present_illness": "样例现病史：近三周自测血压平稳，无头晕胸闷",
    "findings": "样例所见：视频中神志清楚，语言流利，面色如常",
    "assessment": "样例评估：病情稳定，适合线上复诊继续随访",
    "plan": "样例建议：继续原方案，一个月后复诊，不适随诊",
    "allergies_reviewed": True,
}
ADVICE = "样例建议：按时服用，一个月后复诊"


async def sign_in(units: Units, actor: Actor) -> Actor:
    """On a device of their own, with the second factor just given."""
    async with units.system("test") as unit:
        opened = await open_session(unit, actor, channel="browser")
    return replace(actor, session_id=opened.session_id)


async def admit_as(units: Units, visit: Visit, doctor: Actor | None = None) -> Consultation:
    return await admit(units, doctor or await sign_in(units, visit.doctor), visit.room, fit=True)


async def write_note(
    units: Units, visit: Visit, *, version: int = 0, page: str = "page-1", **changes: Any
) -> VisitNote:
    async with units.of(visit.doctor) as unit:
        return await save(
            unit, visit.room, SaveNote.model_validate(NOTE | {"version": version, "page": page} | changes)
        )


async def sign_note(units: Units, visit: Visit, *, version: int = 1) -> VisitNote:
    async with units.of(visit.doctor) as unit:
        return await sign(unit, visit.room, version=version)


async def ring_unanswered(units: Units, visit: Visit, times: int = 1, *, by: Role = Role.DOCTOR) -> None:
    await calls_end(units, visit, "unanswered", times, by=by)


async def calls_end(
    units: Units, visit: Visit, reason: str, times: int = 1, *, by: Role = Role.DOCTOR, seconds: int = 0
) -> None:
    """What whoever carries calls tells of them."""
    journal = units.port(RoomJournal)  # type: ignore[type-abstract]
    for _ in range(times):
        call = new_id()
        async with units.system("test") as unit:
            await journal.rang(unit, visit.room, call, by=by, media="video")
        async with units.system("test") as unit:
            await journal.ended(unit, visit.room, call, reason=reason, by=by, seconds=seconds)
