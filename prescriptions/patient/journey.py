"""What the pharmacy and the courier did since it was paid, as a patient reads it."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from prescriptions.couriers import ParcelState, Scan, in_order
from prescriptions.patient.stages import PARCEL_WORDS
from prescriptions.pharmacy import DispatchOrder, Parcel, find_order, live_parcel, scans
from prescriptions.settling import Fulfilment
from prescriptions.states import DispatchState, Path
from telehealth.core.i18n import N_
from telehealth.core.unit import Unit

CARRIERS = {
    "sf": N_("顺丰速运"), "ems": N_("邮政 EMS"), "jd": N_("京东物流"), "china_post": N_("中国邮政"),
    "deppon": N_("德邦快递"),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Step:
    """`title` is a message id; `state` is "done", "now" or ""."""

    title: str
    at: datetime | None = None
    place: str = ""
    state: str = ""


@dataclass(frozen=True, slots=True)
class Journey:
    order: DispatchOrder | None
    parcel: Parcel | None
    steps: tuple[Step, ...]

    @property
    def state(self) -> DispatchState | None:
        return self.order.state if self.order is not None else None

    @property
    def is_cancelling(self) -> bool:
        """The pharmacy gives it up, and asks the courier first."""
        at_work = self.order is not None and self.order.state is not DispatchState.CANCELLED
        return at_work and self.order is not None and self.order.undo_reason is not None

    @property
    def parcel_state(self) -> ParcelState | None:
        return self.parcel.state if self.parcel is not None else None


async def journey_of(unit: Unit, row: Fulfilment | None) -> Journey:
    if row is None or row.paid_at is None:
        return Journey(None, None, ())
    order = await find_order(unit, row.id)
    parcel = await live_parcel(unit, row.id) if order is not None and row.path is Path.COURIER else None
    seen = await scans(unit, parcel.id) if parcel is not None else []
    return Journey(order, parcel, tuple(_steps(row, order, parcel, seen)))


def _steps(
    row: Fulfilment, order: DispatchOrder | None, parcel: Parcel | None, seen: list[Scan]
) -> Iterable[Step]:
    yield Step(N_("已缴费"), row.paid_at, state="done")
    if order is None or order.state is DispatchState.CANCELLED:
        return
    packed = order.packed_at is not None
    if order.needs_decocting:
        cooked = order.state not in (
            DispatchState.WAITING, DispatchState.CLAIMED, DispatchState.PICKED, DispatchState.DECOCTING,
        )  # fmt: skip
        yield Step(N_("配药并代煎"), state="done" if cooked else "now")
    else:
        yield Step(N_("配药并复核"), order.checked_at, state="done" if order.checked_at else "now")
    if row.path is Path.WINDOW:
        yield Step(N_("药已配好"), order.packed_at, state="done" if packed else "")
        yield Step(N_("窗口取药"), order.handed_at, state=_last(order, packed))
        return
    yield Step(N_("已打包"), order.packed_at, state="done" if packed else "")
    moved = [scan for scan in in_order(seen) if scan.state is not None]
    for position, scan in enumerate(moved, start=1):
        words = PARCEL_WORDS[scan.state] if scan.state is not None else ""
        yield Step(words, scan.at, scan.place, state="now" if position == len(moved) else "done")
    if not moved:
        yield Step(N_("交给快递员"), order.handed_at, state=_last(order, packed))
    if parcel is None or parcel.state is not ParcelState.DELIVERED:
        yield Step(N_("签收"))


def _last(order: DispatchOrder, packed: bool) -> str:
    if order.handed_at is not None or order.state is DispatchState.COLLECTED:
        return "done"
    return "now" if packed else ""
