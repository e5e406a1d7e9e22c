"""People the insurer knows, and covers as far along as a test needs them."""

from typing import Any
from urllib.parse import parse_qs, urlsplit
from uuid import UUID

import sqlalchemy as sa

from telehealth.core.ids import new_id, share_token
from telehealth.core.unit import Units
from telehealth.insurance.covering import Asked, CoverWish, ask, authorised
from telehealth.insurance.declaring import declare
from telehealth.insurance.models import Cover, InsuranceRecord
from telehealth.insurance.ports import Fee
from telehealth.insurance.pricing import price
from telehealth.insurance.rules import BEIJING
from telehealth.insurance.states import Category, CoverState
from tests.support.factories.bookings import House, Patient
from tests.support.sandbox import Sandbox

BACK = "http://testserver/insurance/return"


def insure(sandbox: Sandbox, who: Patient, **record: Any) -> Patient:
    """The insurer knows them; by default ordinary, in Beijing, 70 % from the fund, an empty account."""
    sandbox.put_insured(who.person.document_number, **{"name": who.person.name} | record)
    return who


async def say_region(units: Units, house: House, who: Patient, region: str = BEIJING) -> InsuranceRecord:
    async with units.of(who.actor) as unit:
        return await declare(unit, hospital_id=house.hospital.id, person_id=who.person.id, region=region)


def cover_wish(
    house: House, who: Patient, *, charge_id: UUID | None = None, total: int = 5000, **changes: Any
) -> CoverWish:
    facts: dict[str, Any] = {
        "charge_id": charge_id or new_id(),
        "hospital_id": house.hospital.id,
        "person_id": who.person.id,
        "lines": (Fee("consult_fee", "互联网复诊诊查费", total),),
        "in_wechat": True,
    }
    return CoverWish(**(facts | changes))


async def ask_cover(units: Units, house: House, who: Patient, **changes: Any) -> Asked:
    return await ask(units, who.actor, cover_wish(house, who, **changes), return_url=BACK)


def token_of(asked: Asked) -> str:
    return parse_qs(urlsplit(asked.url).query)["state"][0]


async def authorise_cover(
    units: Units, sandbox: Sandbox, house: House, who: Patient, **changes: Any
) -> Cover:
    """Asked for, and the patient agreed on the insurer's page."""
    asked = await ask_cover(units, house, who, **changes)
    number = sandbox.authorise_insurance(who.person.document_number, house.hospital.code)
    return await authorised(units, who.actor, token_of(asked), number)


async def priced_cover(units: Units, sandbox: Sandbox, house: House, who: Patient, **changes: Any) -> Cover:
    cover = await authorise_cover(units, sandbox, house, who, **changes)
    return await price(units, who.actor, cover.id)


async def add_cover(
    units: Units, house: House, who: Patient, charge_id: UUID, *, state: CoverState = CoverState.ASKED,
    **facts: Any,
) -> Cover:  # fmt: skip
    """As far along as told, where the insurer is not what a test is about."""
    total = facts.get("total", 5000)
    fees = [["consult_fee", "互联网复诊诊查费", total]]
    async with units.system("test") as unit:
        row = Cover(
            hospital_id=house.hospital.id,
            account_id=who.account.id,
            person_id=who.person.id,
            charge_id=charge_id,
            state=state,
            token=share_token(),
            serial_no=f"CV{new_id().hex[-16:]}",
            created_at=unit.now,
            **{"region": BEIJING, "division": "", "category": Category.ORDINARY, "total": total}
            | {"raw": {"fees": fees}}
            | facts,
        )
        unit.session.add(row)
        await unit.session.flush()
    return row


async def reread_cover(units: Units, cover_id: UUID) -> Cover:
    async with units.system("test") as unit:
        row = await unit.session.get(Cover, cover_id)
    assert row is not None
    return row


async def records(units: Units) -> list[InsuranceRecord]:
    async with units.system("test") as unit:
        return list(await unit.session.scalars(sa.select(InsuranceRecord)))


def held_by_insurer(sandbox: Sandbox, cover: Cover) -> list[str]:
    """The state of everything the insurer holds under this cover's number."""
    books = sandbox.insurance_books()["orders"].values()
    return [order["state"] for order in books if order["medOrgOrd"] == cover.serial_no]


def calls(sandbox: Sandbox) -> int:
    """How often the insurer was asked since the requests were last forgotten."""
    return sum(request["target"].startswith("/nhsa/api") for request in sandbox.requests("nhsa"))
