"""The dozen FHIR R4 fields we read. Whatever else a server sends is ignored, whatever is missing is empty."""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field


def _listed(value: Any) -> Any:
    return [] if value is None else value


class Element(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)


class Coding(Element):
    system: str = ""
    code: str = ""
    display: str = ""


class Concept(Element):
    coding: Annotated[tuple[Coding, ...], BeforeValidator(_listed)] = ()
    text: str = ""


class Identifier(Element):
    system: str = ""
    value: str = ""
    use: str = ""


class HumanName(Element):
    use: str = ""
    text: str = ""
    family: str = ""
    given: Annotated[tuple[str, ...], BeforeValidator(_listed)] = ()

    @property
    def whole(self) -> str:
        if self.text:
            return self.text
        given = " ".join(self.given)
        joined = f"{self.family} {given}" if (self.family + given).isascii() else self.family + given
        return joined.strip()


class ContactPoint(Element):
    system: str = ""
    value: str = ""


class Reference(Element):
    reference: str = ""


class Period(Element):
    start: str = ""
    end: str = ""


class Meta(Element):
    version_id: str = Field(default="", alias="versionId")


class Resource(Element):
    kind: str = Field(alias="resourceType")
    id: str = ""
    meta: Meta = Meta()


class Contact(Element):
    relationship: Annotated[tuple[Concept, ...], BeforeValidator(_listed)] = ()
    name: HumanName = HumanName()
    telecom: Annotated[tuple[ContactPoint, ...], BeforeValidator(_listed)] = ()


class PatientLink(Element):
    other: Reference = Reference()
    type: str = ""


class Patient(Resource):
    kind: Literal["Patient"] = Field(alias="resourceType")
    id: str = Field(min_length=1)
    active: bool = True
    identifier: Annotated[tuple[Identifier, ...], BeforeValidator(_listed)] = ()
    name: Annotated[tuple[HumanName, ...], BeforeValidator(_listed)] = ()
    telecom: Annotated[tuple[ContactPoint, ...], BeforeValidator(_listed)] = ()
    gender: str = ""
    birth_date: str = Field(default="", alias="birthDate")
    contact: Annotated[tuple[Contact, ...], BeforeValidator(_listed)] = ()
    link: Annotated[tuple[PatientLink, ...], BeforeValidator(_listed)] = ()

    @property
    def replaced_by(self) -> str:
        """Id of the record this one was merged into, or empty."""
        replaced = (item.other.reference for item in self.link if item.type == "replaced-by")
        return next((reference.rpartition("/")[2] for reference in replaced), "")


class Place(Element):
    location: Reference = Reference()


class EncounterDiagnosis(Element):
    condition: Reference = Reference()


class Encounter(Resource):
    kind: Literal["Encounter"] = Field(alias="resourceType")
    id: str = Field(min_length=1)
    status: str = ""
    classed: Coding = Field(default=Coding(), alias="class")
    subject: Reference = Reference()
    period: Period = Period()
    provider: Reference = Field(default=Reference(), alias="serviceProvider")
    location: Annotated[tuple[Place, ...], BeforeValidator(_listed)] = ()
    diagnosis: Annotated[tuple[EncounterDiagnosis, ...], BeforeValidator(_listed)] = ()


class Condition(Resource):
    kind: Literal["Condition"] = Field(alias="resourceType")
    code: Concept = Concept()
    subject: Reference = Reference()
    encounter: Reference = Reference()
    verification: Concept = Field(default=Concept(), alias="verificationStatus")


class Link(Element):
    relation: str = ""
    url: str = ""


class Hit(Element):
    mode: str = "match"


class Entry(Element):
    resource: dict[str, Any] = Field(default_factory=dict)
    search: Hit = Hit()


class Bundle(Element):
    kind: Literal["Bundle"] = Field(alias="resourceType")
    type: Literal["searchset"]
    link: Annotated[tuple[Link, ...], BeforeValidator(_listed)] = ()
    entry: Annotated[tuple[Entry, ...], BeforeValidator(_listed)] = ()

    @property
    def next_url(self) -> str:
        return next((link.url for link in self.link if link.relation == "next"), "")


class Issue(Element):
    severity: str = ""
    code: str = ""


class OperationOutcome(Element):
    kind: Literal["OperationOutcome"] = Field(alias="resourceType")
    issue: Annotated[tuple[Issue, ...], BeforeValidator(_listed)] = ()

    @property
    def codes(self) -> list[str]:
        """Codes only: diagnostics may quote what we asked for."""
        return [issue.code for issue in self.issue if issue.severity in ("error", "fatal")]
