"""JSON routes of the doctor's pad."""

import json
from uuid import UUID

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from prescriptions.errors import ChecksFailed, PrescriptionFixed, PrescriptionNotFound
from prescriptions.formulary import NoFormulary
from prescriptions.sheet.errors import (
    CertificateExpired,
    CertificateMissing,
    CertificateNotYetValid,
    CertificateRevoked,
    SignerUnavailable,
    StampUnavailable,
)
from prescriptions.writing import copying, drafting, resigning, revising, signing, splitting, voiding
from prescriptions.writing.content import SavePad
from prescriptions.writing.errors import (
    CredentialExpired,
    FindingGone,
    LineNotConfirmed,
    NoDiagnosisOnFile,
    NothingSaid,
    NothingToCopy,
    NothingToSplit,
    NotVoidable,
    PadClosed,
    PadIncomplete,
    PadOutdated,
)
from prescriptions.writing.schemas import (
    ActBody,
    DrugsQuery,
    HitView,
    OpenBody,
    PadView,
    ResignBody,
    SheetRow,
    SplitView,
)
from prescriptions.writing.sheeting import Press
from prescriptions.writing.showing import find_drugs, look, pad_view, sheet_rows
from telehealth.accounts import StepUpNeeded
from telehealth.consultations.doctor_queries import readable_visit
from telehealth.consultations.errors import RoomNotFound
from telehealth.core.access import Actor, Permission
from telehealth.core.blobs import BlobsDown
from telehealth.core.errors import FieldsInvalid, TransitionRefused
from telehealth.core.unit import Unit, Units
from telehealth.web.contract import operation
from telehealth.web.house import house_of
from telehealth.web.preferences import language
from telehealth.web.problems import problem

NEEDS = Permission.CONSULT
OFTEN = "240/minute"
FIXED = (PrescriptionNotFound, PrescriptionFixed, PadClosed, PadOutdated)


@operation(needs=NEEDS, raises=(RoomNotFound,))
async def list_visit_prescriptions(request: Request, unit: Unit, room_id: UUID) -> list[SheetRow]:
    """Sheets of one visit, oldest first."""
    await readable_visit(unit, room_id)
    return await sheet_rows(unit, room_id, language(request))


@operation(
    needs=NEEDS,
    status=201,
    raises=(RoomNotFound, PadClosed, StepUpNeeded, NoDiagnosisOnFile, NothingSaid, NoFormulary),
    limit="60/minute",
)
async def open_prescription(
    request: Request, units: Units, actor: Actor, room_id: UUID, body: OpenBody
) -> PadView:
    """An empty sheet. A visit without a diagnosis on file gets none (XY05)."""
    async with units.of(actor) as unit:
        rx = await drafting.open_pad(unit, room_id, body.kind)
    return await _view(request, units, actor, rx.id)


@operation(needs=NEEDS, raises=(PrescriptionNotFound, NoFormulary), limit=OFTEN)
async def show_pad(request: Request, units: Units, actor: Actor, prescription_id: UUID) -> PadView:
    return await _view(request, units, actor, prescription_id)


@operation(needs=NEEDS, raises=(*FIXED, FieldsInvalid), limit=OFTEN)
async def save_pad(
    request: Request, units: Units, actor: Actor, prescription_id: UUID, body: SavePad
) -> PadView:
    """Keep the sheet as it is typed, and check it. A conflict carries the stored copy as `current`."""
    try:
        async with units.of(actor) as unit:
            await drafting.save(unit, prescription_id, body)
    except PadOutdated as error:
        stored = await _view(request, units, actor, prescription_id)
        return _conflict(request, error, stored)  # type: ignore[return-value]
    return await _view(request, units, actor, prescription_id)


@operation(needs=NEEDS, raises=(PrescriptionNotFound, NoFormulary), limit="600/minute")
async def search_drugs(
    request: Request, unit: Unit, prescription_id: UUID, query: DrugsQuery
) -> list[HitView]:
    """By any part of the name, pinyin, initials or code; nothing is chosen for the doctor (REG 18)."""
    return await find_drugs(unit, prescription_id, query.q, language(request))


@operation(needs=NEEDS, raises=(*FIXED, NothingToCopy))
async def copy_last_prescription(
    request: Request, units: Units, actor: Actor, prescription_id: UUID, body: ActBody
) -> PadView:
    """Copied lines are marked; each is confirmed by itself before the sheet can be signed."""
    async with units.of(actor) as unit:
        await copying.copy_last(unit, prescription_id, version=body.version, page=body.page)
    return await _view(request, units, actor, prescription_id)


@operation(needs=NEEDS, raises=(*FIXED, LineNotConfirmed))
async def confirm_line(
    request: Request, units: Units, actor: Actor, prescription_id: UUID, line_id: UUID, body: ActBody
) -> PadView:
    async with units.of(actor) as unit:
        await copying.confirm(unit, prescription_id, line_id, version=body.version, page=body.page)
    return await _view(request, units, actor, prescription_id)


@operation(needs=NEEDS, raises=(*FIXED, StepUpNeeded, FindingGone, FieldsInvalid))
async def resign_line(
    request: Request, units: Units, actor: Actor, prescription_id: UUID, body: ResignBody
) -> PadView:
    """Sign again for one finding, with a reason that the pharmacist acknowledges (REG 29, 37)."""
    await resigning.resign(
        units, actor, prescription_id, body.key, reason=body.reason, version=body.version, page=body.page
    )
    return await _view(request, units, actor, prescription_id)


@operation(needs=NEEDS, raises=(*FIXED, NothingToSplit))
async def split_prescription(unit: Unit, prescription_id: UUID, body: ActBody) -> SplitView:
    """Lines that must not travel go to a sheet of their own."""
    kept, other = await splitting.split(unit, prescription_id, version=body.version, page=body.page)
    return SplitView(id=kept, other=other, other_href=f"/staff/prescriptions/{other}")


@operation(
    needs=NEEDS,
    raises=(
        *FIXED, StepUpNeeded, CredentialExpired, NoDiagnosisOnFile, NothingSaid, PadIncomplete,
        LineNotConfirmed, ChecksFailed, CertificateMissing, CertificateExpired, CertificateNotYetValid,
        CertificateRevoked, SignerUnavailable, StampUnavailable, BlobsDown,
    ),
    limit="30/minute",
)  # fmt: skip
async def sign_prescription(
    request: Request, units: Units, actor: Actor, prescription_id: UUID, body: ActBody
) -> PadView:
    """Sign this version and send it to the pharmacist. Signing what is signed changes nothing."""
    await signing.sign(units, actor, prescription_id, version=body.version, press=press_of(request))
    return await _view(request, units, actor, prescription_id)


@operation(needs=NEEDS, raises=(PrescriptionNotFound, NotVoidable))
async def void_prescription(request: Request, units: Units, actor: Actor, prescription_id: UUID) -> PadView:
    """Before it is paid; a draft is thrown away."""
    async with units.of(actor) as unit:
        await voiding.void(unit, prescription_id)
    return await _view(request, units, actor, prescription_id)


@operation(needs=NEEDS, raises=(PrescriptionNotFound, TransitionRefused))
async def revise_prescription(request: Request, units: Units, actor: Actor, prescription_id: UUID) -> PadView:
    """A returned sheet becomes a draft again."""
    async with units.of(actor) as unit:
        await revising.revise(unit, prescription_id)
    return await _view(request, units, actor, prescription_id)


def press_of(request: Request) -> Press:
    settings = house_of(request).settings
    return Press(public_url=settings.public_url, is_sample=settings.is_demo)


async def _view(request: Request, units: Units, actor: Actor, prescription_id: UUID) -> PadView:
    return pad_view(await look(units, actor, prescription_id), language(request))


def _conflict(request: Request, error: PadOutdated, stored: PadView) -> Response:
    said = problem(request, error)
    body = json.loads(bytes(said.body)) | {"current": stored.model_dump(mode="json")}
    return Response(
        json.dumps(body, ensure_ascii=False),
        said.status_code,
        {"content-language": language(request), "cache-control": "no-store"},
        media_type="application/problem+json",
    )


routes = [
    Route("/rooms/{room_id}/prescriptions", list_visit_prescriptions),
    Route("/rooms/{room_id}/prescriptions", open_prescription, methods=["POST"]),
    Route("/prescriptions/{prescription_id}/pad", show_pad),
    Route("/prescriptions/{prescription_id}/pad", save_pad, methods=["PUT"]),
    Route("/prescriptions/{prescription_id}/drugs", search_drugs),
    Route("/prescriptions/{prescription_id}/copy", copy_last_prescription, methods=["POST"]),
    Route("/prescriptions/{prescription_id}/lines/{line_id}/confirmation", confirm_line, methods=["POST"]),
    Route("/prescriptions/{prescription_id}/resignatures", resign_line, methods=["POST"]),
    Route("/prescriptions/{prescription_id}/split", split_prescription, methods=["POST"]),
    Route("/prescriptions/{prescription_id}/signature", sign_prescription, methods=["POST"]),
    Route("/prescriptions/{prescription_id}/voiding", void_prescription, methods=["POST"]),
    Route("/prescriptions/{prescription_id}/revision", revise_prescription, methods=["POST"]),
]
