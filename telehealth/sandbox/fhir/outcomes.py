"""Every refusal of the FHIR server is an OperationOutcome."""

from collections.abc import Mapping
from typing import Any

from starlette.responses import JSONResponse, Response

MEDIA_TYPE = "application/fhir+json; fhirVersion=4.0"


class Outcome(Exception):
    """`code` is from the IssueType value set: login, invalid, not-found, throttled …"""

    def __init__(
        self, status: int, code: str, diagnostics: str, *, headers: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(diagnostics)
        self.status = status
        self.code = code
        self.diagnostics = diagnostics
        self.headers = dict(headers or {})

    def resource(self) -> dict[str, Any]:
        return operation_outcome("error", self.code, self.diagnostics)

    def response(self) -> Response:
        return fhir_response(self.resource(), self.status, self.headers)


def operation_outcome(severity: str, code: str, diagnostics: str) -> dict[str, Any]:
    return {
        "resourceType": "OperationOutcome",
        "issue": [{"severity": severity, "code": code, "diagnostics": diagnostics}],
    }


def fhir_response(
    resource: Mapping[str, Any], status: int = 200, headers: Mapping[str, str] | None = None
) -> Response:
    return JSONResponse(resource, status, dict(headers or {}), media_type=MEDIA_TYPE)
