"""Who stands where: every change of an order renumbers it, and tells whose turn comes near (GD07).

Our own queue, one a clinic: not every hospital's system calls patients, and none tells them where they
stand. Whoever changes it holds the line's row, so two desks never call one patient and a place is never
wrong.
"""

from collections.abc import Sequence
from typing import Any

from telehealth.core.unit import Unit
from telehealth.notifications import Notice, notify
from telehealth.outpatient.models import QueueLine, QueueTicket
from telehealth.outpatient.queue_queries import ClinicPlace
from telehealth.outpatient.rules import number_shown, reminder_due
from telehealth.rulebook import current_policy


def href(ticket: QueueTicket) -> str:
    return f"/queue/{ticket.booking_id}"


def topic(line: QueueLine) -> str:
    return f"queue:{line.clinic_id}"


async def settle(
    unit: Unit,
    place: ClinicPlace,
    line: QueueLine,
    order: Sequence[QueueTicket],
    *,
    quiet: QueueTicket | None = None,
) -> None:
    """Everybody who waits, in this order from now on. `quiet` was just told where they stand."""
    positions = (await current_policy(unit, line.hospital_id)).policy.queue.reminder_positions
    for number, ticket in enumerate(order, start=1):
        if ticket.place != number:
            ticket.place = number
        due = reminder_due(number - 1, positions, ticket.reminded_at)
        if due is None:
            continue
        ticket.reminded_at = due
        if ticket is not quiet:
            unit.audit("queue.reminded", ticket, number=ticket.number, ahead=number - 1)
            await tell(unit, place, line, ticket, Notice.QUEUE_NEAR, ahead=ahead_words(number - 1))
    await unit.session.flush()
    unit.hint(topic(line))


async def tell(
    unit: Unit, place: ClinicPlace, line: QueueLine, ticket: QueueTicket, notice: Notice, **more: Any
) -> None:
    """Whoever has no account is called by the screen and the desk."""
    if ticket.account_id is None:
        return
    where = {} if notice is Notice.QUEUE_REQUEUED else {"place": place_words(place, line)}
    said: dict[str, Any] = {"number": number_shown(ticket.number), **where, **more}
    await notify(unit, notice, ticket.account_id, hospital_id=line.hospital_id, href=href(ticket), **said)


def place_words(place: ClinicPlace, line: QueueLine) -> dict[str, str]:
    """Campus and room, and never a department: it would say what somebody suffers from."""
    return {
        "zh": f"{place.campus.name}{line.room}",
        "en": f"{place.campus.name_en}{', ' if line.room else ''}{line.room}",
    }


def ahead_words(ahead: int) -> dict[str, str]:
    if ahead == 0:
        return {"zh": "下一位就是您", "en": "you are next"}
    return {"zh": f"前面还有{ahead}位", "en": f"{ahead} ahead of you"}
