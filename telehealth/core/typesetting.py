"""Draws PDFs with typst: prescription sheets, copies of records, receipts.

A compiled document holds no text that was evaluated: the words travel as JSON beside the template. One
`typst.Compiler` draws one document at a time (it says "Already borrowed" to a second thread), so there is a
small set of them, which also bounds how many cores drawing may take. typst releases the GIL meanwhile.
"""

import importlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from functools import cache
from importlib import resources
from pathlib import Path
from queue import LifoQueue
from typing import TYPE_CHECKING, Literal, cast

import segno

if TYPE_CHECKING:
    import typst

#: Archives take PDF/A: fonts inside, nothing fetched, colours defined.
STANDARD: Literal["a-2b"] = "a-2b"
COMPILERS = 2
#: Templates stand beside the features that draw them; nothing outside our own packages is read.
ROOT = Path(__file__).resolve().parents[2]
FONTS = "manimgx_fonts_cjk"


def typeset(
    template: Path, inputs: Mapping[str, str], made_at: datetime | None, *, tagged: bool = False
) -> bytes:
    """The same inputs are the same bytes. Call it in a thread."""
    with _compiler() as compiler:
        drawn = compiler.compile(
            template,
            sys_inputs=dict(inputs),
            format="pdf",
            pdf_standards=STANDARD,
            pdf_tags=tagged,
            timestamp=int(made_at.timestamp()) if made_at else 0,
        )
    return cast(bytes, drawn)


def square(text: str) -> str:
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
        free.put(engine.Compiler(b"", root=ROOT, font_paths=fonts))
    return free
