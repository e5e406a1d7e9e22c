"""What one entry of a drug book says. Amounts are Decimal, prices fen; nothing here knows a database."""

import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import NewType

from telehealth.core.money import Fen

#: A gram of a herb may cost a fraction of a fen; a line is rounded once, at its end.
FenPerGram = NewType("FenPerGram", Decimal)


class MedicineKind(StrEnum):
    WESTERN = "western"
    PATENT = "patent"


class Caution(StrEnum):
    """Of a medicine in pregnancy or lactation."""

    OK = "ok"
    CAUTION = "caution"
    CONTRAINDICATED = "contraindicated"


class ControlClass(StrEnum):
    """Which law holds a medicine (REG 33, 34, 40, 41). A compound holds little of it among other things."""

    NONE = "none"
    NARCOTIC = "narcotic"
    NARCOTIC_COMPOUND = "narcotic_compound"
    PSYCHOTROPIC_1 = "psychotropic_1"
    PSYCHOTROPIC_2 = "psychotropic_2"
    TOXIC = "toxic"
    TOXIC_RAW = "toxic_raw"
    RADIOACTIVE = "radioactive"
    PRECURSOR = "precursor"
    PRECURSOR_COMPOUND = "precursor_compound"
    VACCINE = "vaccine"
    BLOOD_PRODUCT = "blood_product"
    BIOLOGIC = "biologic"


class Fulfilment(StrEnum):
    """Prescribable and couriable are different questions (REG 33, 40, 41)."""

    COURIER_OK = "courier_ok"
    PICKUP_ONLY = "pickup_only"
    NOT_PRESCRIBABLE_ONLINE = "not_prescribable_online"


class Preparation(StrEnum):
    """What a pharmacy may not send by courier whatever it contains (REG 40)."""

    ORDINARY = "ordinary"
    FORMULA_GRANULES = "formula_granules"
    HOSPITAL = "hospital"


class Toxicity(StrEnum):
    NONE = "none"
    LOW_TOXIC = "low_toxic"
    #: Toxic as it grows, processed for use.
    PROCESSED_TOXIC = "processed_toxic"
    TOXIC = "toxic"


class Action(StrEnum):
    """What follows when a rule speaks."""

    WARN = "warn"
    RESIGN = "resign"
    BLOCK = "block"


@dataclass(frozen=True, slots=True, kw_only=True)
class Medicine:
    """Western or patent. Amounts are in `amount_unit`; `per_unit` is that of one tablet, puff or vial."""

    code: str
    kind: MedicineKind
    name: str
    name_en: str
    atc: str
    dosage_form: str
    strength: str
    per_unit: Decimal
    amount_unit: str
    #: As counted by hand: "片", "粒", "支".
    dose_unit: str
    pack_units: int
    pack_unit: str
    route: str
    usual_sig: str
    max_single: Decimal | None
    max_daily_adult: Decimal | None
    #: mg for each kg of body weight a day.
    child_max_per_kg_day: Decimal | None
    child_max_daily: Decimal | None
    min_age_years: int
    pregnancy: Caution
    lactation: Caution
    #: Narrowest first: the first class that an allergy reaches decides (W022 is a cephalosporin first).
    allergy_classes: tuple[str, ...]
    ingredients: tuple[str, ...]
    #: mg of each in one `per_unit`; hidden western ingredients of patent medicines stand here.
    ingredient_amounts: Mapping[str, Decimal]
    duplicate_classes: tuple[str, ...]
    contraindicated_in: tuple[str, ...]
    caution_in: tuple[str, ...]
    indications: tuple[str, ...]
    elderly_caution: bool
    #: Not empty: the dose depends on renal function.
    renal_note: str
    control: ControlClass
    rx_only: bool
    fulfilment: Fulfilment
    preparation: Preparation
    long_rx_ok: bool
    cold_chain: bool
    antibacterial: bool
    doping: bool
    #: Names as printed; `Book.herbs_in` gives their ids.
    herb_components: tuple[str, ...]
    ethanol: bool
    price: Fen
    insurance_class: str
    verified: bool
    note: str

    @property
    def pack_amount(self) -> Decimal:
        """What one pack holds, in `amount_unit`."""
        return self.per_unit * self.pack_units

    @property
    def is_injection(self) -> bool:
        return "注射" in self.route or "注射" in self.dosage_form


@dataclass(frozen=True, slots=True, kw_only=True)
class Herb:
    """A decoction piece; grams are those of one daily dose."""

    code: str
    name: str
    name_en: str
    name_latin: str
    aliases: tuple[str, ...]
    dose_min: Decimal
    dose_max: Decimal
    ceiling: Decimal
    usage: str
    #: The special step as the book writes it: "先煎、久煎".
    decoction_note: str
    pregnancy: Caution
    toxicity: Toxicity
    #: "bleeding", "sedative", "aconite_group", "doping", …
    flags: tuple[str, ...]
    price_per_gram: FenPerGram
    rx_only: bool
    verified: bool
    note: str


@dataclass(frozen=True, slots=True)
class Interaction:
    """Two tokens (see `Book.tokens`) that must not, or should not, meet in one patient."""

    code: str
    a: str
    b: str
    severity: str
    mechanism: str
    mechanism_zh: str
    advice: str
    advice_zh: str
    action: Action
    verified: bool


@dataclass(frozen=True, slots=True)
class MultiRule:
    """`at_least` of these criteria, each a choice of tokens, must be met by medicines of the patient."""

    code: str
    name: str
    criteria: tuple[tuple[str, ...], ...]
    at_least: int
    #: Each medicine counts for one criterion only: a stack is made of several medicines.
    is_stack: bool
    severity: str
    mechanism: str
    mechanism_zh: str
    action: Action
    verified: bool


@dataclass(frozen=True, slots=True)
class AllergyClass:
    code: str
    name: str
    #: Class → "block" or "caution".
    cross: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """A diagnosis that is followed up online; `max_supply_days` is the longest supply for it."""

    code: str
    name: str
    name_en: str
    is_chronic: bool
    #: "yes", "conditional" or "no".
    online_followup: str
    max_supply_days: int
    red_flags: tuple[str, ...]
    note: str
    verified: bool


@dataclass(frozen=True, slots=True)
class TCMDiagnosis:
    """A disease (病) or a syndrome (证); both stand on a decoction sheet (REG 35)."""

    code: str
    is_syndrome: bool
    name: str
    name_en: str
    #: GB/T 15657-2021, empty when not known.
    national_code: str
    icd10_hint: str
    verified: bool
    note: str


@dataclass(frozen=True, slots=True)
class Frequency:
    """`takes_per_day` is None where the term does not say it: as needed, at once."""

    code: str
    name: str
    takes_per_day: Decimal | None
    note: str


@dataclass(frozen=True, slots=True)
class Incompatible:
    """One group of the eighteen, as herb keys: whatever stands in `a` must not meet what stands in `b`."""

    group: str
    a: frozenset[str]
    b: frozenset[str]
    action: Action


@dataclass(frozen=True, slots=True)
class TCMRules:
    """Rules of decoctions. Herbs are keys: the id in the book, or the name itself where the book has none."""

    eighteen: tuple[Incompatible, ...]
    nineteen: tuple[frozenset[str], ...]
    nineteen_action: Action
    pregnancy_contraindicated: frozenset[str]
    pregnancy_caution: frozenset[str]
    #: The raw pieces of the 1988 list: never prescribed online.
    toxic_raw: frozenset[str]
    decoction_terms: tuple[str, ...]
    #: Vocabulary of the tongue, for the intake form and the note.
    tongue: Mapping[str, tuple[str, ...]]


def herb_name(text: str) -> str:
    """A herb's name for comparing: one width of brackets, no blanks. Never compare parts of it."""
    return "".join(unicodedata.normalize("NFKC", text).split())


def icd10(text: str) -> str:
    """A diagnosis code for comparing: hospitals leave out the dot, and mark pairs with a dagger."""
    code = text.strip().upper().rstrip("+*†")
    return code if "." in code or len(code) <= 3 else f"{code[:3]}.{code[3:]}"
