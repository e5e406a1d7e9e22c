"""What the FHIR door of a hospital can do, for programs: the CapabilityStatement."""

from telehealth.core.clock import HospitalDay
from telehealth.hospital.elements import Element
from telehealth.hospital.serving import Shelf

FHIR_VERSION = "4.0.1"


def capability_statement(shelf: Shelf, *, base: str, name: str, day: HospitalDay) -> Element:
    return {
        "resourceType": "CapabilityStatement",
        "status": "active",
        "date": day.isoformat(),
        "kind": "instance",
        "implementation": {"description": name, "url": base},
        "fhirVersion": FHIR_VERSION,
        "format": ["application/fhir+json", "json"],
        "rest": [
            {
                "mode": "server",
                "security": {
                    "cors": False,
                    "description": "Authorization: Bearer, with a key made by the hospital's administrator",
                },
                "resource": [_resource(shelf, kind) for kind in sorted(shelf.sources)],
            }
        ],
    }


def _resource(shelf: Shelf, kind: str) -> Element:
    source = shelf.source(kind)
    said: Element = {
        "type": kind,
        "interaction": [{"code": "read"}],
        "versioning": "versioned",
        "readHistory": False,
        "conditionalRead": "not-match",
    }
    if source.is_searched:
        said["interaction"].append({"code": "search-type"})
        said["searchParam"] = [{"name": name, "type": type_} for name, type_ in shelf.params(kind).items()]
    return said
