"""A whole drug book, one version of it: what a sheet is written, checked and priced by.

Built once for each published version and kept; nothing in it changes. `tokens` are the words in which
rules speak of a medicine: "drug:W013", "class:statin", "ingredient:warfarin", "herb:H006",
"herbflag:bleeding", "flag:ethanol".
"""

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from types import MappingProxyType
from typing import Any

from prescriptions.formulary.entries import (
    AllergyClass,
    Diagnosis,
    Frequency,
    Herb,
    Incompatible,
    Interaction,
    Medicine,
    MultiRule,
    TCMDiagnosis,
    TCMRules,
    herb_name,
    icd10,
)
from prescriptions.formulary.reading import TABLES, BookRows, BookUnusable, bad_places, read_book
from prescriptions.formulary.rule_rows import MultiRow, Party, TCMRulesSheet

#: A herb flag that makes its bearers one kind for the eighteen incompatibles: "aconite_group".
GROUP_SUFFIX = "_group"


@dataclass(frozen=True, slots=True, kw_only=True)
class Book:
    version: int
    medicines: Mapping[str, Medicine]
    herbs: Mapping[str, Herb]
    #: Name or alias of a herb → its id.
    herb_ids: Mapping[str, str]
    #: Name of a medicine → its id, where one medicine alone bears it.
    medicine_ids: Mapping[str, str]
    #: Patent medicine → keys of the herbs in it.
    components: Mapping[str, frozenset[str]]
    #: Id of a medicine or herb → what rules may call it.
    tokens: Mapping[str, frozenset[str]]
    #: Token → pair rules that name it on either side.
    interactions: Mapping[str, tuple[Interaction, ...]]
    multi_rules: tuple[MultiRule, ...]
    #: Classes in which two medicines may stand side by side.
    duplicate_exempt: frozenset[str]
    allergy_classes: Mapping[str, AllergyClass]
    #: Allergy class → medicines that carry it.
    allergy_members: Mapping[str, frozenset[str]]
    #: Ingredient → medicines that contain it.
    by_ingredient: Mapping[str, frozenset[str]]
    diagnoses: Mapping[str, Diagnosis]
    tcm_diagnoses: Mapping[str, TCMDiagnosis]
    frequencies: Mapping[str, Frequency]
    tcm: TCMRules

    def medicine(self, ref: str) -> Medicine | None:
        return self.medicines.get(ref) or self.medicines.get(self.medicine_ids.get(herb_name(ref), ""))

    def herb(self, ref: str) -> Herb | None:
        return self.herbs.get(self.herb_key(ref))

    def herb_key(self, ref: str) -> str:
        """The herb's id by id, name or alias; the name itself where the book has no such herb.

        Whole names only: 白附子 is not 附子, and 丹参 is no 人参.
        """
        return _key(self.herb_ids, self.herbs, ref)

    def herb_label(self, key: str) -> str:
        herb = self.herbs.get(key)
        return herb.name if herb else key

    def herbs_in(self, code: str) -> frozenset[str]:
        """Keys of the herbs of a patent medicine."""
        return self.components.get(code, frozenset())

    def diagnosis(self, code: str) -> Diagnosis | None:
        """The entry of an ICD-10 code, or of the narrowest code it stands under (I10.x00 → I10)."""
        wanted = icd10(code)
        while len(wanted) >= 3:
            if found := self.diagnoses.get(wanted):
                return found
            wanted = wanted[:-1].rstrip(".")
        return None


def load_book(rows: BookRows, *, version: int) -> Book:
    """Raises BookUnusable when any row is bad: a book with holes checks nothing."""
    if places := bad_places(rows):
        raise BookUnusable(places)
    medicines = {row.id: row.entry() for row in rows.medicines.good}
    herbs = {row.id: row.entry() for row in rows.herbs.good}
    ids = {herb_name(name): herb.code for herb in herbs.values() for name in (herb.name, *herb.aliases)}
    components = {
        code: frozenset(_key(ids, herbs, name) for name in medicine.herb_components)
        for code, medicine in medicines.items()
        if medicine.herb_components
    }
    tokens = {code: herb_tokens(code, herbs) for code in herbs}
    tokens |= {
        code: _tokens(medicine, components.get(code, ()), herbs) for code, medicine in medicines.items()
    }
    return Book(
        version=version,
        medicines=MappingProxyType(medicines),
        herbs=MappingProxyType(herbs),
        herb_ids=MappingProxyType(ids),
        medicine_ids=MappingProxyType(_unshared_names(medicines)),
        components=MappingProxyType(components),
        tokens=MappingProxyType(tokens),
        interactions=_pairs(rows, ids, herbs),
        multi_rules=tuple(_multi_rule(row, ids, herbs) for row in rows.interactions.multi),
        duplicate_exempt=frozenset(rows.interactions.duplicate_class_exempt),
        allergy_classes=MappingProxyType({row.id: row.entry() for row in rows.allergy_classes.good}),
        allergy_members=_grouped((name, m.code) for m in medicines.values() for name in m.allergy_classes),
        by_ingredient=_grouped((name, m.code) for m in medicines.values() for name in m.ingredients),
        diagnoses=MappingProxyType({icd10(row.code): row.entry() for row in rows.diagnoses.good}),
        tcm_diagnoses=MappingProxyType({row.id: row.entry() for row in rows.tcm_diagnoses.good}),
        frequencies=MappingProxyType({row.code: row.entry() for row in rows.frequencies.good}),
        tcm=_tcm_rules(rows.tcm_rules, ids, herbs),
    )


@cache
def sample_book() -> Book:
    """The sample formulary: data for tests and the demo, not clinical advice."""
    return load_book(read_book(sample_tables()), version=0)


def sample_tables() -> dict[str, Any]:
    """The sample's files by table name, parsed; fractions stay text, so that none becomes a float."""
    folder = files("prescriptions.formulary") / "data"
    return {
        table: json.loads((folder / f"{table}.json").read_text("utf-8"), parse_float=str) for table in TABLES
    }


def herb_tokens(key: str, herbs: Mapping[str, Herb]) -> frozenset[str]:
    """A herb the book does not have is known by its name alone."""
    herb = herbs.get(key)
    flags = herb.flags if herb else ()
    return frozenset((f"herb:{key}", *(f"herbflag:{flag}" for flag in flags)))


def _tokens(medicine: Medicine, components: Iterable[str], herbs: Mapping[str, Herb]) -> frozenset[str]:
    own = [
        f"drug:{medicine.code}",
        *(f"class:{name}" for name in medicine.duplicate_classes),
        *(f"ingredient:{name}" for name in medicine.ingredients),
        *(["flag:ethanol"] if medicine.ethanol else []),
    ]
    return frozenset(own).union(*(herb_tokens(key, herbs) for key in components))


def _key(ids: Mapping[str, str], herbs: Mapping[str, Herb], ref: str) -> str:
    if ref in herbs:
        return ref
    name = herb_name(ref)
    return ids.get(name, name)


def _token(ids: Mapping[str, str], herbs: Mapping[str, Herb], kind: str, ref: str) -> str:
    return f"{kind}:{_key(ids, herbs, ref) if kind == 'herb' else ref}"


def _pairs(
    rows: BookRows, ids: Mapping[str, str], herbs: Mapping[str, Herb]
) -> Mapping[str, tuple[Interaction, ...]]:
    def token(party: Party) -> str:
        return _token(ids, herbs, party.type, party.ref)

    found: dict[str, list[Interaction]] = defaultdict(list)
    for row in rows.interactions.pairs:
        a, b = token(row.a), token(row.b)
        pair = Interaction(
            row.id, a, b, row.severity, row.mechanism, row.mechanism_zh, row.advice, row.advice_zh,
            row.action, row.verified,
        )  # fmt: skip
        for side in {a, b}:
            found[side].append(pair)
    return MappingProxyType({side: tuple(pairs) for side, pairs in found.items()})


def _multi_rule(row: MultiRow, ids: Mapping[str, str], herbs: Mapping[str, Herb]) -> MultiRule:
    def criterion(said: str) -> tuple[str, ...]:
        kind, _, refs = said.partition(":")
        return tuple(_token(ids, herbs, kind.removeprefix("any"), ref) for ref in refs.split("|"))

    criteria = tuple(criterion(said) for said in (row.all_of or row.of))
    return MultiRule(
        code=row.id,
        name=row.name,
        criteria=criteria,
        at_least=row.at_least or len(criteria),
        is_stack=row.at_least is not None,
        severity=row.severity,
        mechanism=row.mechanism,
        mechanism_zh=row.mechanism_zh,
        action=row.action,
        verified=row.verified,
    )


def _tcm_rules(sheet: TCMRulesSheet, ids: Mapping[str, str], herbs: Mapping[str, Herb]) -> TCMRules:
    def keys(names: Iterable[str]) -> frozenset[str]:
        return frozenset(_key(ids, herbs, name) for name in names)

    def side(names: Iterable[str]) -> frozenset[str]:
        """With every herb of the book that bears the group flag of one that is named."""
        named = keys(names)
        groups = {flag for key in named for flag in _group_flags(herbs.get(key))}
        return named | {key for key, herb in herbs.items() if groups & _group_flags(herb)}

    return TCMRules(
        eighteen=tuple(
            Incompatible(row.group, side(row.a), side(row.b), row.action)
            for row in sheet.eighteen_incompatibles
        ),
        nineteen=tuple(keys((row.a, row.b)) for row in sheet.nineteen_antagonisms),
        nineteen_action=sheet.nineteen_action,
        pregnancy_contraindicated=keys(sheet.pregnancy.contraindicated),
        pregnancy_caution=keys(sheet.pregnancy.caution),
        # Raw pieces are items of their own: no alias may turn them into the processed one.
        toxic_raw=frozenset(herb_name(name) for name in sheet.toxic_1988_raw),
        decoction_terms=sheet.decoction_terms,
        tongue=MappingProxyType(dict(sheet.tongue)),
    )


def _group_flags(herb: Herb | None) -> frozenset[str]:
    return frozenset(flag for flag in herb.flags if flag.endswith(GROUP_SUFFIX)) if herb else frozenset()


def _unshared_names(medicines: Mapping[str, Medicine]) -> dict[str, str]:
    """Two strengths of one drug share a name; then only the id says which is meant."""
    bearers = _grouped((herb_name(medicine.name), code) for code, medicine in medicines.items())
    return {name: next(iter(codes)) for name, codes in bearers.items() if len(codes) == 1}


def _grouped(pairs: Iterable[tuple[str, str]]) -> Mapping[str, frozenset[str]]:
    found: dict[str, set[str]] = defaultdict(set)
    for name, code in pairs:
        found[name].add(code)
    return MappingProxyType({name: frozenset(codes) for name, codes in found.items()})
