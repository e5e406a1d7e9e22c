"""What the safety rules decide by, and what they say. Everything here is a value: no session, no clock.

A fact that is None is not known, which is never the same as "no": rules answer it with CHECK_INCOMPLETE.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum
from types import MappingProxyType
from typing import TYPE_CHECKING

from prescriptions.states import SheetKind

if TYPE_CHECKING:
    from telehealth.rulebook.rules import PolicySet

__all__ = [
    "Active", "Delivery", "Finding", "Item", "Needs", "Numbers", "Outcome", "Patient",
    "SafetyCode", "Severity", "Sex", "Sheet", "SheetKind", "Verdict",
]  # fmt: skip


class Sex(StrEnum):
    MALE = "M"
    FEMALE = "F"


class Delivery(StrEnum):
    COURIER = "courier"
    PICKUP = "pickup"


class Severity(StrEnum):
    """Inform, sign the line again with a reason, or refuse (README of the sample data)."""

    WARN = "warn"
    RESIGN = "resign"
    BLOCK = "block"


class Outcome(StrEnum):
    """The worst of all findings."""

    PASS = "pass"  # noqa: S105 - what a check says
    WARN = "warn"
    RESIGN = "resign"
    BLOCK = "block"


RANK = {Severity.WARN: 1, Severity.RESIGN: 2, Severity.BLOCK: 3}


class SafetyCode(StrEnum):
    """Stable: stored, printed by `rehearse safety`, and spoken of in `wording`."""

    MAX_SINGLE = "MAX_SINGLE"
    MAX_DAILY = "MAX_DAILY"
    CHILD_MGKG = "CHILD_MGKG"
    CHECK_INCOMPLETE = "CHECK_INCOMPLETE"
    DDI_BLOCK = "DDI_BLOCK"
    DDI_RESIGN = "DDI_RESIGN"
    DDI_WARN = "DDI_WARN"
    TRIPLE_BLOCK = "TRIPLE_BLOCK"
    TRIPLE_RESIGN = "TRIPLE_RESIGN"
    TRIPLE_WARN = "TRIPLE_WARN"
    DUP_INGREDIENT = "DUP_INGREDIENT"
    DUP_CLASS = "DUP_CLASS"
    ALLERGY_BLOCK = "ALLERGY_BLOCK"
    ALLERGY_WARN = "ALLERGY_WARN"
    AGE_MIN = "AGE_MIN"
    ELDERLY = "ELDERLY"
    PREGNANCY_BLOCK = "PREGNANCY_BLOCK"
    PREGNANCY_WARN = "PREGNANCY_WARN"
    LACTATION_BLOCK = "LACTATION_BLOCK"
    LACTATION_WARN = "LACTATION_WARN"
    DX_CONTRA = "DX_CONTRA"
    DX_CAUTION = "DX_CAUTION"
    DX_MISMATCH = "DX_MISMATCH"
    DOPING_WARN = "DOPING_WARN"
    QTY_DAYS = "QTY_DAYS"
    QTY_PACKS = "QTY_PACKS"
    ITEM_COUNT = "ITEM_COUNT"
    SHEET_MIXED = "SHEET_MIXED"
    CONTROLLED_BLOCK = "CONTROLLED_BLOCK"
    FULFILMENT_RESTRICTED = "FULFILMENT_RESTRICTED"
    COLD_CHAIN = "COLD_CHAIN"
    TCM_18 = "TCM_18"
    TCM_19 = "TCM_19"
    TCM_DOSE_BLOCK = "TCM_DOSE_BLOCK"
    TCM_DOSE_RESIGN = "TCM_DOSE_RESIGN"
    TCM_DOSE_WARN = "TCM_DOSE_WARN"
    TCM_TOXIC_WARN = "TCM_TOXIC_WARN"
    TCM_USAGE_MISSING = "TCM_USAGE_MISSING"
    REACTION_REPORTED = "REACTION_REPORTED"


class Needs(StrEnum):
    """What would satisfy a finding."""

    NOTHING = "nothing"
    #: A reason and a second signature at the line, acknowledged by the pharmacist (REG 29, 37).
    RESIGN = "resign"
    CHANGE = "change"
    REMOVE = "remove"
    SPLIT = "split"
    PICKUP = "pickup"
    COLD_COURIER = "cold_courier"
    OFFLINE = "offline"
    WEIGHT = "weight"
    AGE = "age"
    RENAL = "renal"
    PREGNANCY = "pregnancy"
    LACTATION = "lactation"
    ALLERGIES = "allergies"
    DIAGNOSIS = "diagnosis"
    MEDICINES = "medicines"
    CONSENT = "consent"
    FREQUENCY = "frequency"


@dataclass(frozen=True, slots=True, kw_only=True)
class Patient:
    """`diagnoses` are those of this sheet (ICD-10), `conditions` what else is known of the person."""

    age: int | None
    sex: Sex | None = None
    weight_kg: Decimal | None = None
    pregnant: bool | None = None
    lactating: bool | None = None
    #: Ids or names of classes, medicines, ingredients or herbs; () is "none known", None "not asked".
    allergies: tuple[str, ...] | None = None
    diagnoses: tuple[str, ...] | None = None
    conditions: tuple[str, ...] = ()
    #: The doctor's assessment of stability (REG 22).
    stable: bool | None = None
    #: mL/min/1.73 m².
    egfr: Decimal | None = None
    is_athlete: bool | None = None
    #: Ids of medicines and herbs the person reported to have done badly on, and no pharmacist cleared.
    reported: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One line of a sheet. `dose` is the amount at a time in the medicine's own `amount_unit`."""

    #: Id in the book; a herb may be named by any of its names instead.
    ref: str
    dose: Decimal | None = None
    takes_per_day: Decimal | None = None
    #: A term of the book's `frequencies`; read when `takes_per_day` is not given.
    frequency: str = ""
    days: int | None = None
    #: Whole packs.
    quantity: Decimal | None = None
    #: Of one decoction, for a herb.
    grams: Decimal | None = None
    special: str = ""
    role: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Active:
    """A medicine of another sheet that the person still takes; amounts may be unknown."""

    ref: str
    dose: Decimal | None = None
    takes_per_day: Decimal | None = None
    frequency: str = ""
    grams: Decimal | None = None
    #: How long it still lasts; None is unknown. With 0 it is active no more.
    days_left: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheet:
    kind: SheetKind
    items: tuple[Item, ...]
    #: None while the patient has not chosen.
    delivery: Delivery | None = None
    #: Of a decoction: how many doses, and how many of them a day.
    doses: int | None = None
    doses_per_day: Decimal = Decimal(1)
    is_granules: bool = False
    #: The courier chosen carries a cold box with a logger.
    courier_keeps_cold: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Numbers:
    """A hospital's numbers; the defaults are the law's. A hospital may be stricter."""

    general_max_days: int = 7
    long_rx_days: int = 28
    long_rx_max_days: int = 84
    max_items: int = 5
    long_rx_excluded: tuple[str, ...] = (
        "toxic", "radioactive", "precursor", "narcotic", "psychotropic",
        "biologic", "antibacterial", "special_storage",
    )  # fmt: skip
    never_online: tuple[str, ...] = (
        "narcotic",
        "psychotropic_1",
        "psychotropic_2",
        "toxic_raw",
        "radioactive",
    )
    #: REG 42: is the hospital's own pharmacy with a courier "network retail"? Strict unless it says no.
    network_retail_limits: bool = True
    #: From this age on a patient is no child.
    adult_from: int = 18
    #: Below this age a medicine without a child's ceiling cannot be checked.
    child_dose_below: int = 12
    elderly_from: int = 65

    @classmethod
    def of(cls, policy: "PolicySet") -> "Numbers":
        care = policy.prescription
        return cls(
            general_max_days=care.general_max_days,
            long_rx_days=care.long_rx_days,
            long_rx_max_days=care.long_rx_max_days,
            max_items=care.max_items_western_patent,
            long_rx_excluded=tuple(care.long_rx_excluded),
            never_online=tuple(care.never_online),
            network_retail_limits=policy.dispensing.network_retail_limits,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing a rule says about lines of the sheet.

    `items` are positions in `sheet.items` (none: the sheet as a whole), `others` active medicines it
    meets there. `why` and `facts` are what `wording` makes a sentence of; they hold ids and amounts only.
    """

    code: SafetyCode
    severity: Severity
    why: str
    #: The regulation row ("REG29"), requirement, or row of the book ("X017") that speaks.
    source: str
    needs: Needs
    items: tuple[int, ...] = ()
    #: Book ids of those lines, in the same order.
    refs: tuple[str, ...] = ()
    #: What was written in those lines.
    written: tuple[str, ...] = ()
    others: tuple[str, ...] = ()
    facts: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    #: It speaks of one way to deliver only: another way satisfies it.
    is_delivery_only: bool = False

    @property
    def key(self) -> str:
        """Changes with what was found and with its lines: a reason holds for one dose, not for another."""
        facts = [f"{name}={value}" for name, value in sorted(self.facts.items())]
        lines = sorted(map(" ".join, zip(self.refs, self.written, strict=False))) or sorted(self.refs)
        said = "\n".join((self.code, self.source, self.why, *lines, "|", *sorted(self.others), *facts))
        return hashlib.sha256(said.encode()).hexdigest()[:16]

    @property
    def order(self) -> tuple[object, ...]:
        return (-RANK[self.severity], self.code, self.items, self.others, self.source, self.why, self.key)


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    outcome: Outcome
    #: Gravest first, then by code and line.
    findings: tuple[Finding, ...]
    book_version: int

    @classmethod
    def of(cls, findings: Sequence[Finding], *, book_version: int) -> "Verdict":
        once = {finding.key + str(finding.items): finding for finding in findings}
        ordered = sorted(once.values(), key=lambda finding: finding.order)
        outcome = Outcome(ordered[0].severity) if ordered else Outcome.PASS
        return cls(outcome=outcome, findings=tuple(ordered), book_version=book_version)

    @property
    def codes(self) -> tuple[str, ...]:
        return tuple(sorted({str(finding.code) for finding in self.findings}))

    @property
    def is_complete(self) -> bool:
        return all(finding.code is not SafetyCode.CHECK_INCOMPLETE for finding in self.findings)

    @property
    def blocks(self) -> tuple[Finding, ...]:
        return tuple(each for each in self.findings if each.severity is Severity.BLOCK)

    @property
    def resigns(self) -> tuple[Finding, ...]:
        """What must be signed again with a reason; the sheet as a whole where `items` is empty."""
        return tuple(each for each in self.findings if each.severity is Severity.RESIGN)

    def of_line(self, position: int) -> tuple[Finding, ...]:
        return tuple(each for each in self.findings if position in each.items)
