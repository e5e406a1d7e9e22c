"""In the child: a photo is decoded, turned upright, made smaller and written anew.

Only pixels reach the new file: no EXIF, no GPS, no comment, no second file hidden behind the first.
Colours are brought to sRGB first, as a tongue's colour is read by the doctor.
"""

import warnings
from io import BytesIO
from typing import Any

import pillow_heif
from PIL import Image, ImageCms, ImageFilter, ImageOps, ImageStat

from telehealth.core.quarantine.refusal import Refusal

FORMATS = ("JPEG", "PNG", "WEBP", "HEIF")
MAX_PIXELS = 50_000_000
MAX_SIDE = 2048
THUMBNAIL_SIDE = 320
MEASURE_SIDE = 512
_LAPLACE = ImageFilter.Kernel((3, 3), [0, 1, 0, 1, -4, 1, 0, 1, 0], scale=1, offset=128)
_SRGB = ImageCms.createProfile("sRGB")

pillow_heif.register_heif_opener()
Image.MAX_IMAGE_PIXELS = MAX_PIXELS
warnings.simplefilter("error", Image.DecompressionBombWarning)


def work(data: bytes) -> tuple[dict[str, Any], list[bytes]]:
    image = _decode(data)
    jpeg, thumbnail = BytesIO(), BytesIO()
    image.save(jpeg, "JPEG", quality=85, progressive=True, optimize=True)
    facts = {"width": image.width, "height": image.height, **_measure(image)}
    image.thumbnail((THUMBNAIL_SIDE, THUMBNAIL_SIDE))
    image.save(thumbnail, "WEBP", quality=75)
    return facts, [jpeg.getvalue(), thumbnail.getvalue()]


def _decode(data: bytes) -> Image.Image:
    """RGB, upright, longest side ≤ 2048, without metadata."""
    try:
        source = Image.open(BytesIO(data), formats=FORMATS)
        if source.width * source.height > MAX_PIXELS:
            raise Refusal("too_large", "pixels")
        # JPEG decodes at a fraction of its size when asked; other formats ignore this.
        source.draft("RGB", (MAX_SIDE, MAX_SIDE))
        source.load()
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise Refusal("too_large", "pixels") from None
    upright = ImageOps.exif_transpose(source)
    flat = _to_srgb(upright)
    flat.thumbnail((MAX_SIDE, MAX_SIDE), reducing_gap=2.0)
    clean = Image.new("RGB", flat.size)
    clean.paste(flat)
    return clean


def _to_srgb(image: Image.Image) -> Image.Image:
    if "A" in image.getbands() or "transparency" in image.info:
        layered = image.convert("RGBA")
        image = Image.alpha_composite(Image.new("RGBA", layered.size, "white"), layered).convert("RGB")
    elif image.mode.startswith("I"):
        # Sixteen-bit greys, as scanners write them; convert() would clip, not scale.
        image = image.point(lambda grey: grey / 256).convert("L")
    profile = image.info.get("icc_profile")
    if profile and image.mode in ("RGB", "CMYK", "L"):
        try:
            converted = ImageCms.profileToProfile(
                image, ImageCms.ImageCmsProfile(BytesIO(profile)), _SRGB, outputMode="RGB"
            )
        except (ImageCms.PyCMSError, OSError):
            # A broken profile: the plain numbers are the best we have.
            converted = None
        if converted is not None:
            return converted
    return image.convert("RGB")


def _measure(image: Image.Image) -> dict[str, float]:
    """`sharpness`: variance of the Laplacian at 512 px; `brightness`: mean luma, 0–255."""
    grey = image.convert("L")
    grey.thumbnail((MEASURE_SIDE, MEASURE_SIDE))
    edges = grey.filter(_LAPLACE).crop((1, 1, max(2, grey.width - 1), max(2, grey.height - 1)))
    return {
        "sharpness": round(ImageStat.Stat(edges).var[0], 1),
        "brightness": round(ImageStat.Stat(grey).mean[0], 1),
    }
