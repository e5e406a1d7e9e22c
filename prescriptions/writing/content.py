"""What a doctor types on the pad, and how it is kept: facts of the patient, diagnoses, decoction, lines.

A draft may be half-finished; what is typed must make sense for itself. Amounts are Decimal, written as text.
"""

import json
import unicodedata
from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any, ClassVar, Literal
from uuid import UUID

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints

from prescriptions.sheet.content import DecoctedBy
from telehealth.core.text import OptionalLine, OptionalParagraph

#: Beyond them a finger slipped, whatever the drug.
MOST_DOSE, MOST_GRAMS, MOST_PACKS, MOST_DAYS, MOST_LINES = 100_000, 500, 999, 366, 60


def _typed(value: Any) -> Any:
    """Nothing typed is None; full-width digits are digits."""
    if isinstance(value, bool):
        raise ValueError("请填写数字")
    if isinstance(value, str):
        return unicodedata.normalize("NFKC", value).strip() or None
    return value


def _within(most: int) -> Any:
    """Above nothing, at most this, four decimals: what a doctor can mean."""
    return Field(gt=0, le=most, max_digits=12, decimal_places=4, allow_inf_nan=False)


Dose = Annotated[Annotated[Decimal, _within(MOST_DOSE)] | None, BeforeValidator(_typed)]
Grams = Annotated[Annotated[Decimal, _within(MOST_GRAMS)] | None, BeforeValidator(_typed)]
Packs = Annotated[Annotated[Decimal, _within(MOST_PACKS)] | None, BeforeValidator(_typed)]
Weight = Annotated[Annotated[Decimal, _within(400)] | None, BeforeValidator(_typed)]
Renal = Annotated[Annotated[Decimal, _within(250)] | None, BeforeValidator(_typed)]
Days = Annotated[Annotated[int, Field(ge=1, le=MOST_DAYS)] | None, BeforeValidator(_typed)]
Code = Annotated[str, StringConstraints(max_length=40, pattern=r"^\S*$")]
PageId = Annotated[str, StringConstraints(max_length=64, pattern=r"^[A-Za-z0-9_-]*$")]
Answer = Literal["", "yes", "no"]
Role = Literal["", "jun", "chen", "zuo", "shi"]
TEMPERATURES = ("温服", "热服", "凉服")
TIMINGS = ("", "饭前", "饭后", "空腹", "睡前", "随餐", "晨起")


class Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class DecoctionPlan(Part):
    """How the doses are cooked and taken (REG 36)."""

    doses: Annotated[int, Field(ge=1, le=90)] = 7
    doses_per_day: Annotated[int, Field(ge=1, le=4)] = 1
    times_per_day: Annotated[int, Field(ge=1, le=6)] = 2
    volume_ml: Annotated[int, Field(ge=20, le=1000)] = 200
    temperature: OptionalLine = "温服"
    timing: OptionalLine = ""
    decocted_by: DecoctedBy = DecoctedBy.PHARMACY
    note: OptionalLine = ""

    @property
    def days(self) -> int:
        return -(-self.doses // self.doses_per_day)


class PadFacts(Part):
    """Everything of a sheet that is no line. `diagnoses` are codes the hospital made before (XY05)."""

    diagnoses: Annotated[tuple[Code, ...], Field(max_length=10)] = ()
    #: Ids in the book; both on a decoction sheet (REG 35).
    tcm_disease: Code = ""
    tcm_syndrome: Code = ""
    weight_kg: Weight = None
    pregnant: Answer = ""
    lactating: Answer = ""
    #: Classes of the book, and what the patient says beside them; () and "" once reviewed is "none known".
    allergy_classes: Annotated[tuple[Code, ...], Field(max_length=20)] = ()
    allergies: OptionalLine = ""
    allergies_reviewed: bool = False
    #: mL/min/1.73 m².
    egfr: Renal = None
    #: REG 22, 24: assessed as stable, on these grounds, and the patient agreed to a long prescription.
    stable: bool = False
    assessment: OptionalParagraph = ""
    #: Why more than seven days (REG 21), why longer than its day (REG 20).
    supply_reason: OptionalLine = ""
    validity_reason: OptionalLine = ""
    fee_class: OptionalLine = "自费"
    decoction: DecoctionPlan = DecoctionPlan()


class Resigned(Part):
    """The doctor signs again for one finding (REG 29, 37); `line` is None for the sheet as a whole."""

    line: UUID | None
    reason: str
    at: datetime


class LineWords(Part):
    timing: OptionalLine = ""
    note: OptionalLine = ""
    #: The doctor changed the quantity that was computed.
    is_quantity_own: bool = False


class PadContent(PadFacts):
    """The body of a prescription: JSON, sealed."""

    #: By the id of the line.
    words: Mapping[str, LineWords] = {}
    #: By `Finding.key`: another dose is another finding and needs another reason.
    resigned: Mapping[str, Resigned] = {}

    @property
    def facts(self) -> PadFacts:
        return PadFacts(**self.model_dump(exclude={"words", "resigned"}))

    def words_of(self, line_id: UUID) -> LineWords:
        return self.words.get(str(line_id), LineWords())


class LineInput(Part):
    """One line as typed. `id` is the page's own, so that what was confirmed stays with its line."""

    id: UUID
    drug_code: Annotated[Code, Field(min_length=1)]
    dose: Dose = None
    frequency: Code = ""
    days: Days = None
    route: OptionalLine = ""
    #: Packs; left out, the need is computed.
    quantity: Packs = None
    role: Role = ""
    grams: Grams = None
    special: OptionalLine = ""
    timing: OptionalLine = ""
    note: OptionalLine = ""


class SavePad(Part):
    """A save of all of it. `version` is the one the page was opened at; `page` names the page: its own
    saves, which may overtake each other on the way, never conflict."""

    FORM_VALUES: ClassVar = True

    version: Annotated[int, Field(ge=0, le=2**31)]
    page: PageId = ""
    facts: PadFacts
    lines: Annotated[tuple[LineInput, ...], Field(max_length=MOST_LINES)]


def read_body(body: str) -> PadContent:
    return PadContent.model_validate(json.loads(body))
