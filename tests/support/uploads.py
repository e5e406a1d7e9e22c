"""Files a stranger might send: honest ones, broken ones, hostile ones. All made here, none real."""

import io
import struct
import zipfile
import zlib

import pikepdf
import pillow_heif
from PIL import Image, ImageDraw

pillow_heif.register_heif_opener()


def drawing(width: int = 640, height: int = 480) -> Image.Image:
    """Red on the left, blue on the right, with edges to measure."""
    image = Image.new("RGB", (width, height), (200, 60, 60))
    draw = ImageDraw.Draw(image)
    draw.rectangle((width // 2, 0, width, height), fill=(60, 60, 200))
    for step in range(0, width, 8):
        draw.line((step, 0, step, height), fill=(230, 230, 230))
    return image


def photo(kind: str = "JPEG", width: int = 640, height: int = 480, **options: object) -> bytes:
    out = io.BytesIO()
    drawing(width, height).save(out, kind, **options)
    return out.getvalue()


def photo_with_gps(orientation: int = 1, kind: str = "JPEG") -> bytes:
    exif = Image.Exif()
    exif[0x0112] = orientation
    exif[0x010F] = "SamplePhoneMaker"
    gps = exif.get_ifd(0x8825)
    gps[1], gps[2] = "N", (30.0, 16.0, 12.0)
    if kind == "JPEG":
        return photo(kind, exif=exif.tobytes(), comment=b"SampleComment")
    return photo(kind, exif=exif.tobytes())


def png_bomb(side: int = 50_000) -> bytes:
    """A few hundred bytes that claim to be 2.5 billion pixels."""

    def chunk(name: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))

    header = struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)
    pixels = zlib.compress(bytes(1000))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", pixels) + chunk(b"IEND", b"")


SVG_WITH_SCRIPT = b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(document.cookie)</script></svg>'
HTML = b"<!doctype html><script>alert(document.cookie)</script>"
PROGRAM = b"MZ\x90\x00" + bytes(60) + b"PE\x00\x00" + bytes(200)


def truncated_jpeg() -> bytes:
    whole = photo()
    return whole[: len(whole) // 2]


def jpeg_with_zip_behind() -> bytes:
    hidden = io.BytesIO()
    with zipfile.ZipFile(hidden, "w") as archive:
        archive.writestr("hidden.html", HTML)
    return photo(comment=b"<script>alert(1)</script>") + hidden.getvalue()


def pdf(pages: int = 1) -> bytes:
    return _written(_blank(pages))


def pdf_with_script() -> bytes:
    document = _blank(1)
    document.Root.OpenAction = pikepdf.Dictionary(S=pikepdf.Name.JavaScript, JS="app.alert('hello')")
    return _written(document)


def pdf_with_script_deep_in_a_page() -> bytes:
    document = _blank(1)
    link = pikepdf.Dictionary(
        Type=pikepdf.Name.Annot,
        Subtype=pikepdf.Name.Link,
        Rect=[0, 0, 10, 10],
        A=pikepdf.Dictionary(S=pikepdf.Name.Launch, F="cmd.exe"),
    )
    document.pages[0].obj.Annots = pikepdf.Array([link])
    return _written(document)


def pdf_with_page_action() -> bytes:
    document = _blank(1)
    document.pages[0].obj.AA = pikepdf.Dictionary(O=pikepdf.Dictionary(S=pikepdf.Name.Named))
    return _written(document)


def pdf_with_attachment() -> bytes:
    document = _blank(1)
    document.attachments["hidden.exe"] = PROGRAM
    return _written(document)


def pdf_with_xfa() -> bytes:
    document = _blank(1)
    document.Root.AcroForm = pikepdf.Dictionary(XFA="<xdp/>", Fields=[])
    return _written(document)


def pdf_that_opens_at_a_page() -> bytes:
    document = _blank(2)
    document.Root.OpenAction = pikepdf.Array([document.pages[1].obj, pikepdf.Name.Fit])
    return _written(document)


def encrypted_pdf(password: str) -> bytes:
    out = io.BytesIO()
    _blank(1).save(out, encryption=pikepdf.Encryption(owner="owner", user=password))
    return out.getvalue()


def _blank(pages: int) -> pikepdf.Pdf:
    document = pikepdf.new()
    for _ in range(pages):
        document.add_blank_page()
    return document


def _written(document: pikepdf.Pdf) -> bytes:
    out = io.BytesIO()
    document.save(out)
    return out.getvalue()
