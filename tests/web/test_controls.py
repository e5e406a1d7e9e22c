"""Controls that the law asks of the house (docs/controls.md), shown where a stranger would try them."""

import httpx2
import pytest

from telehealth.core.access import GRANTS, Actor, Permission, Role
from telehealth.core.errors import FieldsInvalid
from telehealth.core.unit import Units
from telehealth.rulebook.rules import parse_policy
from tests.support.factories.accounts import PASSWORD, add_staff, cookie, staff, totp_at
from tests.support.factories.directory import add_hospital

Client = httpx2.AsyncClient

STAFF = sorted(role for role in Role if role is not Role.PATIENT)


@pytest.mark.parametrize("role", STAFF)
async def test_REG12_no_role_of_staff_signs_in_by_password_alone(
    client: Client, units: Units, role: Role
) -> None:
    hospital = await add_hospital(units)
    await add_staff(units, hospital.id, (role,))
    step = await client.post("/api/v1/staff/sign-ins", json={"login": "desk", "password": PASSWORD})
    assert (step.status_code, step.json()["owes"]) == (201, "totp")
    assert "set-cookie" not in step.headers and "access_token" not in step.json()
    body = {"ticket": step.json()["ticket"], "totp": "000000", "channel": "app"}
    assert (await client.post("/api/v1/staff/sessions", json=body)).status_code == 401
    opened = await client.post("/api/v1/staff/sessions", json=body | {"totp": totp_at(units)})
    assert opened.status_code == 201


@pytest.mark.parametrize("role", STAFF)
@pytest.mark.parametrize("assurance", ["password", "code", ""])
async def test_REG12_a_session_of_staff_without_a_second_factor_opens_nothing(
    client: Client, units: Units, role: Role, assurance: str
) -> None:
    hospital = await add_hospital(units)
    member = await add_staff(units, hospital.id, (role,))
    whole = staff(member)
    half = Actor.signed_in(
        whole.account, whole.roles, hospital_id=whole.hospital, name=whole.name, assurance=assurance
    )
    assert (await client.get("/staff", headers=await cookie(units, half))).status_code == 403
    assert (await client.get("/api/v1/staff/work", headers=await cookie(units, half))).status_code == 403
    assert (await client.get("/staff", headers=await cookie(units, whole))).status_code == 200


def test_REG12_every_role_of_staff_enters_by_the_same_door() -> None:
    for role in STAFF:
        assert Permission.STAFF_HOME in GRANTS[role]
    assert Permission.STAFF_HOME not in GRANTS[Role.PATIENT]


@pytest.mark.parametrize(("months", "is_lawful"), [(5, False), (6, True)])
def test_REG12_logs_are_kept_for_six_months_at_least(months: int, is_lawful: bool) -> None:
    if is_lawful:
        assert parse_policy({"retention_years": {"network_log_months": months}})
        return
    with pytest.raises(FieldsInvalid):
        parse_policy({"retention_years": {"network_log_months": months}})
