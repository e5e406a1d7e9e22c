from datetime import date, datetime
from typing import Annotated, Any
from uuid import UUID

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints

from prescriptions.reactions.models import Reaction
from prescriptions.reactions.rules import LONGEST
from prescriptions.reactions.states import Causality, Ending, ReactionState, Severity, Taking
from telehealth.core.text import Day, Paragraph, clean_paragraph
from telehealth.web.pagination import PageQuery

Words = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=LONGEST),
    AfterValidator(clean_paragraph),
]
Code = Annotated[str, Field(min_length=1, max_length=40)]


class Input(BaseModel):
    model_config = ConfigDict(extra="forbid")


class ReportReaction(Input):
    #: Of the sheet's medicines, those it is put down to.
    drug_codes: Annotated[list[Code], Field(min_length=1, max_length=40)]
    what: Words
    began_on: Day
    severity: Severity
    taking: Taking
    #: Made up by the client: sent twice, it is one report.
    draft: UUID | None = None


class AssessReaction(Input):
    causality: Causality
    ending: Ending
    #: To the patient.
    advice: Annotated[Paragraph, Field(max_length=2000)]


class ReactionView(BaseModel):
    id: UUID
    number: str
    prescription_id: UUID
    rx_number: str
    state: ReactionState
    drug_codes: list[str]
    what: str
    began_on: date
    severity: Severity
    taking: Taking
    made_at: datetime
    assess_by: datetime
    assessed_at: datetime | None
    assessed_by: str
    causality: Causality | None
    ending: Ending | None
    advice: str
    #: What to do now, where it is severe: the hospital's emergency line and words.
    emergency: dict[str, Any] | None = None

    @classmethod
    def of(cls, row: Reaction, emergency: dict[str, Any] | None = None) -> "ReactionView":
        return cls(
            id=row.id,
            number=row.number,
            prescription_id=row.prescription_id,
            rx_number=row.rx_number,
            state=row.state,
            drug_codes=list(row.drug_codes),
            what=row.what,
            began_on=row.began_on,
            severity=row.severity,
            taking=row.taking,
            made_at=row.made_at,
            assess_by=row.assess_by,
            assessed_at=row.assessed_at,
            assessed_by=row.assessed_name,
            causality=row.causality,
            ending=row.ending,
            advice=row.advice,
            emergency=emergency,
        )


class ReactionQuery(PageQuery):
    pass
