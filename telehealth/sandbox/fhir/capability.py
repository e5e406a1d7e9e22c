"""What the server says of itself."""

from typing import Any

from telehealth.sandbox.fhir.parameters import INCLUDES, PARAMETERS


def capability_statement(base: str, hospital_name: str, date: str) -> dict[str, Any]:
    return {
        "resourceType": "CapabilityStatement",
        "status": "active",
        "date": date,
        "kind": "instance",
        "fhirVersion": "4.0.1",
        "format": ["json"],
        "implementation": {"description": f"{hospital_name}（沙箱，样例数据）", "url": base},
        "rest": [
            {
                "mode": "server",
                "security": {"description": "Authorization: Bearer, static token"},
                "interaction": [{"code": "transaction"}],
                "resource": [_resource(kind) for kind in PARAMETERS],
            }
        ],
    }


def _resource(kind: str) -> dict[str, Any]:
    return {
        "type": kind,
        "versioning": "versioned-update",
        "conditionalCreate": True,
        "interaction": [{"code": code} for code in ("read", "create", "update", "delete", "search-type")],
        "searchInclude": [include for include in INCLUDES if include.startswith(f"{kind}:")],
        "searchParam": [
            {"name": name, "type": parameter.kind} for name, parameter in PARAMETERS[kind].items()
        ],
    }
