"""Forms of the pad for a browser without script: flat fields, the same models behind them."""

from typing import ClassVar

from pydantic import BaseModel

from prescriptions.sheet.content import DecoctedBy
from prescriptions.writing.content import (
    Answer,
    Code,
    Days,
    DecoctionPlan,
    Dose,
    Grams,
    LineInput,
    Packs,
    PadFacts,
    Renal,
    Role,
    Weight,
)
from prescriptions.writing.schemas import Version
from telehealth.core.ids import new_id
from telehealth.core.text import Line, OptionalLine, OptionalParagraph


class FactsForm(BaseModel):
    FORM_VALUES: ClassVar = True

    version: Version
    diagnoses: list[Code] = []
    tcm_disease: Code = ""
    tcm_syndrome: Code = ""
    weight_kg: Weight = None
    pregnant: Answer = ""
    lactating: Answer = ""
    allergy_classes: list[Code] = []
    allergies: OptionalLine = ""
    allergies_reviewed: bool = False
    egfr: Renal = None
    stable: bool = False
    assessment: OptionalParagraph = ""
    supply_reason: OptionalLine = ""
    validity_reason: OptionalLine = ""
    fee_class: OptionalLine = ""
    doses: int = 7
    doses_per_day: int = 1
    times_per_day: int = 2
    volume_ml: int = 200
    temperature: OptionalLine = ""
    decoction_timing: OptionalLine = ""
    decocted_by: DecoctedBy = DecoctedBy.PHARMACY
    decoction_note: OptionalLine = ""

    @property
    def facts(self) -> PadFacts:
        """Raises pydantic's ValidationError for a decoction beyond its limits."""
        plan = DecoctionPlan(
            doses=self.doses, doses_per_day=self.doses_per_day, times_per_day=self.times_per_day,
            volume_ml=self.volume_ml, temperature=self.temperature, timing=self.decoction_timing,
            decocted_by=self.decocted_by, note=self.decoction_note,
        )  # fmt: skip
        own = self.model_dump(include=set(PadFacts.model_fields) - {"decoction"})
        return PadFacts(**own, decoction=plan)


class AddLineForm(BaseModel):
    FORM_VALUES: ClassVar = True

    version: Version
    #: Code or whole name.
    drug: Line
    dose: Dose = None
    frequency: Code = ""
    days: Days = None
    quantity: Packs = None
    role: Role = ""
    grams: Grams = None
    special: OptionalLine = ""

    def line(self, code: str) -> LineInput:
        return LineInput(
            id=new_id(), drug_code=code, dose=self.dose, frequency=self.frequency, days=self.days,
            quantity=self.quantity, role=self.role, grams=self.grams, special=self.special,
        )  # fmt: skip


class ActForm(BaseModel):
    FORM_VALUES: ClassVar = True

    version: Version
    #: What it is about: a line's id, a finding's key.
    subject: OptionalLine = ""
    reason: OptionalLine = ""
