"""An outpatient bill of the hospital as we know it, and a place in the queue of an offline clinic."""

from enum import StrEnum

from telehealth.core.machine import Machine


class BillState(StrEnum):
    #: The hospital's system asks for the money.
    DUE = "due"
    #: Our provider has it; the hospital's system does not know yet.
    PAID = "paid"
    #: The hospital's system confirmed our payment.
    CONFIRMED = "confirmed"
    #: Somebody paid it elsewhere: at the window, or through another door.
    ELSEWHERE = "elsewhere"
    #: The hospital took it back.
    WITHDRAWN = "withdrawn"


class BillEvent(StrEnum):
    PAY = "pay"
    CONFIRM = "confirm"
    FIND_PAID = "find_paid"
    WITHDRAW = "withdraw"
    #: The hospital asks for it again: cancelled by mistake, given back at the window, or dearer by now.
    REOPEN = "reopen"


B, E = BillState, BillEvent

BILL = Machine(
    "outpatient_bill",
    B.DUE,
    {
        (B.DUE, E.PAY): B.PAID,
        (B.DUE, E.FIND_PAID): B.ELSEWHERE,
        (B.DUE, E.WITHDRAW): B.WITHDRAWN,
        (B.PAID, E.CONFIRM): B.CONFIRMED,
        (B.PAID, E.FIND_PAID): B.ELSEWHERE,
        (B.PAID, E.WITHDRAW): B.WITHDRAWN,
        (B.PAID, E.REOPEN): B.DUE,
        (B.CONFIRMED, E.WITHDRAW): B.WITHDRAWN,
        (B.CONFIRMED, E.REOPEN): B.DUE,
        (B.ELSEWHERE, E.REOPEN): B.DUE,
        (B.ELSEWHERE, E.WITHDRAW): B.WITHDRAWN,
        (B.WITHDRAWN, E.REOPEN): B.DUE,
        (B.WITHDRAWN, E.FIND_PAID): B.ELSEWHERE,
    },
)


class TicketState(StrEnum):
    WAITING = "waiting"
    CALLED = "called"
    SEEN = "seen"
    #: Called too often without an answer; the desk may let them back in.
    MISSED = "missed"
    #: Their booking ended, or they went.
    LEFT = "left"


class TicketEvent(StrEnum):
    CALL = "call"
    SEE = "see"
    #: Not there when called, and forgiven: a few places later.
    REQUEUE = "requeue"
    MISS = "miss"
    REJOIN = "rejoin"
    LEAVE = "leave"


T, V = TicketState, TicketEvent

TICKET = Machine(
    "queue_ticket",
    T.WAITING,
    {
        (T.WAITING, V.CALL): T.CALLED,
        (T.CALLED, V.SEE): T.SEEN,
        (T.CALLED, V.REQUEUE): T.WAITING,
        (T.CALLED, V.MISS): T.MISSED,
        (T.MISSED, V.REJOIN): T.WAITING,
        (T.WAITING, V.LEAVE): T.LEFT,
        (T.CALLED, V.LEAVE): T.LEFT,
        (T.MISSED, V.LEAVE): T.LEFT,
    },
)
