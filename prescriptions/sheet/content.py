"""What a prescription sheet says, and the one way in which it is written down to be signed.

A sheet is drawn from a `SheetContent` and from nothing else. `digest` goes into the PDF and into the reason
of both signatures, so the rows of the database can be held against the paper at any later time.

Source: prescription measures, annex 1 (header, body, footer); the format of TCM prescriptions.
"""

import hashlib
import json
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any

from pydantic import TypeAdapter

from telehealth.core.clock import add_months, completed_years
from telehealth.core.money import Fen

#: Written into the canonical form: a reader in ten years must know which fields to expect.
VERSION = 1

#: From this age on, years alone are enough.
MONTHS_UNTIL_YEARS = 6


class SheetKind(StrEnum):
    WESTERN = "western"
    """Western and patent medicines, at most five lines."""
    DECOCTION = "decoction"
    """Decoction pieces, on a sheet of their own."""


class SheetClass(StrEnum):
    ORDINARY = "ordinary"
    EMERGENCY = "emergency"
    PAEDIATRIC = "paediatric"


class HerbRole(StrEnum):
    JUN = "jun"
    CHEN = "chen"
    ZUO = "zuo"
    SHI = "shi"


ROLE_ORDER = {role: place for place, role in enumerate(HerbRole)}


class DecoctedBy(StrEnum):
    PHARMACY = "pharmacy"
    PATIENT = "patient"


@dataclass(frozen=True, slots=True, kw_only=True)
class Diagnosis:
    name: str
    code: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One medicine. `dose` is what is taken at once, in the unit the doctor wrote.

    `strength` is of one unit ("5 mg" a tablet), `pack` what is handed over ("28 片/盒"). `dose_words` says
    the dose in countable units when the formulary states them ("1 片"); it is never computed from a strength
    that is not known. `frequency` and `timing` are Chinese words, never a Latin abbreviation.
    """

    name: str
    form: str
    strength: str
    pack: str = ""
    quantity: Decimal
    quantity_unit: str
    dose: Decimal
    dose_unit: str
    dose_words: str = ""
    route: str
    frequency: str
    timing: str = ""
    days: int
    #: Storage, how to apply, what to avoid: one sentence.
    note: str = ""
    #: Why the doctor signed this line a second time; empty when there was nothing to sign for.
    resigned_because: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Herb:
    """One piece of a decoction, grams per dose. `name` carries source and processing before it ("炙甘草")."""

    name: str
    grams: Decimal
    role: HerbRole
    #: "先煎", "后下", "包煎" …
    step: str = ""
    resigned_because: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Decoction:
    """How the doses are cooked and taken: 7 doses, 1 a day, 200 mL each time, twice, warm, after meals."""

    doses: int
    doses_per_day: int = 1
    times_per_day: int = 2
    volume_ml: int
    temperature: str = "温服"
    timing: str = ""
    method: str = "水煎服"
    decocted_by: DecoctedBy
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Patient:
    """As the sheet shows a person. `age` is in words, see `age_words`."""

    name: str
    sex: str
    age: str
    #: Masked by the caller: "3301**********2148".
    identity: str = ""
    record_number: str = ""
    #: Required of children, whose doses depend on it.
    weight_kg: Decimal | None = None
    #: Asked and none known when empty.
    allergies: tuple[str, ...] = ()
    guardian: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class SheetContent:
    """A sheet as it is signed. Instants are UTC; they are printed in Asia/Shanghai.

    A western sheet has `lines`, a decoction sheet `herbs` with a `decoction`. Herbs are printed by role,
    within a role as given. The reviewing pharmacist is not part of it: that is the second signature.
    """

    hospital: str
    campus: str = ""
    kind: SheetKind
    sheet_class: SheetClass = SheetClass.ORDINARY
    fee_class: str
    number: str
    patient: Patient
    department: str
    diagnoses: tuple[Diagnosis, ...] = ()
    tcm_disease: Diagnosis | None = None
    tcm_syndrome: Diagnosis | None = None
    issued_at: datetime
    valid_until: datetime
    #: Why it is valid for longer than its day; empty when it is not.
    validity_reason: str = ""
    #: Why it supplies more than seven days; empty when it does not.
    supply_reason: str = ""
    lines: tuple[Line, ...] = ()
    herbs: tuple[Herb, ...] = ()
    decoction: Decoction | None = None
    total: Fen
    doctor: str
    doctor_title: str = ""
    #: What the QR code opens.
    verification_url: str
    #: Demo hospital: the sheet says that it is a sample.
    is_sample: bool = False

    def __post_init__(self) -> None:
        if self.issued_at.tzinfo is None or self.valid_until.tzinfo is None:
            raise ValueError("instants carry their zone")
        if self.kind is SheetKind.WESTERN and (not self.lines or self.herbs or self.decoction):
            raise ValueError("a western sheet has lines and no herbs")
        if self.kind is SheetKind.DECOCTION and (self.lines or not self.herbs or self.decoction is None):
            raise ValueError("a decoction sheet has herbs, and how they are cooked, and no lines")

    @property
    def herbs_by_role(self) -> tuple[Herb, ...]:
        return tuple(sorted(self.herbs, key=lambda herb: ROLE_ORDER[herb.role]))

    @property
    def grams_per_dose(self) -> Decimal:
        return sum((herb.grams for herb in self.herbs), Decimal(0))

    @property
    def grams(self) -> Decimal:
        return self.grams_per_dose * (self.decoction.doses if self.decoction else 0)


_READER = TypeAdapter(SheetContent)


def canonical(content: SheetContent) -> bytes:
    """The same content is the same bytes: UTF-8 JSON, keys sorted, no spaces, decimals without their tail."""
    document = {"version": VERSION, **asdict(content)}
    return json.dumps(
        document, default=_plain, ensure_ascii=False, sort_keys=True, separators=(",", ":")
    ).encode()


def digest(content: SheetContent) -> str:
    """SHA-256 of the canonical form, in lower-case hex."""
    return hashlib.sha256(canonical(content)).hexdigest()


def restore(written: bytes) -> SheetContent:
    """The content from its canonical form.

    Raises:
        ValueError: it is not one, or of a version that is not known.
    """
    document = json.loads(written)
    if not isinstance(document, dict) or document.pop("version", None) != VERSION:
        raise ValueError("not the canonical form of a sheet")
    return _READER.validate_python(document)


def age_words(born: date, on: date) -> str:
    """Days below a month, months and days below a year, years and months below six, then years."""
    years = completed_years(born, on)
    if years >= MONTHS_UNTIL_YEARS:
        return f"{years}岁"
    months = (on.year - born.year) * 12 + on.month - born.month
    if add_months(born, months) > on:
        months -= 1
    days = (on - add_months(born, months)).days
    if years:
        return f"{years}岁{months % 12}月" if months % 12 else f"{years}岁"
    if months:
        return f"{months}月{days}天" if days else f"{months}月"
    return f"{days}天"


def plain_number(number: Decimal) -> str:
    """Decimal('1.50') → '1.5', Decimal('100') → '100'; never with an exponent."""
    text = format(number, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


def _plain(value: Any) -> str:
    if isinstance(value, Decimal):
        return plain_number(value)
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat()
    raise TypeError(f"no canonical form for {type(value).__name__}")
