"""Consents of a visit: to be recorded, and to have somebody of the family in the room."""

from collections.abc import Sequence
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import distinct_on

from telehealth.bookings import Booking
from telehealth.consultations import consenting, helping
from telehealth.consultations.errors import RoomClosed, RoomNotFound, SeatNotFound
from telehealth.consultations.models import Consultation, RecordingConsent, RoomSeat
from telehealth.consultations.states import OPEN, SeatState
from telehealth.core.access import Actor
from telehealth.core.consents import ConsentEntry, ConsentGone
from telehealth.core.i18n import LANGUAGES, N_, translator
from telehealth.core.rooms import Role
from telehealth.core.unit import Unit, Units

_NUMBER = N_("预约号 %(number)s")


class RecordingConsents:
    """The last answer of each visit; a no is no consent and is not shown."""

    kind = "recording"

    async def listed(self, unit: Unit) -> Sequence[ConsentEntry]:
        last = (
            sa.select(RecordingConsent)
            .ext(distinct_on(RecordingConsent.room))
            .where(RecordingConsent.person_account_id == unit.actor.account)
            .where(RecordingConsent.account_id == unit.actor.account)
            .order_by(RecordingConsent.room, RecordingConsent.at.desc(), RecordingConsent.id.desc())
        ).subquery()
        answer = sa.orm.aliased(RecordingConsent, last)
        rows = await unit.session.execute(
            sa.select(answer, Consultation, Booking.number)
            .join(Consultation, Consultation.id == answer.room)
            .join(Booking, Booking.id == answer.room)
            .where(answer.agreed)
            .order_by(answer.at.desc())
            .limit(100)
        )
        return [
            ConsentEntry(
                kind=self.kind,
                id=visit.id,
                person_id=visit.person_id,
                purpose=N_("通话录音录像"),
                text=N_("就诊通话经双方同意后录音录像，作为病历的一部分依法保存，谁播放过您都能看到。"),
                given_at=row.at,
                where=_where(number),
                ended_at=None if visit.state in OPEN else visit.ended_at,
                can_withdraw=visit.state in OPEN,
                follows=N_("撤回后本次就诊从现在起不再录制，仍可继续就诊；已录的部分依法保存。"),
            )
            for row, visit, number in rows
        ]

    async def withdraw(self, units: Units, actor: Actor, consent_id: UUID) -> None:
        """In mid-call the recorder stops; nothing that was said is lost. Raises ConsentGone."""
        try:
            await consenting.answer(units, actor, consent_id, agreed=False)
        except RoomNotFound:
            raise ConsentGone() from None
        except RoomClosed:
            # The visit is over: nothing is recorded any more.
            return


class HelperConsents:
    kind = "helper"

    async def listed(self, unit: Unit) -> Sequence[ConsentEntry]:
        rows = await unit.session.execute(
            sa.select(RoomSeat, Consultation, Booking.number)
            .join(Consultation, Consultation.id == RoomSeat.room)
            .join(Booking, Booking.id == RoomSeat.room)
            .where(RoomSeat.account_id == unit.actor.account, RoomSeat.role == str(Role.HELPER))
            .order_by(RoomSeat.invited_at.desc())
            .limit(100)
        )
        return [
            ConsentEntry(
                kind=self.kind,
                id=row.id,
                person_id=visit.person_id,
                purpose=N_("邀请家属协助就诊"),
                text=N_("受邀的家属可以进入这次就诊的诊室，看到其中的内容并协助沟通；就诊结束后自动离开。"),
                given_at=row.invited_at,
                where=_where(number),
                ended_at=row.ended_at or (None if visit.state in OPEN else visit.ended_at),
                can_withdraw=row.state is not SeatState.ENDED and visit.state in OPEN,
                follows=N_("撤回后对方立即离开诊室，链接失效；就诊不受影响。"),
            )
            for row, visit, number in rows
        ]

    async def withdraw(self, units: Units, actor: Actor, consent_id: UUID) -> None:
        async with units.account(actor.account, actor) as unit:
            row = await unit.session.get(RoomSeat, consent_id)
            if row is None or row.account_id != actor.account or row.role != Role.HELPER:
                raise ConsentGone()
        try:
            await helping.end(units, actor, row.room, row.id)
        except (RoomNotFound, SeatNotFound):
            raise ConsentGone() from None


def _where(number: str) -> dict[str, str]:
    return {lang: translator(lang)(_NUMBER) % {"number": number} for lang in LANGUAGES}
