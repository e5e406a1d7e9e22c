"""What is promised with a visit and with money that goes back, decided without a database.

Each promise names who must act, by when, and what happens otherwise; the numbers come from the
hospital's rulebook, through the rows that were written by it.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from telehealth.bookings.states import BookingState, Ending
from telehealth.consultations.rules import refunded_from
from telehealth.core.clock import day_end, day_start
from telehealth.core.i18n import N_
from telehealth.core.promises import Owner, Part, Promise, promise

S = BookingState
#: The doctor never had the chance, or need not come any more.
_CALLED_OFF = frozenset(
    {S.CANCELLED, S.CLINIC_CLOSED, S.WITHDRAWN, S.INELIGIBLE_AT_ADMISSION, S.PATIENT_ABSENT, S.RELEASED}
)


@dataclass(frozen=True, slots=True)
class VisitFacts:
    """One booking as its promises need it."""

    state: BookingState
    is_online: bool
    #: Booked by staff: paid at the window until the slot is over.
    at_desk: bool
    is_pending: bool
    day: date
    starts_at: datetime
    ends_at: datetime
    hold_until: datetime
    fee: int
    paid_at: datetime | None
    attended_at: datetime | None
    ended_at: datetime | None
    #: An `Ending` where the seat was released.
    reason: str
    #: A call that runs holds the midnight sweep (XY14).
    is_calling: bool = False


def visit_promises(visit: VisitFacts, now: datetime, *, unfinished_after_days: int) -> list[Promise]:
    """In the order of time. What does not apply any more is left out."""
    return [
        *_verified(visit, now),
        *_paid(visit, now),
        *_attended(visit, now),
        *_concluded(visit, now, unfinished_after_days),
    ]


def _verified(visit: VisitFacts, now: datetime) -> Iterator[Promise]:
    asked = visit.state is S.HELD and visit.is_pending
    answered = visit.state is S.RELEASED and visit.reason == Ending.NOT_ELIGIBLE
    silent = visit.state is S.RELEASED and visit.reason == Ending.UNVERIFIED
    if asked or answered or silent:
        yield promise(
            "verify", Owner.HOSPITAL, N_("医院系统核验近期就诊记录"), now,
            due_at=visit.hold_until, kept_at=visit.ended_at if answered else None, is_missed=silent,
            otherwise=N_("一直核验不了的，号源释放，不收费"),
        )  # fmt: skip


def _paid(visit: VisitFacts, now: datetime) -> Iterator[Promise]:
    is_released = visit.state is S.RELEASED
    was_asked = not is_released or visit.reason == Ending.UNPAID
    gave_up_before = visit.state in (S.CANCELLED, S.CLINIC_CLOSED) and visit.paid_at is None
    if not was_asked or gave_up_before:
        return
    title = N_("到窗口缴费") if visit.at_desk else N_("支付费用，预约成功")
    yield promise(
        "pay", Owner.PATIENT, title, now,
        due_at=visit.hold_until, kept_at=visit.paid_at, is_missed=is_released,
        has_begun=not visit.is_pending,
        otherwise=N_("到时未支付，号源自动释放，不收费"), amount=visit.fee or None,
    )  # fmt: skip


def _attended(visit: VisitFacts, now: datetime) -> Iterator[Promise]:
    if visit.attended_at is None and visit.state in _CALLED_OFF:
        return
    due = day_end(visit.day)
    yield promise(
        "attend", Owner.DOCTOR, N_("医生接诊并书面回复") if visit.is_online else N_("医生当面接诊"), now,
        due_at=due,
        # A call that began in time is the visit, however long it lasts.
        kept_at=visit.attended_at,
        is_missed=visit.state is S.UNATTENDED,
        has_begun=visit.state is S.PAID and (now >= day_start(visit.day)),
        otherwise=_CALL_RUNS if visit.is_calling else _NOBODY_CAME[visit.is_online],
    )  # fmt: skip


def _concluded(visit: VisitFacts, now: datetime, after_days: int) -> Iterator[Promise]:
    if not visit.is_online or visit.state in _CALLED_OFF or visit.state is S.UNATTENDED:
        return
    yield promise(
        "conclude", Owner.DOCTOR, N_("医生写好病历并签名"), now,
        due_at=refunded_from(visit.day, after_days),
        kept_at=visit.ended_at if visit.state is S.COMPLETED else None,
        is_missed=visit.state is S.UNFINISHED,
        has_begun=visit.attended_at is not None,
        otherwise=N_("仍未完成的，费用全额退回，医院致歉"),
    )  # fmt: skip


_CALL_RUNS = N_("通话还在进行，等通话结束再算")
_NOBODY_CAME = {
    True: N_("到时无人接诊，费用自动全额退回，无需申请"),
    False: N_("医院没有当日就诊记录的，费用自动全额退回"),
}


@dataclass(frozen=True, slots=True)
class RefundFacts:
    """Money that goes back; `parts` are its halves."""

    why: str
    amount: int
    requested_at: datetime
    submitted_at: datetime | None
    settled_at: datetime | None
    expected_by: date
    #: A person at the hospital looks after it.
    is_parked: bool
    #: Asked for by the house itself, which promised to be quick (XY12).
    is_automatic: bool
    parts: tuple[Part, ...]
    href: str


def refund_promises(refunds: Sequence[RefundFacts], now: datetime, *, submit_minutes: int) -> list[Promise]:
    """GD05: sent within minutes, then the money is back by a day; both halves are shown."""
    return [each for refund in refunds for each in _refund(refund, now, submit_minutes)]


def _refund(refund: RefundFacts, now: datetime, submit_minutes: int) -> Iterator[Promise]:
    if refund.is_automatic:
        yield promise(
            "refund_sent", Owner.HOSPITAL, N_("医院提交退款"), now,
            due_at=refund.requested_at + timedelta(minutes=submit_minutes),
            kept_at=refund.submitted_at or refund.settled_at,
            otherwise=N_("系统会一直重试到提交成功，不需要您申请"), href=refund.href,
        )  # fmt: skip
    yield promise(
        "refund", Owner.HOSPITAL if refund.is_parked else Owner.PAYER, N_("退款到账"), now,
        due_on=refund.expected_by, kept_at=refund.settled_at,
        otherwise=N_("医院财务正在人工办理，不需要您再申请") if refund.is_parked
        else N_("到期没有到账的，医院财务会主动查询并联系您"),
        amount=refund.amount, parts=refund.parts, href=refund.href, why=refund.why,
    )  # fmt: skip


#: What a promise is called by where it stands, and a kind of tag.
STANDINGS: Mapping[str, tuple[str, str]] = {
    "ahead": (N_("还没到"), ""),
    "running": (N_("进行中"), "info"),
    "kept": (N_("已兑现"), "ok"),
    "delayed": (N_("晚了，已完成"), "warn"),
    "late": (N_("已超时"), "danger"),
    "missed": (N_("未兑现"), "danger"),
}
#: Standing of what the patient themselves had to do: they made no promise.
OWN_STANDINGS: Mapping[str, tuple[str, str]] = {
    "ahead": (N_("还没到"), ""),
    "running": (N_("等您处理"), "warn"),
    "kept": (N_("已完成"), "ok"),
    "delayed": (N_("已完成"), "ok"),
    "late": (N_("已过时间"), "warn"),
    "missed": (N_("已过期"), ""),
}
OWNERS: Mapping[Owner, str] = {
    Owner.PATIENT: N_("您"),
    Owner.DOCTOR: N_("医生"),
    Owner.PHARMACIST: N_("药师"),
    Owner.PHARMACY: N_("药房"),
    Owner.COURIER: N_("快递"),
    Owner.HOSPITAL: N_("医院"),
    Owner.PAYER: N_("支付渠道"),
}
GROUPS: Mapping[str, str] = {
    "all": N_("全部"),
    "todo": N_("待办"),
    "coming": N_("待就诊"),
    "on_the_way": N_("途中"),
    "over": N_("已结束"),
}
