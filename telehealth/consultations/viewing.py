"""Who of the hospital looked at a visit: kept for good, and shown to the patient."""

from typing import Literal

from telehealth.consultations.models import Consultation, RecordView
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
