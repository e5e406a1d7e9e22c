"""Reports over FHIR R4: DiagnosticReport with its Observations. What comes back is checked again."""

import hashlib
import json
from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any, Literal

import structlog
from pydantic import BeforeValidator, Field, ValidationError

from telehealth.core.clock import SHANGHAI, Clock, HospitalDay, hospital_day
from telehealth.core.settings import HIS
from telehealth.hospital.adapters.resources import Concept, Element, Reference, Resource
from telehealth.hospital.adapters.transport import FHIRServer
from telehealth.hospital.errors import HISUnavailable
from telehealth.hospital.reports import (
    DiagnosticReport,
    FetchedReports,
    Flag,
    ReportKind,
    ReportLine,
    ReportStatus,
)

log = structlog.get_logger(__name__)

STATUSES = {
    "preliminary": ReportStatus.PRELIMINARY,
    "final": ReportStatus.FINAL,
    "amended": ReportStatus.AMENDED,
    "corrected": ReportStatus.AMENDED,
    "appended": ReportStatus.AMENDED,
}
KINDS = {"LAB": ReportKind.LABORATORY, "RAD": ReportKind.IMAGING, "CUS": ReportKind.IMAGING}
FLAGS = {
    "N": Flag.NORMAL, "NEG": Flag.NORMAL, "H": Flag.HIGH, "HU": Flag.VERY_HIGH, "HH": Flag.VERY_HIGH,
    "L": Flag.LOW, "LU": Flag.VERY_LOW, "LL": Flag.VERY_LOW, "A": Flag.ABNORMAL, "AA": Flag.ABNORMAL,
    "POS": Flag.ABNORMAL,
}  # fmt: skip


def _listed(value: Any) -> Any:
    return [] if value is None else value


class _Quantity(Element):
    value: Decimal | None = None
    unit: str = ""


class _Range(Element):
    low: _Quantity = _Quantity()
    high: _Quantity = _Quantity()
    text: str = ""

    @property
    def words(self) -> str:
        low, high = self.low.value, self.high.value
        if self.text or (low is None and high is None):
            return self.text
        if low is None:
            return f"≤ {_plain(high)}"
        return f"≥ {_plain(low)}" if high is None else f"{_plain(low)}–{_plain(high)}"


class _Display(Element):
    display: str = ""


class _Observation(Resource):
    kind: Literal["Observation"] = Field(alias="resourceType")
    id: str = Field(min_length=1)
    status: str = ""
    code: Concept = Concept()
    subject: Reference = Reference()
    quantity: _Quantity = Field(default=_Quantity(), alias="valueQuantity")
    text: str = Field(default="", alias="valueString")
    concept: Concept = Field(default=Concept(), alias="valueCodeableConcept")
    interpretation: Annotated[tuple[Concept, ...], BeforeValidator(_listed)] = ()
    ranges: Annotated[tuple[_Range, ...], BeforeValidator(_listed)] = Field(
        default=(), alias="referenceRange"
    )


class _Report(Resource):
    kind: Literal["DiagnosticReport"] = Field(alias="resourceType")
    id: str = Field(min_length=1)
    status: str = ""
    category: Annotated[tuple[Concept, ...], BeforeValidator(_listed)] = ()
    code: Concept = Concept()
    subject: Reference = Reference()
    effective: str = Field(default="", alias="effectiveDateTime")
    issued: str = ""
    performer: Annotated[tuple[_Display, ...], BeforeValidator(_listed)] = ()
    result: Annotated[tuple[Reference, ...], BeforeValidator(_listed)] = ()
    conclusion: str = ""


class FHIRReports:
    """`ReportGateway` over one FHIR server a hospital."""

    def __init__(self, settings: Mapping[str, HIS], clock: Clock) -> None:
        self._clock = clock
        self._servers = {code: FHIRServer(code, his) for code, his in settings.items()}

    async def close(self) -> None:
        for server in self._servers.values():
            await server.close()

    async def reports(self, hospital: str, his_patient_id: str, *, since: HospitalDay) -> FetchedReports:
        if hospital not in self._servers:
            log.error("his.not_configured", hospital=hospital)
            raise HISUnavailable(reason="not_configured")
        subject, fetched_at = f"Patient/{his_patient_id}", self._clock.business()
        form: dict[str, str | list[str]] = {
            "patient": subject, "date": f"ge{since.isoformat()}", "_sort": "-date", "_count": "50",
            "_include": ["DiagnosticReport:result"],
        }  # fmt: skip
        told: list[tuple[_Report, dict[str, Any]]] = []
        lines: dict[str, tuple[_Observation, dict[str, Any]]] = {}
        dropped = 0
        for entry in await self._servers[hospital].search("DiagnosticReport", form):
            try:
                if entry.search.mode == "include":
                    line = _Observation.model_validate(entry.resource)
                    lines[line.id] = (line, entry.resource)
                else:
                    told.append((_Report.model_validate(entry.resource), entry.resource))
            except ValidationError:
                dropped += 1
        found = []
        for report, raw in told:
            made = _made(report, raw, lines, subject)
            if made is None or not since <= hospital_day(made.taken_at) <= hospital_day(fetched_at):
                dropped += 1
                continue
            found.append(made)
        if dropped:
            log.warning("his.unasked_resource", hospital=hospital, kind="DiagnosticReport", dropped=dropped)
        found.sort(key=lambda report: (report.taken_at, report.resource_id), reverse=True)
        return FetchedReports(his_patient_id, since, fetched_at, tuple(found), dropped)


def _made(
    report: _Report,
    raw: dict[str, Any],
    known: Mapping[str, tuple[_Observation, dict[str, Any]]],
    subject: str,
) -> DiagnosticReport | None:
    """None for another person's, one withdrawn or entered in error, or one whose day nobody can tell."""
    taken_at, status = _instant(report.effective or report.issued), STATUSES.get(report.status)
    if report.subject.reference != subject or status is None or taken_at is None:
        return None
    held = [known.get(each.reference.rpartition("/")[2]) for each in report.result]
    own = [pair for pair in held if pair and pair[0].subject.reference == subject and _stands(pair[0])]
    if len(own) < len(report.result):
        # Half a report could be read as a whole one.
        return None
    section = next((c.code for concept in report.category for c in concept.coding if c.code in KINDS), "")
    return DiagnosticReport(
        resource_id=report.id,
        version_id=report.meta.version_id,
        kind=KINDS.get(section, ReportKind.OTHER),
        status=status,
        title=_named(report.code),
        performer=next((each.display for each in report.performer if each.display), ""),
        taken_at=taken_at,
        reported_at=_instant(report.issued) or taken_at,
        lines=tuple(_line(line) for line, _ in own),
        conclusion=report.conclusion.strip(),
        digest=_digest([raw, *(resource for _, resource in own)]),
    )


def _line(line: _Observation) -> ReportLine:
    number = line.quantity.value
    codes = [coding.code for concept in line.interpretation for coding in concept.coding]
    return ReportLine(
        name=_named(line.code),
        value=_plain(number) if number is not None else line.text or _named(line.concept),
        unit=line.quantity.unit,
        reference=next((each.words for each in line.ranges if each.words), ""),
        flag=next((FLAGS[code] for code in codes if code in FLAGS), Flag.NONE),
    )


def _stands(line: _Observation) -> bool:
    return line.status not in ("entered-in-error", "cancelled")


def _named(concept: Concept) -> str:
    return concept.text or next((coding.display for coding in concept.coding if coding.display), "")


def _plain(number: Decimal | None) -> str:
    text = format(number, "f") if number is not None else ""
    return text.rstrip("0").rstrip(".") if "." in text else text


def _instant(text: str) -> datetime | None:
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return None
    return found if found.tzinfo else found.replace(tzinfo=SHANGHAI)


def _digest(raw: list[dict[str, Any]]) -> str:
    text = json.dumps(raw, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()
