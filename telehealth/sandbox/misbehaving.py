"""What a careless hospital system returns: records nobody asked for, or none of the recent ones."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from telehealth.sandbox.dates import SHANGHAI, instant_text
from telehealth.sandbox.fhir.moments import span_of_period


def decoys(hospital: str, asked: Mapping[str, str], now: datetime) -> list[dict[str, Any]]:
    """Encounters newer than any true one, each wrong in one respect only."""
    patient = asked.get("patient") or asked.get("subject") or "Patient/yn01"
    patient = patient if "/" in patient else f"Patient/{patient}"
    here = f"Organization/{hospital}"

    def encounter(
        name: str,
        *,
        status: str = "finished",
        kind: str = "AMB",
        subject: str = patient,
        provider: str = here,
    ) -> dict[str, Any]:
        start = (now - timedelta(days=1)).astimezone(SHANGHAI)
        return {
            "resourceType": "Encounter",
            "id": f"decoy-{name}",
            "meta": {"versionId": "1", "lastUpdated": instant_text(start)},
            "status": status,
            "class": {"system": "http://terminology.hl7.org/CodeSystem/v3-ActCode", "code": kind},
            "subject": {"reference": subject},
            "period": {
                "start": start.isoformat(timespec="seconds"),
                "end": (start + timedelta(minutes=15)).isoformat(timespec="seconds"),
            },
            "serviceProvider": {"reference": provider},
        }

    return [
        encounter("cancelled", status="cancelled"),
        encounter("elsewhere", provider="Organization/elsewhere"),
        encounter("stranger", subject="Patient/somebody-else"),
        encounter("inpatient", kind="IMP"),
    ]


def is_recent(resource: Mapping[str, Any], since: datetime) -> bool:
    """Whether a copy made at `since` would lack this record."""
    period = resource.get("period") or {}
    if not period.get("start"):
        return False
    return span_of_period(period["start"], None).start > since
