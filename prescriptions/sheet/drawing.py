"""Draws sheets, stamps, leaflets and labels."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Any

import anyio.to_thread

from prescriptions.sheet import wording
from prescriptions.sheet.content import SheetContent
from prescriptions.sheet.geometry import BOXES, Box
from prescriptions.sheet.wording import Label
from telehealth.core.typesetting import square, typeset

TEMPLATES = Path(__file__).with_name("templates")


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
            "qr": square(content.verification_url),
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
    return typeset(TEMPLATES / template, inputs, made_at, tagged=tagged)


def _json(words: Any) -> str:
    return json.dumps(words, ensure_ascii=False)
