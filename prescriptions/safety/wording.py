"""Findings as sentences for a doctor, a pharmacist and a patient: what, why, and what would satisfy it.

Sentences are Chinese and translated where they are shown; names of medicines are the book's, in the
language of the reader. Nothing here names a patient.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from prescriptions.formulary.book import Book
from prescriptions.safety.facts import Finding, Needs, Severity
from prescriptions.safety.names import group_name, ingredient_name, unit_name
from prescriptions.safety.sentences import NEEDS, SEVERITIES, TITLES, WHY
from telehealth.core.i18n import SOURCE, translator


@dataclass(frozen=True, slots=True)
class Said:
    """`title` three words, `why` a sentence, `todo` what to do; `advice` the book's own, where it has one."""

    title: str
    severity: str
    why: str
    todo: str
    advice: str = ""


def say(finding: Finding, book: Book, lang: str = SOURCE) -> Said:
    gettext = translator(lang)
    facts = _facts(finding, book, lang, gettext)
    return Said(
        title=gettext(TITLES[finding.code]),
        severity=gettext(SEVERITIES[finding.severity]),
        why=gettext(WHY[finding.why]).format_map(facts),
        todo=_todo(finding, gettext),
        advice=_advice(finding, book, lang),
    )


def name_of(book: Book, key: str, lang: str = SOURCE) -> str:
    """A medicine's or a herb's name; the key itself for what the book does not have."""
    entry = book.medicines.get(key) or book.herbs.get(key)
    if entry is None:
        return key
    return entry.name if lang == SOURCE or not entry.name_en else entry.name_en


def _facts(finding: Finding, book: Book, lang: str, gettext: Callable[[str], str]) -> "_Facts":
    def names(keys: Iterable[str]) -> str:
        between = "、" if lang == SOURCE else ", "
        return between.join(dict.fromkeys(name_of(book, key, lang) for key in keys))

    said = dict(finding.facts)
    for place in ("a", "b"):
        if place in said:
            said[place] = names(said[place].split("、"))
    if "unit" in said:
        said["unit"] = unit_name(said["unit"], gettext)
    if "diagnosis" in said and (entry := book.diagnosis(said["diagnosis"])) is not None:
        said["diagnosis"] = f"{entry.name if lang == SOURCE else entry.name_en} ({said['diagnosis']})"
    if "allergy" in said:
        known = book.allergy_classes.get(said["allergy"])
        said["allergy"] = (
            (known.name if lang == SOURCE else known.code) if known else names([said["allergy"]])
        )
    if "group" in said:
        said["group"] = group_name(said["group"], gettext)
    if "ingredient" in said:
        said["ingredient"] = ingredient_name(book, said["ingredient"], lang, gettext)
    said |= {
        "name": names(finding.refs),
        "names": names((*finding.refs, *finding.others)),
        "others": names(finding.others),
        "mechanism": _mechanism(finding, book, lang),
    }
    return _Facts(said)


class _Facts(dict[str, str]):
    """A sentence that asks for a fact nobody gave shows a dash; it must not fail before a patient."""

    def __missing__(self, key: str) -> str:
        return "—"


def _todo(finding: Finding, gettext: Callable[[str], str]) -> str:
    said = gettext(NEEDS[finding.needs])
    if finding.severity is Severity.RESIGN and finding.needs is not Needs.RESIGN:
        return f"{said} {gettext(NEEDS[Needs.RESIGN])}"
    return said


def _mechanism(finding: Finding, book: Book, lang: str) -> str:
    for pair in (pair for pairs in book.interactions.values() for pair in pairs):
        if pair.code == finding.source:
            return (pair.mechanism_zh if lang == SOURCE else "") or pair.mechanism
    for rule in book.multi_rules:
        if rule.code == finding.source:
            return (rule.mechanism_zh if lang == SOURCE else "") or rule.mechanism
    return ""


def _advice(finding: Finding, book: Book, lang: str) -> str:
    for pair in (pair for pairs in book.interactions.values() for pair in pairs):
        if pair.code == finding.source:
            return (pair.advice_zh if lang == SOURCE else "") or pair.advice
    return ""
