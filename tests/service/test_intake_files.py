"""Photos and reports: what strangers send, what we keep, and what is cleared away (XY23)."""

import hashlib
import io
from collections.abc import Callable
from datetime import timedelta
from uuid import UUID

import pytest
import sqlalchemy as sa
from PIL import Image

from telehealth.core.access import Actor
from telehealth.core.blobs import BlobStore
from telehealth.core.clock import FixedClock
from telehealth.core.errors import Invalid
from telehealth.core.jobs import Work
from telehealth.core.scanning import Scanner
from telehealth.core.unit import Units
from telehealth.core.uploads import (
    ScannerDown,
    UploadMissing,
    UploadRefused,
    UploadTooLarge,
    UploadUnreadable,
)
from telehealth.directory.models import Department, Hospital
from telehealth.intake.attaching import AnnouncedFile, attach, finish, link_to, offer, remove
from telehealth.intake.clearing import remove_files, sweep_incoming
from telehealth.intake.errors import (
    AttachmentNotFound,
    FormFixed,
    FormNotFound,
    PhotoWanted,
    TooManyFiles,
)
from telehealth.intake.filling import content_of, read
from telehealth.intake.models import IntakeAttachment
from telehealth.intake.rules import PhotoKind
from telehealth.intake.sending import submit
from telehealth.intake.states import AttachmentState
from tests.support import uploads
from tests.support.factories.accounts import add_patient, patient
from tests.support.factories.directory import add_campus, add_department, add_hospital
from tests.support.factories.eligibility import Follower, add_follower
from tests.support.factories.intake import COMPLETE, add_form, add_photo
from tests.support.factories.rulebook import publish_policy

pytestmark = pytest.mark.anyio


@pytest.fixture
async def hospital(units: Units) -> Hospital:
    row = await add_hospital(units, "yunan")
    await publish_policy(units, row.id, intake={"max_photos": 3, "max_upload_mb": 1})
    return row


@pytest.fixture
async def known(units: Units, hospital: Hospital) -> Follower:
    return await add_follower(units, hospital.id)


@pytest.fixture
async def form_id(units: Units, hospital: Hospital, known: Follower) -> UUID:
    campus = await add_campus(units, hospital.id)
    department: Department = await add_department(units, hospital.id, [campus.id])
    return (await add_form(units, known.actor, known.person, department)).id


def store(units: Units) -> BlobStore:
    return units.port(BlobStore)  # type: ignore[type-abstract]


async def sent(
    units: Units, actor: Actor, form_id: UUID, data: bytes, kind: PhotoKind = PhotoKind.SITE
) -> IntakeAttachment:
    """Offered, and the bytes have arrived."""
    announced = AnnouncedFile(kind=kind, filename="IMG 1.jpg", content_type="image/jpeg", size=len(data))
    row, _ = await offer(units, actor, form_id, announced)
    await store(units).write(row.incoming_key, data, "image/jpeg")
    return row


async def test_XY23_a_photo_is_kept_only_as_we_wrote_it_anew(
    units: Units, known: Follower, form_id: UUID
) -> None:
    row = await sent(units, known.actor, form_id, uploads.photo_with_gps(orientation=6))
    done = await finish(units, known.actor, row.id)
    assert done.state is AttachmentState.READY and done.content_type == "image/jpeg"
    assert done.key and done.thumbnail_key
    kept = await store(units).read(done.key, 10_000_000)
    assert b"SamplePhoneMaker" not in kept and hashlib.sha256(kept).hexdigest() == done.sha256
    assert not Image.open(io.BytesIO(kept)).getexif()
    thumbnail = Image.open(io.BytesIO(await store(units).read(done.thumbnail_key, 1_000_000)))
    assert thumbnail.format == "WEBP" and max(thumbnail.size) <= 320
    assert await store(units).head(row.incoming_key) is None


async def test_XY23_blur_and_darkness_are_hints_never_refusals(
    units: Units, known: Follower, form_id: UUID
) -> None:
    dark = io.BytesIO()
    Image.new("RGB", (640, 480), (12, 10, 10)).save(dark, "JPEG")
    done = await finish(units, known.actor, (await sent(units, known.actor, form_id, dark.getvalue())).id)
    assert done.state is AttachmentState.READY and done.looks_dark and done.looks_blurred


async def test_XY23_a_plain_pdf_is_kept_as_a_report_and_nowhere_else(
    units: Units, known: Follower, form_id: UUID
) -> None:
    done = await finish(
        units, known.actor, (await sent(units, known.actor, form_id, uploads.pdf(2), PhotoKind.REPORT)).id
    )
    assert (done.content_type, done.pages, done.thumbnail_key) == ("application/pdf", 2, None)
    with pytest.raises(PhotoWanted):
        await finish(units, known.actor, (await sent(units, known.actor, form_id, uploads.pdf(1))).id)


@pytest.mark.parametrize(
    ("hostile", "refusal"),
    [
        (lambda: uploads.SVG_WITH_SCRIPT, UploadUnreadable),
        (lambda: uploads.HTML, UploadUnreadable),
        (lambda: uploads.PROGRAM, UploadUnreadable),
        (uploads.truncated_jpeg, UploadUnreadable),
        (uploads.png_bomb, UploadTooLarge),
        (uploads.pdf_with_script, UploadRefused),
        (uploads.pdf_with_script_deep_in_a_page, UploadRefused),
        (uploads.pdf_with_attachment, UploadRefused),
        (lambda: uploads.encrypted_pdf("secret"), UploadRefused),
    ],
)
async def test_XY23_hostile_files_are_refused_and_the_form_keeps_its_words(
    units: Units, known: Follower, form_id: UUID, hostile: Callable[[], bytes], refusal: type[Invalid]
) -> None:
    row = await sent(units, known.actor, form_id, hostile(), PhotoKind.REPORT)
    with pytest.raises(refusal):
        await finish(units, known.actor, row.id)
    async with units.of(known.actor) as unit:
        kept = await unit.session.get(IntakeAttachment, row.id)
        assert kept is not None and kept.state is AttachmentState.REFUSED and kept.refusal == refusal.code
        assert content_of(await read(unit, form_id)).complaint == COMPLETE["complaint"]
    assert await store(units).head(row.incoming_key) is None


async def test_XY23_a_file_hidden_behind_a_photo_does_not_survive(
    units: Units, known: Follower, form_id: UUID
) -> None:
    row = await finish(
        units, known.actor, (await sent(units, known.actor, form_id, uploads.jpeg_with_zip_behind())).id
    )
    assert row.key and b"PK\x03\x04" not in await store(units).read(row.key, 10_000_000)


async def test_XY23_larger_than_announced_is_refused_by_what_arrived(
    units: Units, known: Follower, form_id: UUID
) -> None:
    with pytest.raises(UploadTooLarge):
        await offer(
            units, known.actor, form_id,
            AnnouncedFile(kind=PhotoKind.SITE, filename="a.jpg", content_type="image/jpeg", size=1_100_000),
        )  # fmt: skip
    row = await sent(units, known.actor, form_id, b"x")
    await store(units).write(row.incoming_key, bytes(1_100_000), "image/jpeg")
    with pytest.raises(UploadTooLarge):
        await finish(units, known.actor, row.id)


async def test_nothing_arrived_is_worth_another_try(units: Units, known: Follower, form_id: UUID) -> None:
    announced = AnnouncedFile(kind=PhotoKind.SITE, filename="a.jpg", content_type="image/jpeg", size=10)
    row, _ = await offer(units, known.actor, form_id, announced)
    with pytest.raises(UploadMissing):
        await finish(units, known.actor, row.id)
    await store(units).write(row.incoming_key, uploads.photo(), "image/jpeg")
    assert (await finish(units, known.actor, row.id)).state is AttachmentState.READY


async def test_finishing_twice_keeps_one_file(units: Units, known: Follower, form_id: UUID) -> None:
    row = await sent(units, known.actor, form_id, uploads.photo())
    first = await finish(units, known.actor, row.id)
    second = await finish(units, known.actor, row.id)
    assert first.key == second.key and second.finished_at == first.finished_at


class SilentScanner:
    async def scan(self, data: bytes) -> None:
        raise ScannerDown()


async def test_XY23_no_file_passes_while_the_scanner_is_silent(
    units: Units, known: Follower, form_id: UUID
) -> None:
    row = await sent(units, known.actor, form_id, uploads.photo())
    usual = units.port(Scanner)  # type: ignore[type-abstract]
    units.join(Scanner, SilentScanner())
    with pytest.raises(ScannerDown):
        await finish(units, known.actor, row.id)
    units.join(Scanner, usual)
    assert (await finish(units, known.actor, row.id)).state is AttachmentState.READY


async def test_XY23_there_is_a_most_of_files(units: Units, known: Follower, form_id: UUID) -> None:
    for _ in range(3):
        await add_photo(units, known.actor, form_id, PhotoKind.SITE)
    with pytest.raises(TooManyFiles):
        await add_photo(units, known.actor, form_id, PhotoKind.SITE)


async def test_a_removed_file_is_gone_from_the_form_at_once_and_from_the_store_by_a_job(
    units: Units, known: Follower, form_id: UUID
) -> None:
    row = await add_photo(units, known.actor, form_id)
    async with units.of(known.actor) as unit:
        await remove(unit, row.id)
    with pytest.raises(AttachmentNotFound):
        await link_to(units, known.actor, row.id)
    async with units.system("test") as unit:
        waiting = await unit.session.execute(
            sa.text("select args from procrastinate_jobs where task_name = 'intake.remove_files'")
        )
        assert waiting.scalar_one() == {"attachment_id": str(row.id)}
    for _ in range(2):
        await remove_files.run(Work(units, 1, 0), attachment_id=str(row.id))
    assert row.key and await store(units).head(row.key) is None


async def test_a_sent_form_takes_and_loses_no_files(units: Units, known: Follower, form_id: UUID) -> None:
    row = await add_photo(units, known.actor, form_id)
    late = await sent(units, known.actor, form_id, uploads.photo())
    await submit(units, known.actor, form_id)
    with pytest.raises(FormFixed):
        await add_photo(units, known.actor, form_id)
    with pytest.raises(FormFixed):
        async with units.of(known.actor) as unit:
            await remove(unit, row.id)
    with pytest.raises(FormFixed):
        await finish(units, known.actor, late.id)
    assert await store(units).head(f"photos/{late.id}.jpg") is None


async def test_someone_elses_form_and_file_are_not_found(
    units: Units, known: Follower, form_id: UUID
) -> None:
    row = await add_photo(units, known.actor, form_id)
    stranger = patient(await add_patient(units, "13800007777"))
    with pytest.raises(FormNotFound):
        await attach(units, stranger, form_id, kind=PhotoKind.SITE, filename="a.jpg", data=uploads.photo())
    with pytest.raises(AttachmentNotFound):
        await link_to(units, stranger, row.id)
    with pytest.raises(AttachmentNotFound):
        await finish(units, stranger, row.id)
    async with units.of(stranger) as unit:
        with pytest.raises(AttachmentNotFound):
            await remove(unit, row.id)
        assert (await unit.session.scalars(sa.select(IntakeAttachment))).all() == []


async def test_the_incoming_folder_is_cleared_a_day_later_whatever_came_of_it(
    units: Units, known: Follower, form_id: UUID, clock: FixedClock
) -> None:
    abandoned = await sent(units, known.actor, form_id, uploads.photo())
    kept = await finish(units, known.actor, (await sent(units, known.actor, form_id, uploads.photo())).id)
    # Whoever still holds the address sends once more after the file was checked.
    await store(units).write(kept.incoming_key, uploads.HTML, "image/jpeg")
    assert await sweep_incoming(units) == 0
    clock.advance(timedelta(days=1, seconds=1))
    assert await sweep_incoming(units) == 2
    assert await sweep_incoming(units) == 0
    for row in (abandoned, kept):
        assert await store(units).head(row.incoming_key) is None
    async with units.of(known.actor) as unit:
        states = {row.id: row.state for row in (await unit.session.scalars(sa.select(IntakeAttachment)))}
    assert states == {abandoned.id: AttachmentState.REMOVED, kept.id: AttachmentState.READY}
    assert kept.key and await store(units).head(kept.key) is not None
