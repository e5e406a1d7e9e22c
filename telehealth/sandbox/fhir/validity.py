"""The least a resource must be before this server keeps it."""

import re
from collections.abc import Mapping
from typing import Any

from telehealth.sandbox.fhir.outcomes import Outcome
from telehealth.sandbox.fhir.parameters import PARAMETERS

_ID = re.compile(r"[A-Za-z0-9.-]{1,64}")

ENCOUNTER_STATUSES = frozenset(
    (
        "planned",
        "arrived",
        "triaged",
        "in-progress",
        "onleave",
        "finished",
        "cancelled",
        "entered-in-error",
        "unknown",
    )
)

_REQUIRED: Mapping[str, tuple[str, ...]] = {
    "Encounter": ("status", "class", "subject"),
    "Condition": ("subject",),
    "MedicationRequest": ("status", "intent", "subject"),
    "DocumentReference": ("status", "content"),
    "Observation": ("status", "code"),
    "DiagnosticReport": ("status", "code", "subject"),
    "AllergyIntolerance": ("patient",),
    "Invoice": ("status", "subject"),
    "PaymentNotice": ("status", "request", "created", "payment", "recipient", "amount"),
}


def check(resource: Any, *, kind: str, id: str | None) -> dict[str, Any]:
    """
    Raises:
        Outcome: 400 when it is another thing than the address says, 422 when it breaks a rule of its type.
    """
    check_kind(kind)
    if not isinstance(resource, dict) or resource.get("resourceType") != kind:
        raise Outcome(400, "structure", f"the body is not a {kind}")
    if id is not None and (resource.get("id") != id or not _ID.fullmatch(id)):
        raise Outcome(400, "invalid", "the id in the body is not the id in the address")
    for element in _REQUIRED.get(kind, ()):
        if not resource.get(element):
            raise Outcome(422, "required", f"{kind}.{element} is required")
    if kind == "Encounter" and resource["status"] not in ENCOUNTER_STATUSES:
        raise Outcome(422, "code-invalid", "Encounter.status is not in the required value set")
    if not isinstance(resource.get("meta", {}), dict):
        raise Outcome(422, "structure", f"{kind}.meta is an object")
    return resource


def check_kind(kind: str) -> None:
    if kind not in PARAMETERS:
        raise Outcome(404, "not-supported", f"this server has no resource type {kind!r}")
