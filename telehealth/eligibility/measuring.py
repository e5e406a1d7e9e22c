"""What the gate measures of a day: who was refused by which rule, and whom it let in soon after.

Clock: business time of the decision. People, not decisions, are counted: whoever asks five times counts once.
"""

from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID

import sqlalchemy as sa

from telehealth.core.clock import HospitalDay, day_end, day_start
from telehealth.core.figures import Figure, Metric, Pain, Shape
from telehealth.core.i18n import N_
from telehealth.core.measures import Measuring
from telehealth.core.unit import Unit
from telehealth.eligibility.explaining import title_of
from telehealth.eligibility.facts import GateCode
from telehealth.rulebook import PolicyMissing, current_policy

#: What a person still does on the way in; being asked for it is no refusal.
STEPS = (GateCode.IDENTITY_UNVERIFIED, GateCode.CARD_NOT_BOUND, GateCode.NOTICE_NOT_ACCEPTED)
RULES = tuple(code for code in GateCode if code not in STEPS)

METRICS = (
    Metric(
        "denied",
        N_("准入拒绝"),
        N_("当天问过能否复诊的人中，被规则拒绝的占比，按规则分（还没做完的实名、绑卡、须知不算拒绝）"),
        Shape.SHARE,
        high_is_good=False,
        parts={str(code): title_of(code) for code in RULES},
    ),
    Metric(
        "denied_overturned",
        N_("拒绝后改判"),
        N_("被拒绝的人中，几日内又获准的占比；高说明规则或资料有疑问（天数见规则手册）"),
        Shape.SHARE,
        pain=Pain.DOUBTFUL,
        high_is_good=False,
    ),
)


async def measure(unit: Unit, hospital_id: UUID, day: HospitalDay) -> Sequence[Figure]:
    try:
        days = (await current_policy(unit, hospital_id)).policy.reporting.overturned_days
    except PolicyMissing:
        return []
    asked = {
        "hospital": hospital_id,
        "from": day_start(day),
        "to": day_end(day),
        "until": day_end(day) + timedelta(days=days),
        "rules": [str(code) for code in RULES],
    }
    counted = (await unit.session.execute(_DENIED, asked)).one()
    if not counted.people:
        return []
    rows = (await unit.session.execute(_BY_RULE, asked)).all()
    parts = {row.code: row.people for row in rows}
    return [
        Figure("denied", hits=counted.denied, total=counted.people, parts=parts),
        Figure("denied_overturned", hits=counted.overturned, total=counted.denied),
    ]


_REFUSED = """
with refused as (
    select g.person_id, r.value ->> 'code' as code, max(g.decided_at) as at
    from gate_decisions g, jsonb_array_elements(g.result -> 'checks') r
    where g.hospital_id = :hospital and g.decided_at >= :from and g.decided_at < :to
        and not g.allowed and not g.pending
        and r.value ->> 'outcome' = 'failed' and r.value ->> 'code' = any(:rules)
    group by g.person_id, r.value ->> 'code'
)
"""
_DENIED = sa.text(f"""{_REFUSED}
, people as (select person_id, max(at) as at from refused group by person_id)
select
    (select count(distinct g.person_id) from gate_decisions g
        where g.hospital_id = :hospital and g.decided_at >= :from and g.decided_at < :to) as people,
    (select count(*) from people) as denied,
    (select count(*) from people p where exists (
        select from gate_decisions g where g.person_id = p.person_id and g.hospital_id = :hospital
            and g.allowed and g.decided_at > p.at and g.decided_at < :until
    )) as overturned
""")  # noqa: S608 - made of our own words
_BY_RULE = sa.text(f"{_REFUSED} select code, count(*) as people from refused group by code")  # noqa: S608

MEASURING = Measuring(METRICS, measure)
