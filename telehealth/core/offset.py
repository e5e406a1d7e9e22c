"""The business clock's offset from wall time: one row, which only the demo profile may set.

Kept over restarts. Every process reads it at start and again before each sweep.
"""

from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Mapped, mapped_column

from telehealth.core.clock import SystemClock
from telehealth.core.db import Base
from telehealth.core.errors import Refused
from telehealth.core.tenancy import Tenancy
from telehealth.core.unit import Unit, Units


class ClockFixed(Refused):
    code = "clock_fixed"
    detail = "只有演示环境可以调整时间"


class ClockOffset(Base):
    __tablename__ = "clock_offset"
    __tenancy__ = Tenancy(open="one row for the whole house")
    __table_args__ = (sa.CheckConstraint("id = 1", name="one_row"),)

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    #: Seconds by which business time is ahead of wall time.
    offset_s: Mapped[int]
    moved_at: Mapped[datetime]


async def read_offset(units: Units) -> timedelta:
    async with units.public() as unit:
        row = await unit.session.get(ClockOffset, 1)
        return timedelta(seconds=row.offset_s if row else 0)


async def follow_offset(units: Units) -> None:
    """Take over what another process set."""
    if isinstance(units.clock, SystemClock):
        units.clock.offset = await read_offset(units)


async def move_clock(unit: Unit, offset: timedelta, *, is_demo: bool) -> None:
    """Raises ClockFixed outside the demo."""
    if not is_demo:
        raise ClockFixed()
    row = insert(ClockOffset).values(id=1, offset_s=int(offset.total_seconds()), moved_at=unit.wall)
    moved = {"offset_s": row.excluded.offset_s, "moved_at": row.excluded.moved_at}
    await unit.session.execute(row.on_conflict_do_update(index_elements=["id"], set_=moved))
    unit.audit("clock.moved", "clock:business", offset_s=int(offset.total_seconds()))
