"""What the pad shows, finished: words in the reader's language, money in fen and in words."""

from typing import Annotated, ClassVar, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from prescriptions.states import SheetKind
from prescriptions.writing.content import PadFacts, PageId
from telehealth.core.text import OptionalLine

Version = Annotated[int, Field(ge=0, le=2**31)]
Typed = Annotated[str, StringConstraints(max_length=60)]


class Body(BaseModel):
    model_config = ConfigDict(extra="forbid")


class OpenBody(Body):
    FORM_VALUES: ClassVar = True

    kind: SheetKind


class ActBody(Body):
    """Something is done to the sheet as this page has it."""

    FORM_VALUES: ClassVar = True

    version: Version
    page: PageId = ""


class ResignBody(ActBody):
    key: Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{16}$")]
    reason: OptionalLine


class DrugsQuery(BaseModel):
    q: Typed = ""


class Can(BaseModel):
    """What a line can and cannot do."""

    prescribable: bool
    courier: bool
    pickup_only: bool
    cold_chain: bool
    long_rx: bool


class HitView(BaseModel):
    code: str
    name: str
    #: "5 mg × 28 片/盒", or the usual grams of a herb.
    detail: str
    price: str
    insurance: str
    stock: str
    in_stock: bool
    can: Can
    #: Why it cannot be chosen; empty when it can.
    refusal: str
    amount_unit: str
    dose_unit: str
    per_unit: str
    route: str
    #: The step the book writes at a herb.
    step: str


class LineView(BaseModel):
    id: UUID
    drug_code: str
    name: str
    detail: str
    price: str
    insurance: str
    stock: str
    in_stock: bool
    can: Can
    dose: str
    amount_unit: str
    dose_words: str
    frequency: str
    frequency_words: str
    days: int | None
    route: str
    quantity: str
    quantity_unit: str
    is_quantity_own: bool
    role: str
    grams: str
    special: str
    step: str
    timing: str
    note: str
    amount: int
    amount_words: str
    copied: bool
    confirmed: bool
    resigned_because: str


class FindingView(BaseModel):
    key: str
    code: str
    severity: Literal["warn", "resign", "block"]
    title: str
    label: str
    why: str
    todo: str
    advice: str
    source: str
    #: Places of its lines, from 0; none: the sheet as a whole.
    lines: list[int]
    #: A reason was given for exactly this.
    reason: str


class TakenView(BaseModel):
    name: str
    days_left: int
    is_foreign: bool
    words: str


class PadView(BaseModel):
    id: UUID
    number: str
    kind: SheetKind
    state: str
    version: int
    issue: int
    may_edit: bool
    may_void: bool
    may_revise: bool
    facts: PadFacts
    lines: list[LineView]
    total: int
    total_words: str
    #: "每剂 12 味 142 g，7 剂共 994 g"; empty on other sheets.
    weight_words: str
    findings: list[FindingView]
    taken: list[TakenView]
    foreign_known: bool
    #: Field → sentence: what a signature still needs.
    missing: dict[str, str]
    unconfirmed: list[str]
    can_sign: bool
    #: How many lines keep the others from travelling.
    split: int
    #: Nobody reviews before it would expire: a sentence, or nothing.
    no_pharmacist: str
    #: The number of a sheet whose lines may be copied.
    last_number: str
    answer_by: str
    returned_because: str


class SheetRow(BaseModel):
    id: UUID
    number: str
    kind: SheetKind
    state: str
    state_words: str
    tone: str
    total: int
    lines: int
    href: str


class SplitView(BaseModel):
    id: UUID
    other: UUID
    other_href: str
