"""Holding a seat in one process: the verb, its unit and the pool, without HTTP."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from datetime import timedelta
from itertools import count
from random import Random
from uuid import UUID, uuid4

import psycopg
import uvloop

import app
from telehealth.bookings.errors import ChannelFull, SlotTaken
from telehealth.bookings.holding import Holding, hold_seat
from telehealth.core.access import Actor, Role
from telehealth.core.ids import new_id
from telehealth.core.provisioning import libpq_url
from telehealth.core.settings import Profile, Settings
from telehealth.core.unit import Units
from telehealth.rulebook.rules import Channel
from tests.bench import sample
from tests.bench.figures import Figure, Figures, Round, ratio
from tests.bench.pgbench import Pgbench
from tests.bench.server import Database, durable_database

SLOTS = 20_000
CONCURRENT = 32
ROUNDS = 4
ROUND_S = 2

_RACERS = 1_000
_SEATS = 100
#: What a loser is told: the slot is full, or the clinic's share for this channel.
_LOST = (SlotTaken, ChannelFull)


def measure() -> Figures:
    """`booking_hold_service` and `booking_race`, on one server."""
    with durable_database() as database, asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        units = runner.run(units_of(database))
        try:
            runner.run(sample.add_slots(units, sample.somewhere(), slots=SLOTS))
            yield _holds(database, units, runner)
            yield runner.run(_race(database, units))
        finally:
            runner.run(units.engine.dispose())


async def units_of(database: Database) -> Units:
    return app.build_house(settings_of(database)).units


def settings_of(database: Database) -> Settings:
    return Settings(
        profile=Profile.TEST,
        home=database.home,
        database_url=database.addresses.app_url,
        worker_in_web=False,
    )


def patient(account_id: UUID) -> Actor:
    return Actor.signed_in(account_id, frozenset({Role.PATIENT}), name="sample")


async def hold(units: Units, account_id: UUID, slot_id: UUID) -> None:
    actor = patient(account_id)
    async with units.account(account_id, actor) as unit:
        await hold_seat(
            unit,
            Holding(
                person_id=uuid4(),
                slot_id=slot_id,
                channel=Channel.ONLINE,
                door="app",
                until=unit.now + timedelta(minutes=15),
                account_id=account_id,
                decision_id=new_id(),
                form_id=new_id(),
            ),
        )


async def keep_doing(work: Callable[[], Awaitable[None]], seconds: float) -> float:
    """How often a second `work` ends, while `CONCURRENT` of it are always under way."""
    done = count()
    began = time.perf_counter()

    async def one_after_another() -> None:
        while time.perf_counter() - began < seconds:
            await work()
            next(done)

    async with asyncio.TaskGroup() as group:
        for _ in range(CONCURRENT):
            group.create_task(one_after_another())
    return next(done) / (time.perf_counter() - began)


def _holds(database: Database, units: Units, runner: asyncio.Runner) -> Figure:
    account_id = new_id()
    pgbench = Pgbench(database, slots=SLOTS, account_id=account_id)
    chance = Random(7)

    async def work() -> None:
        await hold(units, account_id, sample.slot_id(chance.randrange(SLOTS)))

    # Warm: connections open, statements prepared, plans generic.
    pgbench.run(1)
    runner.run(keep_doing(work, 1))
    rounds, cpu_ms = [], []
    for _ in range(ROUNDS):
        theirs = pgbench.run(ROUND_S)
        before = time.process_time()
        ours = runner.run(keep_doing(work, ROUND_S))
        cpu_ms.append(round(1000 * (time.process_time() - before) / (ours * ROUND_S), 3))
        rounds.append(Round(ours, theirs))
    return ratio("booking_hold_service", ">= 0.30", rounds, cpu_ms_per_hold=cpu_ms, concurrent=CONCURRENT)


async def _race(database: Database, units: Units) -> Figure:
    slot_id = await sample.add_clinic(units, sample.somewhere(), seats=_SEATS)
    began = time.perf_counter()
    ends = await asyncio.gather(
        *(hold(units, new_id(), slot_id) for _ in range(_RACERS)), return_exceptions=True
    )
    took_s = time.perf_counter() - began
    others = {type(end).__name__ for end in ends if end is not None and not isinstance(end, _LOST)}
    winners = sum(end is None for end in ends)
    taken, rows = _books(database, slot_id)
    agreed = winners if winners == taken == rows and not others else None
    return Figure(
        "booking_race",
        agreed,
        "winners",
        "exactly 100",
        {
            "racers": _RACERS,
            "seats": _SEATS,
            "winners": winners,
            "refused": sum(isinstance(end, _LOST) for end in ends),
            "other_errors": sorted(others),
            "seats_taken": taken,
            "booking_rows": rows,
            "seconds": round(took_s, 2),
        },
    )


def _books(database: Database, slot_id: UUID) -> tuple[int, int]:
    """Seats taken and booking rows, as the owner sees them."""
    with psycopg.connect(libpq_url(database.addresses.owner_url)) as connection:
        row = connection.execute(
            "select taken, (select count(*) from bookings b where b.slot_id = s.id)"
            " from slots s where s.id = %s",
            (slot_id,),
        ).fetchone()
    assert row is not None
    return row[0], row[1]
