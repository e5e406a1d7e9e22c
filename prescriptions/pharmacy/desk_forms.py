"""What the dispatch desk's forms send, as the fields of a page."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from prescriptions.pharmacy.handing import Collector, Document
from prescriptions.pharmacy.rules import Resolution, Trouble
from telehealth.core.text import Line, OptionalLine, OptionalParagraph, Paragraph

Scanned = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=80)]
#: Cards are read at the window as residents' cards unless the counter says otherwise.
RESIDENT_ID = "resident_id"


class DeskForm(BaseModel):
    model_config = ConfigDict(extra="ignore")


class Nothing(DeskForm):
    pass


class CodeForm(DeskForm):
    code: Scanned


class LotForm(DeskForm):
    lot_id: Annotated[str, StringConstraints(pattern=r"^[0-9a-f-]{36}$")]


class PotForm(DeskForm):
    pot: Line


class BagsForm(DeskForm):
    bags: int = Field(ge=1, le=500)


class MatchesForm(DeskForm):
    #: No field of a form may be called `matches`: it would hide the method of that name.
    ticked: list[str] = []


class ReasonForm(DeskForm):
    reason: Paragraph


class PackForm(DeskForm):
    logger: OptionalLine = ""


class TroubleForm(DeskForm):
    kind: Trouble
    note: OptionalParagraph = ""


class ResolutionForm(DeskForm):
    way: Resolution


class CollectForm(DeskForm):
    name: Line
    relation: OptionalLine = ""
    code: OptionalLine = ""
    patient_number: OptionalLine = ""
    proxy_number: OptionalLine = ""
    counselling: OptionalParagraph = ""

    def who(self) -> Collector:
        return Collector(
            self.name, self.relation, self.code, _document(self.patient_number), _document(self.proxy_number)
        )


def _document(number: str) -> Document | None:
    return Document(RESIDENT_ID, number) if number else None


class RecallForm(DeskForm):
    drug_code: Scanned
    lot_number: Scanned
    reason: Paragraph


class RecallEndForm(DeskForm):
    is_sound: bool = False
