"""A hospital with clinics and patients without end, and one business clock for it and for the outside."""

import asyncio
import random
import socket
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import UUID

import app
from telehealth.accounts.models import WeChatIdentity
from telehealth.core.access import Role
from telehealth.core.clock import SHANGHAI, SystemClock, at_local, hospital_day
from telehealth.core.ids import new_id
from telehealth.core.offset import move_clock
from telehealth.core.provisioning import Addresses
from telehealth.core.settings import Profile, Settings
from telehealth.core.unit import Units
from telehealth.demo.running import Parties
from telehealth.rulebook.rules import ClinicKind
from telehealth.web.house import House as BuiltHouse
from tests.crash.client import Client
from tests.crash.house import House
from tests.crash.nest import Nest
from tests.support.factories.accounts import add_staff, bearer, staff
from tests.support.factories.bookings import House as Hospital
from tests.support.factories.bookings import Patient, add_booker, add_check, add_form, add_house
from tests.support.factories.directory import add_doctor
from tests.support.factories.schedule import Planned, add_clinic
from tests.support.phones import fresh_number
from tests.support.sandbox import Sandbox

if TYPE_CHECKING:
    from tests.crash.apothecary import Apothecary

CODE = "yunan"
MORNING = time(8)
#: Nothing begins later in the day: its last clinic must still be to come.
EVENING = time(19)
#: A process that was killed is missed so soon, so that its jobs are taken over at once.
HEARTBEAT_S, STALLED_AFTER_S = 1, 3
_SEATS = (300, 300)


@dataclass(frozen=True, slots=True)
class Visitor:
    """A patient with everything a booking asks for, signed in."""

    who: Patient
    token: str
    check_id: str | None = None
    form_id: str | None = None

    @property
    def document(self) -> str:
        return self.who.person.document_number


@dataclass
class Town:
    chance: random.Random
    sandbox: Sandbox
    house: House
    built: BuiltHouse
    clock: SystemClock
    appid: str
    mchid: str
    client: Client
    history: list[str] = field(default_factory=list)
    #: What somebody was told: it must still be so in the end.
    promises: list[tuple[str, str]] = field(default_factory=list)
    #: What the outside did how often, and how often the clock was moved.
    weather: Counter[str] = field(default_factory=Counter)
    #: The same of prescriptions.
    sheet_promises: list[tuple[UUID, str]] = field(default_factory=list)
    #: The same of the hospital's own bills: charges that were shown as settled.
    bill_promises: list[str] = field(default_factory=list)
    apothecary: "Apothecary" = field(init=False)
    hospital: Hospital = field(init=False)
    desk: str = field(init=False)
    _clinics: dict[tuple[date, ClinicKind], Planned] = field(default_factory=dict)
    _lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    _numbers: Any = field(default_factory=lambda: count(1))

    @property
    def units(self) -> Units:
        return self.built.units

    @property
    def today(self) -> date:
        return hospital_day(self.clock.business())

    def note(self, line: str) -> None:
        now = self.clock.business().astimezone(SHANGHAI)
        self.history.append(f"{now:%m-%d %H:%M:%S} {line}")

    def promise(self, booking_id: str, state: str) -> None:
        self.promises.append((booking_id, state))
        self.note(f"{state}: {booking_id}")

    def promise_sheet(self, sheet_id: UUID, state: str) -> None:
        self.sheet_promises.append((sheet_id, state))
        self.note(f"{state}: {sheet_id}")

    def promise_bill(self, charge_id: str) -> None:
        self.bill_promises.append(charge_id)
        self.note(f"bill paid: {charge_id}")

    async def close(self) -> None:
        self.house.kill()
        await self.client.close()
        await self.built.close()

    # Time.

    async def move(self, to: datetime) -> None:
        """Our clock and the outside's. A process of ours learns of it when it starts."""
        offset = to - self.clock.wall()
        await asyncio.to_thread(self.sandbox.clock, offset.total_seconds())
        async with self.units.system("rehearsal") as unit:
            await move_clock(unit, offset, is_demo=True)
        self.clock.offset = offset
        self.weather["clock moved"] += 1
        self.note("the clock was moved")

    async def later(self, by: timedelta) -> None:
        """`by` later, or next morning when that is too late in the day."""
        to = self.clock.business() + by
        if to.astimezone(SHANGHAI).time() > EVENING or hospital_day(to) != self.today:
            await self.next_morning()
        else:
            await self.move(to)

    async def next_morning(self) -> None:
        await self.move(at_local(self.today + timedelta(days=1), MORNING))

    # People and places.

    async def clinic(self, *, days: int = 0, kind: ClinicKind = ClinicKind.INTERNET) -> Planned:
        day = self.today + timedelta(days=days)
        async with self._lock:
            if (day, kind) not in self._clinics:
                self._clinics[day, kind] = await add_clinic(
                    self.units, self.hospital.doctor, day=day, starts=time(21), seats=_SEATS, kind=kind
                )
        return self._clinics[day, kind]

    async def own_clinic(self, *, days: int = 2) -> Planned:
        """Of a doctor of its own: it will be closed."""
        doctor = await add_doctor(self.units, self.hospital.department, name=f"样例医生{next(self._numbers)}")
        day = self.today + timedelta(days=days)
        return await add_clinic(self.units, doctor, day=day, starts=time(21), seats=(9, 9))

    async def visitor(self, kind: ClinicKind = ClinicKind.INTERNET, *, insured: bool = False) -> Visitor:
        number = next(self._numbers)
        who = await add_booker(self.units, self.hospital, fresh_number(), name=f"样例{number}")
        if insured:
            facts = {"name": who.person.name, "balance": self.chance.choice((0, 500, 100_000))}
            document = who.person.document_number
            await asyncio.to_thread(lambda: self.sandbox.put_insured(document, **facts))
        async with self.units.system("rehearsal") as unit:
            unit.session.add(
                WeChatIdentity(
                    id=new_id(), account_id=who.account.id, appid=self.appid,
                    openid=f"oSAMPLE{who.account.id.hex}", unionid=None, linked_at=unit.wall,
                )
            )  # fmt: skip
        token = (await bearer(self.units, who.actor))["authorization"].removeprefix("Bearer ")
        if kind is ClinicKind.OFFLINE:
            return Visitor(who, token)
        check_id = await add_check(self.units, self.hospital, who)
        return Visitor(who, token, str(check_id), str(await add_form(self.units, self.hospital, who)))


async def open_town(home: Path, database: Addresses, sandbox: Sandbox, nest: Nest, *, seed: int) -> Town:
    """Everything but the process, in a folder that is there; the morning after today."""
    port = _quiet_port()
    url = f"http://127.0.0.1:{port}"
    env = {
        "TELEHEALTH_PROFILE": "test",
        "TELEHEALTH_HOME": str(home),
        "TELEHEALTH_PORT": str(port),
        "TELEHEALTH_PUBLIC_URL": url,
        "TELEHEALTH_DATABASE_URL": database.app_url,
        "TELEHEALTH_OWNER_URL": database.owner_url,
        "TELEHEALTH_KEYS_FILE": str(home.parent / "keys.json"),
        "TELEHEALTH_HEARTBEAT_S": str(HEARTBEAT_S),
        "TELEHEALTH_STALLED_AFTER_S": str(STALLED_AFTER_S),
        "TELEHEALTH_SWEEP_EVERY_S": "2",
        **Parties(sandbox.home, sandbox.base_url).settings(),
    }
    clock = SystemClock()
    settings = Settings(
        profile=Profile.TEST,
        home=home,
        keys_file=home.parent / "keys.json",
        database_url=database.app_url,
        pool_size=6,
        worker_in_web=False,
    )
    built = app.build_house(settings, clock=clock)
    house = House(home, url, env, nest)
    town = Town(
        chance=random.Random(seed),
        sandbox=sandbox,
        house=house,
        built=built,
        clock=clock,
        appid=sandbox.credentials["wechat"]["apps"][CODE]["service"]["appid"],
        mchid=sandbox.credentials["wechatpay"]["hospitals"][CODE]["mchid"],
        client=Client(house),
    )
    await town.next_morning()
    town.hospital = await add_house(built.units, CODE)
    member = await add_staff(built.units, town.hospital.hospital.id, [Role.DESK], login=f"desk.{seed}")
    town.desk = (await bearer(built.units, staff(member)))["authorization"].removeprefix("Bearer ")
    return town


def hospital_id(town: Town) -> UUID:
    return town.hospital.hospital.id


def _quiet_port() -> int:
    """Below those the kernel gives to outgoing calls: nobody takes it while the house is down."""
    for port in random.SystemRandom().sample(range(20_000, 32_000), 100):
        with socket.socket() as probe, suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port
    raise RuntimeError("no port is free")
