"""How a passed sheet reaches its patient: one path, paid once. Its id is the prescription's."""

from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from prescriptions.states import FULFILMENT, FulfilmentEvent, FulfilmentState, Path
from telehealth.core.db import Base
from telehealth.core.seal import Sealed
from telehealth.core.tenancy import OF_PERSON, Tenancy


class Fulfilment(Base):
    """Made when the pharmacist passes the sheet; `path` is None until the patient chooses."""

    __tablename__ = "fulfilments"
    __tenancy__ = Tenancy(hospital=True, account=True, of=OF_PERSON)
    __table_args__ = (
        sa.Index("ix_fulfilments_account", "account_id", "passed_at"),
        sa.Index("uq_fulfilments_code", "hospital_id", "code_digest", unique=True),
    )

    id: Mapped[UUID] = mapped_column(sa.ForeignKey("prescriptions.id"), primary_key=True)
    hospital_id: Mapped[UUID]
    account_id: Mapped[UUID | None]
    person_id: Mapped[UUID]
    #: Where its stock is reserved.
    pharmacy_id: Mapped[UUID] = mapped_column(sa.ForeignKey("pharmacies.id"))
    state: Mapped[FulfilmentState]
    path: Mapped[Path | None]
    #: JSON of `settling.address.Address`, as it stood when it was paid for (XY30).
    address: Mapped[str | None] = mapped_column(Sealed("fulfilments.address"))
    #: What a courier said freight may cost: shown as an estimate, never charged (XY31). Fen, days.
    estimate: Mapped[dict[str, Any]]
    #: The patient was told who gets what (PIPL art. 23), that it is self-pay (XY08), and agreed.
    agreed_at: Mapped[datetime | None]
    #: How often the sheet was printed without anybody signed in, and when last.
    prints: Mapped[int] = mapped_column(server_default=sa.text("0"))
    printed_at: Mapped[datetime | None]
    charge_id: Mapped[UUID | None] = mapped_column(sa.ForeignKey("charges.id"))
    #: Pick-up code of the window path: eight digits, sealed for the patient, found by its keyed digest.
    code: Mapped[str | None] = mapped_column(Sealed("fulfilments.code"))
    code_digest: Mapped[str | None]
    #: Issued at the window when it is paid (BJ08).
    window_number: Mapped[int | None]
    passed_at: Mapped[datetime]
    #: The one deadline the patient is shown (XY33).
    pay_by: Mapped[datetime]
    reminders: Mapped[int] = mapped_column(server_default=sa.text("0"))
    paid_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]

    def apply(self, event: FulfilmentEvent, *, at: datetime) -> None:
        """Raises TransitionRefused."""
        self.state = FULFILMENT.after(self.state, event)
        if self.state is FulfilmentState.PAID:
            self.paid_at = at
        else:
            self.ended_at = at
