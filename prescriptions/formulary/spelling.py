"""Chinese words in pinyin.

pypinyin's table of readings takes 56 MB and a third of a second: it is read by the process that spells
something for the first time, which most never do.
"""

import importlib
from functools import cache
from typing import Any


def syllables(words: str) -> list[str]:
    """One for each character, as it is most often read; what is no character stands for itself."""
    found: list[str] = _table().lazy_pinyin(words)
    return found


def initials(words: str) -> str:
    return "".join(each[0] for each in syllables(words) if each[:1].isascii() and each[:1].isalpha())


def readings(words: str) -> list[list[str]]:
    """For each character the first letters of all its readings."""
    table = _table()
    found: list[list[str]] = table.pinyin(words, style=table.Style.FIRST_LETTER, heteronym=True)
    return found


@cache
def _table() -> Any:
    return importlib.import_module("pypinyin")
