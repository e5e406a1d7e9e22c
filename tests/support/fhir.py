"""Another system of a hospital, and a second opinion on what it is given: the models of fhir.resources."""

from dataclasses import dataclass
from typing import Any

import httpx2
from fhir.resources.R4B import get_fhir_model_class

from telehealth.core.access import Role
from telehealth.core.unit import Units
from telehealth.hospital.keying import make_key
from tests.support.factories.accounts import add_staff, staff

#: The library's models do not check codes; these lists are the specification's (HL7 FHIR R4).
STATUSES = {
    "Encounter": {
        "planned", "arrived", "triaged", "in-progress", "onleave", "finished", "cancelled",
        "entered-in-error", "unknown",
    },
    "MedicationRequest": {
        "active", "on-hold", "cancelled", "completed", "entered-in-error", "stopped", "draft", "unknown",
    },
    "MedicationDispense": {
        "preparation", "in-progress", "cancelled", "on-hold", "completed", "entered-in-error", "stopped",
        "declined", "unknown",
    },
    "DocumentReference": {"current", "superseded", "entered-in-error"},
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class System:
    """Whoever holds a key."""

    http: httpx2.AsyncClient
    code: str
    key: str
    key_id: str

    async def ask(self, path: str, **headers: str) -> httpx2.Response:
        known = {"authorization": f"Bearer {self.key}"} | {
            name.replace("_", "-"): value for name, value in headers.items()
        }
        return await self.http.get(f"/fhir/{self.code}/{path}", headers=known)

    async def read(self, path: str) -> dict[str, Any]:
        answer = await self.ask(path)
        assert answer.status_code == 200, answer.text
        return valid(answer)

    async def search(self, path: str) -> list[dict[str, Any]]:
        bundle = await self.read(path)
        assert bundle["type"] == "searchset"
        return [entry["resource"] for entry in bundle.get("entry", ()) if entry["search"]["mode"] == "match"]


async def add_system(
    units: Units, http: httpx2.AsyncClient, hospital_id: Any, code: str = "yunan", name: str = "样例门诊系统"
) -> System:
    admin = staff(await add_staff(units, hospital_id, [Role.ADMIN], login=f"admin.{code}.{len(name)}"))
    async with units.of(admin) as unit:
        row, key = await make_key(unit, name)
    return System(http, code, key, str(row.id))


def valid(answer: httpx2.Response) -> dict[str, Any]:
    """The resource, once an independent library has taken every field of it."""
    assert answer.headers["content-type"] == "application/fhir+json; charset=utf-8"
    body: dict[str, Any] = answer.json()
    get_fhir_model_class(body["resourceType"]).model_validate(body)
    _require_codes(body)
    return body


def refused(answer: httpx2.Response, status: int, code: str) -> dict[str, Any]:
    assert answer.status_code == status, answer.text
    body = valid(answer)
    assert body["resourceType"] == "OperationOutcome"
    assert [(one["severity"], one["code"]) for one in body["issue"]] == [("error", code)]
    return body


def _require_codes(body: dict[str, Any]) -> None:
    kind = body["resourceType"]
    if kind in STATUSES:
        assert body["status"] in STATUSES[kind]
    for entry in body.get("entry", ()):
        _require_codes(entry["resource"])
