"""Today's line of the doctor who can be tried: visits paid for, and how far each of them has come.

Said and done through the doors of patient and doctor. A visit in which anything was said is left alone,
so a second start adds nothing; when that is late in the evening the visits are tomorrow's, and nobody is
admitted.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from uuid import UUID

import httpx2
import structlog

from telehealth.accounts import patient_by_phone
from telehealth.bookings import BookingState, bookings_of
from telehealth.consultations import admitting, chatting, concluding, consenting, noting, worsening
from telehealth.consultations.gate import find_seat
from telehealth.consultations.showing import overview
from telehealth.core.access import Actor, Role
from telehealth.core.errors import DomainError
from telehealth.core.ids import new_id
from telehealth.core.unit import Units
from telehealth.demo.accounts import IN_LINE, STAFF
from telehealth.demo.feedback import leave_feedback
from telehealth.demo.moving import open_by_day
from telehealth.demo.patients import open_patients
from telehealth.demo.paying import DOOR, pay_charge
from telehealth.demo.queries import staff_member_by_login
from telehealth.demo.queueing import open_queue
from telehealth.demo.seeding import open_hospital
from telehealth.demo.wechat import open_wechat
from telehealth.web.house import House
from telehealth.web.sessions import end_session, open_session

log = structlog.get_logger(__name__)

_DOCTOR = next(one.login for one in STAFF if one.doctor)
_NOTE = {
    "complaint": "高血压复诊，血压控制后想续方三周",
    "present_illness": "近三周自测血压 125–135/78–84，按时服药，无头晕、胸闷。",
    "findings": "文字与照片资料齐全，血压记录连续，未见需要当面检查的情况。",
    "assessment": "血压控制平稳，适合线上复诊继续随访。",
    "plan": "维持原方案，低盐饮食，每天早晚量血压；出现胸痛或血压高于 180/110 立即就医。",
    "allergies_reviewed": True,
}
_ADVICE = "继续原来的药，每天早晚量血压并记下来；两周后复查。胸痛、血压高于 180/110 时请马上到急诊。"


@dataclass(frozen=True, slots=True)
class _Cast:
    """Staff on devices of their own, with the second factor just given; each signs in once."""

    house: House
    on_stage: dict[str, Actor] = field(default_factory=dict)

    async def staff(self, login: str) -> Actor:
        if login not in self.on_stage:
            self.on_stage[login] = await self._enter(login)
        return self.on_stage[login]

    async def _enter(self, login: str) -> Actor:
        async with self.house.units.system("demo") as unit:
            member = await staff_member_by_login(unit, login)
            if member is None:
                raise LookupError(login)
            roles = frozenset(Role(role) for role in member.roles)
            actor = Actor.signed_in(
                member.account_id, roles, hospital_id=member.hospital_id, name=member.name, assurance="totp"
            )
            opened = await open_session(unit, actor, channel="browser", user_agent="demo")
        return replace(actor, session_id=opened.session_id)

    async def leave(self) -> None:
        async with self.house.units.system("demo") as unit:
            for actor in self.on_stage.values():
                if actor.session_id is not None:
                    await end_session(unit, actor.session_id)


@dataclass(frozen=True, slots=True)
class _Visit:
    cast: _Cast
    room: UUID
    person_id: UUID
    phone: str
    patient: Actor
    doctor: Actor

    @property
    def units(self) -> Units:
        return self.cast.house.units

    @property
    def public_url(self) -> str:
        return self.cast.house.settings.public_url

    @property
    def sandbox_url(self) -> str:
        return self.cast.house.settings.sandbox_url

    async def staff(self, login: str) -> Actor:
        return await self.cast.staff(login)

    async def pay(self, charge_id: UUID) -> None:
        await pay_charge(self.cast.house, self.patient, charge_id)

    async def asks(self, *texts: str) -> None:
        await self._say(self.patient, texts)

    async def answers(self, *texts: str) -> None:
        await self._say(self.doctor, texts)

    async def _say(self, actor: Actor, texts: tuple[str, ...]) -> None:
        seat = await find_seat(self.units, actor, self.room)
        for text in texts:
            await chatting.say(self.units, seat, client_id=new_id(), kind="text", text=text)

    async def is_admitted(self) -> None:
        await admitting.admit(self.units, self.doctor, self.room, fit=True)

    async def plays(self) -> None:
        """What features above let happen while the doctor is here."""
        for scene in self.cast.house.contributions.get("demo_scene", []):
            await scene(self)


async def open_demo(house: House) -> None:
    """The sample hospitals, what features above add to them, and somebody in the rooms of one doctor."""
    await open_by_day(house)
    await open_hospital(house)
    for opening in house.contributions.get("demo_opening", []):
        await opening(house.units)
    await open_patients(house, IN_LINE)
    await open_wechat(house)
    await open_queue(house)
    cast = _Cast(house)
    try:
        for one in IN_LINE:
            await _bring(cast, one.phone)
    finally:
        await cast.leave()
    await leave_feedback(house.units)


async def _bring(cast: _Cast, phone: str) -> None:
    found = await _visit(cast, phone)
    if found is None:
        return
    try:
        await _STAGES[phone](found)
    except (DomainError, httpx2.HTTPError) as error:
        log.warning("demo.stage_left_out", error=str(error))


async def _visit(cast: _Cast, phone: str) -> _Visit | None:
    """The paid visit with this doctor in which nobody said anything yet."""
    units = cast.house.units
    async with units.system("demo") as unit:
        account = await patient_by_phone(unit, f"+86{phone}")
    if account is None:
        return None
    patient = Actor.signed_in(account.id, frozenset({Role.PATIENT}))
    async with units.of(patient) as unit:
        rows = [row.booking for row in await bookings_of(unit, limit=100)]
    for row in rows:
        if row.door != DOOR or row.state is not BookingState.PAID:
            continue
        found = await overview(units, await find_seat(units, patient, row.id))
        if not found.last:
            return _Visit(cast, row.id, row.person_id, phone, patient, await cast.staff(_DOCTOR))
    return None


async def _talking(visit: _Visit) -> None:
    await visit.asks("医生您好，我晚上还是睡不好，要到一两点才睡着。", "早上起来量血压 152/95，有点担心。")
    await visit.is_admitted()
    for actor in (visit.patient, visit.doctor):
        await consenting.answer(visit.units, actor, visit.room, agreed=True)
    await visit.answers("您好，药还在按时吃吗？白天的血压是多少？")
    await visit.asks("药都吃了，下午量是 138/86。")
    await visit.answers("下午的数值可以。请把这一周早晚的血压拍给我看一下，我们再决定要不要调药。")
    await visit.asks("好的，我女儿回来帮我拍。")
    await visit.plays()


async def _waiting(visit: _Visit) -> None:
    await visit.asks("昨天门诊把二甲双胍加到了每天两次，想问能不能和降压药一起吃？", "空腹血糖今天 7.8。")


async def _worse(visit: _Visit) -> None:
    await visit.asks("这一周早上头晕，今天站起来差点摔倒。")
    await worsening.feel_worse(visit.units, visit.patient, visit.room)


async def _finished(visit: _Visit) -> None:
    await visit.asks("血压这三周都在 130/80 左右，想续方。")
    await visit.is_admitted()
    await visit.answers("记录我看过了，控制得不错，药先不变。有没有头晕、脚肿？")
    await visit.asks("没有，都挺好。")
    await visit.answers("好的，处方我现在开，药师审核后您在这里就能看到。")
    await visit.plays()
    await _concludes(visit)


async def _finished_earlier(visit: _Visit) -> None:
    await visit.asks("医生您好，药快吃完了，想续一下。")
    await visit.is_admitted()
    await visit.answers("最近的记录我看过了，比较平稳。有没有新的不舒服，有没有换过别的药？")
    await visit.asks("没有，药也没有换过。")
    await visit.plays()
    await _concludes(visit)


async def _concludes(visit: _Visit) -> None:
    async with visit.units.of(visit.doctor) as unit:
        note = await noting.save(unit, visit.room, noting.SaveNote.model_validate({**_NOTE, "version": 0}))
        await noting.sign(unit, visit.room, version=note.version)
    async with visit.units.of(visit.doctor) as unit:
        await concluding.conclude(
            unit, visit.room, advice=_ADVICE,
            follow_up_on=unit.today + timedelta(days=14), follow_up_reason="复查血压，看药是否要调",
        )  # fmt: skip


_STAGES: Mapping[str, Callable[[_Visit], Awaitable[None]]] = {
    "13800000103": _talking,
    "13800000102": _waiting,
    "13800000120": _worse,
    "13800000111": _finished,
    "13800000124": _finished_earlier,
    "13800000125": _finished_earlier,
}
