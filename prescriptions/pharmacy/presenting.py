"""The board and one order, as finished values for pages and API. Names are masked on the board."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from uuid import UUID

import sqlalchemy as sa

from prescriptions.couriers import Scan
from prescriptions.models import Line, Prescription
from prescriptions.pharmacy import queries
from prescriptions.pharmacy.labelling import content_of, usage_of
from prescriptions.pharmacy.models import DispatchException, DispatchOrder, Parcel
from prescriptions.pharmacy.queries import COUNTED
from prescriptions.pharmacy.rules import Tone, tone
from prescriptions.queries import lines_of, prescription
from prescriptions.sheet.content import SheetContent
from prescriptions.sheet.wording import each_time, grams
from prescriptions.states import DispatchState, Path, ReservationState
from prescriptions.stock import (
    Drug,
    Lot,
    Names,
    Pharmacy,
    drugs,
    first_to_expire,
    lots_by_id,
    lots_of,
    reservations,
)
from telehealth.accounts import staff_of
from telehealth.core.i18n import N_
from telehealth.core.unit import Unit
from telehealth.directory import department, doctor
from telehealth.patients import Person, people_by_id, person
from telehealth.patients.masking import mask_name
from telehealth.patients.viewing import Looked, note_look

D = DispatchState

#: Lane → its states, from left to right.
LANES: Mapping[str, tuple[DispatchState, ...]] = {
    "waiting": (D.WAITING,),
    "picking": (D.CLAIMED,),
    "cooking": (D.DECOCTING,),
    "checking": (D.PICKED, D.DECOCTED),
    "packing": (D.CHECKED,),
    "leaving": (D.PACKED,),
}
LANE_LABELS = {
    "waiting": N_("待领单"),
    "picking": N_("配药中"),
    "cooking": N_("煎煮中"),
    "checking": N_("待复核"),
    "packing": N_("待打包"),
    "leaving": N_("待交付"),
}
STATE_LABELS = {
    D.WAITING: N_("待领单"),
    D.CLAIMED: N_("配药中"),
    D.PICKED: N_("已配齐"),
    D.DECOCTING: N_("煎煮中"),
    D.DECOCTED: N_("已煎好"),
    D.CHECKED: N_("已复核"),
    D.PACKED: N_("已打包"),
    D.HANDED_OVER: N_("已交快递"),
    D.DELIVERED: N_("已送达"),
    D.COLLECTED: N_("已取走"),
    D.CANCELLED: N_("已退单"),
    D.RETURNED: N_("已退回"),
    D.LOST: N_("已丢失"),
}
PATH_LABELS = {Path.COURIER: N_("快递"), Path.WINDOW: N_("窗口")}
TONE_LABELS = {Tone.CALM: N_("按时"), Tone.SOON: N_("将到期"), Tone.LATE: N_("已超时")}
SHOWN = 10


@dataclass(frozen=True, slots=True)
class Card:
    """One order on the board."""

    id: UUID
    number: str
    name: str
    state: DispatchState
    path: Path
    window_number: int | None
    needs_decocting: bool
    needs_cold_chain: bool
    lines: int
    paid_at: datetime
    promised_at: datetime
    tone: Tone
    #: Minutes to the promise; negative once it is broken.
    minutes_left: int
    claimed_by: str
    is_mine: bool
    is_held: bool
    is_being_undone: bool


@dataclass(frozen=True, slots=True)
class Lane:
    key: str
    count: int
    cards: Sequence[Card]

    @property
    def said(self) -> str:
        """ "7", or "300+" where nobody counted further."""
        return f"{COUNTED}+" if self.count >= COUNTED else str(self.count)


@dataclass(frozen=True, slots=True)
class Board:
    pharmacy: Pharmacy
    lanes: Sequence[Lane]
    held: Sequence[tuple[DispatchException, Card]]
    held_count: int
    late: int


@dataclass(frozen=True, slots=True)
class LotChoice:
    lot: Lot
    quantity: Decimal


@dataclass(frozen=True, slots=True)
class Item:
    """One drug of the sheet: what was written, what is in the basket, what to take from which lot."""

    line: Line
    drug: Drug
    needed: Decimal
    #: As signed: form, amount at a time, how and how long.
    form: str
    each: str
    usage: str
    picked: Sequence[LotChoice]
    suggested: Sequence[LotChoice]

    @property
    def left(self) -> Decimal:
        return self.needed - sum((each.quantity for each in self.picked), Decimal(0))


@dataclass(frozen=True, slots=True)
class Work:
    """One order with everything its desk shows."""

    card: Card
    order: DispatchOrder
    rx: Prescription
    patient: Person
    #: What the second person holds against the bag: age, sex, diagnosis, allergies, as signed.
    content: SheetContent | None
    department: str
    doctor: str
    items: Sequence[Item]
    parcel: Parcel | None
    scans: Sequence[Scan]
    trouble: DispatchException | None
    people: Mapping[UUID, str]
    #: REG59: nothing but keeping it is done with the person's data.
    restricted: bool


async def board(unit: Unit, place: Pharmacy, *, limit: int = SHOWN) -> Board:
    """A dozen queries, however many orders wait."""
    counted = await queries.counts(unit, place.id, unit.now)
    counts = counted.by_state
    found = {key: await queries.lane(unit, place.id, states, limit=limit) for key, states in LANES.items()}
    held = await queries.held(unit, place.id)
    # What is held stands apart, above the lanes.
    stopped = Counter(row.state for _, row in held)
    rows = [row for lane in found.values() for row in lane] + [row for _, row in held]
    cards = await _cards(unit, rows)
    return Board(
        pharmacy=place,
        lanes=[
            Lane(
                key,
                max(0, sum(counts.get(state, 0) - stopped[state] for state in LANES[key])),
                [cards[row.id] for row in lane],
            )
            for key, lane in found.items()
        ],
        held=[(trouble, cards[row.id]) for trouble, row in held],
        held_count=len(held),
        late=counted.late,
    )


async def work(unit: Unit, row: DispatchOrder) -> Work:
    rx = await prescription(unit, row.id)
    restricted = await note_look(unit, rx.person_id, Looked.DISPATCH, row.id)
    parcel = await queries.live_parcel(unit, row.id)
    wrote = await doctor(unit, rx.doctor_id)
    content = await content_of(unit, rx)
    return Work(
        card=(await _cards(unit, [row]))[row.id],
        order=row,
        rx=rx,
        patient=await person(unit, rx.person_id),
        content=content,
        department=(await department(unit, rx.department_id)).name,
        doctor=wrote.name,
        items=await _items(unit, row, await drugs(unit, row.hospital_id), content),
        parcel=parcel,
        scans=list(reversed(await queries.scans(unit, parcel.id))) if parcel is not None else [],
        trouble=await queries.open_exception(unit, row.id),
        people=await _staff(unit, row),
        restricted=restricted,
    )


async def _items(unit: Unit, row: DispatchOrder, names: Names, content: SheetContent | None) -> list[Item]:
    lines = await lines_of(unit, row.id)
    picks = await queries.picks(unit, row.id)
    lots = await lots_by_id(unit, [pick.lot_id for pick in picks])
    held = {
        each.drug_code: each.quantity
        for each in await reservations(unit, row.id)
        if each.state is not ReservationState.FREED
    }
    shelf = await lots_of(unit, row.pharmacy_id, list(held)) if row.state is D.CLAIMED else []
    items = []
    for place, line in enumerate(lines):
        picked = [
            LotChoice(lots[pick.lot_id], pick.quantity) for pick in picks if pick.drug_code == line.drug_code
        ]
        needed = held.get(line.drug_code, line.quantity)
        used = {each.lot.id for each in picked}
        usable = {
            lot.id: lot
            for lot in shelf
            if lot.drug_code == line.drug_code and lot.blocked_at is None and lot.id not in used
        }
        left = needed - sum((each.quantity for each in picked), Decimal(0))
        suggested = [LotChoice(usable[key], many) for key, many in first_to_expire(usable.values(), left)]
        said = _said(content, place)
        items.append(Item(line, names.of(line.drug_code), needed, *said, picked, suggested))
    return items


def _said(content: SheetContent | None, place: int) -> tuple[str, str, str]:
    if content is None:
        return "", "", ""
    if content.decoction is not None:
        # Printed by role, kept as they were written.
        herb = content.herbs[place] if place < len(content.herbs) else None
        return "", grams(herb.grams) if herb is not None else "", herb.step if herb is not None else ""
    written = content.lines[place]
    return written.form, each_time(written), usage_of(written)


async def _cards(unit: Unit, rows: Sequence[DispatchOrder]) -> dict[UUID, Card]:
    """Three queries for all of them."""
    ids = {row.id for row in rows}
    sheets = await unit.session.execute(
        sa.select(Prescription.id, Prescription.person_id).where(Prescription.id.in_(ids))
    )
    person_of: dict[UUID, UUID] = {key: person_id for key, person_id in sheets}
    people = await people_by_id(unit, sorted(set(person_of.values())))
    counted = await unit.session.execute(
        sa.select(Line.prescription_id, sa.func.count())
        .where(Line.prescription_id.in_(ids))
        .group_by(Line.prescription_id)
    )
    lines: dict[UUID, int] = {key: count for key, count in counted}
    staff = await _names(unit, {row.claimed_by for row in rows if row.claimed_by is not None})
    return {
        row.id: _card(unit, row, people.get(person_of[row.id]), lines.get(row.id, 0), staff) for row in rows
    }


def _card(unit: Unit, row: DispatchOrder, who: Person | None, lines: int, staff: Mapping[UUID, str]) -> Card:
    left = row.promised_at - unit.now
    packed = row.packed_at is not None
    return Card(
        id=row.id,
        number=row.number,
        name=mask_name(who.name) if who is not None else "",
        state=row.state,
        path=row.path,
        window_number=row.window_number,
        needs_decocting=row.needs_decocting,
        needs_cold_chain=row.needs_cold_chain,
        lines=lines,
        paid_at=row.paid_at,
        promised_at=row.promised_at,
        tone=Tone.CALM if packed else tone(row.paid_at, row.promised_at, unit.now),
        minutes_left=int(left.total_seconds() // 60),
        claimed_by=staff.get(row.claimed_by, "") if row.claimed_by is not None else "",
        is_mine=row.claimed_by is not None and row.claimed_by == unit.actor.account_id,
        is_held=row.held_at is not None,
        is_being_undone=row.undo_reason is not None,
    )


async def _staff(unit: Unit, row: DispatchOrder) -> dict[UUID, str]:
    seen = (row.claimed_by, row.picked_by, row.checked_by)
    return await _names(unit, {each for each in seen if each is not None})


async def _names(unit: Unit, accounts: set[UUID]) -> dict[UUID, str]:
    found = {}
    for member in await staff_of(unit, unit.actor.hospital) if accounts else []:
        found[member.account_id] = member.name
    return {key: found.get(key, "") for key in accounts}
