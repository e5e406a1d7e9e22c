"""One bill as a person sees it: where, until when, by which way, and what became of it."""

import json
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from telehealth.core.i18n import N_
from telehealth.core.unit import Unit
from telehealth.directory import Campus, said
from telehealth.family.viewing import sees_details
from telehealth.insurance import Category, record_of
from telehealth.insurance.rules import UNINSURED
from telehealth.outpatient import queries
from telehealth.outpatient.models import OutpatientBill
from telehealth.outpatient.queries import BillPlace
from telehealth.outpatient.states import BillState
from telehealth.outpatient.wording import BILL_KINDS, BILL_STATES
from telehealth.patients import Person, person


@dataclass(frozen=True, slots=True)
class Item:
    #: As the hospital calls it, or the kind of bill where this reader may not know (GS01).
    text: str
    amount: int
    withheld: bool = False


@dataclass(frozen=True, slots=True)
class View:
    place: BillPlace
    patient: Person
    items: tuple[Item, ...]
    #: What staying insured means for this person; empty for somebody known to be uninsured.
    window_sentence: str
    #: Where they were last, when that was elsewhere (BJ05).
    last_campus: Campus | None

    @property
    def bill(self) -> OutpatientBill:
        return self.place.bill

    @property
    def is_due(self) -> bool:
        return self.bill.state is BillState.DUE

    @property
    def is_waiting(self) -> bool:
        """The hospital is still being told, or its pharmacy has not called yet."""
        called = self.bill.called_at is not None or not self.bill.pickup_number
        return self.bill.state is BillState.PAID or (self.bill.state is BillState.CONFIRMED and not called)


#: XY08, XY09, GS10. With the deadline, which stands beside it.
INSURED = N_("需要医保报销，请到医院窗口支付。在手机上支付为自费，之后不能再报销。")
CATEGORY = N_(
    "您的门诊慢特病、生育或工伤待遇不能线上结算。需要报销，请到医院窗口支付；在手机上支付为自费，之后不能再报销。"
)


async def bill_place(unit: Unit, bill_id: UUID) -> BillPlace:
    """With the names around it. Raises BillNotFound."""
    return await queries.bill_of(unit, bill_id)


async def view_of(unit: Unit, bill_id: UUID) -> View:
    """Raises BillNotFound."""
    place = await queries.bill_of(unit, bill_id)
    row = place.bill
    last = await queries.last_visit_campus(unit, row.hospital_id, row.person_id, before=unit.now)
    return View(
        place=place,
        patient=await person(unit, row.person_id),
        items=items_of(row, named=await may_name(unit, row)),
        window_sentence=await window_sentence(unit, row),
        last_campus=last if last is not None and last.id != row.campus_id else None,
    )


async def may_name(unit: Unit, row: OutpatientBill) -> bool:
    """Who was ever bound to pay for somebody reads names only with their word (GS01)."""
    actor = unit.actor
    return actor.is_staff or await sees_details(unit, actor.account, row.person_id)


def items_of(row: OutpatientBill, *, named: bool = True) -> tuple[Item, ...]:
    kind = BILL_KINDS[row.kind][0]
    return tuple(
        Item(line["text"] if named else kind, line["amount"], withheld=not named)
        for line in json.loads(row.lines)
    )


async def window_sentence(unit: Unit, row: OutpatientBill) -> str:
    """What somebody who may be insured gives up by paying here; "" for whoever is known not to be."""
    known = await record_of(unit, row.hospital_id, row.person_id)
    if known is not None and known.region == UNINSURED:
        return ""
    is_ordinary = known is None or known.category in (None, Category.ORDINARY)
    return INSURED if is_ordinary else CATEGORY


def campus_name(place: BillPlace, lang: str) -> str:
    return said(place.campus, "name", lang) if place.campus is not None else place.bill.campus_name


def line(place: BillPlace, patient: Person | None, lang: str) -> dict[str, Any]:
    """One row of a list."""
    row = place.bill
    return {
        "href": f"/bills/{row.id}",
        "number": row.number,
        "kind": BILL_KINDS[row.kind][0],
        "icon": BILL_KINDS[row.kind][1],
        "patient": patient.name if patient else "",
        "department": row.department,
        "day": row.visited_on,
        "amount": row.amount,
        "tag": BILL_STATES[row.state],
        "due": row.shown_until if row.state is BillState.DUE else None,
        "pickup": row.pickup_number if row.state is BillState.CONFIRMED else "",
        "window": row.window,
    }
