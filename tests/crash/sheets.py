"""What people do with a passed prescription, from the choice of a path to the hand that takes the bag."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Any

from psycopg.errors import LockNotAvailable
from sqlalchemy.exc import OperationalError

from prescriptions.pharmacy.queries import find_order, live_parcel
from prescriptions.states import DispatchState, Path
from telehealth.core.errors import DomainError
from tests.crash.apothecary import Sheet
from tests.crash.dispensing import STEPS, do
from tests.crash.errands import (
    SETTLES_WITHIN_S,
    Errand,
    Visit,
    WentOtherwise,
    begin,
    expect,
    press_pay,
    settled,
)
from tests.crash.town import Town, hospital_id
from tests.support.couriers import CourierDesk
from tests.support.factories.prescriptions import HOME

#: How often somebody presses a button that says "busy".
_PRESSES = 5


# Steps.


async def to_courier(town: Town, sheet: Sheet) -> None:
    body = HOME | {"agrees_self_pay": True, "agrees_disclosure": True}
    expect(await town.client.put(sheet.visitor.token, f"/prescriptions/{sheet.id}/delivery", body), 200)


async def charged(town: Town, sheet: Sheet) -> Visit:
    answer = await town.client.post(sheet.visitor.token, f"/prescriptions/{sheet.id}/charge", once=True)
    return Visit(sheet.visitor, str(sheet.id), charge_id=expect(answer, 200)["id"])


async def at_till(town: Town) -> tuple[Sheet, Visit]:
    """By courier, and about to pay."""
    sheet = await town.apothecary.passed()
    await to_courier(town, sheet)
    bill = await charged(town, sheet)
    await begin(town, bill)
    return sheet, bill


async def paid(town: Town) -> Sheet:
    """By courier, and online."""
    sheet, bill = await at_till(town)
    if not await press_pay(town, bill):
        raise WentOtherwise("not payable")
    await settled(town, bill)
    town.promise_sheet(sheet.id, "paid")
    return sheet


async def paid_cash(town: Town) -> Sheet:
    sheet = await town.apothecary.passed()
    if town.chance.random() < 0.5:
        await to_courier(town, sheet)
    await pay_cash(town, sheet)
    return sheet


async def pay_cash(town: Town, sheet: Sheet) -> None:
    """Raises WentOtherwise where the window does not open any more, or money is on its way online."""
    expect(await town.client.put(sheet.visitor.token, f"/prescriptions/{sheet.id}/collection", None), 200)
    path, body = f"/prescriptions/{sheet.id}/cash-payment", {"received": sheet.total}
    expect(await town.client.post(town.desk, path, body, once=True), 200)
    town.promise_sheet(sheet.id, "paid")


async def by_staff(town: Town, verb: str, sheet: Sheet) -> None:
    """Raises WentOtherwise when somebody was first."""
    for _ in range(_PRESSES):
        try:
            await do(town.units, hospital_id(town), verb, sheet.id)
        except DomainError as error:
            raise WentOtherwise(f"{verb}: {error.code}") from None
        except OperationalError as error:
            # Somebody else has the order this moment; the button is pressed again.
            if not isinstance(error.orig, LockNotAvailable):
                raise
            town.note(f"{verb} {sheet.number} waited too long")
            continue
        town.note(f"{verb} {sheet.number}")
        return
    raise AssertionError(f"nobody could {verb} {sheet.number}")


async def prepared(town: Town, sheet: Sheet, *, up_to: DispatchState = DispatchState.PACKED) -> None:
    """The pharmacy works on it; a courier's parcel is packed once it has its waybill."""
    for verb, state in STEPS:
        if verb == "pack":
            await booked(town, sheet)
        await by_staff(town, verb, sheet)
        if state is up_to:
            return


async def booked(town: Town, sheet: Sheet) -> None:
    """Until the house has the courier's waybill. Raises WentOtherwise once nobody waits for one."""

    async def look() -> bool:
        async with town.units.system("rehearsal") as unit:
            row, parcel = await find_order(unit, sheet.id), await live_parcel(unit, sheet.id)
        if row is None or row.state not in (DispatchState.CHECKED, DispatchState.PACKED):
            raise WentOtherwise("given up meanwhile")
        return row.path is Path.WINDOW or (parcel is not None and parcel.booked_at is not None)

    await _until(look, f"{sheet.number} got no waybill")


async def handed_out(town: Town, sheet: Sheet) -> None:
    await by_staff(town, "hand_out", sheet)
    town.promise_sheet(sheet.id, "handed_out")


async def delivered(town: Town, sheet: Sheet) -> None:
    """The courier's own people scan it; the house is told, or it is not."""
    async with town.units.system("rehearsal") as unit:
        parcel = await live_parcel(unit, sheet.id)
    assert parcel is not None
    tells = town.chance.random() < 0.8
    desk, moves = CourierDesk(town.sandbox), ("pick_up", "in_transit", "deliver")
    for move in moves:
        await asyncio.to_thread(lambda move=move: desk.move(parcel.waybill, move, push=tells))
    town.note(f"delivered {sheet.number}")


async def cancelled(town: Town, sheet: Sheet) -> None:
    path = f"/prescriptions/{sheet.id}/cancellation"
    expect(await town.client.post(sheet.visitor.token, path, once=True), 200)
    town.promise_sheet(sheet.id, "cancelled")


# What a member of staff finds before them.


async def typed(town: Town) -> Sheet:
    sheet, _ = await town.apothecary.typed()
    return sheet


async def signed(town: Town) -> Sheet:
    sheet = await typed(town)
    await by_staff(town, "sign", sheet)
    return sheet


async def to_be_packed(town: Town) -> Sheet:
    sheet = await (paid(town) if town.chance.random() < 0.6 else paid_cash(town))
    await prepared(town, sheet, up_to=DispatchState.CHECKED)
    await booked(town, sheet)
    return sheet


async def to_be_handed_out(town: Town) -> Sheet:
    sheet = await to_be_packed(town)
    await by_staff(town, "pack", sheet)
    return sheet


async def _until(is_so: Callable[[], Awaitable[bool]], otherwise: str) -> None:
    end = time.monotonic() + SETTLES_WITHIN_S
    while not await is_so():
        assert time.monotonic() < end, otherwise
        await asyncio.sleep(0.3)


# Whole errands.


async def sends(town: Town) -> None:
    sheet = await paid(town)
    await prepared(town, sheet)
    # Else the courier takes it and nobody at the pharmacy scans it: the push says so.
    if town.chance.random() < 0.8:
        await handed_out(town, sheet)
    if town.chance.random() < 0.5:
        await delivered(town, sheet)


async def collects(town: Town) -> None:
    sheet = await paid_cash(town)
    await prepared(town, sheet)
    await handed_out(town, sheet)


async def gives_up(town: Town) -> None:
    """Paid, a waybill booked, and none of it is wanted any more."""
    sheet = await paid(town)
    await prepared(town, sheet, up_to=DispatchState.CHECKED)
    await booked(town, sheet)
    await cancelled(town, sheet)


async def gives_up_early(town: Town) -> None:
    """While somebody has it in hand, or the courier is being asked."""
    sheet = await (paid(town) if town.chance.random() < 0.7 else paid_cash(town))
    step = town.chance.choice((DispatchState.CLAIMED, DispatchState.PICKED, DispatchState.CHECKED))
    await prepared(town, sheet, up_to=step)
    await cancelled(town, sheet)


async def gives_up_at_once(town: Town) -> None:
    """At the very moment at which the pharmacy goes on: one of both is first."""
    sheet = await paid(town)
    await asyncio.gather(_quietly(prepared(town, sheet)), _quietly(cancelled(town, sheet)))


async def left_unpacked(town: Town) -> None:
    """Paid; the pharmacy does not get to it, and the promise is broken."""
    sheet = await paid(town)
    if town.chance.random() < 0.5:
        await by_staff(town, "claim", sheet)


async def leaves_sheet(town: Town) -> None:
    """Never pays, having come as far as the till perhaps."""
    if town.chance.random() < 0.5:
        await town.apothecary.passed()
    else:
        await at_till(town)


async def pays_and_leaves(town: Town) -> None:
    """Pays and never looks again: the house has to find out by itself."""
    _, bill = await at_till(town)
    await press_pay(town, bill)


async def pays_twice(town: Town) -> None:
    """On the phone and, as nobody believes it, at the window at once: the sheet is paid one time."""
    sheet, bill = await at_till(town)
    await asyncio.gather(press_pay(town, bill), _quietly(pay_cash(town, sheet)))


async def _quietly(errand: Awaitable[Any]) -> None:
    try:
        await errand
    except WentOtherwise:
        pass


#: Verb of staff → what brings a sheet before them, and what they do with it afterwards.
SUBJECTS: dict[str, tuple[Callable[[Town], Awaitable[Sheet]], tuple[str, ...]]] = {
    "sign": (typed, ("sign", "pass")),
    "pass": (signed, ("pass",)),
    "pack": (to_be_packed, ("pack", "hand_out")),
    "hand_out": (to_be_handed_out, ("hand_out",)),
}

#: As in `errands.ERRANDS`.
ERRANDS: dict[str, Errand] = {
    "sends": Errand(sends, 2),
    "collects": Errand(collects, 1),
    "gives_up": Errand(gives_up, 1),
    "gives_up_early": Errand(gives_up_early, 1),
    "gives_up_at_once": Errand(gives_up_at_once, 1),
    "left_unpacked": Errand(left_unpacked, 1),
    "leaves_sheet": Errand(leaves_sheet, 1),
    "pays_and_leaves": Errand(pays_and_leaves, 1),
    "pays_twice": Errand(pays_twice, 1),
}
