"""In the child: a PDF may be read, not run. Ours and hospitals' signed PDFs stay as they are."""

from collections.abc import Iterator
from io import BytesIO
from typing import Any

import pikepdf

from telehealth.core.quarantine.refusal import Refusal

MAX_PAGES = 60
MAX_OBJECTS = 100_000
#: Names that carry programs, other files or forms that call home.
FORBIDDEN_KEYS = frozenset(
    {"/JS", "/JavaScript", "/AA", "/EmbeddedFiles", "/XFA", "/RichMediaContent", "/RichMediaSettings"}
)
FORBIDDEN_ACTIONS = frozenset(
    {"/JavaScript", "/Launch", "/SubmitForm", "/ImportData", "/GoToE", "/Rendition", "/RichMediaExecute"}
)
FORBIDDEN_TYPES = frozenset({"/EmbeddedFile", "/Filespec"})


def work(data: bytes) -> tuple[dict[str, Any], list[bytes]]:
    if not data.startswith(b"%PDF-"):
        raise Refusal("unreadable", "header")
    try:
        with pikepdf.open(BytesIO(data), suppress_warnings=True) as pdf:
            return {"pages": _inspect(pdf)}, []
    except pikepdf.PasswordError:
        raise Refusal("refused", "encrypted") from None


def _inspect(pdf: pikepdf.Pdf) -> int:
    if pdf.is_encrypted:
        raise Refusal("refused", "encrypted")
    if len(pdf.pages) > MAX_PAGES:
        raise Refusal("too_large", "pages")
    if len(pdf.objects) > MAX_OBJECTS:
        raise Refusal("too_large", "objects")
    if not pdf.pages:
        raise Refusal("unreadable", "no pages")
    if _acts(pdf.Root.get("/OpenAction")):
        raise Refusal("refused", "/OpenAction")
    for found in _dictionaries(pdf):
        _refuse_active(found)
    return len(pdf.pages)


def _acts(opening: Any) -> bool:
    """Opening at a page is an array or a GoTo; anything else does something."""
    if opening is None or isinstance(opening, pikepdf.Array):
        return False
    return not isinstance(opening, pikepdf.Dictionary) or str(opening.get("/S")) != "/GoTo"


def _dictionaries(pdf: pikepdf.Pdf) -> Iterator[pikepdf.Object]:
    """Every dictionary of the file, also those written inside others; references are not followed."""
    waiting = [pdf.trailer, *pdf.objects]
    while waiting:
        found = waiting.pop()
        if isinstance(found, pikepdf.Dictionary | pikepdf.Stream):
            yield found
            inner = [value for _, value in found.items()]
        elif isinstance(found, pikepdf.Array):
            inner = list(found.as_list())
        else:
            continue
        waiting.extend(
            value for value in inner if isinstance(value, pikepdf.Object) and not value.is_indirect
        )


def _refuse_active(found: pikepdf.Object) -> None:
    keys = FORBIDDEN_KEYS & set(found.keys())
    if keys:
        raise Refusal("refused", min(keys))
    if (action := str(found.get("/S"))) in FORBIDDEN_ACTIONS:
        raise Refusal("refused", action)
    if (kind := str(found.get("/Type"))) in FORBIDDEN_TYPES:
        raise Refusal("refused", kind)
