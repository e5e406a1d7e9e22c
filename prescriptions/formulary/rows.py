"""A drug book as it is written down: JSON rows, or CSV cells with lists parted by ";".

Every bad row is reported with its number and field, so that a hospital can mend its file. Columns on which
safety depends must be there, even when a cell is empty: a missing column is no "no limit".
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from types import MappingProxyType
from typing import Annotated, Any, Generic, Literal, Self, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, model_validator

from prescriptions.formulary.entries import (
    Caution,
    ControlClass,
    FenPerGram,
    Fulfilment,
    Herb,
    Medicine,
    MedicineKind,
    Preparation,
    Toxicity,
)
from telehealth.core.i18n import N_
from telehealth.core.money import Fen


def _listed(value: Any) -> Any:
    return [part.strip() for part in value.split(";") if part.strip()] if isinstance(value, str) else value


def _absent(value: Any) -> Any:
    return None if isinstance(value, str) and not value.strip() else value


def _mapped(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    try:
        return json.loads(value, parse_float=Decimal) if value.strip() else {}
    except (ValueError, RecursionError):
        raise ValueError(N_("含量须写成 JSON")) from None


def _in_fen(value: Decimal) -> Decimal:
    return value * 100


def _number(value: Any) -> Any:
    """A number is a number: `true` is not 1."""
    if isinstance(value, bool):
        raise ValueError(N_("请填写数字"))
    try:
        return Decimal(str(value)) if isinstance(value, float) else value
    except InvalidOperation:
        raise ValueError(N_("请填写数字")) from None


Text = Annotated[str, Field(max_length=500)]
Code = Annotated[str, Field(min_length=1, max_length=40, pattern=r"^\S+$")]
Name = Annotated[str, Field(min_length=1, max_length=200)]
Texts = Annotated[tuple[Name, ...], BeforeValidator(_listed)]
Amount = Annotated[Decimal, BeforeValidator(_number), Field(gt=0, le=10_000_000, allow_inf_nan=False)]
MaybeAmount = Annotated[Amount | None, BeforeValidator(_absent)]
Yuan = Annotated[Decimal, BeforeValidator(_number), Field(ge=0, le=1_000_000, allow_inf_nan=False)]
Years = Annotated[int, Field(ge=0, le=120)]


class Row(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, str_strip_whitespace=True)


class MedicineRow(Row):
    id: Code
    kind: MedicineKind
    name_zh: Name
    name_en: Text = ""
    atc: Text = ""
    dosage_form: Name
    strength: Name
    per_unit: Amount
    amount_unit: Name
    dose_unit: Name
    pack_units: Annotated[int, Field(gt=0, le=100_000)]
    pack_unit: Name
    route: Name
    usual_sig: Text = ""
    max_single: MaybeAmount
    max_daily_adult: MaybeAmount
    child_max_mg_per_kg_day: MaybeAmount
    child_max_daily: MaybeAmount
    min_age_years: Years
    pregnancy: Caution
    lactation: Caution
    allergy_classes: Texts
    ingredients: Texts
    ingredient_amounts: Annotated[dict[str, Amount], BeforeValidator(_mapped)]
    dup_class: Texts
    contra_icd10: Texts
    caution_icd10: Texts
    icd10_indications: Texts
    elderly_caution: bool
    renal_note: Text = ""
    control_class: ControlClass
    rx_only: bool = True
    online_fulfilment: Fulfilment
    online_ban_source_checked: bool = False
    preparation: Preparation = Preparation.ORDINARY
    long_rx_ok: bool
    cold_chain: bool
    antibacterial: bool
    doping: bool = False
    herb_components: Texts
    ethanol: bool
    price_cny: Yuan
    insurance_class: Literal["A", "B", "C", ""] = ""
    verified: bool = False
    note: Text = ""

    @model_validator(mode="after")
    def _amounts_agree(self) -> Self:
        if _in_fen(self.price_cny) != _in_fen(self.price_cny).to_integral_value():
            raise ValueError(N_("价格最多两位小数"))
        if self.max_single and self.max_daily_adult and self.max_single > self.max_daily_adult:
            raise ValueError(N_("单次极量不能大于每日极量"))
        if not self.ingredients:
            raise ValueError(N_("请填写成分"))
        if unknown := set(self.ingredient_amounts) - set(self.ingredients):
            raise ValueError(N_("成分含量中的名称不在成分之内") + ": " + ", ".join(sorted(unknown)))
        return self

    def entry(self) -> Medicine:
        return Medicine(
            code=self.id,
            kind=self.kind,
            name=self.name_zh,
            name_en=self.name_en,
            atc=self.atc,
            dosage_form=self.dosage_form,
            strength=self.strength,
            per_unit=self.per_unit,
            amount_unit=self.amount_unit,
            dose_unit=self.dose_unit,
            pack_units=self.pack_units,
            pack_unit=self.pack_unit,
            route=self.route,
            usual_sig=self.usual_sig,
            max_single=self.max_single,
            max_daily_adult=self.max_daily_adult,
            child_max_per_kg_day=self.child_max_mg_per_kg_day,
            child_max_daily=self.child_max_daily,
            min_age_years=self.min_age_years,
            pregnancy=self.pregnancy,
            lactation=self.lactation,
            allergy_classes=self.allergy_classes,
            ingredients=self.ingredients,
            ingredient_amounts=MappingProxyType(dict(self.ingredient_amounts)),
            duplicate_classes=self.dup_class,
            contraindicated_in=self.contra_icd10,
            caution_in=self.caution_icd10,
            indications=self.icd10_indications,
            elderly_caution=self.elderly_caution,
            renal_note=self.renal_note,
            control=self.control_class,
            rx_only=self.rx_only,
            fulfilment=self.online_fulfilment,
            preparation=self.preparation,
            long_rx_ok=self.long_rx_ok,
            cold_chain=self.cold_chain,
            antibacterial=self.antibacterial,
            doping=self.doping,
            herb_components=self.herb_components,
            ethanol=self.ethanol,
            price=Fen(int(_in_fen(self.price_cny))),
            insurance_class=self.insurance_class,
            verified=self.verified,
            note=self.note,
        )


class HerbRow(Row):
    id: Code
    kind: Literal["herb"] = "herb"
    name_zh: Name
    name_en: Text = ""
    name_latin: Text = ""
    aliases: Texts
    dose_min_g: Amount
    dose_max_g: Amount
    hard_ceiling_g: Amount
    usage: Text
    decoction_note: Text
    pregnancy: Caution
    toxicity: Toxicity
    flags: Texts
    price_cny_per_g: Yuan
    rx_only: bool = True
    verified: bool = False
    note: Text = ""

    @model_validator(mode="after")
    def _range_rises(self) -> Self:
        if not self.dose_min_g <= self.dose_max_g <= self.hard_ceiling_g:
            raise ValueError(N_("用量范围须为：最小 ≤ 最大 ≤ 上限"))
        return self

    def entry(self) -> Herb:
        return Herb(
            code=self.id,
            name=self.name_zh,
            name_en=self.name_en,
            name_latin=self.name_latin,
            aliases=self.aliases,
            dose_min=self.dose_min_g,
            dose_max=self.dose_max_g,
            ceiling=self.hard_ceiling_g,
            usage=self.usage,
            decoction_note=self.decoction_note,
            pregnancy=self.pregnancy,
            toxicity=self.toxicity,
            flags=self.flags,
            price_per_gram=FenPerGram(_in_fen(self.price_cny_per_g)),
            rx_only=self.rx_only,
            verified=self.verified,
            note=self.note,
        )


R = TypeVar("R", bound=BaseModel)


@dataclass(frozen=True, slots=True)
class BadRow:
    """`number` counts from 1. `kind` is stable ("missing", "decimal_parsing", …); `said` is for a person."""

    number: int
    field: str
    kind: str
    said: str


@dataclass(frozen=True, slots=True)
class Rows(Generic[R]):
    """`numbered` pairs each good row with its place in the file."""

    numbered: tuple[tuple[int, R], ...]
    bad: tuple[BadRow, ...]

    @property
    def good(self) -> tuple[R, ...]:
        return tuple(row for _, row in self.numbered)


def read_rows(
    model: type[R], raw: Iterable[Any], *, first: int = 1, seen: dict[str, int] | None = None
) -> Rows[R]:
    """Read what can be read and say what cannot; a row given twice is bad the second time.

    A long file is read part by part: `first` is the number of the part's first row, and `seen` remembers
    the codes of all parts.
    """
    good: list[tuple[int, R]] = []
    bad: list[BadRow] = []
    seen = {} if seen is None else seen
    for number, row in enumerate(raw, start=first):
        if not isinstance(row, Mapping):
            bad.append(BadRow(number, "", "row", N_("这一行不是数据行")))
            continue
        try:
            read = model.model_validate(row)
        except ValidationError as error:
            bad.extend(bad_fields(number, error))
            continue
        key = str(getattr(read, "id", None) or getattr(read, "code", number))
        if key in seen:
            bad.append(BadRow(number, "id", "twice", N_("编码重复，已在前面出现")))
            continue
        seen[key] = number
        good.append((number, read))
    return Rows(tuple(good), tuple(bad))


def bad_fields(number: int, error: ValidationError) -> Iterable[BadRow]:
    for item in error.errors(include_url=False, include_input=False, include_context=False):
        field = ".".join(str(part) for part in item["loc"])
        yield BadRow(number, field, item["type"], _said(item["type"], item["msg"]))


def _said(kind: str, message: str) -> str:
    if kind == "value_error":
        return message.removeprefix("Value error, ")
    return next((said for prefix, said in _SAID if kind.startswith(prefix)), N_("格式不正确"))


_SAID = (
    ("missing", N_("缺少这一列")),
    ("extra_forbidden", N_("不认识的列")),
    ("string_too_short", N_("不能为空")),
    ("string_too_long", N_("内容太长")),
    ("string_pattern", N_("编码中不能有空格")),
    ("greater_than", N_("数值太小")),
    ("less_than", N_("数值太大")),
    ("decimal", N_("请填写数字")),
    ("int", N_("请填写整数")),
    ("bool", N_("请填写 true 或 false")),
    ("enum", N_("不在可选值之内")),
    ("literal_error", N_("不在可选值之内")),
)
