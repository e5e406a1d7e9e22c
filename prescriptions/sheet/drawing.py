"""Draws sheets, stamps, leaflets and labels with typst.

A compiled document holds no text that was evaluated: the words travel as JSON beside the template. One
`typst.Compiler` draws one document at a time (it says "Already borrowed" to a second thread), so there is a
small set of them, which also bounds how many cores drawing may take. typst releases the GIL meanwhile.
"""

import importlib
import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from datetime import datetime
from functools import cache
from importlib import resources
from pathlib import Path
from queue import LifoQueue
from typing import TYPE_CHECKING, Any, Literal, cast

import anyio.to_thread
import segno

from prescriptions.sheet import wording
from prescriptions.sheet.content import SheetContent
from prescriptions.sheet.geometry import BOXES, Box
from prescriptions.sheet.wording import Label

if TYPE_CHECKING:
    import typst

#: Archives take PDF/A: fonts inside, nothing fetched, colours defined.
STANDARD: Literal["a-2b"] = "a-2b"
COMPILERS = 2
TEMPLATES = Path(__file__).with_name("templates")
FONTS = "manimgx_fonts_cjk"


async def sheet(content: SheetContent) -> bytes:
    """The sheet as a PDF without signatures. The same content is the same bytes."""
    return await anyio.to_thread.run_sync(draw_sheet, content)


async def leaflet(content: SheetContent, *, hotline: str = "") -> bytes:
    """What to take, how much and when, in large type and plain words."""
    return await anyio.to_thread.run_sync(draw_leaflet, content, hotline)


async def labels(wanted: Sequence[Label]) -> bytes:
    """A page of 60 × 40 mm for each label."""
    return await anyio.to_thread.run_sync(draw_labels, wanted)


def draw_sheet(content: SheetContent) -> bytes:
    return _draw(
        "sheet.typ",
        {
            "words": _json(wording.sheet_words(content)),
            "boxes": _json({field.value: asdict(box) for field, box in BOXES.items()}),
            "qr": _square(content.verification_url),
        },
        content.issued_at,
    )


def draw_leaflet(content: SheetContent, hotline: str = "") -> bytes:
    words = wording.leaflet_words(content, hotline)
    return _draw("leaflet.typ", {"words": _json(words)}, content.issued_at, tagged=True)


def draw_labels(wanted: Sequence[Label]) -> bytes:
    return _draw("label.typ", {"words": _json([wording.label_words(label) for label in wanted])}, None)


def draw_stamp(*, name: str, title: str, meaning: str, at: datetime, box: Box) -> bytes:
    """What shows in a signature's box: who, as what, when."""
    words = {"name": name, "title": title, "meaning": meaning, "at": f"{wording.local(at)} +08:00"}
    return _draw("stamp.typ", {"words": _json(words), "box": _json(asdict(box))}, at)


def _draw(
    template: str, inputs: Mapping[str, str], made_at: datetime | None, *, tagged: bool = False
) -> bytes:
    """Tags help a reader aloud. In a sheet to be signed they are a third of what a verification must read."""
    with _compiler() as compiler:
        drawn = compiler.compile(
            TEMPLATES / template,
            sys_inputs=dict(inputs),
            format="pdf",
            pdf_standards=STANDARD,
            pdf_tags=tagged,
            timestamp=int(made_at.timestamp()) if made_at else 0,
        )
    return cast(bytes, drawn)


@contextmanager
def _compiler() -> "Iterator[typst.Compiler]":
    free = _compilers()
    compiler = free.get()
    try:
        yield compiler
    finally:
        free.put(compiler)


@cache
def _compilers() -> "LifoQueue[typst.Compiler]":
    """The last one used is taken first: it still knows the template. Fonts are read once."""
    folder = str(resources.files(FONTS))
    # Three megabytes of machine code, for those who draw.
    engine = importlib.import_module("typst")
    fonts = engine.Fonts(include_system_fonts=False, include_embedded_fonts=True, font_paths=[folder])
    free: LifoQueue[typst.Compiler] = LifoQueue()
    for _ in range(COMPILERS):
        free.put(engine.Compiler(TEMPLATES / "stamp.typ", root=TEMPLATES, font_paths=fonts))
    return free


def _square(text: str) -> str:
    """A QR code as one SVG path, a run of dark modules at a time."""
    code = segno.make(text, error="m", micro=False)
    path = []
    for y, row in enumerate(code.matrix):
        x = 0
        while x < len(row):
            run = 1
            while x + run < len(row) and row[x + run] == row[x]:
                run += 1
            if row[x]:
                path.append(f"M{x} {y}h{run}v1h-{run}z")
            x += run
    side = len(code.matrix)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="-4 -4 {side + 8} {side + 8}">'
        f'<path fill="#fff" d="M-4 -4h{side + 8}v{side + 8}h-{side + 8}z"/><path d="{"".join(path)}"/></svg>'
    )


def _json(words: Any) -> str:
    return json.dumps(words, ensure_ascii=False)
