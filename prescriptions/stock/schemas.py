"""What the API and the forms of the shelves say and take."""

from datetime import date
from decimal import Decimal
from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from prescriptions.stock.models import Lot
from prescriptions.stock.queries import Shelf
from prescriptions.stock.rules import LARGEST, Goods
from telehealth.core.text import Day

Code = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=40, pattern=r"^\S+$")]
LotNumber = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=40)]
Quantity = Annotated[Decimal, Field(gt=0, le=LARGEST, max_digits=9, decimal_places=2, allow_inf_nan=False)]
Counted = Annotated[Decimal, Field(ge=0, le=LARGEST, max_digits=9, decimal_places=2, allow_inf_nan=False)]


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid")


class GoodsBody(_Body):
    drug_code: Code
    lot_number: LotNumber
    expires_on: Day
    quantity: Quantity

    def goods(self) -> Goods:
        return Goods(self.drug_code, self.lot_number, self.expires_on, self.quantity)


class ReceiptBody(_Body):
    """A delivery: all of it is taken in, or nothing."""

    goods: list[GoodsBody] = Field(min_length=1, max_length=500)


class CountBody(_Body):
    found: Counted


class LevelBody(_Body):
    reorder_at: Counted


class StockQuery(_Body):
    show: Literal["all", "low", "expiring"] = "all"


class LotView(BaseModel):
    id: UUID
    drug_code: str
    lot_number: str
    expires_on: date
    quantity: Decimal
    blocked_by: str | None

    @classmethod
    def of(cls, row: Lot) -> "LotView":
        return cls.model_validate(row, from_attributes=True)


class ShelfView(BaseModel):
    drug_code: str
    on_hand: Decimal
    reserved: Decimal
    free: Decimal
    reorder_at: Decimal
    is_low: bool
    lots: int
    expires_on: date | None

    @classmethod
    def of(cls, shelf: Shelf) -> "ShelfView":
        return cls(
            drug_code=shelf.item.drug_code, on_hand=shelf.item.on_hand, reserved=shelf.item.reserved,
            free=shelf.free, reorder_at=shelf.item.reorder_at, is_low=shelf.is_low, lots=shelf.lots,
            expires_on=shelf.expires_on,
        )  # fmt: skip
