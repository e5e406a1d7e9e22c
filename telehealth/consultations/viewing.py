"""Who of the hospital looked at a visit: kept for good, and shown to the patient."""

from collections.abc import Collection
from typing import Literal
from uuid import UUID

import sqlalchemy as sa

from telehealth.consultations.models import Consultation, RecordView
from telehealth.core.clock import day_start
from telehealth.core.unit import Unit

Seen = Literal["record", "recording", "image"]


def note_view(unit: Unit, visit: Consultation, role: str, *, what: Seen, ref: object = "") -> None:
    """`ref` says which recording or file it was."""
    unit.session.add(
        RecordView(
            hospital_id=visit.hospital_id, account_id=visit.account_id, room=visit.id,
            viewer_id=unit.actor.account, viewer_name=unit.actor.name, role=role, what=what, ref=str(ref),
            at=unit.now,
        )
    )  # fmt: skip
    unit.audit("room.viewed", visit, role=role, what=what, ref=str(ref))


async def note_system_views(unit: Unit, rooms: Collection[UUID], *, ref: str) -> None:
    """Another system of the hospital read of these visits: once a day each, for it may ask every minute."""
    known = sa.select(RecordView.room).where(
        RecordView.room.in_(rooms),
        RecordView.viewer_id == unit.actor.account,
        RecordView.ref == ref,
        RecordView.at >= day_start(unit.today),
    )
    told = set(await unit.session.scalars(known))
    found = sa.select(Consultation).where(Consultation.id.in_(set(rooms) - told)).order_by(Consultation.id)
    for visit in await unit.session.scalars(found):
        note_view(unit, visit, "system", what="record", ref=ref)
