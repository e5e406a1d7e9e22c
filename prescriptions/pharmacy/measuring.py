"""What prescriptions measure of a day: review, dispatch, and alerts that were signed over.

Clock: business time. A sheet counts on the day it was signed, an order on the day it was paid. Nothing here
is counted by doctor, by drug or by brand, and there is no money in it (REG14).
"""

from collections.abc import Sequence
from uuid import UUID

import sqlalchemy as sa

from prescriptions.safety.sentences import TITLES
from telehealth.core.clock import HospitalDay, day_end, day_start
from telehealth.core.figures import Figure, Metric, Shape, by_department, seconds
from telehealth.core.i18n import N_
from telehealth.core.measures import Measuring
from telehealth.core.unit import Unit
from telehealth.rulebook import PolicyMissing, current_policy

METRICS = (
    Metric(
        "review_lag",
        N_("药师审方"),
        N_("从医生签名提交到药师答复，每次签名各算一次"),
        Shape.LAG,
        owner=N_("药师"),
        is_promise=True,
    ),
    Metric(
        "dispatch_lag",
        N_("配药发出"),
        N_("从药费付清到交给快递或患者；承诺的是打包时间"),
        Shape.LAG,
        owner=N_("药房"),
        is_promise=True,
    ),
    Metric(
        "alert_override",
        N_("安全提示被再次签名"),
        N_("签名的处方中，医生写明理由后再次签名越过提示的占比，按提示分"),
        Shape.SHARE,
        owner=N_("医生"),
        high_is_good=False,
        parts={str(code): title for code, title in TITLES.items()},
    ),
)


async def measure(unit: Unit, hospital_id: UUID, day: HospitalDay) -> Sequence[Figure]:
    try:
        policy = (await current_policy(unit, hospital_id)).policy
    except PolicyMissing:
        return []
    asked = {"hospital": hospital_id, "from": day_start(day), "to": day_end(day), "now": unit.now}
    most = policy.dispensing.review_minutes * 60
    figures: list[Figure] = []
    for department, rows in by_department((await unit.session.execute(_REVIEWS, asked)).all()).items():
        figures.append(
            Figure(
                "review_lag", department, total=len(rows),
                values=seconds(row.span for row in rows if row.answered),
                late=sum(row.span > most for row in rows),
            )
        )  # fmt: skip
    for department, rows in by_department((await unit.session.execute(_ORDERS, asked)).all()).items():
        figures.append(
            Figure(
                "dispatch_lag", department, total=len(rows),
                values=seconds(row.span for row in rows if row.span is not None),
                late=sum(row.late for row in rows),
            )
        )  # fmt: skip
    for department, rows in by_department((await unit.session.execute(_CHECKS, asked)).all()).items():
        parts: dict[str, int] = {}
        for row in rows:
            for code in row.codes or ():
                parts[code] = parts.get(code, 0) + 1
        over = sum(bool(row.codes) for row in rows)
        figures.append(Figure("alert_override", department, hits=over, total=len(rows), parts=parts))
    return figures


#: A sheet that was voided before anybody answered asks nothing of a pharmacist.
_REVIEWS = sa.text("""
select p.department_id, r.at is not null as answered,
    extract(epoch from coalesce(r.at, :now) - f.at) as span
from rx_sheets f
join prescriptions p on p.id = f.prescription_id
left join rx_reviews r on r.prescription_id = f.prescription_id and r.issue = f.issue
where f.hospital_id = :hospital and f.stage = 'doctor' and f.at >= :from and f.at < :to
    and (r.at is not null or (p.state = 'signed' and p.issue = f.issue))
""")

_ORDERS = sa.text("""
select p.department_id, extract(epoch from o.handed_at - o.paid_at) as span,
    coalesce(o.packed_at, o.ended_at, :now) > o.promised_at as late
from dispatch_orders o
join prescriptions p on p.id = o.id
where o.hospital_id = :hospital and o.paid_at >= :from and o.paid_at < :to
""")

#: The last check before each signature; what it let through only because a line was signed again.
_CHECKS = sa.text("""
select p.department_id, (
        select array_agg(distinct x.value ->> 'code') from jsonb_array_elements(k.findings) x
        where x.value ->> 'severity' = 'resign'
    ) as codes
from rx_sheets f
join prescriptions p on p.id = f.prescription_id
join lateral (
    select c.findings from rx_checks c
    where c.prescription_id = f.prescription_id and c.stage = 'signing' and c.at <= f.at
    order by c.at desc, c.id desc limit 1
) k on true
where f.hospital_id = :hospital and f.stage = 'doctor' and f.at >= :from and f.at < :to
""")

MEASURING = Measuring(METRICS, measure)
