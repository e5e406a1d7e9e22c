"""What the demo hospitals dispense, and where: the sample drug book, pharmacies with stock, who works there.

Each step looks first, so a start that was interrupted goes on where it stopped.
"""

from dataclasses import dataclass
from datetime import time, timedelta
from decimal import Decimal
from uuid import UUID

import sqlalchemy as sa

from prescriptions.formulary import NoFormulary, published_book
from prescriptions.formulary.publishing import publish_sample
from prescriptions.reviewing import planning
from prescriptions.stock import Pharmacy, assign, pharmacies
from prescriptions.stock.receiving import receive
from prescriptions.stock.rules import Goods
from telehealth.accounts import StaffMember
from telehealth.core.clock import at_local
from telehealth.core.ids import new_id
from telehealth.core.unit import Unit, Units
from telehealth.directory import Hospital, campuses, hospitals

PACKS, GRAMS = Decimal(120), Decimal(20_000)
#: One drug is scarce, so that the pad and the board have something to say.
SCARCE = {"W020": Decimal(2), "H002": Decimal(60)}
DUTY_DAYS = 14
_DUTY_FROM, _DUTY_UNTIL = time(8), time(23, 30)


@dataclass(frozen=True, slots=True)
class _Place:
    hospital: str
    campus: str
    code: str
    name: str
    name_en: str
    county: str
    street: str
    #: Who works there, by sample login.
    logins: tuple[str, ...]
    decocts: bool = True


#: Streets and counties are samples, like the hospitals.
PLACES = (
    _Place(
        "yunan", "main", "main", "本部药房", "Main pharmacy", "清河区", "清河路 18 号门诊楼一层",
        ("pharmacy.yunan", "check.yunan"),
    ),
    _Place(
        "yunan", "east", "east", "东院区药房", "East campus pharmacy", "望江区", "望江东路 260 号一层",
        ("pharmacy.east", "check.east"), decocts=False,
    ),
    _Place(
        "jiangbin", "main", "main", "门诊药房", "Outpatient pharmacy", "临江区", "临江大道 7 号一层", ()
    ),
)  # fmt: skip
PHARMACISTS = ("pharmacist.yunan",)


async def open_sample_pharmacies(units: Units) -> None:
    """Book, pharmacies, people, stock and duty of every sample hospital; to be run at each start."""
    async with units.system("demo") as unit:
        for place in await hospitals(unit):
            await _book(unit, place.id)
            await _pharmacies(unit, place)
        await _duties(unit)


async def _book(unit: Unit, hospital_id: UUID) -> None:
    try:
        await published_book(unit, hospital_id)
    except NoFormulary:
        await publish_sample(unit, hospital_id)


async def _pharmacies(unit: Unit, hospital: Hospital) -> None:
    known = {row.code for row in await pharmacies(unit, hospital.id)}
    campus_ids = {row.code: row.id for row in await campuses(unit, hospital.id)}
    for order, place in enumerate(each for each in PLACES if each.hospital == hospital.code):
        if place.code in known:
            continue
        row = Pharmacy(
            id=new_id(),
            hospital_id=hospital.id,
            campus_id=campus_ids[place.campus],
            code=place.code,
            name=place.name,
            name_en=place.name_en,
            phone=hospital.phone,
            province="浙江省",
            city="云安市" if hospital.code == "yunan" else "江滨市",
            county=place.county,
            address=place.street,
            has_window=True,
            sends=True,
            decocts=place.decocts,
            has_cold_chain=place.code == "main",
            opens="08:00",
            closes="17:00",
            is_open=True,
            order=order,
        )
        unit.session.add(row)
        # Lots and people point at it.
        await unit.session.flush()
        for login in place.logins:
            if member := await _member(unit, login):
                await assign(unit, row.id, member.account_id)
        await _fill(unit, row)


async def _fill(unit: Unit, place: Pharmacy) -> None:
    book = (await published_book(unit, place.hospital_id)).book
    goods = []
    for number, code in enumerate((*book.medicines, *book.herbs)):
        usual = PACKS if code in book.medicines else GRAMS
        for part, (share, months) in enumerate(((Decimal("0.25"), 8), (Decimal("0.75"), 20))):
            amount = (SCARCE.get(code, usual) * share).to_integral_value()
            if amount:
                expires = unit.today + timedelta(days=30 * months + number)
                goods.append(Goods(code, f"S{unit.today:%y%m}{part + 1}{number:03d}", expires, amount))
    await receive(unit, place, goods)


async def _duties(unit: Unit) -> None:
    """The sample pharmacist is there every day until late."""
    for login in PHARMACISTS:
        member = await _member(unit, login)
        if member is None:
            continue
        for days in range(DUTY_DAYS):
            day = unit.today + timedelta(days=days)
            await planning.plan_duty(
                unit,
                member.hospital_id,
                member.account_id,
                starts_at=at_local(day, _DUTY_FROM),
                ends_at=at_local(day, _DUTY_UNTIL),
            )


async def _member(unit: Unit, login: str) -> StaffMember | None:
    found: StaffMember | None = await unit.session.scalar(
        sa.select(StaffMember).where(StaffMember.login == login)
    )
    return found
