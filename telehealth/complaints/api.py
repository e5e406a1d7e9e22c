"""JSON routes of complaints. Somebody else's is a 404."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from pydantic import BaseModel
from starlette.responses import RedirectResponse
from starlette.routing import Route

from telehealth.complaints import ending, handling, making, photographing, queries
from telehealth.complaints.errors import (
    ComplaintNotFound,
    ComplaintOver,
    ComplaintPhotoNotFound,
    NotAnsweredYet,
    OutcomeNeeded,
    ReopenedBefore,
    ReopenTooLate,
    TooManyOpen,
    TooManyPhotos,
    TopicNotFound,
)
from telehealth.complaints.making import Said
from telehealth.complaints.models import Complaint
from telehealth.complaints.phones import phones
from telehealth.complaints.schemas import (
    AnnouncedPhoto,
    AnswerComplaint,
    ComplaintLineView,
    ComplaintQuery,
    ComplaintView,
    ComplaintWords,
    MakeComplaint,
    OwedQuery,
    PhonesView,
    PhotoView,
    ReplyToComplaint,
)
from telehealth.core.access import Actor, Permission
from telehealth.core.blobs import BlobsDown
from telehealth.core.errors import TransitionRefused
from telehealth.core.ids import new_id
from telehealth.core.keeping import REFUSALS, OfferView
from telehealth.core.unit import Unit, Units
from telehealth.core.uploads import UploadTooLarge
from telehealth.directory import HospitalNotFound, hospital_by_code
from telehealth.web.contract import operation
from telehealth.web.pagination import Page, cut, moment_key

P = Permission


class Thumbnail(BaseModel):
    thumbnail: bool = False


@operation(public=True)
async def list_complaint_phones(unit: Unit) -> list[PhonesView]:
    """Of every hospital: its own complaint phone, and the authority's."""
    return [PhonesView.model_validate(found, from_attributes=True) for found in await phones(unit, "zh-CN")]


@operation(needs=P.BOOK)
async def list_complaints(unit: Unit, query: ComplaintQuery) -> Page[ComplaintLineView]:
    """One's own, newest first."""
    rows = await queries.complaints_of(unit, before=moment_key(query.after), limit=query.limit)
    kept, following = cut(rows, query.limit, lambda row: (row.made_at, row.id))
    return Page(items=[ComplaintLineView.of(row) for row in kept], next=following)


@operation(
    needs=P.BOOK,
    status=201,
    raises=(TopicNotFound, HospitalNotFound, TooManyOpen, ComplaintNotFound),
    idempotent=True,
    limit="20/hour",
)
async def make_complaint(unit: Unit, actor: Actor, body: MakeComplaint) -> ComplaintView:
    """A number and a promise at once. About a refused gate decision with kind `review`: a person looks."""
    place = await hospital_by_code(unit, body.hospital) if body.hospital else None
    said = Said(
        body.kind,
        body.text,
        body.draft or new_id(),
        place.id if place else None,
        body.about,
        body.about_id,
    )
    return await _whole(unit, await making.complain(unit, actor, said))


@operation(needs=P.BOOK, raises=(ComplaintNotFound,))
async def show_complaint(unit: Unit, complaint_id: UUID) -> ComplaintView:
    return await _whole(unit, await queries.complaint_of(unit, complaint_id))


@operation(needs=P.BOOK, raises=(ComplaintNotFound, ComplaintOver), limit="60/hour")
async def add_to_complaint(unit: Unit, complaint_id: UUID, body: ComplaintWords) -> ComplaintView:
    """More words while it is open."""
    return await _whole(unit, await making.add_words(unit, complaint_id, body.text))


@operation(needs=P.BOOK, raises=(ComplaintNotFound, NotAnsweredYet, ReopenedBefore, ReopenTooLate))
async def reopen_complaint(unit: Unit, complaint_id: UUID, body: ComplaintWords) -> ComplaintView:
    """Not content with the answer: once, with a new promise."""
    return await _whole(unit, await ending.reopen(unit, complaint_id, body.text))


@operation(needs=P.BOOK, raises=(ComplaintNotFound, NotAnsweredYet))
async def close_complaint(unit: Unit, complaint_id: UUID) -> ComplaintView:
    """Content with the answer."""
    return await _whole(unit, await ending.close(unit, complaint_id))


@operation(needs=P.BOOK, raises=(ComplaintNotFound, ComplaintOver))
async def withdraw_complaint(unit: Unit, complaint_id: UUID) -> ComplaintView:
    return await _whole(unit, await ending.withdraw(unit, complaint_id))


@operation(
    needs=P.BOOK,
    status=201,
    raises=(ComplaintNotFound, ComplaintOver, TooManyPhotos, UploadTooLarge, BlobsDown),
    limit="60/hour",
)
async def offer_complaint_photo(
    units: Units, actor: Actor, complaint_id: UUID, body: AnnouncedPhoto
) -> OfferView:
    """A place to send one photo to."""
    row, made = await photographing.offer(
        units, actor, complaint_id, content_type=body.content_type, size=body.size
    )
    return OfferView.of(row.id, made, finish_url=f"/api/v1/complaint-photos/{row.id}/finish")


@operation(
    needs=P.BOOK,
    raises=(
        ComplaintNotFound, ComplaintPhotoNotFound, ComplaintOver, TooManyPhotos, TransitionRefused, *REFUSALS,
    ),
)  # fmt: skip
async def finish_complaint_photo(units: Units, actor: Actor, photo_id: UUID) -> PhotoView:
    return PhotoView.of(await photographing.finish(units, actor, photo_id))


@operation(needs=P.BOOK, status=307, raises=(ComplaintNotFound, ComplaintPhotoNotFound, BlobsDown))
async def open_complaint_photo(units: Units, actor: Actor, photo_id: UUID, query: Thumbnail) -> None:
    """Leads to an address that opens the photo for five minutes."""
    return await _lead(units, actor, photo_id, query)


@operation(
    needs=P.HANDLE_COMPLAINTS, status=307, raises=(ComplaintNotFound, ComplaintPhotoNotFound, BlobsDown)
)
async def open_complaint_photo_as_staff(units: Units, actor: Actor, photo_id: UUID, query: Thumbnail) -> None:
    """Opening one whole is noted."""
    return await _lead(units, actor, photo_id, query)


@operation(needs=P.HANDLE_COMPLAINTS)
async def list_owed_complaints(unit: Unit, query: OwedQuery) -> Page[ComplaintLineView]:
    """What waits for this hospital, the oldest promise first."""
    rows = await queries.owed(unit, after=moment_key(query.after), limit=query.limit)
    kept, following = cut(rows, query.limit, lambda row: (due_of(row), row.id))
    return Page(items=[ComplaintLineView.of(row) for row in kept], next=following)


@operation(needs=P.HANDLE_COMPLAINTS, raises=(ComplaintNotFound,))
async def show_complaint_to_staff(unit: Unit, complaint_id: UUID) -> ComplaintView:
    row = await queries.complaint_of(unit, complaint_id)
    unit.audit("complaint.opened", row)
    return await _whole(unit, row)


@operation(needs=P.HANDLE_COMPLAINTS, raises=(ComplaintNotFound, ComplaintOver))
async def take_complaint(unit: Unit, actor: Actor, complaint_id: UUID) -> ComplaintView:
    """Answer for it from now on, also in a colleague's stead."""
    return await _whole(unit, await handling.take(unit, actor, complaint_id))


@operation(needs=P.HANDLE_COMPLAINTS, raises=(ComplaintNotFound, ComplaintOver))
async def reply_to_complaint(
    unit: Unit, actor: Actor, complaint_id: UUID, body: ReplyToComplaint
) -> ComplaintView:
    return await _whole(unit, await handling.reply(unit, actor, complaint_id, body.text))


@operation(needs=P.HANDLE_COMPLAINTS, raises=(ComplaintNotFound, ComplaintOver, OutcomeNeeded))
async def answer_complaint(
    unit: Unit, actor: Actor, complaint_id: UUID, body: AnswerComplaint
) -> ComplaintView:
    """The hospital's answer; a request for review says what was found."""
    return await _whole(
        unit, await handling.answer(unit, actor, complaint_id, body.text, outcome=body.outcome)
    )


async def _whole(unit: Unit, row: Complaint) -> ComplaintView:
    await unit.session.flush()
    steps = await queries.steps_of(unit, row.id)
    return ComplaintView.whole(row, list(steps), list(await queries.photos_of(unit, row.id)))


async def _lead(units: Units, actor: Actor, photo_id: UUID, query: Thumbnail) -> None:
    url = await photographing.link_to(units, actor, photo_id, thumbnail=query.thumbnail)
    return RedirectResponse(url, 307, {"cache-control": "no-store"})  # type: ignore[return-value]


def due_of(row: Complaint) -> datetime:
    """As `queries.next_promise`."""
    return row.reply_by if row.taken_at is None else row.answer_by


routes: Sequence[Route] = [
    Route("/complaint-phones", list_complaint_phones),
    Route("/complaints", list_complaints),
    Route("/complaints", make_complaint, methods=["POST"]),
    Route("/complaints/{complaint_id:uuid}", show_complaint),
    Route("/complaints/{complaint_id:uuid}/additions", add_to_complaint, methods=["POST"]),
    Route("/complaints/{complaint_id:uuid}/reopening", reopen_complaint, methods=["POST"]),
    Route("/complaints/{complaint_id:uuid}/closing", close_complaint, methods=["POST"]),
    Route("/complaints/{complaint_id:uuid}/withdrawal", withdraw_complaint, methods=["POST"]),
    Route("/complaints/{complaint_id:uuid}/photos", offer_complaint_photo, methods=["POST"]),
    Route("/complaint-photos/{photo_id:uuid}/content", open_complaint_photo),
    Route("/complaint-photos/{photo_id:uuid}/finish", finish_complaint_photo, methods=["POST"]),
    Route("/staff/complaint-photos/{photo_id:uuid}/content", open_complaint_photo_as_staff),
    Route("/staff/complaints", list_owed_complaints),
    Route("/staff/complaints/{complaint_id:uuid}", show_complaint_to_staff),
    Route("/staff/complaints/{complaint_id:uuid}/taking", take_complaint, methods=["POST"]),
    Route("/staff/complaints/{complaint_id:uuid}/replies", reply_to_complaint, methods=["POST"]),
    Route("/staff/complaints/{complaint_id:uuid}/answer", answer_complaint, methods=["POST"]),
]
