"""JSON routes of the drug book: versions, files that go into a draft, publication."""

from uuid import UUID

from starlette.requests import Request
from starlette.routing import Route

from prescriptions.formulary import accepting, publishing, queries
from prescriptions.formulary.errors import (
    FileTooLong,
    FileUnreadable,
    ImportEnded,
    ImportNotFound,
    ImportRunning,
    VersionFixed,
    VersionNotFound,
    VersionOutdated,
)
from prescriptions.formulary.importing import KIND
from prescriptions.formulary.models import FormularyImport
from prescriptions.formulary.reading import BookUnusable
from prescriptions.formulary.schemas import AnnouncedFile, ImportView, VersionView
from telehealth.core.access import Actor, Permission
from telehealth.core.blobs import BlobsDown
from telehealth.core.keeping import OfferView
from telehealth.core.progress import progress_of
from telehealth.core.unit import Unit, Units
from telehealth.core.uploads import UploadMissing, UploadTooLarge
from telehealth.web.contract import operation
from telehealth.web.preferences import language

NEEDS = Permission.MANAGE_FORMULARY


@operation(needs=NEEDS)
async def list_formulary_versions(unit: Unit) -> list[VersionView]:
    """Every version but the discarded ones, newest first."""
    rows = await queries.versions(unit, unit.actor.hospital)
    counts = await queries.count_drugs(unit, [row.id for row in rows])
    return [VersionView.of(row, counts[row.id]) for row in rows]


@operation(needs=NEEDS, status=201, raises=(VersionOutdated,), idempotent=True)
async def draft_formulary(unit: Unit) -> VersionView:
    """A draft with all that counts now."""
    row = await publishing.draft(unit, unit.actor.hospital)
    return await _version(unit, row.id)


@operation(needs=NEEDS, raises=(VersionNotFound,))
async def show_formulary_version(unit: Unit, version_id: UUID) -> VersionView:
    return await _version(unit, version_id)


@operation(needs=NEEDS, raises=(VersionNotFound, VersionFixed, VersionOutdated, ImportRunning, BookUnusable))
async def publish_formulary(unit: Unit, version_id: UUID) -> VersionView:
    """New sheets are written by it from now on; it is never changed again."""
    await publishing.publish(unit, version_id)
    return await _version(unit, version_id)


@operation(needs=NEEDS, status=204, raises=(VersionNotFound, VersionFixed, ImportRunning))
async def discard_formulary(unit: Unit, version_id: UUID) -> None:
    """A draft that is not wanted."""
    await publishing.discard(unit, version_id)


@operation(
    needs=NEEDS, status=201, limit="60/hour",
    raises=(VersionNotFound, VersionFixed, ImportRunning, FileUnreadable, UploadTooLarge, BlobsDown),
)  # fmt: skip
async def offer_formulary_file(
    units: Units, actor: Actor, version_id: UUID, body: AnnouncedFile
) -> OfferView:
    """A place to send a file to; `finish_url` then starts the import."""
    row, made = await accepting.offer(
        units, actor, version_id, body.table, size=body.size, replaces=body.replaces
    )
    return OfferView.of(row.id, made, finish_url=f"/api/v1/formulary/imports/{row.id}/start")


@operation(needs=NEEDS, raises=(VersionNotFound,))
async def list_formulary_imports(request: Request, unit: Unit, version_id: UUID) -> list[ImportView]:
    """Those that were started, newest first; at most fifty."""
    await queries.version_row(unit, version_id)
    rows = await queries.imports_of(unit, version_id, limit=50)
    return [await _import(request, unit, row) for row in rows]


@operation(
    needs=NEEDS, status=202,
    raises=(
        ImportNotFound, ImportEnded, ImportRunning, VersionFixed, FileUnreadable, FileTooLong, UploadMissing,
        UploadTooLarge, BlobsDown,
    ),
)  # fmt: skip
async def import_formulary(request: Request, units: Units, actor: Actor, import_id: UUID) -> ImportView:
    """The file was sent. What is wrong with all of it is said now; its rows are read in the background."""
    row = await accepting.start(units, actor, import_id)
    async with units.of(actor) as unit:
        return await _import(request, unit, row)


@operation(needs=NEEDS, raises=(ImportNotFound,))
async def show_formulary_import(request: Request, unit: Unit, import_id: UUID) -> ImportView:
    """How far it is, and what was not taken and why."""
    return await _import(request, unit, await queries.import_row(unit, import_id))


@operation(needs=NEEDS, status=202, raises=(ImportNotFound, ImportEnded))
async def resume_formulary_import(request: Request, unit: Unit, import_id: UUID) -> ImportView:
    """One that failed goes on from where it stopped."""
    return await _import(request, unit, await accepting.go_on(unit, import_id))


@operation(needs=NEEDS, raises=(ImportNotFound, ImportEnded))
async def stop_formulary_import(request: Request, unit: Unit, import_id: UUID) -> ImportView:
    """It ends where it is; what was taken stays in the draft."""
    return await _import(request, unit, await accepting.stop(unit, import_id))


async def _version(unit: Unit, version_id: UUID) -> VersionView:
    row = await queries.version_row(unit, version_id)
    return VersionView.of(row, (await queries.count_drugs(unit, [row.id]))[row.id])


async def _import(request: Request, unit: Unit, row: FormularyImport) -> ImportView:
    return ImportView.of(row, await progress_of(unit, KIND, row.id), language(request))


routes = [
    Route("/formulary/versions", list_formulary_versions),
    Route("/formulary/versions", draft_formulary, methods=["POST"]),
    Route("/formulary/versions/{version_id:uuid}", show_formulary_version),
    Route("/formulary/versions/{version_id:uuid}", discard_formulary, methods=["DELETE"]),
    Route("/formulary/versions/{version_id:uuid}/publication", publish_formulary, methods=["POST"]),
    Route("/formulary/versions/{version_id:uuid}/imports", offer_formulary_file, methods=["POST"]),
    Route("/formulary/versions/{version_id:uuid}/imports", list_formulary_imports),
    Route("/formulary/imports/{import_id:uuid}", show_formulary_import),
    Route("/formulary/imports/{import_id:uuid}/start", import_formulary, methods=["POST"]),
    Route("/formulary/imports/{import_id:uuid}/resumption", resume_formulary_import, methods=["POST"]),
    Route("/formulary/imports/{import_id:uuid}/stop", stop_formulary_import, methods=["POST"]),
]
