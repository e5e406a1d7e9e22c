"""Seats of one room, and a notebook that keeps what is told of its calls."""

from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from signaling.models import Call
from telehealth.core import access
from telehealth.core.access import Actor
from telehealth.core.ids import new_id
from telehealth.core.rooms import Role, RoomJournal, Seat, Terms
from telehealth.core.unit import Unit, Units

OPEN = Terms(state="admitted", may_write=True, may_call=True, records=False)
RECORDED = Terms(state="admitted", may_write=True, may_call=True, records=True)
NOT_AGREED = Terms(state="admitted", may_write=True, may_call=False, records=False, refusal="not_agreed")
OVER = Terms(state="concluded", may_write=False, may_call=False, records=False, refusal="over")


@dataclass
class Notebook:
    """A `RoomJournal` of one room: (what, …) in the order it was told."""

    told: list[tuple[object, ...]] = field(default_factory=list)

    async def rang(self, unit: Unit, room: UUID, call: UUID, *, by: Role, media: str) -> None:
        self.told.append(("rang", str(by), str(media)))

    async def connected(self, unit: Unit, room: UUID, call: UUID) -> None:
        self.told.append(("connected",))

    async def ended(self, unit: Unit, room: UUID, call: UUID, *, reason: str, by: Role, seconds: int) -> None:
        self.told.append(("ended", str(reason), str(by), seconds))

    async def had_media(self, unit: Unit, room: UUID, call: UUID, *, proof: str, at: datetime) -> None:
        self.told.append(("had_media", proof))

    async def recorded(self, unit: Unit, room: UUID, call: UUID) -> None:
        self.told.append(("recorded",))


@dataclass(frozen=True)
class Room:
    patient: Seat
    helper: Seat
    doctor: Seat
    colleague: Seat
    notebook: Notebook

    @property
    def id(self) -> UUID:
        return self.patient.room


def add_room(units: Units) -> Room:
    """A room nobody's visit stands behind: what is tested here knows it by its id only."""
    notebook = Notebook()
    units.join(RoomJournal, notebook)
    room, hospital, owner = new_id(), new_id(), new_id()

    def seat(role: Role, kind: access.Role, account: UUID, staff_of: UUID | None) -> Seat:
        actor = Actor.signed_in(account, frozenset({kind}), hospital_id=staff_of)
        return Seat(room, role, actor, f"样例{role}", hospital, owner)

    return Room(
        seat(Role.PATIENT, access.Role.PATIENT, owner, None),
        seat(Role.HELPER, access.Role.PATIENT, new_id(), None),
        seat(Role.DOCTOR, access.Role.DOCTOR, new_id(), hospital),
        seat(Role.COLLEAGUE, access.Role.DOCTOR, new_id(), hospital),
        notebook,
    )


async def row_of(units: Units, call_id: UUID) -> Call:
    async with units.system("test") as unit:
        return await unit.session.get_one(Call, call_id)
