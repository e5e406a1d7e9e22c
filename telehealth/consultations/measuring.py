"""What the rooms measure of a day: waiting, whole visits, calls, alarms.

Clock: business time of what was written in the room. A visit counts on its own day.
"""

from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID

import sqlalchemy as sa

from telehealth.consultations.journal import CONNECTED, ENDED, RANG
from telehealth.core.clock import HospitalDay, day_end, day_start
from telehealth.core.figures import Figure, Metric, Pain, Shape, by_department, seconds
from telehealth.core.i18n import N_
from telehealth.core.measures import Measuring
from telehealth.core.unit import Unit
from telehealth.rulebook import PolicyMissing, current_policy

METRICS = (
    Metric(
        "waiting",
        N_("候诊"),
        N_("从约定的就诊时间（诊室更晚打开的从打开起）到医生接诊"),
        Shape.LAG,
        owner=N_("医生"),
        pain=Pain.CROWDED,
        is_public=True,
    ),
    Metric(
        "total_time",
        N_("全程"),
        N_("从取得号源到就诊结束"),
        Shape.LAG,
        owner=N_("医生"),
        is_public=True,
    ),
    Metric(
        "call_setup",
        N_("通话接通"),
        N_("对方接听或双方已连上的通话，占响铃通话（主动取消和拒接的不算）的比例"),
        Shape.SHARE,
        owner=N_("系统"),
    ),
    Metric(
        "rejoin",
        N_("中断后接回"),
        N_("因网络中断结束的通话中，限时内重新接通的占比（分钟数见规则手册）"),
        Shape.SHARE,
        owner=N_("系统"),
    ),
    Metric(
        "alarm_answer",
        N_("告急处理"),
        N_("从患者告急或写到危险症状，到医生或值班人员处理"),
        Shape.LAG,
        owner=N_("医生和值班人员"),
        pain=Pain.URGENT,
        is_promise=True,
    ),
)


async def measure(unit: Unit, hospital_id: UUID, day: HospitalDay) -> Sequence[Figure]:
    try:
        policy = (await current_policy(unit, hospital_id)).policy
    except PolicyMissing:
        return []
    asked = {
        "hospital": hospital_id, "day": day, "from": day_start(day), "to": day_end(day),
        "rang": RANG, "connected": CONNECTED, "ended": ENDED,
        "rejoin": timedelta(minutes=policy.reporting.rejoin_minutes),
    }  # fmt: skip
    figures: list[Figure] = []
    for department, rows in by_department((await unit.session.execute(_VISITS, asked)).all()).items():
        waited = [row.waited for row in rows if row.waited is not None]
        took = [row.took for row in rows if row.took is not None]
        figures.append(Figure("waiting", department, total=len(rows), values=seconds(waited)))
        figures.append(Figure("total_time", department, total=len(rows), values=seconds(took)))
    for row in (await unit.session.execute(_CALLS, asked)).all():
        if row.rang:
            figures.append(Figure("call_setup", row.department_id, hits=row.connected, total=row.rang))
        if row.lost:
            figures.append(Figure("rejoin", row.department_id, hits=row.rejoined, total=row.lost))
    most = policy.work.alarm_minutes * 60
    for department, rows in by_department((await unit.session.execute(_ALARMS, asked)).all()).items():
        answered = [row.answered for row in rows if row.answered is not None]
        figures.append(
            Figure(
                "alarm_answer", department, total=len(rows), values=seconds(answered),
                late=len(rows) - sum(span <= most for span in answered),
            )
        )  # fmt: skip
    return figures


#: Visits that a doctor had to wait upon: not those their patient or the hospital called off before.
_VISITS = sa.text("""
select c.department_id,
    extract(epoch from c.admitted_at - greatest(c.starts_at, c.opened_at)) as waited,
    extract(epoch from c.concluded_at - b.created_at) as took
from consultations c
join bookings b on b.id = c.id
where c.hospital_id = :hospital and c.day = :day
    and (c.admitted_at is not null or b.state in ('paid', 'unattended'))
""")

#: One row a call: it rang; a refusal of either side says nothing of the line.
_CALLS = sa.text("""
with said as (
    select m.room, m.at, m.facts ->> 'event' as event, m.facts ->> 'call' as call, m.facts ->> 'code' as code
    from room_messages m
    where m.hospital_id = :hospital and m.kind = 'system'
        and m.at >= :from and m.at < :to + interval '1 hour'
        and m.facts ->> 'event' in (:rang, :connected, :ended)
), calls as (
    select room, call,
        min(at) filter (where event = :rang) as rang_at,
        min(at) filter (where event = :connected) as connected_at,
        min(at) filter (where event = :ended) as ended_at,
        min(code) filter (where event = :ended) as code
    from said group by room, call
)
select v.department_id,
    count(*) filter (where k.connected_at is not null or k.code is null
        or k.code not in ('cancelled', 'declined'))
        as rang,
    count(k.connected_at) as connected,
    count(*) filter (where k.code = 'lost') as lost,
    count(*) filter (where k.code = 'lost' and exists (
        select from calls n where n.room = k.room and n.connected_at > k.ended_at
            and n.connected_at <= k.ended_at + :rejoin
    )) as rejoined
from calls k
join consultations v on v.id = k.room
where k.rang_at >= :from and k.rang_at < :to
group by v.department_id
""")

_ALARMS = sa.text("""
select v.department_id, extract(epoch from (
        select min(s.at) from room_messages s
        where s.room = m.room and s.seq > m.seq and s.facts ->> 'event' = 'urgency_acknowledged'
    ) - m.at) as answered
from room_messages m
join consultations v on v.id = m.room
where m.hospital_id = :hospital and m.kind = 'system' and m.at >= :from and m.at < :to
    and m.facts ->> 'event' = 'urgent'
""")

MEASURING = Measuring(METRICS, measure)
