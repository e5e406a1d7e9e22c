"""What staff do to a booking, a refund or a sheet: here, or in a process of its own (`nest`)."""

import asyncio
from collections.abc import Sequence
from uuid import UUID

import app
from telehealth.bookings.attending import record
from telehealth.bookings.states import Evidence
from telehealth.bookings.withdrawing import refuse_admission, withdraw
from telehealth.core.access import Actor, Role
from telehealth.core.errors import Conflict
from telehealth.core.ids import new_id
from telehealth.core.offset import follow_offset
from telehealth.core.settings import Settings
from telehealth.core.unit import Unit, Units
from telehealth.payments.refunding import retry, settle_by_hand
from tests.crash import dispensing


class TooLate(Conflict):
    """Midnight was first."""

    code = "too_late"
    detail = "就诊已结束"


async def act(unit: Unit, verb: str, subject: UUID) -> None:
    if verb == "attend":
        kept = await record(unit, subject, Evidence.OWN_TEXT, f"rehearsal:{subject}", unit.now)
        if not kept:
            raise TooLate()
    elif verb == "withdraw":
        await withdraw(unit, subject, reason="样例：线上不宜", advice="样例：请到医院就诊")
    elif verb == "refuse":
        await refuse_admission(unit, subject, "样例：不符合复诊条件")
    elif verb == "by_hand":
        await settle_by_hand(unit, subject, "样例：窗口退还现金")
    elif verb == "retry":
        await retry(unit, subject)
    else:
        raise SystemExit(f"nobody does {verb!r}")


async def act_for(units: Units, hospital_id: UUID, verb: str, subject: UUID) -> None:
    if verb in dispensing.VERBS:
        await dispensing.do(units, hospital_id, verb, subject)
        return
    roles = frozenset({Role.DESK, Role.FINANCE})
    actor = Actor.signed_in(new_id(), roles, hospital_id=hospital_id, name="样例员工", assurance="totp")
    async with units.hospital(hospital_id, actor) as unit:
        await act(unit, verb, subject)


async def _main(verb: str, hospital: str, subject: str) -> None:
    house = app.build_house(Settings())
    await follow_offset(house.units)
    # The worker of the web process carries out whatever this defers.
    await act_for(house.units, UUID(hospital), verb, UUID(subject))
    await house.close()


def main(words: Sequence[str]) -> None:
    """A verb, the hospital's id, and that of what it is about."""
    verb, hospital, subject = words
    asyncio.run(_main(verb, hospital, subject))
