"""The sheet as it was signed, and its leaflet in plain words, as PDF."""

from dataclasses import dataclass
from uuid import UUID

from prescriptions.errors import PrescriptionNotFound
from prescriptions.models import Prescription, SheetFile
from prescriptions.patient import queries
from prescriptions.queries import sheet_file
from prescriptions.sheet import drawing
from prescriptions.sheet.content import SheetContent, restore
from prescriptions.states import SheetStage
from telehealth.core.access import Actor
from telehealth.core.blobs import BlobStore
from telehealth.core.unit import Unit, Units
from telehealth.directory import hospital

#: Ours have some two hundred kilobytes.
LARGEST_BYTES = 10_000_000


@dataclass(frozen=True, slots=True)
class Printed:
    number: str
    pdf: bytes


async def stored_sheet(unit: Unit, rx: Prescription) -> SheetFile | None:
    """Both signatures if there are, else the doctor's alone."""
    both = await sheet_file(unit, rx.id, rx.issue, SheetStage.BOTH)
    return both or await sheet_file(unit, rx.id, rx.issue, SheetStage.DOCTOR)


async def content_of(unit: Unit, rx: Prescription) -> SheetContent | None:
    """What the signed sheet says; None as long as it is not on file."""
    found = await stored_sheet(unit, rx)
    return restore(found.content.encode()) if found is not None else None


async def signed_pdf(units: Units, actor: Actor, prescription_id: UUID) -> Printed:
    """The very bytes that were signed. Raises PrescriptionNotFound, BlobNotFound, BlobsDown."""
    async with units.of(actor) as unit:
        rx = await queries.sheet_of(unit, prescription_id)
        found = await stored_sheet(unit, rx)
        if found is None:
            raise PrescriptionNotFound()
        unit.audit("prescription.printed", rx, number=rx.number)
    return await read_pdf(units, rx, found)


async def read_pdf(units: Units, rx: Prescription, found: SheetFile) -> Printed:
    store: BlobStore = units.port(BlobStore)  # type: ignore[type-abstract]
    return Printed(rx.number, await store.read(found.key, LARGEST_BYTES))


async def leaflet_pdf(units: Units, actor: Actor, prescription_id: UUID) -> Printed:
    async with units.of(actor) as unit:
        rx = await queries.sheet_of(unit, prescription_id)
        content = await content_of(unit, rx)
        hotline = (await hospital(unit, rx.hospital_id)).phone
    if content is None:
        raise PrescriptionNotFound()
    return Printed(rx.number, await drawing.leaflet(content, hotline=hotline))
