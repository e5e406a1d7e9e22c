"""Texts that a hospital wrote in two languages, and notices as blocks a page can mark up."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any


def said(row: Any, field: str, lang: str) -> str:
    """`row.name` or, for readers of English, `row.name_en` where there is one."""
    translated = str(getattr(row, f"{field}_en", "")) if lang == "en" else ""
    return translated or str(getattr(row, field))


@dataclass(frozen=True, slots=True)
class Block:
    """`kind` is heading, paragraph or list; a list has its items as `lines`."""

    kind: str
    lines: tuple[str, ...]


def blocks(text: str) -> tuple[Block, ...]:
    """Headings (`## …`), lists (`- …`) and paragraphs, so that a screen reader can move by them."""
    return tuple(block for part in text.split("\n\n") for block in _blocks_of(part))


def _blocks_of(part: str) -> Iterator[Block]:
    lines = [line.strip() for line in part.splitlines() if line.strip()]
    while lines:
        kind = _kind(lines[0])
        if kind == "heading":
            yield Block(kind, (lines.pop(0).lstrip("# "),))
            continue
        run = []
        while lines and _kind(lines[0]) == kind:
            run.append(lines.pop(0))
        yield Block(kind, tuple(line[2:] for line in run) if kind == "list" else tuple(run))


def _kind(line: str) -> str:
    if line.startswith("#"):
        return "heading"
    return "list" if line.startswith("- ") else "paragraph"
