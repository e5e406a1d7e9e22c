"""JSON routes of the condition form and its files."""

import json
from uuid import UUID

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from telehealth.core.access import Actor, Permission
from telehealth.core.blobs import BlobsDown
from telehealth.core.errors import FieldsInvalid, Forbidden, TransitionRefused
from telehealth.core.keeping import REFUSALS, OfferView
from telehealth.core.unit import Unit, Units
from telehealth.core.uploads import UploadTooLarge
from telehealth.directory import DepartmentNotFound
from telehealth.intake import attaching, filling, sending
from telehealth.intake.attaching import AnnouncedFile
from telehealth.intake.errors import (
    AttachmentNotFound,
    DraftWaiting,
    FormFixed,
    FormIncomplete,
    FormNotFound,
    FormOutdated,
    PhotoWanted,
    RedFlagRaised,
    TooManyFiles,
)
from telehealth.intake.filling import SaveForm
from telehealth.intake.schemas import (
    PREFIX,
    AttachmentView,
    BeginForm,
    IntakeFormView,
    SavedView,
    SubmitForm,
    ThumbnailWanted,
    conflict,
)
from telehealth.patients import LinkPending, PersonNotFound
from telehealth.web.contract import operation
from telehealth.web.pages import words
from telehealth.web.preferences import language
from telehealth.web.problems import problem

#: The feature's own policy decides further: a patient for their people, the desk, the doctor.
NEEDS = Permission.OWN_ACCOUNT


@operation(
    status=201,
    needs=NEEDS,
    raises=(PersonNotFound, LinkPending, DepartmentNotFound, Forbidden),
    idempotent=True,
    limit="60/minute",
)
async def begin_intake_form(request: Request, unit: Unit, body: BeginForm) -> IntakeFormView:
    """The draft of this errand, begun now or before; what lasts from the last form is filled in."""
    row = await filling.begin(
        unit, person_id=body.person_id, department_id=body.department_id, kind=body.kind
    )
    return await _view(request, unit, row.id)


@operation(needs=NEEDS, raises=(FormNotFound,))
async def show_intake_form(request: Request, unit: Unit, form_id: UUID) -> IntakeFormView:
    return await _view(request, unit, form_id)


@operation(needs=NEEDS, raises=(FormNotFound, FormFixed, FormOutdated, FieldsInvalid), limit="240/minute")
async def save_intake_form(request: Request, unit: Unit, form_id: UUID, body: SaveForm) -> SavedView:
    """Keep a draft as it is typed. A conflict carries the stored copy as `current`."""
    try:
        row = await filling.save(unit, form_id, body)
    except FormOutdated as error:
        return await _conflict(request, unit, form_id, error)  # type: ignore[return-value]
    return SavedView(id=row.id, version=row.version, saved_at=row.saved_at)


@operation(
    needs=NEEDS,
    raises=(FormNotFound, FormFixed, FormOutdated, FormIncomplete, RedFlagRaised),
    limit="60/minute",
)
async def submit_intake_form(
    request: Request, units: Units, actor: Actor, form_id: UUID, body: SubmitForm
) -> IntakeFormView:
    """Send the form as it is stored. An urgent answer is refused with the numbers to dial instead."""
    await sending.submit(units, actor, form_id, version=body.version)
    async with units.of(actor) as unit:
        return await _view(request, unit, form_id)


@operation(needs=NEEDS, raises=(FormNotFound, FormFixed, DraftWaiting))
async def revise_intake_form(request: Request, unit: Unit, form_id: UUID) -> IntakeFormView:
    """Take a submitted form back to change it, as long as no booking uses it."""
    await filling.revise(unit, form_id)
    return await _view(request, unit, form_id)


@operation(
    status=201,
    needs=NEEDS,
    raises=(FormNotFound, FormFixed, TooManyFiles, UploadTooLarge, PhotoWanted, BlobsDown),
    limit="60/minute",
)
async def offer_attachment(units: Units, actor: Actor, form_id: UUID, body: AnnouncedFile) -> OfferView:
    """Where to send one photo or report; the address works for ten minutes."""
    row, made = await attaching.offer(units, actor, form_id, body)
    return OfferView.of(row.id, made, finish_url=f"{PREFIX}/attachments/{row.id}/finish")


@operation(
    needs=NEEDS,
    raises=(AttachmentNotFound, FormFixed, TooManyFiles, TransitionRefused, *REFUSALS, PhotoWanted),
    limit="60/minute",
)
async def finish_attachment(
    request: Request, units: Units, actor: Actor, attachment_id: UUID
) -> AttachmentView:
    """Have the file that was sent looked at and kept. A refused file leaves the form as it was."""
    return AttachmentView.of(await attaching.finish(units, actor, attachment_id), words(request))


@operation(needs=NEEDS, raises=(AttachmentNotFound, FormFixed))
async def remove_attachment(unit: Unit, attachment_id: UUID) -> None:
    await attaching.remove(unit, attachment_id)


@operation(needs=NEEDS, status=307, raises=(AttachmentNotFound, BlobsDown))
async def open_attachment(units: Units, actor: Actor, attachment_id: UUID, query: ThumbnailWanted) -> None:
    """Leads to an address that opens the file for five minutes."""
    url = await attaching.link_to(units, actor, attachment_id, thumbnail=query.thumbnail)
    return RedirectResponse(url, 307, {"cache-control": "no-store"})  # type: ignore[return-value]


async def _view(request: Request, unit: Unit, form_id: UUID) -> IntakeFormView:
    return IntakeFormView.of(await sending.overview(unit, form_id), language(request), words(request))


async def _conflict(request: Request, unit: Unit, form_id: UUID, error: FormOutdated) -> Response:
    said = problem(request, error)
    body = conflict(json.loads(bytes(said.body)), await _view(request, unit, form_id))
    return Response(
        json.dumps(body, ensure_ascii=False),
        said.status_code,
        {"content-language": language(request), "cache-control": "no-store"},
        media_type="application/problem+json",
    )


routes = [
    Route("/intake-forms", begin_intake_form, methods=["POST"]),
    Route("/intake-forms/{form_id}", show_intake_form),
    Route("/intake-forms/{form_id}", save_intake_form, methods=["PUT"]),
    Route("/intake-forms/{form_id}/submission", submit_intake_form, methods=["POST"]),
    Route("/intake-forms/{form_id}/revision", revise_intake_form, methods=["POST"]),
    Route("/intake-forms/{form_id}/attachments", offer_attachment, methods=["POST"]),
    Route("/attachments/{attachment_id}/finish", finish_attachment, methods=["POST"]),
    Route("/attachments/{attachment_id}/content", open_attachment),
    Route("/attachments/{attachment_id}", remove_attachment, methods=["DELETE"]),
]
