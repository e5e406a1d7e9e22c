"""The text of a condition form: as it is typed, half-finished or not."""

from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from telehealth.core.text import OptionalLine, OptionalParagraph
from telehealth.intake.rules import FilledBy, Form, PhotoKind

FlagId = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z_]{1,39}$")]


class FormContent(BaseModel):
    """A draft may be anything a person has typed so far; `form` says what it amounts to."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    complaint: OptionalParagraph = ""
    history: OptionalParagraph = ""
    no_history: bool = False
    allergies: OptionalParagraph = ""
    no_known_allergies: bool = False
    medicines: OptionalParagraph = ""
    no_medicines: bool = False
    #: As typed; only a number counts.
    weight_kg: OptionalLine = ""
    filled_by: FilledBy = FilledBy.PATIENT
    filler_name: OptionalLine = ""
    filler_relation: OptionalLine = ""
    #: Question → yes or no, for phrases in the text that call for one.
    answers: Annotated[dict[FlagId, bool], Field(max_length=60)] = {}

    @property
    def text(self) -> str:
        """All that may hint at something urgent."""
        return "\n".join((self.complaint, self.history, self.medicines))

    def form(self, photos: Mapping[PhotoKind, int]) -> Form:
        return Form(
            complaint=self.complaint,
            history=self.history,
            no_history=self.no_history,
            allergies=self.allergies,
            no_known_allergies=self.no_known_allergies,
            medicines=self.medicines,
            no_medicines=self.no_medicines,
            weight_kg=weight(self.weight_kg),
            photos=photos,
            filled_by=self.filled_by,
            filler_name=self.filler_name,
            filler_relation=self.filler_relation,
        )

    def lasting(self) -> "FormContent":
        """What is as true at the next visit: everything but this time's complaint."""
        return self.model_copy(update={"complaint": "", "weight_kg": "", "answers": {}})


def weight(typed: str) -> Decimal | None:
    """Kilograms; None for what is no number."""
    plain = typed.lower().removesuffix("kg").removesuffix("公斤").removesuffix("千克").strip()
    try:
        found = Decimal(plain)
    except InvalidOperation:
        return None
    return found if found.is_finite() else None


def nested(raw: Any) -> Any:
    """Fields of an HTML form as the model has them: `answers.syncope` = "yes" → answers {syncope: true}.

    What was not chosen is left out, and so is whatever a page keeps for itself under "_".
    """
    if not isinstance(raw, Mapping):
        return raw
    found: dict[str, Any] = {}
    answers: dict[str, Any] = {}
    for name, value in raw.items():
        if not isinstance(name, str) or not name.startswith(("_", "answers.")):
            found |= {} if value is None else {name: value}
        elif name.startswith("answers.") and value not in (None, ""):
            answers[name.removeprefix("answers.")] = value
    if answers and "answers" not in found:
        found["answers"] = answers
    return found
