"""Rows of a drug book that are not drugs: classes, interactions, diagnoses, terms, rules of decoctions."""

from types import MappingProxyType
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from prescriptions.formulary.entries import Action, AllergyClass, Diagnosis, Frequency, TCMDiagnosis
from prescriptions.formulary.rows import Code, MaybeAmount, Name, Row, Text, Texts
from telehealth.core.i18n import N_


class AllergyCross(Row):
    to: Code
    level: Literal["block", "caution"]
    verified: bool = False


class AllergyClassRow(Row):
    id: Code
    name_zh: Name
    cross: tuple[AllergyCross, ...] = ()

    def entry(self) -> AllergyClass:
        return AllergyClass(self.id, self.name_zh, MappingProxyType({to.to: to.level for to in self.cross}))


class DiagnosisRow(Row):
    code: Code
    name_zh: Name
    name_en: Text = ""
    chronic: bool
    online_followup: Literal["yes", "conditional", "no"]
    max_supply_days: Annotated[int, Field(ge=1, le=84)]
    red_flags: Texts = ()
    note: Text = ""
    verified: bool = False

    def entry(self) -> Diagnosis:
        return Diagnosis(
            self.code, self.name_zh, self.name_en, self.chronic, self.online_followup,
            self.max_supply_days, self.red_flags, self.note, self.verified,
        )  # fmt: skip


class TCMDiagnosisRow(Row):
    id: Code
    kind: Literal["disease", "syndrome"]
    name_zh: Name
    name_en: Text = ""
    gbt15657_2021: Text = ""
    icd10_hint: Text = ""
    verified: bool = False
    note: Text = ""

    def entry(self) -> TCMDiagnosis:
        return TCMDiagnosis(
            self.id, self.kind == "syndrome", self.name_zh, self.name_en,
            self.gbt15657_2021, self.icd10_hint, self.verified, self.note,
        )  # fmt: skip


class FrequencyRow(Row):
    code: Code
    label_zh: Name
    takes_per_day: MaybeAmount
    note: Text = ""

    def entry(self) -> Frequency:
        return Frequency(self.code, self.label_zh, self.takes_per_day, self.note)


class Party(Row):
    """One side of a pair: a drug, a duplicate class, an ingredient, a herb, or a flag of either."""

    type: Literal["drug", "class", "ingredient", "herb", "herbflag", "flag"]
    ref: Name


class PairRow(Row):
    id: Code
    a: Party
    b: Party
    severity: Literal["contraindicated", "major", "moderate"]
    mechanism: Text = ""
    mechanism_zh: Text = ""
    advice: Text = ""
    advice_zh: Text = ""
    action: Action
    verified: bool = False


class MultiRow(Row):
    """Either `all_of`, or `at_least` that many `of`. A criterion is "class:x" or "anyclass:x|y"."""

    id: Code
    name: Name
    all_of: tuple[Name, ...] = ()
    at_least: Annotated[int | None, Field(ge=2)] = None
    of: tuple[Name, ...] = ()
    severity: Literal["contraindicated", "major", "moderate"]
    mechanism: Text = ""
    mechanism_zh: Text = ""
    action: Action
    verified: bool = False

    @model_validator(mode="after")
    def _either_way(self) -> Self:
        if bool(self.all_of) == bool(self.of) or bool(self.of) != (self.at_least is not None):
            raise ValueError(N_("请填写 all_of，或者 at_least 和 of"))
        if self.at_least is not None and self.at_least > len(self.of):
            raise ValueError(N_("at_least 不能多于 of 的条数"))
        return self


class InteractionsSheet(BaseModel):
    """`interactions.json` as a whole."""

    model_config = ConfigDict(frozen=True)

    pairs: tuple[PairRow, ...]
    multi: tuple[MultiRow, ...] = ()
    duplicate_class_exempt: tuple[Name, ...] = ()


class IncompatibleRow(BaseModel):
    model_config = ConfigDict(frozen=True)

    group: Name
    a: tuple[Name, ...]
    b: tuple[Name, ...]
    action: Action


class AntagonismRow(BaseModel):
    model_config = ConfigDict(frozen=True)

    a: Name
    b: Name


class PregnancyNames(BaseModel):
    model_config = ConfigDict(frozen=True)

    contraindicated: tuple[Name, ...] = ()
    caution: tuple[Name, ...] = ()


class TCMRulesSheet(BaseModel):
    """`tcm_rules.json` as a whole."""

    model_config = ConfigDict(frozen=True)

    eighteen_incompatibles: tuple[IncompatibleRow, ...]
    nineteen_antagonisms: tuple[AntagonismRow, ...]
    nineteen_action: Action
    pregnancy: PregnancyNames
    toxic_1988_raw: tuple[Name, ...]
    decoction_terms: tuple[Name, ...]
    tongue: dict[str, tuple[Name, ...]] = {}
