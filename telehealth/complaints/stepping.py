"""A line in the timeline of a complaint, and who is told of it."""

from typing import Any

from telehealth.accounts import MemberState, staff_of
from telehealth.complaints.models import Complaint, ComplaintStep
from telehealth.complaints.states import StepKind
from telehealth.core.access import Role
from telehealth.core.ids import new_id
from telehealth.core.unit import Unit
from telehealth.notifications import Notice, notify


def note_step(unit: Unit, row: Complaint, kind: StepKind, text: str = "") -> None:
    """Signed by whoever acts for the hospital; the patient's own lines carry no name."""
    actor = unit.actor
    unit.session.add(
        ComplaintStep(
            id=new_id(),
            complaint_id=row.id,
            hospital_id=row.hospital_id,
            account_id=row.account_id,
            kind=kind,
            at=unit.now,
            by_name=actor.name if actor.is_staff else "",
            by_id=actor.account_id,
            text=text,
        )
    )


async def tell_patient(unit: Unit, row: Complaint, notice: Notice, **more: Any) -> None:
    await notify(
        unit, notice, row.account_id, hospital_id=row.hospital_id, href=f"/complaints/{row.id}",
        number=row.number, **more,
    )  # fmt: skip


async def tell_heads(unit: Unit, row: Complaint, notice: Notice) -> int:
    """Whoever heads the hospital and, once somebody has it in hand, they; how many were told."""
    heads = [
        member.account_id
        for member in await staff_of(unit, row.hospital_id)
        if Role.HEAD in member.roles and member.status is MemberState.ACTIVE
    ]
    readers = dict.fromkeys([*heads, *([row.owner_id] if row.owner_id else [])])
    for account_id in readers:
        await notify(
            unit, notice, account_id, hospital_id=row.hospital_id, href=f"/staff/complaints/{row.id}",
            number=row.number,
        )  # fmt: skip
    return len(readers)
