"""Signed sheets among the papers of a person's record: handed out as they were signed, never drawn again."""

from collections.abc import Sequence
from uuid import UUID

import sqlalchemy as sa

from prescriptions.errors import PrescriptionNotFound
from prescriptions.models import Prescription
from prescriptions.patient import queries
from prescriptions.patient.presenting import KINDS
from prescriptions.patient.printing import stored_sheet
from prescriptions.states import RxState
from telehealth.core.clock import hospital_day
from telehealth.core.i18n import LANGUAGES
from telehealth.core.unit import Unit
from telehealth.directory import hospitals, said
from telehealth.patients import person_for
from telehealth.records.errors import DocumentNotFound
from telehealth.records.papers import Item, Making, StoredFile
from telehealth.records.states import PaperKind

#: What a pharmacist has not passed is not yet a prescription.
HANDED_OUT = (RxState.PASSED, RxState.SPENT, RxState.EXPIRED)


class SheetSource:
    kind = PaperKind.PRESCRIPTION

    async def listed(self, unit: Unit, person_id: UUID, *, limit: int) -> Sequence[Item]:
        found = (
            sa.select(Prescription)
            .where(Prescription.person_id == person_id, Prescription.account_id == unit.actor.account)
            .where(Prescription.state.in_(HANDED_OUT))
            .order_by(Prescription.created_at.desc(), Prescription.id.desc())
            .limit(limit)
        )
        places = {place.id: place for place in await hospitals(unit)}
        return [
            Item(
                kind=self.kind,
                id=rx.id,
                person_id=rx.person_id,
                hospital_id=rx.hospital_id,
                at=rx.signed_at or rx.created_at,
                title=KINDS[rx.kind],
                sub={
                    lang: f"{said(places[rx.hospital_id], 'name', lang)} · {rx.number}" for lang in LANGUAGES
                },
                href=f"/prescriptions/{rx.id}",
            )
            for rx in await unit.session.scalars(found)
        ]

    async def making(self, unit: Unit, item_id: UUID) -> Making:
        try:
            rx = await queries.sheet_of(unit, item_id)
        except PrescriptionNotFound:
            raise DocumentNotFound() from None
        file = await stored_sheet(unit, rx) if rx.state in HANDED_OUT else None
        if file is None or rx.account_id != unit.actor.account:
            raise DocumentNotFound()
        # As of every other paper: of somebody the account acts for still.
        await person_for(unit, unit.actor.account, rx.person_id)
        return Making(
            hospital_id=rx.hospital_id,
            person_id=rx.person_id,
            what=StoredFile(
                number=rx.number,
                on=hospital_day(rx.signed_at or rx.created_at),
                key=file.key,
                size=file.size,
                sha256=file.sha256,
                content_digest=file.content_digest,
            ),
        )
