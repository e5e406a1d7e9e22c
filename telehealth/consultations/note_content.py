"""What a visit note holds, and what it must hold before it may be signed (XY13)."""

import hashlib
import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic import BaseModel, ConfigDict

from telehealth.core.i18n import N_
from telehealth.core.text import OptionalLine, OptionalParagraph


class NoteContent(BaseModel):
    """A draft may be anything typed so far; `lacking` says what keeps it from being signed."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    complaint: OptionalParagraph = ""
    present_illness: OptionalParagraph = ""
    #: What was seen and heard: nobody is touched over a camera.
    findings: OptionalParagraph = ""
    assessment: OptionalParagraph = ""
    #: A diagnosis the hospital made before and this visit confirms; its code is from the hospital's list.
    diagnosis_code: OptionalLine = ""
    diagnosis_text: OptionalLine = ""
    plan: OptionalParagraph = ""
    allergies: OptionalParagraph = ""
    allergies_reviewed: bool = False


#: Each with its title, in the order of the page.
PARTS: Mapping[str, str] = {
    "complaint": N_("主诉"),
    "present_illness": N_("现病史"),
    "findings": N_("所见所闻"),
    "assessment": N_("诊断与评估"),
    "plan": N_("处理与建议"),
}

_TOO_SHORT = N_("请补充，内容太短")
_NOT_REVIEWED = N_("请确认已核对过敏史")
_NOT_THEIRS = N_("请从医院已有的诊断中选择")


def lacking(content: NoteContent, *, least: int, known: Mapping[str, str]) -> dict[str, str]:
    """Field → sentence. `least` counts characters without blanks; `known` is code → text of the hospital."""
    found = {name: _TOO_SHORT for name in PARTS if _length(getattr(content, name)) < least}
    if not content.allergies_reviewed:
        found["allergies_reviewed"] = _NOT_REVIEWED
    if content.diagnosis_code and known.get(content.diagnosis_code) != content.diagnosis_text:
        found["diagnosis_code"] = _NOT_THEIRS
    return found


def read_content(body: str) -> NoteContent:
    return NoteContent.model_validate(json.loads(body))


def digest_of(content: NoteContent, *, person_id: UUID, doctor_id: UUID, signed_at: datetime) -> str:
    """SHA-256 in hex over the canonical JSON of who, by whom, when and what."""
    signed: dict[str, Any] = {
        "person": str(person_id),
        "doctor": str(doctor_id),
        "signed_at": signed_at.isoformat(),
        "content": content.model_dump(mode="json"),
    }
    canonical = json.dumps(signed, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(canonical.encode()).hexdigest()


def _length(text: str) -> int:
    return len("".join(text.split()))
