"""Numbers of the insurer's part in paying, and of the family account, of one hospital."""

from datetime import date, time
from typing import Literal

from telehealth.core.text import Day
from telehealth.rulebook.sections import Always, Section, Words, rule


class Family(Section):
    enabled: bool = rule(True, "开通家庭共济", "Family account offered", "GS12")
    opens_on: Day = rule(date(2026, 5, 31), "开通日期", "Offered from", "GS12")
    max_bindings_per_user_per_month: int = rule(
        5,
        "每人每自然月可绑定成员数",
        "Bindings per user and calendar month",
        "GS06",
        unit="times",
        within=(1, 50),
    )
    max_bindings_per_member_per_month: int = rule(
        2,
        "每成员每自然月可被绑定次数",
        "Bindings per member and calendar month",
        "GS07",
        unit="times",
        within=(1, 50),
    )
    face_from_age: int = rule(
        16,
        "满此年龄走人脸或等效核验",
        "Face or equivalent check from this age",
        "GS04",
        unit="years",
        within=(14, 18),
    )
    face_alternative_required: Always = rule(
        True, "必须提供非人脸方式", "A way without face is always offered", "GS05"
    )
    review_working_days: int = rule(
        2, "材料审核时限（工作日）", "Papers answered within", "GS03", unit="days", within=(1, 10)
    )
    request_days: int = rule(
        7, "申请保留天数（逾期自动失效）", "Unfinished requests kept", "GS06", unit="days", within=(1, 31)
    )
    papers_kept_days: int = rule(
        30,
        "审核材料在决定后保留（到期删除）",
        "Papers deleted after the decision",
        "GS03",
        unit="days",
        within=(0, 180),
    )
    payment_check_minutes: int = rule(
        10,
        "为家人付款的身份验证有效",
        "Check before paying for a relative is good for",
        "GS02",
        unit="minutes",
        within=(2, 60),
    )
    unbind: Literal["either_side"] = rule("either_side", "解绑方式", "Who may unbind", "GS08")
    excluded_insurance_categories: Words = rule(
        ("chronic_disease", "maternity", "work_injury"),
        "家庭共济不支持的类别",
        "Categories the family account cannot settle",
        "GS10",
    )


class Insurance(Section):
    online_split_regions: Words = rule(
        ("beijing",), "可线上分割的参保地", "Regions with an online split", "XY07 XY10"
    )
    online_split_lines: Words = rule(
        ("consult_fee",), "可线上分割的费用", "Bill lines with an online split", "XY07 XY08"
    )
    offline_reimbursement_days: int = rule(
        3,
        "到院报销期限（就诊日不计，末日24:00止）",
        "Pay at the hospital within, visit day not counted",
        "XY09",
        unit="days",
        within=(1, 30),
    )
    reimbursement_reminder_time: time = rule(time(10), "报销提醒时刻", "Reimbursement reminder time", "XY09")
    excluded_category_consult_fee: Literal["self_pay_with_warning"] = rule(
        "self_pay_with_warning", "不支持类别的诊查费", "Consultation fee of excluded categories", "GS10"
    )
    detail_notice_seconds: int = rule(
        60, "结算明细通知时限", "Itemised notice within", "GD03", unit="seconds", within=(1, 600)
    )
