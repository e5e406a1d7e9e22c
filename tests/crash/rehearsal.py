"""Errands, kills and restarts until every point of the plan was hit; then the last day, and the books."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import sqlalchemy as sa

from prescriptions.pharmacy.models import DispatchOrder
from prescriptions.settling.models import Fulfilment
from prescriptions.states import DispatchState, FulfilmentState
from telehealth.bookings.models import Booking
from telehealth.bookings.states import BookingState
from telehealth.core.clock import at_local
from telehealth.notifications.ladders import LEASE
from telehealth.notifications.models import Rung
from telehealth.notifications.states import RungState
from telehealth.outpatient.models import OutpatientBill
from telehealth.outpatient.states import BillState
from telehealth.payments.desk import DESK
from telehealth.payments.models import PayOrder, Refund, RefundLeg
from telehealth.payments.states import LegState, PayOrderState, RefundState
from tests.crash import books, counter, errands, sheets, weather
from tests.crash.apothecary import open_apothecary
from tests.crash.house import HouseFailed
from tests.crash.plan import Jump, Plan, Road, road_to
from tests.crash.town import MORNING, Town, hospital_id

#: From the arming to the death, starting included.
REACHED_WITHIN_S = 240
#: No new death, but still nobody came by: send more people.
_MORE_AFTER_S = 6
QUIET_WITHIN_S = 120
_ENDS_WITHIN_S = 300
#: Fewer tries within `QUIET_WITHIN_S` than a job has left after the worst of weathers.
_PATIENCE_S = 30
_TRY_NOW = "update procrastinate_jobs set scheduled_at = now() where status = 'todo' and scheduled_at > now()"
#: What was passed today is worth nothing then, and what was paid today should be packed.
_VALID = timedelta(days=3)
_KILLED = -9
#: Of the starts, so many are the whole way of a person's.
_BY_EXEC = 0.1
ERRANDS = {**errands.ERRANDS, **sheets.ERRANDS, **counter.ERRANDS}
#: A verb of staff that was killed is done again by somebody else.
_STAFF_TRIES = 4


@dataclass
class Rehearsal:
    town: Town
    plan: Plan
    under_way: set[asyncio.Task[None]] = field(default_factory=set)
    otherwise: int = 0
    #: Told of each death.
    say: Callable[[str], None] = lambda _line: None

    async def run(self) -> None:
        """Raises AssertionError, with the town's history, for whatever must not be."""
        town = self.town
        try:
            town.apothecary = await open_apothecary(town)
            while not self.plan.is_done:
                name = self.plan.next(await self._jumps())
                if name is None:
                    await self._fill()
                    continue
                await self._one(name)
            await self._end_of_days()
        except BaseException as error:
            error.add_note("\n".join(["", *town.history[-400:], "", town.house.tail(6000)]))
            raise
        finally:
            for task in self.under_way:
                task.cancel()
            await asyncio.gather(*self.under_way, return_exceptions=True)

    # One death.

    async def _one(self, name: str) -> None:
        road = road_to(name)
        begun = time.monotonic()
        if road.verb:
            await self._by_staff(name, road)
        else:
            await self._in_the_house(name, road)
        self.plan.hit(name)
        self.town.note(f"=== killed at {name}, after {time.monotonic() - begun:.1f} s")
        self.say(f"killed at {name} after {time.monotonic() - begun:.1f} s")

    async def _in_the_house(self, name: str, road: Road) -> None:
        """`kill -9` at the first arrival; whoever had business there goes on when it is open again."""
        house, town = self.town.house, self.town
        house.kill()
        town.note(f"=== {name}: {await weather.change(town, by_callback=road.by_callback)}")
        await self._pass_time(road.jump)
        self._send(town.chance.choice(road.errands), self._passer_by())
        house.start(name, by_exec=town.chance.random() < _BY_EXEC)
        end = time.monotonic() + REACHED_WITHIN_S
        await house.open()
        while not await house.killed(_MORE_AFTER_S):
            self._check()
            assert time.monotonic() < end, f"{name} was not reached within {REACHED_WITHIN_S} s"
            self._send(town.chance.choice(road.errands))
            if road.jump in await self._jumps():
                # Whoever waited for the time to pass was looked after before it did: others wait now.
                house.kill()
                await self._pass_time(road.jump)
                house.start(name)
                await house.open()
        self._check()

    async def _by_staff(self, name: str, road: Road) -> None:
        town, house = self.town, self.town.house
        if house.process is None or house.kill_at:
            house.kill()
            await weather.clear(town)
            house.start()
        if not house.is_open.is_set():
            await house.open()
        for _ in range(_STAFF_TRIES):
            if road.verb in sheets.SUBJECTS:
                if await self._over_a_sheet(name, road.verb):
                    return
                continue
            subject = await self._subject(road.verb)
            if subject is None:
                continue
            code = await house.staff(road.verb, str(hospital_id(town)), subject, kill_at=name)
            if code == _KILLED:
                with suppress(errands.WentOtherwise):
                    await errands.by_staff(town, road.verb, subject)
                return
            town.note(f"{road.verb} {subject} ended with {code}")
        raise AssertionError(f"{name} was not reached")

    async def _over_a_sheet(self, name: str, verb: str) -> bool:
        """Whether it was reached; whoever finds the sheet goes on with it."""
        town = self.town
        bring, afterwards = sheets.SUBJECTS[verb]
        try:
            sheet = await bring(town)
        except errands.WentOtherwise as reason:
            town.note(f"nothing to {verb}: {reason}")
            return False
        code = await town.house.staff(verb, str(hospital_id(town)), str(sheet.id), kill_at=name)
        town.note(f"{verb} {sheet.number} ended with {code}")
        if code != _KILLED:
            return False
        for each in afterwards:
            with suppress(errands.WentOtherwise):
                await sheets.by_staff(town, each, sheet)
        return True

    async def _subject(self, verb: str) -> str | None:
        """What a member of staff acts upon: a paid booking, or a refund that is parked."""
        town = self.town
        with suppress(errands.WentOtherwise):
            if verb == "by_hand":
                visit = await errands.pays_cash(town)
                await errands.cancelled(town, visit)
                return await errands.refund_of(town, visit, state=RefundState.PARKED)
            if verb == "retry":
                visit = await errands.paid(town)
                await asyncio.to_thread(
                    lambda: town.sandbox.faults(wechatpay={"mode": "not_enough", "times": 1})
                )
                await errands.cancelled(town, visit)
                return await errands.refund_of(town, visit, state=RefundState.PARKED)
            return (await errands.paid(town, days=0)).booking_id
        return None

    # People.

    def _send(self, *names: str) -> None:
        for name in names:
            task = asyncio.create_task(self._quietly(ERRANDS[name].run(self.town)), name=name)
            self.under_way.add(task)

    async def _quietly(self, errand: Awaitable[None]) -> None:
        try:
            await errand
        except errands.WentOtherwise as reason:
            self.otherwise += 1
            self.town.note(f"went otherwise: {reason}")

    def _passer_by(self) -> str:
        names = list(ERRANDS)
        return self.town.chance.choices(names, [ERRANDS[name].weight for name in names])[0]

    def _check(self) -> None:
        """Raises what went wrong in an errand as soon as it did."""
        for task in [task for task in self.under_way if task.done()]:
            self.under_way.discard(task)
            task.result()

    async def _fill(self) -> None:
        """What is left of the plan waits for somebody whose time runs out."""
        house, town = self.town.house, self.town
        if house.process is None:
            await weather.clear(town)
            house.start()
            await house.open()
        left = {errand for name in self.plan.left for errand in road_to(name).errands}
        self._send("lapses", "unattended", *sorted(left))
        await self._all_done()
        house.kill()

    async def _all_done(self) -> None:
        if self.under_way:
            _, late = await asyncio.wait(self.under_way, timeout=_ENDS_WITHIN_S)
            self._check()
            assert not late, f"{', '.join(task.get_name() for task in late)} never ended"

    # Time.

    async def _jumps(self) -> set[Jump]:
        """For which jumps somebody is waiting."""
        found = set()
        async with self.town.units.system("rehearsal") as unit:
            held = sa.select(Booking.id).where(Booking.state == BookingState.HELD).limit(1)
            if (await unit.session.scalars(held)).first() is not None:
                found.add(Jump.HOLD)
            paid = sa.select(Booking.id).where(
                Booking.state == BookingState.PAID,
                Booking.attended_at.is_(None),
                Booking.day == unit.today,
            )
            if (await unit.session.scalars(paid.limit(1))).first() is not None:
                found |= {Jump.MIDNIGHT, Jump.BILLS}
            open_sheet = sa.select(Fulfilment.id).where(Fulfilment.state == FulfilmentState.OPEN)
            if (await unit.session.scalars(open_sheet.limit(1))).first() is not None:
                found.add(Jump.VALIDITY)
            waiting = sa.select(DispatchOrder.id).where(
                DispatchOrder.state.in_((DispatchState.WAITING, DispatchState.CLAIMED))
            )
            if (await unit.session.scalars(waiting.limit(1))).first() is not None:
                found.add(Jump.PROMISE)
            priced = sa.select(OutpatientBill.id).where(
                OutpatientBill.state == BillState.DUE, OutpatientBill.charge_id.is_not(None)
            )
            if (await unit.session.scalars(priced.limit(1))).first() is not None:
                found.add(Jump.PRICE)
        return found

    async def _pass_time(self, jump: Jump | None) -> None:
        town = self.town
        if jump is Jump.HOLD:
            await town.later(timedelta(minutes=20))
        elif jump is Jump.PRICE:
            await town.later(timedelta(minutes=40))
        elif jump is Jump.MIDNIGHT:
            await town.next_morning()
        elif jump is Jump.BILLS:
            await town.next_morning()
            await town.move(town.clock.business() + timedelta(hours=3))
        elif jump is Jump.VALIDITY:
            await town.move(at_local(town.today + _VALID, MORNING))
        elif jump is Jump.PROMISE:
            await town.move(town.clock.business() + timedelta(hours=24))
        else:
            await town.later(timedelta(seconds=town.chance.choice((0, 0, 30, 240))))

    async def _end_of_days(self) -> None:
        """Clear weather, nobody new; two midnights; then everything must come to rest, and agree."""
        town, house = self.town, self.town.house
        house.kill()
        await weather.clear(town)
        house.start()
        await house.open()
        await self._all_done()
        house.kill()
        async with town.units.system("rehearsal") as unit:
            last = await unit.session.scalar(sa.select(sa.func.max(Booking.day)))
        ends = town.today + _VALID
        if last is not None:
            ends = max(ends, last + timedelta(days=1))
        await town.move(at_local(ends, MORNING))
        await self._waited()
        await self._messages_waited()
        house.start(by_exec=True)
        begun = time.monotonic()
        assert await house.open()
        await self._rest()
        town.note(f"=== at rest after {time.monotonic() - begun:.1f} s")
        self.say(f"at rest {time.monotonic() - begun:.1f} s after the last start")
        house.stop()
        problems = await books.problems(town)
        assert not problems, "\n".join(problems)

    async def _rest(self) -> None:
        town, end = self.town, time.monotonic() + QUIET_WITHIN_S
        tries_again = time.monotonic() + _PATIENCE_S
        while open_things := await books.unfinished(town):
            if town.house.is_dead():
                raise HouseFailed("died while it should have come to rest")
            assert time.monotonic() < end, f"not at rest after {QUIET_WITHIN_S} s: {open_things}"
            town.note(f"still under way: {len(open_things)}, {open_things[0]}")
            await self._hand_back_cash()
            await self._waited()
            if time.monotonic() > tries_again:
                tries_again += _PATIENCE_S
                await self._jobs_waited()
            await asyncio.sleep(1)

    async def _hand_back_cash(self) -> None:
        """Of sheets that were paid at the window and given up by the house itself."""
        town = self.town
        async with town.units.system("rehearsal") as unit:
            found = sa.select(Refund.id).join(PayOrder, PayOrder.id == Refund.pay_order_id)
            parked = found.where(Refund.state == RefundState.PARKED, PayOrder.provider == DESK)
            ids = (await unit.session.scalars(parked)).all()
        for refund_id in ids:
            with suppress(errands.WentOtherwise):
                await errands.by_staff(town, "by_hand", str(refund_id))

    async def _waited(self) -> None:
        """What waits by the wall, which no offset moves, at most half an hour: that is over."""
        async with self.town.units.system("rehearsal") as unit:
            soon = unit.wall + timedelta(seconds=5)
            await unit.session.execute(
                sa.update(PayOrder)
                .where(PayOrder.state.in_((PayOrderState.CREATED, PayOrderState.SUBMITTED)))
                .where(PayOrder.look_at > soon)
                .values(look_at=unit.wall)
            )
            await unit.session.execute(
                sa.update(RefundLeg)
                .where(RefundLeg.state != LegState.SETTLED)
                .where(RefundLeg.next_at > soon)
                .values(next_at=unit.wall)
            )
            await unit.session.execute(
                sa.update(OutpatientBill)
                .where(OutpatientBill.state == BillState.PAID, OutpatientBill.tell_at > soon)
                .values(tell_at=unit.wall)
            )

    async def _messages_waited(self) -> None:
        """While nobody runs: what a killed house may have handed to a channel is asked about again."""
        async with self.town.units.system("rehearsal") as unit:
            await unit.session.execute(
                sa.update(Rung).where(Rung.state == RungState.SENDING).values(claimed_at=unit.wall - LEASE)
            )
        await self._jobs_waited()

    async def _jobs_waited(self) -> None:
        """A job that failed in bad weather may have an hour to wait before it is tried again."""
        async with self.town.units.system("rehearsal") as unit:
            await unit.session.execute(sa.text(_TRY_NOW))


async def together(rehearsals: list[Rehearsal]) -> None:
    """Side by side; the first that fails ends the others."""
    running: list[Coroutine[Any, Any, None]] = [one.run() for one in rehearsals]
    async with asyncio.TaskGroup() as group:
        for one in running:
            group.create_task(one)
