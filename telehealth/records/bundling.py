"""A person's record as one FHIR R4 bundle: who they are, visits, reports with their lines, papers."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from telehealth.hospital import VisitKind
from telehealth.hospital.reports import Flag, ReportKind, ReportStatus
from telehealth.patients import Person
from telehealth.records.issuing import filename_of
from telehealth.records.models import Paper, Report
from telehealth.records.papers import Item
from telehealth.records.refreshing import told_in
from telehealth.records.showing import Visit

Body = dict[str, Any]

_CLASSES = {
    VisitKind.OUTPATIENT: "AMB",
    VisitKind.ONLINE: "VR",
    VisitKind.INPATIENT: "IMP",
    VisitKind.EMERGENCY: "EMER",
}
_STATUS = {
    ReportStatus.FINAL: "final",
    ReportStatus.AMENDED: "amended",
    ReportStatus.PRELIMINARY: "preliminary",
}
_SECTION = {ReportKind.LABORATORY: "LAB", ReportKind.IMAGING: "RAD"}
_FLAGS = {
    Flag.NORMAL: "N", Flag.HIGH: "H", Flag.VERY_HIGH: "HH", Flag.LOW: "L", Flag.VERY_LOW: "LL",
    Flag.ABNORMAL: "A",
}  # fmt: skip
_INTERPRETATION = "http://terminology.hl7.org/CodeSystem/v3-ObservationInterpretation"


def bundle(
    person: Person,
    items: Sequence[Item],
    reports: Sequence[Report],
    visits: Sequence[Visit],
    papers: Sequence[Paper],
    at: datetime,
) -> Body:
    """A `collection`; references lead within it, by `urn:uuid:`."""
    subject = {"reference": f"urn:uuid:{person.id}"}
    dates = {(item.kind, item.id): item.at for item in items}
    entries = [
        _entry(str(person.id), _patient(person)),
        *(_visit(visit, subject) for visit in visits),
        *(entry for report in reports for entry in _report(report, subject)),
        *(_document(paper, dates, subject) for paper in papers),
    ]
    return {"resourceType": "Bundle", "type": "collection", "timestamp": at.isoformat(), "entry": entries}


def _patient(person: Person) -> Body:
    return {
        "resourceType": "Patient",
        "id": str(person.id),
        "name": [{"use": "official", "text": person.name}],
        "identifier": [{"type": {"text": str(person.document_kind)}, "value": person.document_number}],
        "gender": str(person.sex),
        "birthDate": person.birth_date.isoformat(),
    }


def _visit(visit: Visit, subject: Body) -> Body:
    evidence = visit.evidence
    return {
        "resource": {
            "resourceType": "Encounter",
            "id": evidence.resource_id,
            "status": "finished",
            "class": {
                "system": "http://terminology.hl7.org/CodeSystem/v3-ActCode",
                "code": _CLASSES.get(evidence.kind, "AMB"),
            },
            "subject": subject,
            "period": {"start": evidence.on.isoformat()},
            "serviceProvider": {"display": visit.hospital.name},
            "reasonCode": [{"text": each.text} for each in evidence.diagnoses],
        }
    }


def _report(row: Report, subject: Body) -> list[Body]:
    told, lines = told_in(row), []
    for place, line in enumerate(told.lines, start=1):
        body: Body = {
            "resourceType": "Observation",
            "id": f"{row.id}-{place}",
            "status": "final",
            "code": {"text": line.name},
            "subject": subject,
            "effectiveDateTime": told.taken_at.isoformat(),
            # As the laboratory printed it: a number is not made of what may be "<0.01".
            "valueString": f"{line.value} {line.unit}".strip(),
        }
        if line.reference:
            body["referenceRange"] = [{"text": line.reference}]
        if line.flag in _FLAGS:
            body["interpretation"] = [{"coding": [{"system": _INTERPRETATION, "code": _FLAGS[line.flag]}]}]
        lines.append({"fullUrl": f"urn:telehealth:report-line:{row.id}-{place}", "resource": body})
    report: Body = {
        "resourceType": "DiagnosticReport",
        "id": str(row.id),
        "status": _STATUS[told.status],
        "code": {"text": told.title},
        "subject": subject,
        "effectiveDateTime": told.taken_at.isoformat(),
        "issued": told.reported_at.isoformat(),
        "result": [{"reference": line["fullUrl"]} for line in lines],
    }
    if told.kind in _SECTION:
        system = "http://terminology.hl7.org/CodeSystem/v2-0074"
        report["category"] = [{"coding": [{"system": system, "code": _SECTION[told.kind]}]}]
    if told.conclusion:
        report["conclusion"] = told.conclusion
    return [*lines, _entry(str(row.id), report)]


def _document(paper: Paper, dates: Mapping[Any, datetime], subject: Body) -> Body:
    at = dates.get((paper.kind, paper.subject_id), paper.issued_at)
    document = {
        "resourceType": "DocumentReference",
        "id": str(paper.id),
        "status": "current",
        "type": {"text": str(paper.kind)},
        "subject": subject,
        "date": at.isoformat(),
        "description": paper.name,
        "content": [
            {
                "attachment": {
                    "contentType": "application/pdf",
                    "url": f"papers/{filename_of(paper)}",
                    "title": paper.name,
                    "size": paper.size,
                }
            }
        ],
    }
    return _entry(str(paper.id), document)


def _entry(identity: str, body: Body) -> Body:
    return {"fullUrl": f"urn:uuid:{identity}", "resource": body}
