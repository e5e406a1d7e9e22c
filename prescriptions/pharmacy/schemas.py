"""What the API of the dispatch desk says and takes."""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from prescriptions.couriers import Carrier
from prescriptions.pharmacy.handing import Collector, Document
from prescriptions.pharmacy.models import DispatchException, DispatchOrder, Parcel, Recall
from prescriptions.pharmacy.presenting import Board, Card, LotChoice, Work
from prescriptions.pharmacy.recalling import Holder
from prescriptions.pharmacy.rules import MATCHES, Resolution, Tone, Trouble
from prescriptions.states import DispatchState, Path, RecallState
from prescriptions.stock import Pick
from telehealth.core.text import Line, OptionalLine, OptionalParagraph, Paragraph

Scanned = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=80)]
Number = Annotated[str, StringConstraints(strip_whitespace=True, min_length=4, max_length=32)]


class Body(BaseModel):
    model_config = ConfigDict(extra="forbid")


class ScanBody(Body):
    """`code` as the barcode says: lot number, or drug code, "/" and lot number."""

    code: Scanned
    quantity: Annotated[Decimal, Field(gt=0, le=1_000_000, decimal_places=2)] | None = None


class DecoctionBody(Body):
    pot: Line


class BagsBody(Body):
    bags: int = Field(ge=1, le=500)


class CheckBody(Body):
    """The ten matches that agree; all of them, or it is not checked."""

    matches: list[Literal["department", "name", "age", "drug", "form", "strength", "quantity", "appearance",
                          "usage", "diagnosis"]] = Field(max_length=len(MATCHES))  # fmt: skip


class ReasonBody(Body):
    reason: Paragraph


class PackBody(Body):
    """`logger`: id of the temperature logger that travels with a cold-chain parcel (REG 45)."""

    logger: OptionalLine = ""


class WaybillBody(Body):
    """Booked at another courier's desk: its number is typed in."""

    carrier: Carrier
    waybill: Number


class HandOverBody(Body):
    waybill: Scanned


class DocumentBody(Body):
    kind: Line
    number: Scanned

    def fact(self) -> Document:
        return Document(self.kind, self.number)


class CollectionBody(Body):
    """Who stands at the window. A `relation` makes them a proxy: both documents then (REG 47)."""

    name: Line
    relation: OptionalLine = ""
    code: Annotated[str, StringConstraints(strip_whitespace=True, max_length=20)] = ""
    patient: DocumentBody | None = None
    proxy: DocumentBody | None = None
    counselling: OptionalParagraph = ""

    def who(self) -> Collector:
        return Collector(
            self.name,
            self.relation,
            self.code,
            self.patient.fact() if self.patient is not None else None,
            self.proxy.fact() if self.proxy is not None else None,
        )


class TroubleBody(Body):
    kind: Trouble
    note: OptionalParagraph = ""


class ResolutionBody(Body):
    way: Resolution


class RecallBody(Body):
    drug_code: Scanned
    lot_number: Scanned
    reason: Paragraph


class RecallEndBody(Body):
    """`is_sound`: the lot turned out to be good, and counts again."""

    is_sound: bool = False


class OrderView(BaseModel):
    id: UUID
    number: str
    state: DispatchState
    path: Path
    window_number: int | None
    needs_decocting: bool
    needs_cold_chain: bool
    paid_at: datetime
    promised_at: datetime
    alone: bool
    is_held: bool
    is_being_undone: bool
    reason: str | None

    @classmethod
    def of(cls, row: DispatchOrder) -> "OrderView":
        return cls(
            id=row.id, number=row.number, state=row.state, path=row.path, window_number=row.window_number,
            needs_decocting=row.needs_decocting, needs_cold_chain=row.needs_cold_chain, paid_at=row.paid_at,
            promised_at=row.promised_at, alone=row.alone, is_held=row.held_at is not None,
            is_being_undone=row.undo_reason is not None, reason=row.reason,
        )  # fmt: skip


class CardView(BaseModel):
    """On the board: the name is masked."""

    id: UUID
    number: str
    name: str
    state: DispatchState
    path: Path
    lines: int
    promised_at: datetime
    minutes_left: int
    tone: Tone
    is_mine: bool
    is_held: bool

    @classmethod
    def of(cls, card: Card) -> "CardView":
        return cls.model_validate(card, from_attributes=True)


class LaneView(BaseModel):
    lane: str
    count: int
    orders: list[CardView]


class BoardView(BaseModel):
    pharmacy: str
    late: int
    held: int
    lanes: list[LaneView]

    @classmethod
    def of(cls, board: Board) -> "BoardView":
        return cls(
            pharmacy=board.pharmacy.name,
            late=board.late,
            held=board.held_count,
            lanes=[
                LaneView(lane=lane.key, count=lane.count, orders=[CardView.of(card) for card in lane.cards])
                for lane in board.lanes
            ],
        )


class LotView(BaseModel):
    lot_number: str
    quantity: Decimal


class ItemView(BaseModel):
    drug_code: str
    name: str
    strength: str
    needed: Decimal
    picked: list[LotView]
    suggested: list[LotView]


class WorkView(OrderView):
    items: list[ItemView]
    waybill: str
    trouble: Trouble | None

    @classmethod
    def of_work(cls, work: Work) -> "WorkView":
        parcel, trouble = work.parcel, work.trouble

        def lots(chosen: Sequence[LotChoice]) -> list[LotView]:
            return [LotView(lot_number=it.lot.lot_number, quantity=it.quantity) for it in chosen]

        return cls(
            **OrderView.of(work.order).model_dump(),
            items=[
                ItemView(
                    drug_code=item.drug.code, name=item.drug.name, strength=item.drug.strength,
                    needed=item.needed,
                    picked=lots(item.picked), suggested=lots(item.suggested),
                )
                for item in work.items
            ],
            waybill=parcel.waybill if parcel is not None else "",
            trouble=Trouble(trouble.kind) if trouble is not None else None,
        )  # fmt: skip


class PickView(BaseModel):
    drug_code: str
    lot_id: UUID
    quantity: Decimal

    @classmethod
    def of(cls, pick: Pick) -> "PickView":
        return cls(drug_code=pick.drug_code, lot_id=pick.lot_id, quantity=pick.quantity)


class ParcelView(BaseModel):
    id: UUID
    carrier: Carrier
    waybill: str
    state: str

    @classmethod
    def of(cls, row: Parcel) -> "ParcelView":
        return cls(id=row.id, carrier=Carrier(row.carrier), waybill=row.waybill, state=row.state)


class TroubleView(BaseModel):
    order_id: UUID
    kind: Trouble
    opened_at: datetime

    @classmethod
    def of(cls, row: DispatchException) -> "TroubleView":
        return cls(order_id=row.order_id, kind=Trouble(row.kind), opened_at=row.opened_at)


class RecallView(BaseModel):
    id: UUID
    drug_code: str
    lot_number: str
    reason: str
    state: RecallState
    opened_at: datetime

    @classmethod
    def of(cls, row: Recall) -> "RecallView":
        return cls.model_validate(row, from_attributes=True)


class HolderView(BaseModel):
    order_id: UUID
    number: str
    name: str
    state: DispatchState
    quantity: Decimal
    at: datetime
    can_be_told: bool


class RecallDetail(RecallView):
    holders: list[HolderView]

    @classmethod
    def of_recall(cls, row: Recall, found: list[Holder]) -> "RecallDetail":
        return cls(
            **RecallView.of(row).model_dump(),
            holders=[HolderView.model_validate(each, from_attributes=True) for each in found],
        )
