"""What a doctor may type to find a drug: its code, names and aliases, their pinyin and its initials."""

from collections.abc import Iterable
from itertools import product

from pypinyin import Style, lazy_pinyin, pinyin

from prescriptions.formulary.finding import comparable
from prescriptions.formulary.rows import HerbRow, MedicineRow

#: Names as short as those of herbs are also found by the other readings of their characters.
_SHORT = 4


def terms_of(row: MedicineRow | HerbRow) -> list[str]:
    """Comparable, code and name first."""
    aliases = row.aliases if isinstance(row, HerbRow) else ()
    said = [row.id, row.name_zh, *aliases, row.name_en]
    spelt = [spelling for name in (row.name_zh, *aliases) for spelling in _spellings(name)]
    return list(dict.fromkeys(term for term in map(comparable, (*said, *spelt)) if term))


def _spellings(name: str) -> Iterable[str]:
    syllables = lazy_pinyin(name)
    yield "".join(syllable[0] for syllable in syllables if syllable)
    yield "".join(syllables)
    if len(name) <= _SHORT:
        readings = pinyin(name, style=Style.FIRST_LETTER, heteronym=True)
        yield from ("".join(letters) for letters in product(*readings))
