"""The signed bytes of a sheet, as they were stored."""

from uuid import UUID

from prescriptions.errors import PrescriptionNotFound
from prescriptions.queries import sheet_file
from prescriptions.states import SheetStage
from prescriptions.writing.own import own_sheet
from telehealth.core.access import Actor
from telehealth.core.blobs import BlobStore
from telehealth.core.unit import Units

LARGEST = 8 * 1024 * 1024


async def signed_sheet(units: Units, actor: Actor, prescription_id: UUID) -> tuple[str, bytes]:
    """Number and PDF of the last issue, with both signatures once there are two; for its own doctor.

    Raises PrescriptionNotFound while nothing is signed, BlobsDown.
    """
    async with units.of(actor) as unit:
        rx, _ = await own_sheet(unit, prescription_id)
        file = await sheet_file(unit, rx.id, rx.issue, SheetStage.BOTH) or await sheet_file(
            unit, rx.id, rx.issue, SheetStage.DOCTOR
        )
        if file is None:
            raise PrescriptionNotFound()
        unit.audit("prescription.sheet_read", rx, number=rx.number, issue=rx.issue)
    store = units.port(BlobStore)  # type: ignore[type-abstract]
    return rx.number, await store.read(file.key, LARGEST)
