"""A pharmacist with a fresh second factor, shelves with everything on them, and signed sheets to answer."""

from dataclasses import dataclass
from typing import Any

from prescriptions.formulary.book import sample_book
from prescriptions.models import Prescription
from prescriptions.reviewing import answering
from prescriptions.stock.models import Pharmacy
from telehealth.core.access import Actor, Role
from telehealth.core.unit import Units
from tests.support.factories.accounts import add_staff, staff
from tests.support.factories.consulting import sign_in
from tests.support.factories.dispatch import add_pharmacy, stock
from tests.support.factories.writing import PRESS, Desk, lines_now, open_desk, permit_medicines, signed


@dataclass(frozen=True, slots=True)
class Review:
    """`desk` is the doctor's."""

    desk: Desk
    pharmacist: Actor
    pharmacy: Pharmacy


async def open_review(units: Units, *, shelves: int = 1000, **facts: Any) -> Review:
    desk = await open_desk(units, **facts)
    # So that nothing is left unknown, unless a test is about that.
    await permit_medicines(units, desk)
    pharmacy = await add_pharmacy(units, desk.visit)
    if shelves:
        book = sample_book()
        await stock(units, pharmacy, dict.fromkeys((*book.medicines, *book.herbs), shelves))
    return Review(desk, await add_pharmacist(units, desk), pharmacy)


async def add_pharmacist(units: Units, desk: Desk, login: str = "pharmacist") -> Actor:
    member = await add_staff(
        units, desk.visit.house.hospital.id, [Role.PHARMACIST], login=login, name="样例药师"
    )
    return await sign_in(units, staff(member))


async def to_review(units: Units, place: Review, *lines: dict[str, Any], **facts: Any) -> Prescription:
    return await signed(units, place.desk, *lines, **facts)


async def passed(
    units: Units, place: Review, rx: Prescription, *, pharmacist: Actor | None = None
) -> Prescription:
    """Every re-signed line acknowledged."""
    seen = {line.position for line in await lines_now(units, rx) if line.resigned_at is not None}
    return await answering.pass_sheet(
        units, pharmacist or place.pharmacist, rx.id, issue=rx.issue, acknowledged=seen, press=PRESS
    )
