"""What the API says of an insured account. Amounts are integer fen."""

from datetime import date, datetime
from typing import Annotated

from pydantic import BaseModel, ConfigDict, StringConstraints

from telehealth.insurance.enquiring import OwnAccount


class WhichHospital(BaseModel):
    """Through whose door the insurer is asked."""

    model_config = ConfigDict(extra="forbid")

    hospital: Annotated[str, StringConstraints(strip_whitespace=True, pattern=r"^[a-z][a-z0-9-]{1,30}$")]


class AccountEntryView(BaseModel):
    """`personal` is what the account paid; below zero it came back."""

    at: datetime
    place: str
    total: int
    fund: int
    personal: int
    cash: int


class OwnAccountView(BaseModel):
    hospital: str
    since: date
    balance: int | None
    entries: list[AccountEntryView]

    @classmethod
    def of(cls, found: OwnAccount) -> "OwnAccountView":
        return cls(
            hospital=found.hospital.code,
            since=found.since,
            balance=found.balance,
            entries=[AccountEntryView.model_validate(entry, from_attributes=True) for entry in found.entries],
        )
