"""A sample person as the FHIR resources of the hospital that treated them."""

from datetime import date, datetime, time, timedelta
from typing import Any

from telehealth.sandbox.dates import SHANGHAI
from telehealth.sandbox.people import Kind, Person, Visit

#: The document's identifier system and its type in v2-0203. The card's system is `CARD_SYSTEM`.
DOCUMENT_SYSTEMS: dict[Kind, tuple[str, str]] = {
    "resident_id": ("urn:oid:2.16.156.10011.1.3", "NNCHN"),
    "passport": ("urn:telehealth:passport", "PPN"),
    "hk_macau_permit": ("urn:telehealth:permit", "TRVL"),
    "taiwan_permit": ("urn:telehealth:permit", "TRVL"),
}
CARD_SYSTEM = "urn:telehealth:card:{hospital}"
SOCIAL_SECURITY_CARD_SYSTEM = "urn:telehealth:social-security-card"
SAMPLE_TAG = {"system": "urn:telehealth:sandbox", "code": "sample", "display": "样例数据"}

_V2_0203 = "http://terminology.hl7.org/CodeSystem/v2-0203"
_ACT_CODE = "http://terminology.hl7.org/CodeSystem/v3-ActCode"
_ICD_10 = "http://hl7.org/fhir/sid/icd-10"
_CLASSES = {"AMB": "门诊", "IMP": "住院", "EMER": "急诊", "VR": "线上问诊"}


def organizations(hospital: str, name: str, campuses: dict[str, str]) -> list[dict[str, Any]]:
    """The hospital, its campuses as locations, and one other hospital whose records were forwarded."""
    here: dict[str, Any] = {"resourceType": "Organization", "id": hospital, "active": True, "name": name}
    elsewhere: dict[str, Any] = {
        "resourceType": "Organization",
        "id": "elsewhere",
        "active": True,
        "name": "外院（样例）",
    }
    places: list[dict[str, Any]] = [
        {
            "resourceType": "Location",
            "id": id,
            "status": "active",
            "name": f"{name}{campus}",
            "managingOrganization": {"reference": f"Organization/{hospital}"},
        }
        for id, campus in campuses.items()
    ]
    return [{**resource, "meta": {"tag": [SAMPLE_TAG]}} for resource in (here, elsewhere, *places)]


def patient(person: Person, today: date) -> dict[str, Any]:
    number = person.number(today)
    system, code = DOCUMENT_SYSTEMS[person.kind]
    identifiers = [
        _identifier(system, code, number, use="official"),
        _identifier(CARD_SYSTEM.format(hospital=person.hospital), "MR", person.card, use="usual"),
    ]
    if person.linked:
        # The social-security card's number is the holder's ID number; the card is linked when it is here.
        identifiers.append(_identifier(SOCIAL_SECURITY_CARD_SYSTEM, "SS", number, use="secondary"))
    resource: dict[str, Any] = {
        "resourceType": "Patient",
        "id": person.id,
        "meta": {"tag": [SAMPLE_TAG]},
        "identifier": identifiers,
        "active": not person.replaced_by,
        "name": [{"use": "official", "text": person.name, "family": person.family, "given": [person.given]}],
        "telecom": [{"system": "phone", "value": person.phone, "use": "mobile"}],
        "gender": person.gender,
        "birthDate": person.born(today).isoformat(),
    }
    if person.contact is not None:
        relation = {
            "system": "http://terminology.hl7.org/CodeSystem/v3-RoleCode",
            "code": person.contact.relation,
        }
        resource["contact"] = [
            {
                "relationship": [{"coding": [relation]}],
                "name": {"text": person.contact.name},
                "telecom": [{"system": "phone", "value": person.contact.phone}],
            }
        ]
    if person.replaced_by:
        resource["link"] = [{"other": {"reference": f"Patient/{person.replaced_by}"}, "type": "replaced-by"}]
    return resource


def visits(person: Person, today: date) -> list[dict[str, Any]]:
    """The person's encounters, each after the condition it names."""
    resources: list[dict[str, Any]] = []
    for number, visit in enumerate(person.visits, start=1):
        condition = _condition(person, visit, number, today)
        resources += [condition] if condition else []
        resources.append(_encounter(person, visit, number, today))
    return resources


def _identifier(system: str, code: str, value: str, *, use: str) -> dict[str, Any]:
    return {
        "use": use,
        "type": {"coding": [{"system": _V2_0203, "code": code}]},
        "system": system,
        "value": value,
    }


def _encounter(person: Person, visit: Visit, number: int, today: date) -> dict[str, Any]:
    start = datetime.combine(visit.when(today), time(9, 10), SHANGHAI)
    length = timedelta(days=5) if visit.kind == "IMP" else timedelta(minutes=20)
    period = {"start": start.isoformat()}
    if visit.status in ("finished", "cancelled"):
        period["end"] = (start + length).isoformat()
    resource: dict[str, Any] = {
        "resourceType": "Encounter",
        "id": f"{person.id}-v{number}",
        "meta": {"tag": [SAMPLE_TAG]},
        "identifier": [
            {"system": f"urn:telehealth:visit:{person.hospital}", "value": f"{person.card}-{number:03d}"}
        ],
        "status": visit.status,
        "class": {"system": _ACT_CODE, "code": visit.kind, "display": _CLASSES[visit.kind]},
        "type": [{"text": visit.department}],
        "subject": {"reference": f"Patient/{person.id}"},
        "period": period,
        "serviceProvider": {"reference": f"Organization/{visit.provider or person.hospital}"},
    }
    if visit.campus:
        resource["location"] = [{"location": {"reference": f"Location/{visit.campus}"}}]
    if visit.diagnosis:
        resource["reasonCode"] = [{"text": visit.diagnosis[1]}]
        resource["diagnosis"] = [{"condition": {"reference": f"Condition/{person.id}-c{number}"}}]
    return resource


def _condition(person: Person, visit: Visit, number: int, today: date) -> dict[str, Any] | None:
    if visit.diagnosis is None:
        return None
    code, text = visit.diagnosis
    clinical = {"system": "http://terminology.hl7.org/CodeSystem/condition-clinical", "code": "active"}
    return {
        "resourceType": "Condition",
        "id": f"{person.id}-c{number}",
        "meta": {"tag": [SAMPLE_TAG]},
        "clinicalStatus": {"coding": [clinical]},
        "code": {"coding": [{"system": _ICD_10, "code": code, "display": text}], "text": text},
        "subject": {"reference": f"Patient/{person.id}"},
        "encounter": {"reference": f"Encounter/{person.id}-v{number}"},
        "recordedDate": visit.when(today).isoformat(),
    }
