"""What the staff's desks promise, and how the hospital's figures are read and published."""

from telehealth.rulebook.sections import Section, rule


class Work(Section):
    """Promises of lists whose items have no clock of their own elsewhere in the rulebook."""

    alarm_minutes: int = rule(
        5, "患者告急后处理时限", "An alarm is seen to within", "GD20", unit="minutes", within=(1, 60)
    )
    identity_review_hours: int = rule(
        24, "身份与监护核验时限", "Identity papers are reviewed within", "GS03", unit="hours", within=(1, 168)
    )
    appeal_hours: int = rule(
        72, "爽约申诉答复时限", "An appeal is answered within", "SJ09", unit="hours", within=(1, 720)
    )
    refund_decision_hours: int = rule(
        24, "退款转人工后处理时限", "A parked refund is decided within", "GD05", unit="hours", within=(1, 168)
    )
    difference_hours: int = rule(
        48, "对账差异说明时限", "A difference is explained within", "GD06", unit="hours", within=(1, 720)
    )
    credential_notice_days: int = rule(
        30,
        "资质到期前几天列入待办",
        "A credential is work before it ends",
        "XY20",
        unit="days",
        within=(7, 180),
    )
    clinic_gap_days: int = rule(
        7, "科室几天内没有门诊即提醒", "A department without clinics for", "GD20", unit="days", within=(1, 60)
    )
    calendar_notice_days: int = rule(
        60,
        "预估的节假日提前核对",
        "A forecast holiday is checked before",
        "GD20",
        unit="days",
        within=(7, 366),
    )
    draft_days: int = rule(
        7,
        "规则草稿发布或作废时限",
        "A draft is published or dropped within",
        "GD20",
        unit="days",
        within=(1, 90),
    )
    initial_password_days: int = rule(
        3, "初始密码更换时限", "An initial password is replaced within", "GD20", unit="days", within=(1, 30)
    )
    parked_job_hours: int = rule(
        24, "停滞任务处理时限", "A parked job is seen to within", "GD20", unit="hours", within=(1, 168)
    )


class Reporting(Section):
    smallest_count: int = rule(
        10,
        "公开数据的最小样本（更少不显示）",
        "Smallest count shown to the public",
        "GD17",
        unit="visits",
        within=(5, 100),
    )
    overturned_days: int = rule(
        7,
        "拒绝后几日内获准算作改判",
        "A refusal counts as overturned within",
        "GD20",
        unit="days",
        within=(1, 30),
    )
    rejoin_minutes: int = rule(
        5,
        "通话中断后多久接回算成功",
        "A lost call is rejoined within",
        "GD20",
        unit="minutes",
        within=(1, 30),
    )
