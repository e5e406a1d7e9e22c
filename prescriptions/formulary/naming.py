"""What a doctor may type to find a drug: its code, names and aliases, their pinyin and its initials."""

from collections.abc import Iterable
from itertools import product

from prescriptions.formulary.finding import comparable
from prescriptions.formulary.rows import HerbRow, MedicineRow
from prescriptions.formulary.spelling import readings, syllables

#: Names as short as those of herbs are also found by the other readings of their characters.
_SHORT = 4


def terms_of(row: MedicineRow | HerbRow) -> list[str]:
    """Comparable, code and name first."""
    aliases = row.aliases if isinstance(row, HerbRow) else ()
    said = [row.id, row.name_zh, *aliases, row.name_en]
    spelt = [spelling for name in (row.name_zh, *aliases) for spelling in _spellings(name)]
    return list(dict.fromkeys(term for term in map(comparable, (*said, *spelt)) if term))


def _spellings(name: str) -> Iterable[str]:
    spelt = syllables(name)
    yield "".join(syllable[0] for syllable in spelt if syllable)
    yield "".join(spelt)
    if len(name) <= _SHORT:
        yield from ("".join(letters) for letters in product(*readings(name)))
