"""What people do with a bill of the hospital's own system, and what its window does meanwhile."""

import asyncio
import time
from dataclasses import dataclass
from uuid import UUID

from telehealth.outpatient.models import OutpatientBill
from telehealth.rulebook.rules import ClinicKind
from tests.crash.errands import Errand, Visit, WentOtherwise, begin, expect, press_pay, settled
from tests.crash.town import Town, Visitor
from tests.support.factories.bills import Counter, patient_at
from tests.support.factories.family import add_member

#: Until the house has heard from the hospital, over any number of deaths.
HEARD_WITHIN_S = 300
_ASKS = 20
_PRICES = ((3640, 2880), (1200,), (6800, 4500))
_DEARER = 9900


@dataclass(frozen=True, slots=True)
class Bill:
    visitor: Visitor
    counter: Counter
    id: UUID
    resource_id: str
    #: In fen.
    amount: int


# Steps.


async def ordered(town: Town) -> Bill:
    """A doctor of the hospital orders something, and the patient's app shows what it costs."""
    visitor = await town.visitor(ClinicKind.OFFLINE)
    counter = await patient_at(town.units, town.sandbox, town.hospital, visitor.who)
    kind = town.chance.choice(("drug", "drug", "exam"))
    lines = town.chance.choice(_PRICES)
    resource_id = await asyncio.to_thread(lambda: counter.orders(*lines, kind=kind))
    for _ in range(_ASKS):
        await town.client.post(visitor.token, "/outpatient-bills/refreshes")
        shown = expect(await town.client.get(visitor.token, "/outpatient-bills"), 200)["items"]
        if shown:
            town.note(f"owes {shown[0]['number']} {shown[0]['id']}")
            return Bill(visitor, counter, UUID(shown[0]["id"]), resource_id, shown[0]["amount"])
        await asyncio.sleep(1)
    raise AssertionError(f"{resource_id} is owed, and nobody was shown it")


async def charged(town: Town, bill: Bill, *, by: Visitor | None = None, amount: int | None = None) -> Visit:
    payer = by or bill.visitor
    body = {"amount": bill.amount if amount is None else amount, "agrees_self_pay": True}
    said = expect(await town.client.post(payer.token, f"/outpatient-bills/{bill.id}/charge", body), 201)
    return Visit(payer, str(bill.id), charge_id=said["charge_id"])


async def at_till(town: Town) -> tuple[Bill, Visit]:
    bill = await ordered(town)
    visit = await charged(town, bill)
    await begin(town, visit)
    return bill, visit


async def pay(town: Town, visit: Visit) -> None:
    if not await press_pay(town, visit):
        raise WentOtherwise("not payable")
    await settled(town, visit)
    town.promise_bill(visit.charge_id)


async def at_window(town: Town, bill: Bill, verb: str, **body: int) -> None:
    """What the hospital's own people do to it. They may be late."""
    status = await asyncio.to_thread(lambda: bill.counter.press(bill.resource_id, verb, **body))
    town.note(f"{verb} of {bill.id} at the window: {status}")


async def heard(town: Town, bill: Bill) -> OutpatientBill:
    """Until the hospital said what became of the money."""
    end = time.monotonic() + HEARD_WITHIN_S
    while time.monotonic() < end:
        row = await bill.counter.bill(bill.id)
        if row.state != "paid":
            return row
        await asyncio.sleep(0.5)
    raise AssertionError(f"{bill.id} was paid, and the hospital was never told")


# Whole errands.


async def pays_bill(town: Town) -> None:
    _, visit = await at_till(town)
    await pay(town, visit)


async def pays_bill_and_leaves(town: Town) -> None:
    """Pays and never looks again: the house finds out by itself."""
    _, visit = await at_till(town)
    await press_pay(town, visit)


async def leaves_bill(town: Town) -> None:
    """The price that was asked for lapses, and perhaps is paid at the last moment."""
    _, visit = await at_till(town)
    if town.chance.random() < 0.2:
        await press_pay(town, visit)


async def window_first(town: Town) -> None:
    """Somebody stood at the window meanwhile: what the phone pays goes back."""
    bill, visit = await at_till(town)
    await at_window(town, bill, "payment")
    await pay(town, visit)


async def window_too(town: Town) -> None:
    """At the window and on the phone at once: the hospital says which of both stands."""
    bill, visit = await at_till(town)
    await asyncio.gather(press_pay(town, visit), at_window(town, bill, "payment"))


async def taken_back(town: Town) -> None:
    """The doctor cancels the order while it is being paid, before or after the family looked again."""
    bill, visit = await at_till(town)
    await at_window(town, bill, "cancellation")
    if town.chance.random() < 0.5:
        await town.client.post(visit.token, "/outpatient-bills/refreshes")
    if await press_pay(town, visit) and town.chance.random() < 0.5:
        await settled(town, visit)
        town.promise_bill(visit.charge_id)


async def dearer(town: Town) -> None:
    """Paid at yesterday's price, given back, and paid again at today's by another charge."""
    bill, visit = await at_till(town)
    await at_window(town, bill, "price", amount=_DEARER)
    await pay(town, visit)
    now = await heard(town, bill)
    again = await charged(town, bill, amount=now.amount)
    await begin(town, again)
    await pay(town, again)


async def two_relatives(town: Town) -> None:
    """Both see it, both press: one of them is told that somebody is paying it already."""
    bill = await ordered(town)
    relative, patient = await town.visitor(ClinicKind.OFFLINE), bill.visitor.who.person
    await add_member(
        town.units, relative.who.account,
        name=patient.name, born=patient.birth_date, number=patient.document_number,
    )  # fmt: skip
    ends = await asyncio.gather(
        *(_pays(town, bill, payer) for payer in (bill.visitor, relative)), return_exceptions=True
    )
    for end in ends:
        if isinstance(end, BaseException) and not isinstance(end, WentOtherwise):
            raise end


async def _pays(town: Town, bill: Bill, payer: Visitor) -> None:
    visit = await charged(town, bill, by=payer)
    await begin(town, visit)
    await pay(town, visit)


#: As in `errands.ERRANDS`.
ERRANDS: dict[str, Errand] = {
    "pays_bill": Errand(pays_bill, 2),
    "pays_bill_and_leaves": Errand(pays_bill_and_leaves, 1),
    "leaves_bill": Errand(leaves_bill, 1),
    "window_first": Errand(window_first, 1),
    "window_too": Errand(window_too, 1),
    "taken_back": Errand(taken_back, 1),
    "dearer": Errand(dearer, 1),
    "two_relatives": Errand(two_relatives, 1),
}
