"""The policy set of a hospital: read it, check it, compare two, and describe it to an editor page."""

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, time
from enum import StrEnum
from functools import lru_cache
from importlib.resources import files
from typing import Any, Literal, get_args, get_origin

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic.fields import FieldInfo

from telehealth.core.errors import FieldsInvalid
from telehealth.rulebook.sections import (
    N_,
    Booking,
    Channel,
    ClinicKind,
    Eligibility,
    LeapBirthday,
    Schedule,
    Section,
    Strikes,
    Unattended,
    VisitKind,
)
from telehealth.rulebook.sections_care import (
    Complaints,
    Dispensing,
    Intake,
    Outpatient,
    Prescription,
    Queue,
    Ratings,
    Reactions,
    Records,
    Retention,
    Room,
)
from telehealth.rulebook.sections_insurance import Family, Insurance
from telehealth.rulebook.sections_work import Reporting, Work

__all__ = [
    "Change", "Channel", "ClinicKind", "FormField", "FormSection", "LeapBirthday", "PolicySet",
    "VisitKind", "diff", "digest", "form", "parse_policy", "sample_policy",
]  # fmt: skip


def _section(kind: type[Section], zh: str, en: str) -> Any:
    return Field(default_factory=kind, json_schema_extra={"label_zh": zh, "label_en": en})


class PolicySet(BaseModel):
    """Every number and switch one hospital may change. A version of it is a row elsewhere."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    eligibility: Eligibility = _section(Eligibility, "准入", "Eligibility")
    booking: Booking = _section(Booking, "预约", "Booking")
    schedule: Schedule = _section(Schedule, "排班与号源", "Schedule and quotas")
    strikes: Strikes = _section(Strikes, "爽约", "No-shows")
    unattended: Unattended = _section(Unattended, "未接诊", "Unattended visits")
    prescription: Prescription = _section(Prescription, "处方", "Prescriptions")
    dispensing: Dispensing = _section(Dispensing, "审方、配药与配送", "Review, dispensing and delivery")
    family: Family = _section(Family, "家庭共济", "Family account")
    insurance: Insurance = _section(Insurance, "医保", "Insurance")
    outpatient: Outpatient = _section(Outpatient, "门诊缴费", "Outpatient bills")
    retention_years: Retention = _section(Retention, "保存期限", "Retention")
    ratings: Ratings = _section(Ratings, "评价", "Ratings")
    complaints: Complaints = _section(Complaints, "投诉", "Complaints")
    reactions: Reactions = _section(Reactions, "用药不良反应", "Adverse reactions")
    queue: Queue = _section(Queue, "候诊", "Queue")
    intake: Intake = _section(Intake, "病情填写", "Intake")
    records: Records = _section(Records, "健康档案与个人信息", "Records and personal data")
    room: Room = _section(Room, "诊室", "Consultation room")
    work: Work = _section(Work, "工作台时限", "Promises of the desks")
    reporting: Reporting = _section(Reporting, "统计与公开", "Figures and what is published")


@dataclass(frozen=True)
class FormField:
    """One field of the editor. `path` is the dotted name an error is reported under.

    `input` is integer, switch, time, day, choice, text or list (one line, comma separated).
    A field whose law leaves one value only has a single entry in `choices`.
    """

    path: str
    label_zh: str
    label_en: str
    unit: str
    source: str
    input: str
    value: Any
    choices: tuple[Any, ...] = ()
    minimum: int | None = None
    maximum: int | None = None


@dataclass(frozen=True)
class FormSection:
    name: str
    label_zh: str
    label_en: str
    fields: tuple[FormField, ...]


@dataclass(frozen=True)
class Change:
    path: str
    label_zh: str
    label_en: str
    unit: str
    source: str
    old: Any
    new: Any


@lru_cache(maxsize=1)
def sample_policy() -> PolicySet:
    text = (files("telehealth.rulebook") / "data" / "sample_policy.json").read_text("utf-8")
    return parse_policy(json.loads(text))


def parse_policy(raw: Mapping[str, Any]) -> PolicySet:
    """Read a set from JSON or from form fields. What is absent keeps its sample value.

    So a set published before a number existed still reads after an upgrade.

    Raises:
        FieldsInvalid: by dotted path, a Chinese sentence each.
    """
    try:
        return PolicySet.model_validate(dict(raw))
    except ValidationError as error:
        fields = {".".join(map(str, item["loc"])): _sentence(item) for item in error.errors()}
        raise FieldsInvalid(fields) from None


def digest(policy: PolicySet) -> str:
    """SHA-256 over the canonical JSON: two sets with the same digest decide alike."""
    canonical = json.dumps(policy.model_dump(mode="json"), sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(canonical.encode()).hexdigest()


def form(policy: PolicySet) -> tuple[FormSection, ...]:
    """The whole set as sections of fields, with values as JSON would carry them."""
    values = policy.model_dump(mode="json")
    return tuple(
        FormSection(name, note["label_zh"], note["label_en"], tuple(_fields(name, values[name])))
        for name, note in ((name, _note(info)) for name, info in PolicySet.model_fields.items())
    )


def diff(old: PolicySet, new: PolicySet) -> list[Change]:
    """What publishing `new` over `old` would change, in the order of the editor page."""
    before = {field.path: field.value for section in form(old) for field in section.fields}
    return [
        Change(
            field.path, field.label_zh, field.label_en, field.unit, field.source,
            before[field.path], field.value,
        )
        for section in form(new)
        for field in section.fields
        if before[field.path] != field.value
    ]  # fmt: skip


def _fields(section: str, values: Mapping[str, Any]) -> Iterator[FormField]:
    kind = PolicySet.model_fields[section].annotation
    assert isinstance(kind, type) and issubclass(kind, Section)  # noqa: S101 - the class above says so
    for name, info in kind.model_fields.items():
        note = _note(info)
        shape, choices = _shape(info.annotation)
        yield FormField(
            f"{section}.{name}", note["label_zh"], note["label_en"], note["unit"], note["source"],
            shape, values[name], choices, _bound(info, "ge"), _bound(info, "le"),
        )  # fmt: skip


def _shape(annotation: Any) -> tuple[str, tuple[Any, ...]]:
    if get_origin(annotation) is Literal:
        return "choice", get_args(annotation)
    if get_origin(annotation) is tuple:
        item = get_args(annotation)[0]
        is_closed = isinstance(item, type) and issubclass(item, StrEnum)
        return "list", tuple(str(member) for member in item) if is_closed else ()
    if isinstance(annotation, type) and issubclass(annotation, StrEnum):
        return "choice", tuple(str(member) for member in annotation)
    return {bool: "switch", int: "integer", time: "time", date: "day"}.get(annotation, "text"), ()


def _note(info: FieldInfo) -> dict[str, str]:
    extra = info.json_schema_extra
    return {key: str(value) for key, value in extra.items()} if isinstance(extra, dict) else {}


def _bound(info: FieldInfo, name: str) -> int | None:
    found = (getattr(part, name, None) for part in info.metadata)
    return next((bound for bound in found if isinstance(bound, int)), None)


_SENTENCES = {
    "greater_than_equal": N_("低于允许的最小值"),
    "less_than_equal": N_("超过允许的最大值"),
    "extra_forbidden": N_("没有这个项目"),
    "literal_error": N_("只能选择列出的值"),
    "enum": N_("只能选择列出的值"),
    "missing": N_("此项必填"),
    "too_short": N_("至少要有一项"),
    "too_long": N_("项目太多"),
    "string_too_short": N_("内容太短"),
    "string_too_long": N_("内容太长"),
    "string_pattern_mismatch": N_("只能填写数字和短横线"),
    "tuple_type": N_("请填写一组值"),
    "model_type": N_("请填写一组项目"),
    "model_attributes_type": N_("请填写一组项目"),
}
_FAMILIES = {
    "int_": N_("请填写整数"),
    "bool_": N_("请选择是或否"),
    "time_": N_("请填写时刻，例如 08:00"),
    "string_": N_("请填写文字"),
}


def _sentence(item: Mapping[str, Any]) -> str:
    kind = item["type"]
    if kind == "value_error":
        return str(item["ctx"]["error"])
    if kind in _SENTENCES:
        return _SENTENCES[kind]
    return next((text for prefix, text in _FAMILIES.items() if kind.startswith(prefix)), N_("内容有误"))
