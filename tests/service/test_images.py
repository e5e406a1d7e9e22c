"""XY23: a photo is taken in anew, stripped of what it tells about its maker; anything else is refused."""

import io
from collections.abc import AsyncIterator

import pytest
from PIL import Image, ImageCms, ImageFilter

from telehealth.core.images import reencode
from telehealth.core.quarantine.pool import Quarantine
from telehealth.core.uploads import MAX_PHOTO_BYTES, UploadTooLarge, UploadUnreadable
from tests.support import uploads

pytestmark = pytest.mark.anyio


@pytest.fixture(scope="module")
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(scope="module")
async def quarantine() -> AsyncIterator[Quarantine]:
    async with Quarantine(workers=1) as quarantine:
        yield quarantine


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "HEIF"])
async def test_XY23_every_accepted_format_becomes_a_small_jpeg_and_a_thumbnail(
    quarantine: Quarantine, kind: str
) -> None:
    photo = await reencode(quarantine, uploads.photo(kind, 3000, 2000))

    full = Image.open(io.BytesIO(photo.jpeg), formats=("JPEG",))
    small = Image.open(io.BytesIO(photo.thumbnail_webp), formats=("WEBP",))
    assert full.size == (photo.width, photo.height) == (2048, 1365)
    assert small.size[0] == 320
    assert "progressive" in full.info


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
async def test_XY23_place_camera_and_comments_are_gone(quarantine: Quarantine, kind: str) -> None:
    sent = uploads.photo_with_gps(kind=kind)
    assert b"SamplePhoneMaker" in sent

    photo = await reencode(quarantine, sent)

    for made in (photo.jpeg, photo.thumbnail_webp):
        assert b"SamplePhoneMaker" not in made and b"SampleComment" not in made
        assert not Image.open(io.BytesIO(made)).getexif()


async def test_XY23_a_sideways_photo_is_turned_upright(quarantine: Quarantine) -> None:
    photo = await reencode(quarantine, uploads.photo_with_gps(orientation=6))

    assert (photo.width, photo.height) == (480, 640)
    upright = Image.open(io.BytesIO(photo.jpeg)).convert("RGB")
    top, bottom = upright.getpixel((244, 20)), upright.getpixel((244, 620))
    assert isinstance(top, tuple) and isinstance(bottom, tuple)
    assert top[0] > top[2] and bottom[2] > bottom[0]


async def test_a_transparent_picture_lies_on_white(quarantine: Quarantine) -> None:
    out = io.BytesIO()
    Image.new("RGBA", (64, 64), (0, 0, 0, 0)).save(out, "PNG")

    photo = await reencode(quarantine, out.getvalue())

    assert photo.brightness > 250


async def test_a_sixteen_bit_scan_keeps_its_greys(quarantine: Quarantine) -> None:
    out = io.BytesIO()
    Image.new("I;16", (64, 64), 0x8000).save(out, "PNG")

    photo = await reencode(quarantine, out.getvalue())

    assert 120 < photo.brightness < 136


@pytest.mark.parametrize(
    "profile", [ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes(), b"not a profile"]
)
async def test_a_colour_profile_good_or_broken_does_not_stop_a_photo(
    quarantine: Quarantine, profile: bytes
) -> None:
    photo = await reencode(quarantine, uploads.photo(icc_profile=profile))

    assert "icc_profile" not in Image.open(io.BytesIO(photo.jpeg)).info


async def test_XY23_a_blurred_or_dark_photo_is_hinted_at(quarantine: Quarantine) -> None:
    good = await reencode(quarantine, uploads.photo())
    blurred, dark = io.BytesIO(), io.BytesIO()
    uploads.drawing().filter(ImageFilter.GaussianBlur(12)).save(blurred, "JPEG")
    uploads.drawing().point(lambda value: value // 8).save(dark, "JPEG")

    assert not good.looks_blurred and not good.looks_dark
    assert (await reencode(quarantine, blurred.getvalue())).looks_blurred
    assert (await reencode(quarantine, dark.getvalue())).looks_dark


@pytest.mark.parametrize(
    "sent",
    [
        pytest.param(b"", id="nothing"),
        pytest.param(uploads.SVG_WITH_SCRIPT, id="svg with script"),
        pytest.param(uploads.HTML, id="html named jpg"),
        pytest.param(uploads.PROGRAM, id="exe"),
        pytest.param(uploads.photo("GIF"), id="gif"),
        pytest.param(uploads.photo("TIFF"), id="tiff"),
        pytest.param(uploads.photo("BMP"), id="bmp"),
        pytest.param(uploads.photo("EPS"), id="eps"),
        pytest.param(uploads.pdf(), id="pdf"),
        pytest.param(uploads.truncated_jpeg(), id="truncated jpeg"),
        pytest.param(b"\xff\xd8\xff\xe0" + bytes(500), id="jpeg head, nothing behind"),
    ],
)
async def test_XY23_what_is_not_a_whole_photo_is_refused(quarantine: Quarantine, sent: bytes) -> None:
    with pytest.raises(UploadUnreadable):
        await reencode(quarantine, sent)


@pytest.mark.parametrize("side", [50_000, 8_000])
async def test_XY23_a_bomb_is_refused_by_its_header(quarantine: Quarantine, side: int) -> None:
    with pytest.raises(UploadTooLarge):
        await reencode(quarantine, uploads.png_bomb(side))


async def test_XY23_too_many_bytes_are_refused_before_anybody_opens_them(quarantine: Quarantine) -> None:
    with pytest.raises(UploadTooLarge):
        await reencode(quarantine, bytes(MAX_PHOTO_BYTES + 1))


async def test_XY23_nothing_hidden_behind_a_photo_survives(quarantine: Quarantine) -> None:
    photo = await reencode(quarantine, uploads.jpeg_with_zip_behind())

    for trace in (b"PK\x03\x04", b"hidden.html", b"<script>"):
        assert trace not in photo.jpeg and trace not in photo.thumbnail_webp
