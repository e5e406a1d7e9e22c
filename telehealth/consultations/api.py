"""JSON routes of the room: the patient's side, and what every seat needs."""

from uuid import UUID

from starlette.responses import RedirectResponse
from starlette.routing import Route

from telehealth.consultations import attaching, chatting, checking_devices, consenting, helping, worsening
from telehealth.consultations.attaching import AnnouncedRoomFile
from telehealth.consultations.errors import (
    ChatDown,
    ClientIdTaken,
    FileKindWrong,
    FileNotReady,
    HelpersFull,
    InvitationNotFound,
    MessageEmpty,
    NotAdmitted,
    OwnInvitation,
    RoomClosed,
    RoomFileNotFound,
    RoomNotFound,
    SeatEnded,
    SeatNotFound,
    TooManyRoomFiles,
)
from telehealth.consultations.gate import find_seat, issue_ticket
from telehealth.consultations.schemas import (
    PREFIX,
    AcceptedView,
    CardView,
    ConsentBody,
    ConsentView,
    DeviceCheckBody,
    HelperBody,
    HelperInvited,
    LinkView,
    MessagesView,
    RoomFileView,
    RoomView,
    SaidView,
    SayBody,
    SinceQuery,
    ThumbnailQuery,
    TicketView,
    ViewedView,
    can_of,
)
from telehealth.consultations.showing import overview, page_of, views_for
from telehealth.core.access import Actor, Permission
from telehealth.core.blobs import BlobsDown
from telehealth.core.errors import Forbidden, TransitionRefused
from telehealth.core.keeping import REFUSALS, OfferView
from telehealth.core.unit import Units
from telehealth.core.uploads import UploadTooLarge
from telehealth.web.contract import operation

#: The feature's own policy decides further: whoever has a seat.
NEEDS = Permission.OWN_ACCOUNT
#: Of the patient's side alone.
PATIENTS = Permission.BOOK


@operation(status=201, needs=NEEDS, raises=(RoomNotFound,), limit="60/minute")
async def issue_room_ticket(units: Units, actor: Actor, room_id: UUID) -> TicketView:
    """A ticket for one socket, good for a minute."""
    return TicketView.of(room_id, await issue_ticket(units, actor, room_id))


@operation(needs=NEEDS, raises=(RoomNotFound, SeatEnded))
async def show_room(units: Units, actor: Actor, room_id: UUID) -> RoomView:
    seat = await find_seat(units, actor, room_id)
    found = await overview(units, seat)
    return RoomView.of(seat, found.terms, last=found.last, reads=found.reads, helpers=found.helpers)


@operation(needs=NEEDS, raises=(RoomNotFound,))
async def read_room_messages(units: Units, actor: Actor, room_id: UUID, query: SinceQuery) -> MessagesView:
    """For a page without a socket, and for reading a visit that is over."""
    items, more = await page_of(units, await find_seat(units, actor, room_id), query.since)
    return MessagesView(items=items, more=more)


@operation(
    status=201,
    needs=NEEDS,
    raises=(
        RoomNotFound, RoomClosed, NotAdmitted, SeatEnded, MessageEmpty, FileNotReady, ClientIdTaken, ChatDown,
    ),
    limit="60/minute",
)  # fmt: skip
async def say_in_room(units: Units, actor: Actor, room_id: UUID, body: SayBody) -> SaidView:
    """For a page without a socket; the same `client_id` again answers with the first number."""
    if (body.kind == "file") != (body.file is not None):
        raise FileNotReady()
    seat = await find_seat(units, actor, room_id)
    return SaidView.of(
        await chatting.say(
            units, seat, client_id=body.client_id, kind=body.kind, text=body.text, file_id=body.file
        )
    )


@operation(
    status=201,
    needs=NEEDS,
    raises=(RoomNotFound, RoomClosed, NotAdmitted, TooManyRoomFiles, UploadTooLarge, BlobsDown),
    limit="60/minute",
)
async def offer_room_file(units: Units, actor: Actor, room_id: UUID, body: AnnouncedRoomFile) -> OfferView:
    """Where to send one photo, document or voice message; the address works for ten minutes."""
    row, made = await attaching.offer(units, actor, room_id, body)
    return OfferView.of(row.id, made, finish_url=f"{PREFIX}/room-files/{row.id}/completion")


@operation(
    needs=NEEDS,
    raises=(RoomFileNotFound, RoomClosed, NotAdmitted, TransitionRefused, *REFUSALS, FileKindWrong),
    limit="60/minute",
)
async def finish_room_file(units: Units, actor: Actor, file_id: UUID) -> RoomFileView:
    """Have the file that was sent looked at and kept. A refused file is stored nowhere."""
    return RoomFileView.of(await attaching.finish(units, actor, file_id))


@operation(needs=NEEDS, raises=(RoomFileNotFound, BlobsDown))
async def link_room_file(units: Units, actor: Actor, file_id: UUID, query: ThumbnailQuery) -> LinkView:
    """An address that opens the file for five minutes; what staff open whole, the patient can read of."""
    url = await attaching.link_to(units, actor, file_id, thumbnail=query.thumbnail)
    return LinkView(url=url, expires_in_s=int(attaching.LINK_LASTS.total_seconds()))


@operation(needs=NEEDS, status=307, raises=(RoomFileNotFound, BlobsDown))
async def open_room_file(units: Units, actor: Actor, file_id: UUID, query: ThumbnailQuery) -> None:
    """Leads to that address, for pages that show the file."""
    url = await attaching.link_to(units, actor, file_id, thumbnail=query.thumbnail)
    return RedirectResponse(url, 307, {"cache-control": "no-store"})  # type: ignore[return-value]


@operation(needs=NEEDS, raises=(RoomNotFound, RoomClosed, SeatEnded), limit="30/minute")
async def answer_recording_consent(
    units: Units, actor: Actor, room_id: UUID, body: ConsentBody
) -> ConsentView:
    """May calls of this visit be recorded? Refusing leaves writing, and is never a strike."""
    terms = await consenting.answer(units, actor, room_id, agreed=body.agreed)
    return ConsentView(can=can_of(terms), refusal=terms.refusal)


@operation(
    status=201, needs=PATIENTS, raises=(RoomNotFound, RoomClosed, HelpersFull, Forbidden), limit="30/minute"
)
async def invite_helper(units: Units, actor: Actor, room_id: UUID, body: HelperBody) -> HelperInvited:
    """A seat for somebody of the family; the link is shown this once."""
    made = await helping.invite(units, actor, room_id, name=body.name)
    row = made.seat
    return HelperInvited(id=row.id, name=row.name, state=row.state, taken_at=row.taken_at, link=made.link)


@operation(needs=PATIENTS, raises=(RoomNotFound, SeatNotFound))
async def end_helper_seat(units: Units, actor: Actor, room_id: UUID, seat_id: UUID) -> None:
    """By the patient, or by the helper themself."""
    await helping.end(units, actor, room_id, seat_id)


@operation(
    status=201, needs=PATIENTS, raises=(InvitationNotFound, OwnInvitation, Forbidden), limit="30/minute"
)
async def accept_helper_invitation(units: Units, actor: Actor, token: str) -> AcceptedView:
    """Take the seat: consent to being there and to being recorded."""
    room = await helping.accept(units, actor, token)
    return AcceptedView(room=room, href=f"/rooms/{room}")


@operation(status=201, needs=PATIENTS, raises=(RoomNotFound, RoomClosed, Forbidden), limit="30/minute")
async def report_worsening(units: Units, actor: Actor, room_id: UUID) -> CardView:
    """*I feel worse*: what to do now; doctor and duty desk are told."""
    return CardView.model_validate(await worsening.feel_worse(units, actor, room_id))


@operation(needs=NEEDS, raises=(RoomNotFound,), limit="60/minute")
async def note_device_check(units: Units, actor: Actor, room_id: UUID, body: DeviceCheckBody) -> None:
    """What the page found out about camera, microphone and network."""
    await checking_devices.note_check(
        units, actor, room_id,
        camera=body.camera, microphone=body.microphone, network=body.network,
        facts={"relay": body.relay, "relay_ms": body.relay_ms, "in_app": body.in_app},
    )  # fmt: skip


@operation(needs=PATIENTS, raises=(RoomNotFound,))
async def list_room_views(units: Units, actor: Actor, room_id: UUID) -> list[ViewedView]:
    """Who of the hospital looked at the record of this visit, latest first."""
    return [ViewedView.of(row) for row in await views_for(units, actor, room_id)]


routes = [
    Route("/rooms/{room_id}", show_room),
    Route("/rooms/{room_id}/ticket", issue_room_ticket, methods=["POST"]),
    Route("/rooms/{room_id}/messages", read_room_messages),
    Route("/rooms/{room_id}/messages", say_in_room, methods=["POST"]),
    Route("/rooms/{room_id}/files", offer_room_file, methods=["POST"]),
    Route("/rooms/{room_id}/recording-consent", answer_recording_consent, methods=["POST"]),
    Route("/rooms/{room_id}/helpers", invite_helper, methods=["POST"]),
    Route("/rooms/{room_id}/helpers/{seat_id}", end_helper_seat, methods=["DELETE"]),
    Route("/rooms/{room_id}/worsening", report_worsening, methods=["POST"]),
    Route("/rooms/{room_id}/device-checks", note_device_check, methods=["POST"]),
    Route("/rooms/{room_id}/views", list_room_views),
    Route("/room-files/{file_id}", open_room_file),
    Route("/room-files/{file_id}/completion", finish_room_file, methods=["POST"]),
    Route("/room-files/{file_id}/link", link_room_file),
    Route("/helper-invitations/{token}/acceptance", accept_helper_invitation, methods=["POST"]),
]
