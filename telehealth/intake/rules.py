"""When the condition form is complete: what a department asks for, and who may have filled it in."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal
from enum import StrEnum
from functools import lru_cache
from importlib.resources import files

from telehealth.rulebook.rules import PolicySet


def N_(message: str) -> str:
    return message


class PhotoKind(StrEnum):
    TONGUE = "tongue"
    SITE = "site"
    REPORT = "report"


class FilledBy(StrEnum):
    PATIENT = "patient"
    GUARDIAN = "guardian"
    FAMILY = "family"
    STAFF = "staff"


class Field(StrEnum):
    COMPLAINT = "complaint"
    HISTORY = "history"
    ALLERGIES = "allergies"
    MEDICINES = "medicines"
    WEIGHT_KG = "weight_kg"


@dataclass(frozen=True)
class Template:
    """What one kind of department needs. `photos`: how many of a kind at least."""

    code: str
    name_zh: str
    name_en: str
    required: tuple[Field, ...]
    photos: Mapping[PhotoKind, int]


@dataclass(frozen=True)
class Form:
    """A draft as it stands. "None" is an answer: a ticked `no_known_allergies` beats an empty line."""

    complaint: str = ""
    history: str = ""
    no_history: bool = False
    allergies: str = ""
    no_known_allergies: bool = False
    medicines: str = ""
    no_medicines: bool = False
    weight_kg: Decimal | None = None
    photos: Mapping[PhotoKind, int] = field(default_factory=dict)
    filled_by: FilledBy = FilledBy.PATIENT
    filler_name: str = ""
    filler_relation: str = ""


GENERAL = "general"
COMPLAINT_LENGTH = (4, 1000)
_WEIGHTS_KG = (Decimal("0.5"), Decimal(300))


@lru_cache(maxsize=1)
def templates() -> Mapping[str, Template]:
    text = (files("telehealth.intake") / "data" / "templates.json").read_text("utf-8")
    return {row["code"]: _template(row) for row in json.loads(text)["templates"]}


def template_for(code: str) -> Template:
    """A department without a template of its own asks the general questions."""
    return templates().get(code, templates()[GENERAL])


def needed(
    code: str,
    *,
    is_online: bool,
    tongue_required: bool = False,
    age: int | None = None,
    policy: PolicySet,
) -> Template:
    """What this department asks of this patient: a tongue photo (XY23), a child's weight.

    Whoever comes in person is looked at there, so an offline registration needs no photo.
    """
    base = template_for(code)
    is_child = age is not None and age < policy.eligibility.separate_consent_under
    required = base.required if not is_child or Field.WEIGHT_KG in base.required else (
        *base.required, Field.WEIGHT_KG
    )  # fmt: skip
    photos = dict(base.photos) if is_online else {}
    if tongue_required and is_online:
        photos.setdefault(PhotoKind.TONGUE, 1)
    return replace(base, required=required, photos=photos)


def problems(form: Form, template: Template, *, age: int | None, policy: PolicySet) -> dict[str, str]:
    """What keeps the form from being submitted: field → Chinese sentence. Empty means complete."""
    found = {str(name): _EMPTY[name] for name in template.required if _is_empty(form, name)}
    found |= _length_problems(form)
    found |= _photo_problems(form, template, policy)
    found |= _filler_problems(form, age, policy)
    return found


_EMPTY: Mapping[Field, str] = {
    Field.COMPLAINT: N_("请写下这次最想解决的问题"),
    Field.HISTORY: N_("请填写既往病史，没有请勾选“无”"),
    Field.ALLERGIES: N_("请填写过敏史，没有请勾选“无”"),
    Field.MEDICINES: N_("请填写正在使用的药物，没有请勾选“无”"),
    Field.WEIGHT_KG: N_("请填写体重，医生要据此计算用药量"),
}

_PHOTO_MISSING: Mapping[PhotoKind, str] = {
    PhotoKind.TONGUE: N_("请上传舌象照片"),
    PhotoKind.SITE: N_("请上传患处照片"),
    PhotoKind.REPORT: N_("请上传检查报告"),
}


def _is_empty(form: Form, name: Field) -> bool:
    is_answered = {
        Field.COMPLAINT: bool(form.complaint.strip()),
        Field.HISTORY: form.no_history or bool(form.history.strip()),
        Field.ALLERGIES: form.no_known_allergies or bool(form.allergies.strip()),
        Field.MEDICINES: form.no_medicines or bool(form.medicines.strip()),
        Field.WEIGHT_KG: form.weight_kg is not None,
    }
    return not is_answered[name]


def _length_problems(form: Form) -> dict[str, str]:
    found = {}
    length = len(form.complaint.strip())
    if 0 < length < COMPLAINT_LENGTH[0]:
        found["complaint"] = N_("请再多写几个字，例如哪里不舒服、多久了")
    elif length > COMPLAINT_LENGTH[1]:
        found["complaint"] = N_("请控制在 1000 字以内")
    if form.weight_kg is not None and not _WEIGHTS_KG[0] <= form.weight_kg <= _WEIGHTS_KG[1]:
        found["weight_kg"] = N_("体重请按公斤填写")
    if form.no_known_allergies and form.allergies.strip():
        found["allergies"] = N_("既填写了过敏史又勾选了“无”，请改正一处")
    return found


def _photo_problems(form: Form, template: Template, policy: PolicySet) -> dict[str, str]:
    if sum(form.photos.values()) > policy.intake.max_photos:
        return {"photos": N_("照片太多，请删去几张")}
    return {
        f"photos.{kind}": _PHOTO_MISSING[kind]
        for kind, needed in template.photos.items()
        if form.photos.get(kind, 0) < needed
    }


def _filler_problems(form: Form, age: int | None, policy: PolicySet) -> dict[str, str]:
    """XY22: whoever fills the form for somebody else says who they are."""
    if form.filled_by is FilledBy.PATIENT:
        is_minor = age is not None and age < policy.eligibility.guardian_required_under
        return {"filled_by": N_("未成年人的病情请由监护人填写")} if is_minor else {}
    found = {}
    if not form.filler_name.strip():
        found["filler_name"] = N_("请填写代填人的姓名")
    if form.filled_by is not FilledBy.STAFF and not form.filler_relation.strip():
        found["filler_relation"] = N_("请选择代填人与就诊人的关系")
    return found


def _template(row: Mapping[str, object]) -> Template:
    required, photos = row["required"], row["photos"]
    assert isinstance(required, list) and isinstance(photos, dict)  # noqa: S101 - our own data file
    return Template(
        code=str(row["code"]),
        name_zh=str(row["name_zh"]),
        name_en=str(row["name_en"]),
        required=tuple(Field(name) for name in required),
        photos={PhotoKind(kind): int(count) for kind, count in photos.items()},
    )
