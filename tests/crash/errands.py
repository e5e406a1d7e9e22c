"""What people do, from the seat to its end, as often as the house is killed under them."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import partial
from typing import Any
from urllib.parse import parse_qs, urlsplit
from uuid import UUID

import sqlalchemy as sa

from telehealth.core.errors import DomainError
from telehealth.payments.models import Refund
from telehealth.payments.states import RefundState
from telehealth.rulebook.rules import ClinicKind
from telehealth.schedule.models import Slot
from tests.crash.client import Answer
from tests.crash.staff import act_for
from tests.crash.town import Town, Visitor, hospital_id

#: Until the provider's word has come through, over any number of deaths.
SETTLES_WITHIN_S = 300


class WentOtherwise(Exception):
    """The hold ran out, or somebody was first: as it happens, and as the books must bear."""


@dataclass(slots=True)
class Visit:
    visitor: Visitor
    booking_id: str
    charge_id: str = ""
    number: str = ""
    mix_trade_no: str = ""

    @property
    def token(self) -> str:
        return self.visitor.token


@dataclass(frozen=True, slots=True)
class Errand:
    run: Callable[[Town], Awaitable[None]]
    #: How often somebody has it, when nothing special is wanted.
    weight: int = 0


# Steps.


def expect(answer: Answer, *statuses: int) -> Any:
    """Raises WentOtherwise for a conflict, which is part of life; anything else is a fault of ours."""
    if answer.status in statuses:
        return answer.said
    if answer.status == 409:
        raise WentOtherwise(answer.code)
    raise AssertionError(f"answered {answer.status}: {answer.said}")


async def hold(
    town: Town,
    *,
    days: int = 2,
    kind: ClinicKind = ClinicKind.INTERNET,
    slot: Slot | None = None,
    insured: bool = False,
) -> Visit:
    visitor = await town.visitor(kind, insured=insured)
    slot = slot or (await town.clinic(days=days, kind=kind)).slot
    body = {"slot_id": str(slot.id), "person_id": str(visitor.who.person.id)}
    if visitor.check_id is not None:
        body |= {"check_id": visitor.check_id, "form_id": str(visitor.form_id)}
    said = expect(await town.client.post(visitor.token, "/bookings", body, once=True), 201)
    town.note(f"held {said['number']} {said['id']}")
    return Visit(visitor, said["id"])


async def charged(town: Town, **wanted: Any) -> Visit:
    visit = await hold(town, **wanted)
    answer = await town.client.post(visit.token, f"/bookings/{visit.booking_id}/charge", once=True)
    visit.charge_id = expect(answer, 200)["id"]
    return visit


async def begin(town: Town, visit: Visit, way: str = "", *, cover_id: str | None = None) -> None:
    body = {"way": way or town.chance.choice(("native", "jsapi")), "cover_id": cover_id}
    said = expect(await town.client.post(visit.token, f"/charges/{visit.charge_id}/orders", body), 201)
    visit.number = said["number"]
    visit.mix_trade_no = said["invocation"].get("mixTradeNo", "")


async def press_pay(town: Town, visit: Visit) -> bool:
    """On the payer's phone. False when the provider takes no money for it any more."""
    if visit.mix_trade_no:
        asked = {"mix_trade_no": visit.mix_trade_no}
    else:
        asked = {"out_trade_no": visit.number, "mchid": town.mchid}
    answer = await asyncio.to_thread(lambda: town.sandbox.till("pay", **asked))
    town.note(f"paid {visit.number}: {answer.status_code}")
    return answer.status_code == 200


async def confirmed(town: Town, visit: Visit) -> None:
    await settled(town, visit)
    town.promise(visit.booking_id, "paid")


async def settled(town: Town, visit: Visit) -> None:
    """Until the app shows it as paid. Raises WentOtherwise when it never will be."""
    end, path = time.monotonic() + SETTLES_WITHIN_S, f"/charges/{visit.charge_id}"
    # Some apps ask us to ask; others only look.
    asks = town.chance.random() < 0.7
    while time.monotonic() < end:
        answer = await town.client.get(visit.token, path)
        if answer.said["state"] == "settled":
            return
        if answer.said["state"] == "closed":
            raise WentOtherwise("closed")
        if asks:
            await town.client.nudge(visit.token, f"{path}/verification")
        await asyncio.sleep(0.5)
        asks = asks or time.monotonic() > end - SETTLES_WITHIN_S / 2
    raise AssertionError(f"{visit.number} was paid and nobody noticed")


async def paid(town: Town, *, insured: bool = False, way: str = "", **wanted: Any) -> Visit:
    visit = await charged(town, insured=insured, **wanted)
    cover_id = await covered(town, visit) if insured else None
    await begin(town, visit, "jsapi" if cover_id else way, cover_id=cover_id)
    if not await press_pay(town, visit):
        raise WentOtherwise("not payable")
    await confirmed(town, visit)
    return visit


async def covered(town: Town, visit: Visit) -> str | None:
    """The insurer's part, asked for until it is there; None: then oneself pays all."""
    token, charge = visit.token, f"/charges/{visit.charge_id}"
    authorise = partial(town.sandbox.authorise_insurance, visit.visitor.document)
    await town.client.put(token, f"{charge}/insurance", {"region": "beijing"})
    for _ in range(4):
        asked = await town.client.post(token, f"{charge}/cover")
        if asked.status != 201:
            town.note(f"no cover for {visit.booking_id}: {asked.status} {asked.code}")
            continue
        state = parse_qs(urlsplit(asked.said["url"]).query)["state"][0]
        number = await asyncio.to_thread(authorise)
        priced = await town.client.post(
            token, "/covers/authorisation", {"state": state, "pay_auth_no": number}
        )
        if priced.status == 200:
            return str(priced.said["id"])
        town.note(f"not priced for {visit.booking_id}: {priced.status} {priced.code}")
    return None


async def cancelled(town: Town, visit: Visit) -> None:
    answer = await town.client.post(visit.token, f"/bookings/{visit.booking_id}/cancellation", once=True)
    expect(answer, 200)
    town.promise(visit.booking_id, "cancelled")


async def by_staff(town: Town, verb: str, subject: str) -> None:
    """Raises WentOtherwise when somebody was first."""
    try:
        await act_for(town.units, hospital_id(town), verb, UUID(subject))
    except DomainError as error:
        raise WentOtherwise(error.code) from None


async def refund_of(town: Town, visit: Visit, *, state: RefundState) -> str | None:
    """The refund of a charge once it is in this state; None when it passed by."""
    found = sa.select(Refund).where(Refund.charge_id == UUID(visit.charge_id))
    end = time.monotonic() + SETTLES_WITHIN_S
    while time.monotonic() < end:
        async with town.units.system("rehearsal") as unit:
            refund = (await unit.session.scalars(found)).first()
        if refund is not None and refund.state is state:
            return str(refund.id)
        if refund is not None and refund.state is RefundState.SETTLED:
            return None
        await asyncio.sleep(0.3)
    raise AssertionError(f"the refund of {visit.booking_id} never was {state}")


# Whole errands.


async def plain(town: Town) -> None:
    """Paid and attended, or paid and left for midnight."""
    visit = await paid(town, days=0)
    if town.chance.random() < 0.5:
        await by_staff(town, "attend", visit.booking_id)
        town.promise(visit.booking_id, "attended")


async def unattended(town: Town) -> None:
    await paid(town, days=0)


async def cancels(town: Town) -> None:
    await cancelled(town, await paid(town))


async def cancels_today(town: Town) -> None:
    """Too late to get anything back."""
    await cancelled(town, await paid(town, days=0))


async def changes_mind(town: Town) -> None:
    """Gives the seat back while the payment is open, and perhaps pays all the same."""
    visit = await charged(town)
    await begin(town, visit)
    if town.chance.random() < 0.5:
        await asyncio.gather(press_pay(town, visit), cancelled(town, visit))
    else:
        await cancelled(town, visit)


async def lapses(town: Town) -> None:
    """Goes away from the till."""
    visit = await charged(town)
    await begin(town, visit)


async def changes_way(town: Town) -> None:
    visit = await charged(town)
    await begin(town, visit, "native")
    if town.chance.random() < 0.3:
        await press_pay(town, visit)
    await begin(town, visit, "jsapi")
    await press_pay(town, visit)
    await confirmed(town, visit)
    await cancelled(town, visit)


async def insured(town: Town) -> None:
    await paid(town, insured=True, days=0)


async def insured_cancels(town: Town) -> None:
    await cancelled(town, await paid(town, insured=True))


async def forgoes(town: Town) -> None:
    """Has the split, and pays all of it oneself after all."""
    visit = await charged(town, insured=True)
    cover_id = await covered(town, visit)
    if cover_id is not None and town.chance.random() < 0.5:
        await begin(town, visit, "jsapi", cover_id=cover_id)
    await town.client.delete(visit.token, f"/charges/{visit.charge_id}/cover")
    await begin(town, visit, "native")
    if await press_pay(town, visit):
        await confirmed(town, visit)
        await cancelled(town, visit)


async def pays_cash(town: Town) -> Visit:
    visit = await charged(town)
    path = f"/desk-bookings/{visit.booking_id}/cash"
    answer = await town.client.post(town.desk, path, {"received": 5000}, once=True)
    expect(answer, 200)
    town.promise(visit.booking_id, "paid")
    return visit


async def cash(town: Town) -> None:
    visit = await pays_cash(town)
    await cancelled(town, visit)
    refund_id = await refund_of(town, visit, state=RefundState.PARKED)
    if refund_id is not None:
        await by_staff(town, "by_hand", refund_id)


async def seen(town: Town) -> None:
    """Comes in person, and the desk says so."""
    visit = await paid(town, days=0, kind=ClinicKind.OFFLINE)
    answer = await town.client.post(town.desk, f"/desk-bookings/{visit.booking_id}/attendance", once=True)
    expect(answer, 200)
    town.promise(visit.booking_id, "completed")


async def clinic_closes(town: Town) -> None:
    planned = await town.own_clinic()
    one = await paid(town, slot=planned.slot)
    other = await charged(town, slot=planned.slots[1])
    await begin(town, other)
    path, body = f"/clinics/{planned.clinic.id}/closure", {"reason": "样例：停诊"}
    expect(await town.client.post(town.desk, path, body, once=True), 200)
    if town.today > planned.clinic.day:
        # While the house was closed its day went by: midnight may have been there before the desk.
        raise WentOtherwise("the clinic was over before it was closed")
    for visit in (one, other):
        town.promise(visit.booking_id, "clinic_closed")


async def withdrawn(town: Town) -> None:
    visit = await paid(town, days=0)
    await by_staff(town, "withdraw", visit.booking_id)
    town.promise(visit.booking_id, "withdrawn")


#: By name; the weight is for those who are in town while something else is watched.
ERRANDS: dict[str, Errand] = {
    "plain": Errand(plain, 3),
    "unattended": Errand(unattended, 3),
    "cancels": Errand(cancels, 2),
    "cancels_today": Errand(cancels_today, 1),
    "changes_mind": Errand(changes_mind, 1),
    "lapses": Errand(lapses, 2),
    "changes_way": Errand(changes_way, 1),
    "insured": Errand(insured, 1),
    "insured_cancels": Errand(insured_cancels, 1),
    "forgoes": Errand(forgoes, 1),
    "cash": Errand(cash, 1),
    "seen": Errand(seen, 1),
    "clinic_closes": Errand(clinic_closes, 1),
    "withdrawn": Errand(withdrawn, 1),
}
