"""Dispensing, decided without a database: promises, the second pair of eyes, what a parcel moves."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from enum import StrEnum

from prescriptions.couriers.states import ParcelState
from prescriptions.states import DispatchEvent, DispatchState
from telehealth.core.i18n import N_

D = DispatchState

#: Four checks, ten matches (REG 31): what the second person looks at, and what has to agree.
CHECKS: Mapping[str, tuple[str, ...]] = {
    "sheet": ("department", "name", "age"),
    "drug": ("drug", "form", "strength", "quantity"),
    "compatibility": ("appearance", "usage"),
    "reason": ("diagnosis",),
}
MATCHES = tuple(match for matches in CHECKS.values() for match in matches)
CHECK_LABELS = {
    "sheet": N_("查处方"),
    "drug": N_("查药品"),
    "compatibility": N_("查配伍禁忌"),
    "reason": N_("查用药合理性"),
}
MATCH_LABELS = {
    "department": N_("对科别"),
    "name": N_("对姓名"),
    "age": N_("对年龄"),
    "drug": N_("对药名"),
    "form": N_("对剂型"),
    "strength": N_("对规格"),
    "quantity": N_("对数量"),
    "appearance": N_("对药品性状"),
    "usage": N_("对用法用量"),
    "diagnosis": N_("对临床诊断"),
}

#: The house may take these back by itself: paid, not packed, nothing cooked (docs/prescriptions.md §7).
UNDOABLE = frozenset({D.WAITING, D.CLAIMED, D.PICKED, D.CHECKED})
#: The lots have left the shelf.
TAKEN = frozenset({D.PICKED, D.DECOCTING, D.DECOCTED, D.CHECKED, D.PACKED})
#: What lies in it can only be given up: nobody picks it anew.
SEALED = frozenset({D.DECOCTING, D.DECOCTED, D.CHECKED, D.PACKED})
#: Somebody's hands are on it before the second check.
IN_HAND = frozenset({D.CLAIMED, D.PICKED, D.DECOCTING, D.DECOCTED})


def undoable(state: DispatchState, *, cooked: bool) -> bool:
    """A decoction that was checked has been cooked: a person decides."""
    return state in UNDOABLE and not cooked


def promised_at(paid_at: datetime, *, needs_decocting: bool, pack_hours: int, decoct_hours: int) -> datetime:
    return paid_at + timedelta(hours=decoct_hours if needs_decocting else pack_hours)


class Tone(StrEnum):
    CALM = "calm"
    SOON = "soon"
    LATE = "late"


def tone(paid_at: datetime, promised: datetime, now: datetime) -> Tone:
    """Late once the promise is broken, soon in its last quarter."""
    if now >= promised:
        return Tone.LATE
    return Tone.SOON if promised - now <= (promised - paid_at) / 4 else Tone.CALM


def unmatched(ticked: Collection[str]) -> list[str]:
    return [match for match in MATCHES if match not in ticked]


@dataclass(frozen=True, slots=True)
class LoneDuty:
    """`until` is when the one person on duty may check what they picked."""

    needs_other: bool
    until: datetime | None


def second_eyes(
    *, is_same_person: bool, others: int, picked_at: datetime, now: datetime, pause_minutes: int
) -> LoneDuty:
    """Another person checks; alone on duty, the same one after a pause."""
    if not is_same_person:
        return LoneDuty(False, None)
    if others:
        return LoneDuty(True, None)
    until = picked_at + timedelta(minutes=pause_minutes)
    return LoneDuty(False, until if now < until else None)


#: Packaging, and one pack of a medicine as couriers weigh it; grams of herbs are grams.
WRAPPING_G = 150
PACK_G = 80


def weight_g(quantities: Iterable[Decimal], *, is_herb: bool) -> int:
    each = 1 if is_herb else PACK_G
    return WRAPPING_G + int(sum(quantities, Decimal(0)) * each)


#: On the way, whoever scanned it: then it was handed over.
GONE = frozenset(
    {
        ParcelState.PICKED_UP,
        ParcelState.IN_TRANSIT,
        ParcelState.ARRIVED_CITY,
        ParcelState.OUT_FOR_DELIVERY,
        ParcelState.HELD_FOR_COLLECTION,
        ParcelState.DELIVERED,
        ParcelState.REFUSED,
        ParcelState.RETURNING,
        ParcelState.RETURNED,
    }
)
#: What a parcel's end does to its order.
MOVES: Mapping[ParcelState, DispatchEvent] = {
    ParcelState.DELIVERED: DispatchEvent.DELIVER,
    ParcelState.RETURNED: DispatchEvent.RETURN,
}
#: What a person has to look at, by its kind.
TROUBLES: Mapping[ParcelState, str] = {
    ParcelState.REFUSED: "refused",
    ParcelState.RETURNING: "refused",
    ParcelState.RETURNED: "returned",
    ParcelState.EXCEPTION: "courier",
    ParcelState.CANCELLED: "courier",
}
#: No more news is expected.
OVER = frozenset({ParcelState.RETURNED, ParcelState.CANCELLED})

#: Wall minutes until a courier that says nothing is asked, by how often it has been asked in vain.
_LOOKS = (60, 120, 240, 360, 720)
#: So long after the last news a parcel counts as nobody's; a person looks.
LOOKS_AT_MOST = 30


def look_again(looks: int) -> timedelta | None:
    """None once it is hopeless."""
    if looks >= LOOKS_AT_MOST:
        return None
    return timedelta(minutes=_LOOKS[min(looks, len(_LOOKS) - 1)])


class Trouble(StrEnum):
    """Kinds of exception."""

    SHORT = "short"
    DAMAGED = "damaged"
    ADDRESS = "address"
    UNREACHABLE = "unreachable"
    COLD_CHAIN = "cold_chain"
    REFUSED = "refused"
    RETURNED = "returned"
    LOST = "lost"
    COURIER = "courier"
    LATE = "late"
    RECALL = "recall"
    CHECKS = "checks"
    OTHER = "other"


TROUBLE_LABELS = {
    Trouble.SHORT: N_("缺药"),
    Trouble.DAMAGED: N_("破损"),
    Trouble.ADDRESS: N_("地址有误"),
    Trouble.UNREACHABLE: N_("联系不上患者"),
    Trouble.COLD_CHAIN: N_("冷链中断"),
    Trouble.REFUSED: N_("收件人拒收"),
    Trouble.RETURNED: N_("包裹退回"),
    Trouble.LOST: N_("包裹无音讯"),
    Trouble.COURIER: N_("快递异常"),
    Trouble.LATE: N_("超过承诺时间"),
    Trouble.RECALL: N_("批号召回"),
    Trouble.CHECKS: N_("安全检查未通过"),
    Trouble.OTHER: N_("其他"),
}


class Resolution(StrEnum):
    CONTINUED = "continued"
    REROUTED = "rerouted"
    REFUNDED = "refunded"
    SENT_AGAIN = "sent_again"
    LOST = "lost"
    ABANDONED = "abandoned"


RESOLUTION_LABELS = {
    Resolution.CONTINUED: N_("问题已解决，继续"),
    Resolution.REROUTED: N_("转到另一家药房"),
    Resolution.REFUNDED: N_("退单，全额退费"),
    Resolution.SENT_AGAIN: N_("重新寄出"),
    Resolution.LOST: N_("认定丢失"),
    Resolution.ABANDONED: N_("终止，由财务决定退费"),
}


def ways_out(state: DispatchState, *, cooked: bool) -> list[Resolution]:
    """What a person may decide about an order that is held."""
    R = Resolution
    if undoable(state, cooked=cooked):
        reroute = [R.REROUTED] if state in (D.WAITING, D.CLAIMED) else []
        return [R.CONTINUED, *reroute, R.REFUNDED]
    if state in (D.DECOCTING, D.DECOCTED, D.CHECKED, D.PACKED):
        return [R.CONTINUED, R.ABANDONED]
    if state is D.HANDED_OVER:
        return [R.CONTINUED, R.LOST]
    if state is D.RETURNED:
        return [R.SENT_AGAIN, R.ABANDONED]
    if state is D.LOST:
        # Until it is given up, or turns up.
        return [R.ABANDONED]
    return [R.CONTINUED]
