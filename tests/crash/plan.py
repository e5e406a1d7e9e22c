"""Which errands lead to a point, and which point is armed next: one that was hit least."""

import random
from collections import Counter
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from enum import StrEnum

from tests.crash.points import points


class Jump(StrEnum):
    """What only time brings about."""

    #: Holds run out.
    HOLD = "hold"
    #: A day ends.
    MIDNIGHT = "midnight"
    #: The bills of yesterday are there.
    BILLS = "bills"
    #: A passed sheet's last day is over.
    VALIDITY = "validity"
    #: What was paid should have been packed.
    PROMISE = "promise"
    #: The price of a hospital's bill, asked for and not paid, lapses.
    PRICE = "price"


@dataclass(frozen=True, slots=True)
class Road:
    """`errands` lead to the point, in the web process; with `verb` a member of staff's own process gets
    there, once the errands have brought something about for it."""

    errands: tuple[str, ...]
    jump: Jump | None = None
    verb: str = ""
    #: Only a callback leads there: none is lost meanwhile.
    by_callback: bool = False


_PAID_AND_BACK = Road(("cancels",))
_BY_CALLBACK = Road(("cancels",), by_callback=True)
_INSURED = Road(("insured_cancels",))
_GIVEN_UP = Road(("changes_mind",))

_SENT = Road(("sends",))
_OWED = Road(("pays_bill",))

#: The first part of a name → how one gets there; a whole name where its way is another.
ROADS: dict[str, Road] = {
    "hold": _PAID_AND_BACK,
    "charge": _PAID_AND_BACK,
    "lapse": Road(("lapses",), jump=Jump.HOLD),
    "pay": _PAID_AND_BACK,
    "pay.order": _PAID_AND_BACK,
    "pay.prepay": _PAID_AND_BACK,
    "pay.mixed": _INSURED,
    "pay.round": _PAID_AND_BACK,
    "pay.query": _PAID_AND_BACK,
    "pay.settle": _PAID_AND_BACK,
    "pay.closing": _GIVEN_UP,
    "pay.close": _GIVEN_UP,
    "pay.closed": _GIVEN_UP,
    "pay.cash": Road(("cash",)),
    "notice.stored": _BY_CALLBACK,
    "notice.judged": _BY_CALLBACK,
    "attend": Road(("unattended",), verb="attend"),
    "complete": Road(("seen",)),
    "cancel": _PAID_AND_BACK,
    "clinic_closed": Road(("clinic_closes",)),
    "withdraw": Road(("unattended",), verb="withdraw"),
    "refuse": Road(("unattended",), verb="refuse"),
    "sweep": Road(("unattended",), jump=Jump.MIDNIGHT),
    "refund.requested": _PAID_AND_BACK,
    "refund.leased": _PAID_AND_BACK,
    "refund.sent": _PAID_AND_BACK,
    "refund.recorded": _PAID_AND_BACK,
    "refund.query": _BY_CALLBACK,
    "refund.settled": _BY_CALLBACK,
    "refund.insurer": _INSURED,
    "refund.told": _INSURED,
    "refund.retried": Road(("parked",), verb="retry"),
    "refund.settled_by_hand": Road(("cash",), verb="by_hand"),
    "insure.look_up": _INSURED,
    "insure.ask": _INSURED,
    "insure.authorise": _INSURED,
    "insure.intent": _INSURED,
    "insure.upload": _INSURED,
    "insure.price": _INSURED,
    "insure.revoke": Road(("forgoes",)),
    "bill": Road(("unattended",), jump=Jump.BILLS),
    "rx.sign": Road(("leaves_sheet",), verb="sign"),
    "rx.pass": Road(("leaves_sheet",), verb="pass"),
    "rx.choose": _SENT,
    "rx.take": _SENT,
    "rx.waybill": _SENT,
    "rx.undo": Road(("gives_up",)),
    "rx.undo.before_commit": Road(("left_unpacked",), jump=Jump.PROMISE),
    "rx.pack": Road(("sends",), verb="pack"),
    "rx.collect": Road(("sends",), verb="hand_out"),
    "rx.expire": Road(("leaves_sheet",), jump=Jump.VALIDITY),
    "his_bill.price": _OWED,
    "his_bill.charge": _OWED,
    "his_bill.lapse": Road(("leaves_bill",), jump=Jump.PRICE),
    "his_bill.take": _OWED,
    "his_bill.leased": _OWED,
    "his_bill.tell": _OWED,
    "his_bill.confirm": _OWED,
    "his_bill.give_back": Road(("window_first", "dearer")),
}

#: For everyday: one of each kind of step, where most would be lost.
TWENTY = (
    "hold.after_commit",
    "pay.prepay.after_call",
    "pay.mixed.after_call",
    "notice.stored.after_commit",
    "pay.query.after_call",
    "pay.settle.before_commit",
    "pay.close.after_call",
    "lapse.before_commit",
    "cancel.after_commit",
    "sweep.before_commit",
    "refund.sent.after_call",
    "refund.insurer.after_call",
    "rx.take.before_commit",
    "rx.waybill.after_call",
    "rx.undo.after_call",
    "rx.collect.before_commit",
    "rx.expire.before_commit",
    "his_bill.take.before_commit",
    "his_bill.tell.after_call",
    "his_bill.give_back.before_commit",
)


def base_of(name: str) -> str:
    """`pay.prepay.before_call` → `pay.prepay`."""
    return name.rpartition(".")[0]


def road_to(name: str) -> Road:
    return ROADS.get(name) or ROADS[base_of(name)]


def all_names() -> list[str]:
    """Raises AssertionError for a point of the program nobody knows the way to."""
    unknown = sorted(name for name in points() if base_of(name) not in ROADS)
    assert not unknown, f"no road leads to {', '.join(unknown)}"
    return sorted(points())


class Plan:
    """Shared by all towns: what one has under way the others leave alone."""

    def __init__(self, names: Iterable[str], *, times: int, seed: int) -> None:
        self.names = list(names)
        self.times = times
        self.hits: Counter[str] = Counter()
        self._under_way: set[str] = set()
        random.Random(seed).shuffle(self.names)
        # Those of staff one after the other: the web process may live on meanwhile.
        self.names.sort(key=lambda name: bool(road_to(name).verb))

    @property
    def is_done(self) -> bool:
        return not self._open()

    @property
    def left(self) -> list[str]:
        return self._open()

    def next(self, jumps: Collection[Jump]) -> str | None:
        """One that was hit least, and for whose jump there is somebody in town; None when all is done."""
        found = [name for name in self._open() if name not in self._under_way]
        ready = [name for name in found if (jump := road_to(name).jump) is None or jump in jumps]
        if not ready:
            return None
        name = min(ready, key=lambda name: self.hits[name])
        self._under_way.add(name)
        return name

    def hit(self, name: str) -> None:
        self.hits[name] += 1
        self._under_way.discard(name)

    def histogram(self) -> str:
        widest = max(len(name) for name in self.names)
        return "\n".join(
            f"{name:<{widest}}  {self.hits[name]:>3}  {'#' * self.hits[name]}" for name in sorted(self.names)
        )

    def _open(self) -> list[str]:
        return [name for name in self.names if self.hits[name] < self.times]
