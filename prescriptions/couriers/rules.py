"""From what couriers report to where a parcel is. Codes marked (u) are not confirmed by the vendor."""

from collections.abc import Iterable, Mapping
from datetime import datetime

from prescriptions.couriers.ports import Scan
from prescriptions.couriers.states import ParcelState

P = ParcelState

#: SF Express `opCode`.
SF_CODES: Mapping[str, ParcelState] = {
    "50": P.PICKED_UP, "54": P.PICKED_UP,
    "30": P.IN_TRANSIT, "31": P.IN_TRANSIT, "36": P.IN_TRANSIT, "105": P.IN_TRANSIT, "310": P.IN_TRANSIT,
    "106": P.ARRIVED_CITY,
    "44": P.OUT_FOR_DELIVERY,  # (u)
    "125": P.HELD_FOR_COLLECTION,  # (u) a locker
    "204": P.OUT_FOR_DELIVERY,  # (u)
    "33": P.EXCEPTION,  # (u)
    "70": P.EXCEPTION,
    "80": P.DELIVERED,
    "8000": P.DELIVERED,  # (u)
    "99": P.RETURNING,  # (u)
    "648": P.RETURNED,  # (u)
}  # fmt: skip

#: SF Express `secondaryStatusCode`, which its route query adds; it speaks where the `opCode` is unknown.
SF_SECONDARY: Mapping[str, ParcelState] = {
    "101": P.PICKED_UP, "201": P.IN_TRANSIT, "301": P.OUT_FOR_DELIVERY, "401": P.DELIVERED,
}  # fmt: skip

_REFUSED_AT_THE_DOOR = "拒收"

#: Kuaidi100 `state` of a parcel and `statusCode` of a scan.
KUAIDI100_CODES: Mapping[str, ParcelState] = {
    "101": P.CREATED, "102": P.AWAITING_PICKUP,
    "1": P.PICKED_UP, "103": P.PICKED_UP,
    "0": P.IN_TRANSIT, "1002": P.IN_TRANSIT,
    "1001": P.ARRIVED_CITY,
    "5": P.OUT_FOR_DELIVERY,
    "501": P.HELD_FOR_COLLECTION,
    "2": P.EXCEPTION,
    "3": P.DELIVERED, "301": P.DELIVERED, "302": P.DELIVERED, "303": P.DELIVERED, "304": P.DELIVERED,
    "14": P.REFUSED, "6": P.RETURNING, "4": P.RETURNED,
    "401": P.CANCELLED,
}  # fmt: skip

#: Not with the courier yet.
AT_REST = frozenset({P.CREATED, P.AWAITING_PICKUP})
#: On the way somewhere.
TRAVELLING = frozenset({P.PICKED_UP, P.IN_TRANSIT, P.ARRIVED_CITY, P.OUT_FOR_DELIVERY, P.HELD_FOR_COLLECTION})
#: Nothing follows. A delivered parcel may still be sent back.
ENDS = frozenset({P.RETURNED, P.CANCELLED})

#: Scans of one second are taken in the order of a journey.
_STEP = {state: step for step, state in enumerate(ParcelState)}


def advance(current: ParcelState, scans: Iterable[Scan]) -> ParcelState:
    """Where a parcel is, from all scans known of it: not the new ones only.

    Neither the order they came in nor how often counts, only when they happened. Unknown codes
    change nothing. Delivered stays delivered unless it is sent back later; whatever reaches the
    sender again is returned; a parcel that moves was not cancelled.
    """
    found = _told_by(scans)
    if found is None or current is P.RETURNED:
        return current
    if current is P.DELIVERED and found in AT_REST | TRAVELLING:
        return current
    if current is P.CANCELLED and found in AT_REST:
        return current
    return found


def sf_state(code: str, secondary: str, remark: str) -> ParcelState | None:
    """SF has one code for every failed visit; that the receiver would not have it, only its sentence says."""
    state = SF_CODES.get(code) or SF_SECONDARY.get(secondary)
    return P.REFUSED if state is P.EXCEPTION and _REFUSED_AT_THE_DOOR in remark else state


def in_order(scans: Iterable[Scan]) -> list[Scan]:
    """Each scan once, oldest first. One told twice with different codes counts as the furthest of them."""
    return sorted({scan.id: scan for scan in sorted(scans, key=_moment)}.values(), key=_moment)


def _moment(scan: Scan) -> tuple[datetime, int, str]:
    return scan.at, -1 if scan.state is None else _STEP[scan.state], scan.id


def _told_by(scans: Iterable[Scan]) -> ParcelState | None:
    told = [scan.state for scan in in_order(scans) if scan.state is not None]
    moves = [state for state in told if state not in AT_REST and state is not P.CANCELLED]
    if moves:
        return _journey(moves)
    if P.CANCELLED in told:
        return P.CANCELLED
    return told[-1] if told else None


def _journey(moves: Iterable[ParcelState]) -> ParcelState:
    where, goes_home = P.PICKED_UP, False
    for state in moves:
        if where is P.RETURNED:
            break
        if state in (P.RETURNING, P.RETURNED):
            goes_home, where = True, state
        elif where is P.DELIVERED:
            continue
        elif goes_home and state is not P.EXCEPTION:
            # Whoever signs for a parcel that goes home is the sender.
            where = P.RETURNED if state is P.DELIVERED else P.RETURNING
        else:
            where = state
    return where
