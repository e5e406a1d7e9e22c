"""What a visit costs and what comes back of it, for everybody to read before they book (REGULATION 16).

Fees are the directory's, refunds the rulebook's: each row is what the very rule answers that decides
when somebody cancels, so the page cannot say otherwise than the house acts.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from telehealth.core.clock import SHANGHAI, HospitalDay
from telehealth.core.i18n import N_
from telehealth.core.unit import Unit
from telehealth.directory import Department, Doctor, Hospital, departments, doctors
from telehealth.payments.rules import CASH_BACK_WORKING_DAYS, INSURED_BACK_WORKING_DAYS
from telehealth.rulebook.rules import ClinicKind, PolicySet
from telehealth.schedule.rules import CancelRuling, may_cancel

#: Basis points.
ALL = 10_000


@dataclass(frozen=True, slots=True)
class RefundRow:
    """`when` and `note` are message ids; `%(n)s` in them is `number`."""

    when: str
    #: Share of what was paid, in basis points; None where nothing was paid.
    share: int | None
    note: str = ""
    number: int = 0
    #: Nobody has to ask for it.
    is_automatic: bool = False
    #: False: it cannot be ended at that moment.
    is_possible: bool = True


@dataclass(frozen=True, slots=True)
class RefundTable:
    """One kind of thing that is paid for; features above contribute theirs as "refund_tables"."""

    title: str
    rows: Callable[[PolicySet], Sequence[RefundRow]]


@dataclass(frozen=True, slots=True)
class DoctorFees:
    """None: this doctor does not see patients that way. Fen."""

    doctor: Doctor
    online: int | None
    offline: int | None


@dataclass(frozen=True, slots=True)
class DepartmentFees:
    department: Department
    doctors: Sequence[DoctorFees]


@dataclass(frozen=True, slots=True)
class Arrival:
    """By when money is back, in working days of the hospital's calendar."""

    cash_days: int
    insured_days: int


ARRIVAL = Arrival(CASH_BACK_WORKING_DAYS, INSURED_BACK_WORKING_DAYS)


async def fees_of(unit: Unit, hospital: Hospital, kinds: Sequence[ClinicKind]) -> list[DepartmentFees]:
    """Every open department with the doctors who work there today, for the kinds the hospital offers."""
    found = await doctors(unit, hospital.id)
    by_department: dict[object, list[DoctorFees]] = {}
    open_departments = await departments(unit, hospital.id)
    licensed = {row.id for row in open_departments if row.online}
    for doctor in found:
        sits_online = doctor.sits_online and doctor.department_id in licensed
        fees = DoctorFees(
            doctor,
            doctor.fee_online if ClinicKind.INTERNET in kinds and sits_online else None,
            doctor.fee_offline if ClinicKind.OFFLINE in kinds else None,
        )
        if (fees.online, fees.offline) != (None, None):
            by_department.setdefault(doctor.department_id, []).append(fees)
    return [
        DepartmentFees(department, by_department[department.id])
        for department in open_departments
        if department.id in by_department
    ]


#: Any clinic will do: only how the instants lie to each other decides.
_DAY = HospitalDay(2026, 6, 15)
_START = datetime(2026, 6, 15, 10, tzinfo=SHANGHAI)
_END = _START + timedelta(minutes=30)


def refund_rows(policy: PolicySet) -> list[RefundRow]:
    """Every way a visit ends before, on or after its day: who gets what back, and whether by itself."""
    before = policy.booking.free_cancel_days_before
    in_time = _share(policy, _START - timedelta(days=before + 1))
    on_the_day = _share(policy, _START - timedelta(hours=1))
    running = _share(policy, _START + timedelta(minutes=5))
    after = _share(policy, _END + timedelta(minutes=5))
    return [
        RefundRow(N_("没有支付就取消，或留号到时未支付"), None, note=N_("没有收费，号源释放")),
        RefundRow(N_("就诊日零点前由您取消"), in_time)
        if not before
        else RefundRow(N_("就诊日前 %(n)s 天的零点前由您取消"), in_time, number=before),
        RefundRow(
            N_("过了这个时间、就诊时段开始前由您取消"), on_the_day, note=N_("提前让出号源，不记爽约")
        ),
        RefundRow(
            N_("就诊时段进行中"), running, is_possible=_may(policy, _START + timedelta(minutes=5)),
            note=N_("医生随时可能接诊，暂时不能取消"),
        ),
        RefundRow(
            N_("时段结束仍未接诊，由您当天取消"), after,
            is_possible=_may(policy, _END + timedelta(minutes=5)), note=N_("不记爽约"),
        ),
        RefundRow(
            N_("当日 24:00 前没有医生接诊"), policy.unattended.refund_bp, is_automatic=True,
            number=policy.unattended.refund_submit_minutes,
            note=N_("系统自动退，%(n)s 分钟内提交，不需要申请，不记爽约"),
        ),
        RefundRow(N_("医院停诊"), ALL, is_automatic=True),
        RefundRow(N_("医生判断不适合线上就诊，退号"), ALL, is_automatic=True, note=N_("不记爽约")),
        RefundRow(N_("接诊时核对不符合线上复诊条件"), ALL, is_automatic=True),
        RefundRow(N_("接诊后医生没有按时完成病历"), ALL, is_automatic=True),
        RefundRow(N_("医生多次呼叫，您没有应答"), 0, note=N_("记一次爽约，可以申诉")),
        RefundRow(N_("就诊已完成"), 0),
        RefundRow(N_("重复支付，或支付到账时已过期限"), ALL, is_automatic=True),
    ]  # fmt: skip


def _share(policy: PolicySet, now: datetime) -> int:
    return _ruling(policy, now).refund_bp


def _may(policy: PolicySet, now: datetime) -> bool:
    return _ruling(policy, now).allowed


def _ruling(policy: PolicySet, now: datetime) -> CancelRuling:
    return may_cancel(now, slot_date=_DAY, slot_start=_START, slot_end=_END, policy=policy)


VISITS = RefundTable(N_("诊查费与挂号费"), refund_rows)
