"""Photos, documents and voice messages: kept as we wrote them, and seen by those in the room alone."""

import hashlib
import io
from datetime import timedelta
from typing import Any

import av
import pytest
import sqlalchemy as sa

from telehealth.consultations.attaching import AnnouncedRoomFile, finish, link_to, offer, sweep_files
from telehealth.consultations.errors import (
    FileKindWrong,
    FileNotReady,
    NotAdmitted,
    RoomClosed,
    RoomFileNotFound,
    RoomNotFound,
)
from telehealth.consultations.models import RecordView, RoomFile
from telehealth.consultations.states import FileKind, FileState
from telehealth.core.access import Actor, Role
from telehealth.core.blobs import BlobStore
from telehealth.core.clock import FixedClock
from telehealth.core.errors import Invalid
from telehealth.core.rooms import RoomChannel
from telehealth.core.unit import Units
from telehealth.core.uploads import UploadMissing, UploadRefused, UploadTooLarge, UploadUnreadable
from tests.support import uploads, voices
from tests.support.factories.accounts import add_staff, staff
from tests.support.factories.bookings import add_booker
from tests.support.factories.rooms import Visit, add_helper, add_room, admit, say

_TYPES = {
    FileKind.PHOTO: "image/jpeg", FileKind.DOCUMENT: "application/pdf", FileKind.VOICE: "audio/webm",
}  # fmt: skip


@pytest.fixture
async def visit(units: Units) -> Visit:
    return await add_room(units)


def store(units: Units) -> BlobStore:
    return units.port(BlobStore)  # type: ignore[type-abstract]


async def sent(
    units: Units, visit: Visit, data: bytes, kind: FileKind = FileKind.PHOTO, *, by: Actor | None = None
) -> RoomFile:
    """Offered, and the bytes have arrived."""
    announced = AnnouncedRoomFile.model_validate(
        {"kind": kind, "filename": "IMG 1.jpg", "content_type": _TYPES[kind], "size": len(data)}
    )
    row, _ = await offer(units, by or visit.patient, visit.room, announced)
    await store(units).write(row.incoming_key, data, _TYPES[kind])
    return row


async def kept(
    units: Units, visit: Visit, data: bytes, kind: FileKind, *, by: Actor | None = None
) -> RoomFile:
    row = await sent(units, visit, data, kind, by=by)
    return await finish(units, by or visit.patient, row.id)


async def reread(units: Units, row: RoomFile) -> RoomFile:
    async with units.system("test") as unit:
        found = await unit.session.get(RoomFile, row.id)
    assert found is not None
    return found


async def views(units: Units) -> list[RecordView]:
    async with units.system("test") as unit:
        return list(await unit.session.scalars(sa.select(RecordView)))


async def test_a_photo_is_written_anew_and_said_in_the_room(units: Units, visit: Visit) -> None:
    row = await kept(units, visit, uploads.photo_with_gps(), FileKind.PHOTO)
    assert (row.state, row.content_type, row.width, row.height) == (FileState.READY, "image/jpeg", 640, 480)
    assert row.key and row.thumbnail_key
    data = await store(units).read(row.key, 10**7)
    assert b"SamplePhoneMaker" not in data and hashlib.sha256(data).hexdigest() == row.sha256
    assert await store(units).head(row.incoming_key) is None
    stored = await say(units, visit, visit.patient, "", kind="file", file=row.id)
    assert stored.body["file"] == {
        "id": str(row.id), "kind": "photo", "name": "IMG 1.jpg", "size": row.size,
        "content_type": "image/jpeg", "width": 640, "height": 480, "duration_ms": None, "pages": None,
        "thumbnail": True,
    }  # fmt: skip
    channel = units.port(RoomChannel)  # type: ignore[type-abstract]
    assert list(await channel.since(visit.room, 0, 10)) == [stored.body]


async def test_finishing_again_changes_nothing(units: Units, visit: Visit) -> None:
    row = await kept(units, visit, uploads.photo(), FileKind.PHOTO)
    assert (await finish(units, visit.patient, row.id)).finished_at == row.finished_at


async def test_a_document_keeps_its_bytes(units: Units, visit: Visit) -> None:
    data = uploads.pdf()
    row = await kept(units, visit, data, FileKind.DOCUMENT)
    assert (row.content_type, row.pages, row.thumbnail_key) == ("application/pdf", 1, None)
    assert row.key and await store(units).read(row.key, 10**7) == data


@pytest.mark.parametrize(
    ("container", "content_type"), [("webm", "audio/webm"), ("ogg", "audio/webm"), ("mp4", "audio/mp4")]
)
async def test_XY28_a_voice_message_is_packed_anew_without_metadata(
    units: Units, visit: Visit, container: str, content_type: str
) -> None:
    row = await kept(units, visit, voices.voice(container, 2.0), FileKind.VOICE)
    assert row.content_type == content_type and row.key and row.key.endswith(content_type[6:])
    assert row.duration_ms is not None and abs(row.duration_ms - 2000) < 150
    data = await store(units).read(row.key, 10**7)
    assert "样例标题".encode() not in data
    with av.open(io.BytesIO(data)) as heard:
        assert [stream.type for stream in heard.streams] == ["audio"]
        assert abs(sum(frame.samples for frame in heard.decode(audio=0)) / 48 - 2000) < 150


@pytest.mark.parametrize(
    ("data", "kind", "refusal"),
    [
        (uploads.HTML, FileKind.PHOTO, UploadUnreadable),
        (uploads.PROGRAM, FileKind.VOICE, UploadUnreadable),
        (uploads.photo(), FileKind.VOICE, UploadUnreadable),
        (uploads.photo(), FileKind.DOCUMENT, FileKindWrong),
        (uploads.pdf(), FileKind.PHOTO, FileKindWrong),
        (uploads.truncated_jpeg(), FileKind.PHOTO, UploadUnreadable),
        (voices.film(), FileKind.VOICE, UploadRefused),
        (voices.wrong_codec(), FileKind.VOICE, UploadRefused),
        (voices.voice("webm")[:200], FileKind.VOICE, UploadUnreadable),
        (voices.voice("webm", 125), FileKind.VOICE, UploadTooLarge),
    ],
    ids="html program photo-as-voice photo-as-pdf pdf-as-photo torn film flac torn-voice long".split(),
)  # fmt: skip
async def test_what_is_not_what_it_says_is_refused_and_stored_nowhere(
    units: Units, visit: Visit, data: bytes, kind: FileKind, refusal: type[Invalid]
) -> None:
    row = await sent(units, visit, data, kind)
    with pytest.raises(refusal):
        await finish(units, visit.patient, row.id)
    after = await reread(units, row)
    assert (after.state, after.refusal, after.key) == (FileState.REFUSED, refusal.code, None)
    assert await store(units).head(row.incoming_key) is None
    with pytest.raises(FileNotReady):
        await say(units, visit, visit.patient, "", kind="file", file=row.id)


async def test_what_has_not_arrived_may_still_come(units: Units, visit: Visit) -> None:
    announced = AnnouncedRoomFile(kind=FileKind.PHOTO, content_type="image/jpeg", size=1000)
    row, _ = await offer(units, visit.patient, visit.room, announced)
    with pytest.raises(UploadMissing):
        await finish(units, visit.patient, row.id)
    await store(units).write(row.incoming_key, uploads.photo(), "image/jpeg")
    assert (await finish(units, visit.patient, row.id)).state is FileState.READY


async def test_a_file_is_opened_by_those_in_the_room_and_by_nobody_else(units: Units, visit: Visit) -> None:
    row = await kept(units, visit, uploads.photo(), FileKind.PHOTO)
    stranger = await add_booker(units, visit.house, "13811112222")
    desk = staff(await add_staff(units, visit.house.hospital.id, [Role.DESK]))
    for actor in (visit.patient, visit.doctor, await add_helper(units, visit)):
        assert await link_to(units, actor, row.id, thumbnail=True)
    for actor in (stranger.actor, desk):
        with pytest.raises(RoomFileNotFound):
            await link_to(units, actor, row.id)
        with pytest.raises(RoomFileNotFound):
            await finish(units, actor, row.id)
    with pytest.raises(RoomNotFound):
        await sent(units, visit, uploads.photo(), by=stranger.actor)


async def test_what_staff_open_whole_the_patient_can_read_of(units: Units, visit: Visit) -> None:
    row = await kept(units, visit, uploads.photo(), FileKind.PHOTO)
    await link_to(units, visit.patient, row.id)
    await link_to(units, visit.doctor, row.id, thumbnail=True)
    assert await views(units) == []
    await link_to(units, visit.doctor, row.id)
    head = staff(await add_staff(units, visit.house.hospital.id, [Role.HEAD], login="head"))
    await link_to(units, head, row.id)
    assert [(seen.role, seen.what, seen.ref) for seen in await views(units)] == [
        ("doctor", "image", str(row.id)), ("head", "image", str(row.id)),
    ]  # fmt: skip


async def test_the_file_of_another_cannot_be_said_as_ones_own(units: Units, visit: Visit) -> None:
    await admit(units, visit)
    row = await kept(units, visit, uploads.photo(), FileKind.PHOTO)
    with pytest.raises(FileNotReady):
        await say(units, visit, visit.doctor, "", kind="file", file=row.id)


async def test_a_doctor_sends_files_after_admitting_and_nobody_after_the_end(
    units: Units, visit: Visit, clock: FixedClock
) -> None:
    with pytest.raises(NotAdmitted):
        await sent(units, visit, uploads.photo(), by=visit.doctor)
    row = await sent(units, visit, uploads.photo())
    async with units.system("test") as unit:
        await (await unit.connection()).execute("update consultations set state = 'closed'")
    with pytest.raises(RoomClosed):
        await finish(units, visit.patient, row.id)
    with pytest.raises(RoomClosed):
        await sent(units, visit, uploads.photo())
    clock.advance(timedelta(days=1, minutes=1))
    assert await sweep_files(units) == 1 and await sweep_files(units) == 0
    assert (await reread(units, row)).refusal == "abandoned"
    assert await store(units).head(row.incoming_key) is None


async def test_more_than_the_limit_is_not_even_offered_a_place(units: Units, visit: Visit) -> None:
    facts: dict[str, Any] = {"kind": "voice", "content_type": "audio/webm", "size": 5 * 1024 * 1024}
    with pytest.raises(UploadTooLarge):
        await offer(units, visit.patient, visit.room, AnnouncedRoomFile.model_validate(facts))
