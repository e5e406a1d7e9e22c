"""How far long work has come, as a row: an import, an export, the matching of a bill.

A job begins it, advances it as each piece is committed, and finishes it. A killed worker's job runs
again, begins again, and goes on from `done`: so `done` is written in the transaction of the piece.
A job that runs out of tries says so (`watched`), and whoever asked for it may let it go on (`resume`).
Pages show the row with the macro `progress` of web/macros/ui.html, clients read it as `ProgressView`.
"""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID

import sqlalchemy as sa
from pydantic import BaseModel
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Mapped, mapped_column

from telehealth.core.db import Base
from telehealth.core.errors import Conflict, Forbidden, Invalid, NotFound, Refused
from telehealth.core.i18n import N_
from telehealth.core.machine import Machine
from telehealth.core.tenancy import Tenancy
from telehealth.core.unit import Unit

#: Wall time without a step after which nobody is at it any more: longer than a job waits between two tries.
STUCK_AFTER = timedelta(minutes=20)
#: What is said where the reason means nothing to whoever asked.
STOPPED = N_("暂时没有完成，请稍后重试")
#: After these a job is not tried again (`jobs`): what was wrong stays wrong.
_FINAL = (Conflict, Refused, NotFound, Invalid, Forbidden)


class ProgressState(StrEnum):
    WAITING = "waiting"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"


class ProgressEvent(StrEnum):
    BEGIN = "begin"
    FINISH = "finish"
    FAIL = "fail"
    REPEAT = "repeat"
    RESUME = "resume"


S, E = ProgressState, ProgressEvent

PROGRESS = Machine("progress", S.WAITING, {
    (S.WAITING, E.BEGIN): S.RUNNING,
    (S.RUNNING, E.BEGIN): S.RUNNING,        # its worker was killed, another goes on
    (S.FAILED, E.BEGIN): S.RUNNING,         # tried again, from where it stopped
    (S.RUNNING, E.FINISH): S.DONE,
    (S.WAITING, E.FAIL): S.FAILED,
    (S.RUNNING, E.FAIL): S.FAILED,
    (S.FAILED, E.FAIL): S.FAILED,           # for another reason: given up by whoever asked
    (S.DONE, E.REPEAT): S.WAITING,          # asked for anew, from the start
    (S.FAILED, E.REPEAT): S.WAITING,
    (S.FAILED, E.RESUME): S.WAITING,        # asked to go on, from where it stopped
})  # fmt: skip

WORDS = {S.WAITING: N_("排队中"), S.RUNNING: N_("正在处理"), S.DONE: N_("已完成"), S.FAILED: N_("没有完成")}
KINDS = {S.WAITING: "", S.RUNNING: "info", S.DONE: "ok", S.FAILED: "danger"}


class Progress(Base):
    __tablename__ = "progress"
    __tenancy__ = Tenancy(hospital=True, account=True, stays="work of the account itself")

    #: A dotted name, as of an audit record.
    kind: Mapped[str] = mapped_column(primary_key=True)
    subject_id: Mapped[UUID] = mapped_column(primary_key=True)
    hospital_id: Mapped[UUID | None]
    account_id: Mapped[UUID | None]
    state: Mapped[ProgressState]
    done: Mapped[int]
    #: 0 until it is known how much there is.
    total: Mapped[int]
    #: A Chinese message id: what is being done, or why it stopped. Never a name.
    step: Mapped[str]
    #: Wall times.
    asked_at: Mapped[datetime]
    moved_at: Mapped[datetime]

    def apply(self, event: ProgressEvent) -> None:
        self.state = PROGRESS.after(self.state, event)

    @property
    def is_live(self) -> bool:
        """Somebody still works at it, or will."""
        return self.state in (S.WAITING, S.RUNNING)

    @property
    def is_done(self) -> bool:
        return self.state is S.DONE

    @property
    def percent(self) -> int:
        """100 only when it is done."""
        if self.is_done:
            return 100
        return min(99, self.done * 100 // self.total) if self.total else 0

    @property
    def badge(self) -> tuple[str, str]:
        """Kind of tag, and the state's word."""
        return KINDS[self.state], WORDS[self.state]


class ProgressView(BaseModel):
    state: ProgressState
    done: int
    total: int
    percent: int
    moved_at: datetime

    @classmethod
    def of(cls, row: Progress) -> "ProgressView":
        return cls.model_validate(row, from_attributes=True)


async def ask(
    unit: Unit,
    kind: str,
    subject_id: UUID,
    *,
    total: int = 0,
    hospital_id: UUID | None = None,
    account_id: UUID | None = None,
) -> Progress:
    """The row of work that is asked for; the caller defers its job. What already waits or runs stays."""
    await unit.session.execute(
        insert(Progress)
        .values(
            kind=kind,
            subject_id=subject_id,
            hospital_id=hospital_id or unit.hospital_id,
            account_id=account_id or unit.owner,
            state=S.WAITING,
            done=0,
            total=total,
            step="",
            asked_at=unit.wall,
            moved_at=unit.wall,
        )
        .on_conflict_do_nothing()
    )
    row = await _locked(unit, kind, subject_id)
    if PROGRESS.allows(row.state, E.REPEAT):
        row.apply(E.REPEAT)
        row.done, row.total, row.step, row.asked_at, row.moved_at = 0, total, "", unit.wall, unit.wall
    return row


async def begin(unit: Unit, kind: str, subject_id: UUID, *, total: int, step: str = "") -> int:
    """The job starts, or goes on: how many pieces are done. Raises TransitionRefused once all are."""
    row = await _locked(unit, kind, subject_id)
    row.apply(E.BEGIN)
    row.total, row.step, row.moved_at = total, step or row.step, unit.wall
    return row.done


async def advance(unit: Unit, kind: str, subject_id: UUID, done: int, *, step: str = "") -> None:
    """`done` pieces are through, this unit's among them. It never goes backwards."""
    row = await _locked(unit, kind, subject_id)
    row.done, row.step, row.moved_at = max(row.done, done), step or row.step, unit.wall


async def finish(unit: Unit, kind: str, subject_id: UUID, *, step: str = "") -> None:
    row = await _locked(unit, kind, subject_id)
    row.apply(E.FINISH)
    row.done, row.step, row.moved_at = row.total, step, unit.wall


async def fail(unit: Unit, kind: str, subject_id: UUID, *, why: str) -> None:
    """`why` is a Chinese message id for whoever asked. A later `begin` goes on from where it stopped."""
    row = await _locked(unit, kind, subject_id)
    row.apply(E.FAIL)
    row.step, row.moved_at = why, unit.wall


def may_resume(row: Progress, wall: datetime) -> bool:
    """It failed, or whoever was at it is gone and nobody came after."""
    return row.state is S.FAILED or (row.is_live and row.moved_at < wall - STUCK_AFTER)


async def resume(unit: Unit, kind: str, subject_id: UUID) -> bool:
    """Let it go on from where it stopped; whether the caller is to defer its job."""
    row = await _locked(unit, kind, subject_id)
    if not may_resume(row, unit.wall):
        return False
    if PROGRESS.allows(row.state, E.RESUME):
        row.apply(E.RESUME)
    row.step, row.moved_at = "", unit.wall
    return True


@asynccontextmanager
async def watched(
    opening: Callable[[], AbstractAsyncContextManager[Unit]], kind: str, subject_id: UUID, *, last: bool
) -> AsyncIterator[None]:
    """Around what a job does after `begin`: when no try comes any more, the row says that it stopped.

    `last`: the engine will not try again.
    """
    try:
        yield
    except Exception as error:
        if last or isinstance(error, _FINAL):
            async with opening() as unit:
                row = await _locked(unit, kind, subject_id)
                if row.is_live:
                    await fail(unit, kind, subject_id, why=STOPPED)
        raise


async def progress_of(unit: Unit, kind: str, subject_id: UUID) -> Progress | None:
    """As far as this unit may see it."""
    return await unit.session.get(Progress, (kind, subject_id), populate_existing=True)


async def _locked(unit: Unit, kind: str, subject_id: UUID) -> Progress:
    row: Progress = (
        await unit.session.scalars(
            sa.select(Progress)
            .where(Progress.kind == kind, Progress.subject_id == subject_id)
            .execution_options(populate_existing=True)
            .with_for_update()
        )
    ).one()
    return row
