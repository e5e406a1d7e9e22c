"""The small parts of a FHIR R4 resource, as JSON; what is empty is left out.

Decimals stay Decimal until they are written: `serving.written` makes numbers of them, digit by digit.
"""

from collections.abc import Iterable
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from telehealth.core.clock import SHANGHAI

Element = dict[str, Any]

ACT_CODE = "http://terminology.hl7.org/CodeSystem/v3-ActCode"
ATC = "http://www.whocc.no/atc"
ICD10 = "http://hl7.org/fhir/sid/icd-10"
UCUM = "http://unitsofmeasure.org"
#: Extensions of ours; `docs/fhir.md` says what each holds.
OWN = "urn:telehealth:fhir:"


def local(hospital: str, what: str) -> str:
    """The system of codes and numbers that one hospital gives: `urn:telehealth:yunan:drug`."""
    return f"urn:telehealth:{hospital}:{what}"


def present(**fields: Any) -> Element:
    """Without what is empty; a trailing underscore is for names that Python keeps to itself."""
    return {
        name.rstrip("_"): value
        for name, value in fields.items()
        if value is not None and value != "" and value != [] and value != {}
    }


def coding(system: str, code: str, display: str = "") -> Element:
    return present(system=system, code=code, display=display)


def concept(*codings: Element, text: str = "") -> Element:
    return present(coding=list(codings), text=text)


def identifier(system: str, value: str, *, use: str = "", kind: Element | None = None) -> Element:
    return present(use=use, type=kind, system=system, value=value)


def reference(kind: str, resource_id: object, display: str = "") -> Element:
    """To a resource that is served here."""
    return present(reference=f"{kind}/{resource_id}", display=display)


def logical(kind: str, system: str, value: object, display: str = "") -> Element:
    """To something that is not served: by its identifier, never by its name alone."""
    return present(type=kind, identifier=identifier(system, str(value)), display=display)


def contained(name: str) -> Element:
    return {"reference": f"#{name}"}


def quantity(value: Decimal | int, unit: str, code: str = "", system: str = UCUM) -> Element:
    return present(value=value, unit=unit, system=system if code else "", code=code)


def instant(at: datetime) -> str:
    """With all its digits, so that `_lastUpdated=gt…` of what was read finds what came after."""
    return at.astimezone(UTC).isoformat().replace("+00:00", "Z")


def moment(at: datetime) -> str:
    """A dateTime as the hospital's clocks show it."""
    return at.astimezone(SHANGHAI).isoformat(timespec="seconds")


def period(start: datetime | None, end: datetime | None) -> Element:
    return present(start=start and moment(start), end=end and moment(end))


def extension(name: str, **value: Any) -> Element:
    return {"url": OWN + name, **value}


def outcome(*issues: Element) -> Element:
    return {"resourceType": "OperationOutcome", "issue": list(issues)}


def issue(severity: str, code: str, text: str, *, facts: str = "", where: Iterable[str] = ()) -> Element:
    details = {"text": text}
    return present(severity=severity, code=code, details=details, diagnostics=facts, expression=list(where))
