"""What the doctor, the pharmacist and the pharmacy do to one sheet, each verb by whoever may do it."""

from collections.abc import Awaitable, Callable, Mapping
from uuid import UUID

import sqlalchemy as sa

from prescriptions.pharmacy import checking, claiming, handing, packing, picking
from prescriptions.pharmacy.handing import Collector, Document
from prescriptions.pharmacy.queries import live_parcel, order, picks
from prescriptions.pharmacy.rules import MATCHES
from prescriptions.queries import prescription
from prescriptions.reviewing import answering
from prescriptions.states import DispatchState, Path
from prescriptions.stock.queries import lots_of
from prescriptions.writing import signing
from telehealth.accounts.models import StaffMember
from telehealth.core.access import Actor
from telehealth.core.limits import Limiter
from telehealth.core.unit import Units
from telehealth.patients import person
from tests.support.factories.accounts import staff
from tests.support.factories.consulting import sign_in
from tests.support.factories.writing import PRESS

DOCTOR, PHARMACIST, FIRST, SECOND = "doctor", "pharmacist", "first", "second"
Verb = Callable[[Units, Actor, UUID], Awaitable[object]]


async def sign(units: Units, actor: Actor, sheet: UUID) -> object:
    async with units.of(actor) as unit:
        version = (await prescription(unit, sheet)).version
    return await signing.sign(units, actor, sheet, version=version, press=PRESS)


async def pass_on(units: Units, actor: Actor, sheet: UUID) -> object:
    async with units.of(actor) as unit:
        issue = (await prescription(unit, sheet)).issue
    return await answering.pass_sheet(units, actor, sheet, issue=issue, acknowledged=(), press=PRESS)


async def claim(units: Units, actor: Actor, sheet: UUID) -> object:
    async with units.of(actor) as unit:
        return await claiming.claim(unit, actor, sheet)


async def pick(units: Units, actor: Actor, sheet: UUID) -> object:
    """One scan after the other, as the desk sends them; who finds some scanned goes on from there."""
    async with units.of(actor) as unit:
        row, scanned = await order(unit, sheet), await picks(unit, sheet)
        codes = (await picking.needs(unit, sheet)).keys() - {each.drug_code for each in scanned}
        lots = [(await lots_of(unit, row.pharmacy_id, [code]))[0] for code in sorted(codes)]
    for lot in lots:
        async with units.of(actor) as unit:
            await picking.scan(unit, actor, sheet, f"{lot.drug_code}/{lot.lot_number}")
    return await picking.finish_checked(units, actor, sheet)


async def check(units: Units, actor: Actor, sheet: UUID) -> object:
    async with units.of(actor) as unit:
        return await checking.check(unit, actor, sheet, MATCHES)


async def pack(units: Units, actor: Actor, sheet: UUID) -> object:
    async with units.of(actor) as unit:
        return await packing.pack(unit, actor, sheet)


async def hand_out(units: Units, actor: Actor, sheet: UUID) -> object:
    """To the courier, or to the patient who shows their document."""
    async with units.of(actor) as unit:
        row, parcel = await order(unit, sheet), await live_parcel(unit, sheet)
        if row.path is Path.COURIER:
            return await handing.hand_over(unit, actor, sheet, parcel.waybill if parcel is not None else "")
        who = await person(unit, (await prescription(unit, sheet)).person_id)
        shown = Collector(who.name, patient=Document("id_card", who.document_number))
        return await handing.collect(unit, Limiter(), actor, sheet, shown, counselling="样例：饭后服用")


#: Verb → who does it, and how.
VERBS: Mapping[str, tuple[str, Verb]] = {
    "sign": (DOCTOR, sign),
    "pass": (PHARMACIST, pass_on),
    "claim": (FIRST, claim),
    "pick": (FIRST, pick),
    "check": (SECOND, check),
    "pack": (FIRST, pack),
    "hand_out": (SECOND, hand_out),
}
#: One after the other, and what each leads to.
STEPS = (
    ("claim", DispatchState.CLAIMED),
    ("pick", DispatchState.PICKED),
    ("check", DispatchState.CHECKED),
    ("pack", DispatchState.PACKED),
)


async def do(units: Units, hospital_id: UUID, verb: str, sheet: UUID) -> None:
    """Raises the domain errors of the verb."""
    login, act = VERBS[verb]
    await act(units, await member(units, hospital_id, login), sheet)


async def member(units: Units, hospital_id: UUID, login: str) -> Actor:
    """One of its people, on a device of their own with the second factor just given."""
    async with units.system("rehearsal") as unit:
        found = sa.select(StaffMember).where(
            StaffMember.hospital_id == hospital_id, StaffMember.login == login
        )
        row = (await unit.session.scalars(found)).one()
    return await sign_in(units, staff(row))
