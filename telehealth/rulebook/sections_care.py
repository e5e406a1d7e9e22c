"""Prescription, family, insurance, records, ratings, queue and intake numbers of one hospital."""

from datetime import time
from typing import Literal

from pydantic import model_validator

from telehealth.rulebook.sections import N_, Always, FiveStars, Never, Positions, Section, Words, rule


class Prescription(Section):
    valid_days_default: int = rule(1, "处方有效天数", "Valid days", "REG20", unit="days", within=(1, 3))
    valid_days_max: int = rule(3, "处方最长有效天数", "Longest validity", "REG20", unit="days", within=(1, 3))
    valid_days_online: int = rule(
        3, "线上处方有效天数", "Valid days of an online sheet", "XY30 REG20", unit="days", within=(1, 3)
    )
    payment_deadline_days: int = rule(
        3,
        "缴费期限（开具日为第1天，末日24:00止）",
        "Pay within, issue day is day 1",
        "XY30",
        unit="days",
        within=(1, 3),
    )
    general_max_days: int = rule(
        7, "一般处方用量上限", "Ordinary supply", "REG21", unit="days", within=(1, 7)
    )
    emergency_max_days: int = rule(
        3, "急诊处方用量上限", "Emergency supply", "REG21", unit="days", within=(1, 3)
    )
    long_rx_days: int = rule(
        28, "长期处方一般用量上限", "Long prescription", "REG22", unit="days", within=(7, 28)
    )
    long_rx_max_days: int = rule(
        84, "长期处方最长用量", "Long prescription, stable patients", "REG22", unit="days", within=(28, 84)
    )
    max_items_western_patent: int = rule(
        5,
        "西药和中成药每张最多品种",
        "Western and patent items on a sheet",
        "REG26",
        unit="items",
        within=(1, 5),
    )
    herb_sheet_separate: Always = rule(True, "饮片单独开方", "Herbs on their own sheet", "REG26")
    herb_order: Literal["jun-chen-zuo-shi"] = rule(
        "jun-chen-zuo-shi", "饮片排列顺序", "Order of herbs", "REG35"
    )
    pharmacist_review_required: Always = rule(True, "须经药师审核", "Pharmacist review required", "REG19")
    ai_may_draft: Never = rule(False, "允许自动生成处方", "Automatic drafting allowed", "REG18")
    long_rx_excluded: Words = rule(
        (
            "toxic",
            "radioactive",
            "precursor",
            "narcotic",
            "psychotropic",
            "biologic",
            "antibacterial",
            "special_storage",
        ),
        "不得开长期处方的类别",
        "Not in long prescriptions",
        "REG23",
    )
    never_online: Words = rule(
        ("narcotic", "psychotropic_1", "psychotropic_2", "toxic_raw", "radioactive"),
        "不得线上开具的类别",
        "Never prescribed online",
        "REG33",
    )
    reminder_time: time = rule(time(10), "缴费提醒时刻", "Payment reminder time", "XY30")

    @model_validator(mode="after")
    def _validity_stays_inside_the_law(self) -> "Prescription":
        if max(self.valid_days_default, self.valid_days_online) > self.valid_days_max:
            raise ValueError(N_("处方有效天数不能超过最长有效天数"))
        if self.payment_deadline_days > self.valid_days_online:
            raise ValueError(N_("缴费期限不能超过线上处方有效天数"))
        return self


class Dispensing(Section):
    review_minutes: int = rule(
        30, "药师审方时限", "Pharmacist answers within", "REG19", unit="minutes", within=(5, 1440)
    )
    answer_minutes: int = rule(
        120,
        "处方退回后医生处理时限",
        "Doctor answers a return within",
        "XY29",
        unit="minutes",
        within=(10, 1440),
    )
    pack_hours: int = rule(
        24,
        "缴费后配药时限（逾时自动退款）",
        "Packed within, or refunded",
        "PAIN13",
        unit="hours",
        within=(1, 96),
    )
    decoct_hours: int = rule(
        48, "代煎处方配药时限", "Decoctions packed within", "PAIN13", unit="hours", within=(2, 168)
    )
    claim_minutes: int = rule(
        60,
        "领单后无进展自动退回队列",
        "An idle claim returns after",
        "PAIN13",
        unit="minutes",
        within=(5, 480),
    )
    lone_duty_pause_minutes: int = rule(
        5,
        "单人值班复核前须间隔",
        "Alone on duty: pause before the check",
        "REG31",
        unit="minutes",
        within=(1, 60),
    )
    expiry_margin_days: int = rule(
        30,
        "药品剩余效期至少（疗程之外）",
        "Shelf life left beyond the course",
        "REG31",
        unit="days",
        within=(0, 365),
    )
    code_tries: int = rule(
        5, "取药码连续输错次数", "Wrong pick-up codes in a row", "XY32", unit="times", within=(3, 20)
    )
    code_lock_minutes: int = rule(
        15, "取药码输错后锁定", "Locked after wrong codes", "XY32", unit="minutes", within=(1, 1440)
    )
    network_retail_limits: bool = rule(
        True, "配送按网络零售禁售目录限制", "Deliveries keep to the network-retail ban list", "REG42"
    )
    carriers: Words = rule(("sf",), "合作快递", "Couriers in order of preference", "XY31 REG46", max_length=5)


class Outpatient(Section):
    bill_sheet_days: int = rule(
        3, "门诊处方有效天数（开具日计入）", "A sheet is valid for, its own day counted", "XY33 REG20",
        unit="days", within=(1, 3),
    )  # fmt: skip
    bill_pay_minutes: int = rule(
        30, "核价后支付时限", "Pay within, after the price was asked", "BJ07", unit="minutes", within=(5, 120)
    )


class Retention(Section):
    outpatient_record: int = rule(15, "线上病历", "Online record", "REG49", unit="years", within=(15, 100))
    chat_audio_video: int = rule(
        3, "图文音视频过程", "Chat, audio and video", "REG50", unit="years", within=(3, 100)
    )
    mental_health_record: int = rule(
        30, "精神障碍病历", "Mental-health record", "REG51", unit="years", within=(30, 100)
    )
    rx_general: int = rule(1, "普通处方", "Ordinary prescription", "REG52", unit="years", within=(1, 100))
    rx_toxic_or_psy2: int = rule(
        2, "毒性和二类精神药品处方", "Toxic and class II psychotropic", "REG52", unit="years", within=(2, 100)
    )
    rx_narcotic_psy1: int = rule(
        3,
        "麻醉和一类精神药品处方",
        "Narcotic and class I psychotropic",
        "REG52",
        unit="years",
        within=(3, 100),
    )
    pharmacy_online_rx: int = rule(
        5, "药房留存线上处方", "Online prescription at the pharmacy", "REG44", unit="years", within=(5, 100)
    )
    network_log_months: int = rule(6, "网络日志", "Network logs", "REG65", unit="months", within=(6, 1200))
    pia_report: int = rule(3, "个人信息影响评估", "Impact assessment", "REG61", unit="years", within=(3, 100))
    e_signature_cert_after_expiry: int = rule(
        5, "电子签名证书失效后", "Signature certificate after expiry", "REG66", unit="years", within=(5, 100)
    )


class Ratings(Section):
    stars: FiveStars = rule(5, "最高星级", "Stars", "GD12", unit="stars")
    window_days: int = rule(14, "评价期限", "Rate within", "GD12", unit="days", within=(1, 365))
    edit_hours: int = rule(24, "评价可修改时长", "Editable for", "GD12", unit="hours", within=(0, 720))
    one_per_consultation: Always = rule(True, "每次就诊一评", "One for each visit", "GD12")
    shown_from: int = rule(
        10, "满几条评价才公开平均分", "An average is shown from", "GD12", unit="ratings", within=(3, 1000)
    )
    batch: int = rule(
        5,
        "平均分至少新增几条评价才更新",
        "New ratings before it moves",
        "GD12",
        unit="ratings",
        within=(3, 1000),
    )


class Complaints(Section):
    first_reply_hours: int = rule(
        24, "投诉受理时限", "Taken up within", "REG68", unit="hours", within=(1, 72)
    )
    answer_working_days: int = rule(
        5, "投诉答复时限（工作日）", "Answered within, working days", "REG68", unit="days", within=(1, 15)
    )
    reopen_days: int = rule(15, "答复后可提出异议", "Reopened within", "REG68", unit="days", within=(1, 60))
    longest_text: int = rule(
        2000, "投诉内容字数上限", "Longest complaint", "REG68", unit="characters", within=(200, 10_000)
    )
    most_photos: int = rule(6, "投诉照片最多张数", "Photos at most", "REG68", unit="photos", within=(1, 20))
    most_open: int = rule(
        10, "同一账号处理中投诉上限", "Open complaints of one account", "REG68", unit="cases", within=(1, 50)
    )
    supervision_phone: str = rule(
        "12345",
        "卫生监督投诉电话",
        "Supervision phone",
        "REG68",
        min_length=3,
        max_length=20,
        pattern=r"^[0-9-]+$",
    )


class Reactions(Section):
    severe_hours: int = rule(
        2,
        "严重不良反应药师处理时限",
        "Severe reactions assessed within",
        "REG69",
        unit="hours",
        within=(1, 24),
    )
    assess_hours: int = rule(
        24, "不良反应药师评价时限", "Reactions assessed within", "REG69", unit="hours", within=(1, 168)
    )
    longest_text: int = rule(
        2000, "不良反应描述字数上限", "Longest description", "REG69", unit="characters", within=(200, 10_000)
    )


class Queue(Section):
    reminder_positions: Positions = rule(
        (3, 1), "前面剩几人时提醒", "Remind when this many are ahead", "GD07", min_length=1, max_length=5
    )
    requeue_after_patients: int = rule(
        2, "过号后顺延几位", "Missed call: back in after", "GD07", unit="patients", within=(0, 20)
    )
    missed_calls_forgiven: int = rule(
        1, "过号可顺延次数", "Missed calls forgiven", "GD07", unit="times", within=(0, 5)
    )
    check_in_minutes: int = rule(
        60, "就诊时段前多久可签到", "Check in this long before the slot", "GD07", unit="minutes",
        within=(5, 240),
    )  # fmt: skip


class Intake(Section):
    max_photos: int = rule(9, "照片最多张数", "Photos at most", "XY23", unit="photos", within=(1, 30))
    max_upload_mb: int = rule(10, "单个文件上限", "Largest file", "XY23", unit="megabytes", within=(1, 50))
    emergency_number: str = rule(
        "120", "急救电话", "Emergency number", "XY04", min_length=3, max_length=20, pattern=r"^[0-9-]+$"
    )
    crisis_line: str = rule(
        "12356",
        "心理援助热线",
        "Mental-health crisis line",
        "XY04",
        min_length=3,
        max_length=20,
        pattern=r"^[0-9-]+$",
    )


class Records(Section):
    share_days: Positions = rule(
        (1, 3, 7, 30), "分享可选天数", "Days a share may last", "GD08", min_length=1, max_length=6
    )
    shares_most: int = rule(
        20, "同时有效的分享最多", "Shares open at once", "GD08", unit="shares", within=(1, 100)
    )
    share_code_tries: int = rule(
        5,
        "查看码最多输错次数",
        "Wrong view codes before a share closes",
        "GD08",
        unit="times",
        within=(3, 10),
    )
    history_months: int = rule(
        36,
        "向医院查询的就诊与报告范围",
        "How far back the hospital is asked",
        "GD08",
        unit="months",
        within=(6, 240),
    )
    refresh_minutes: int = rule(
        30, "再次向医院查询的间隔", "Ask the hospital again after", "GD08", unit="minutes", within=(1, 1440)
    )
    export_days: int = rule(
        3, "导出文件保留天数", "Days an export can be downloaded", "REG60", unit="days", within=(1, 30)
    )
    request_answer_days: int = rule(
        15, "个人信息申请答复期限", "Days to answer a data request", "REG60", unit="days", within=(1, 30)
    )


class Room(Section):
    record_calls: bool = rule(True, "通话录音录像（须双方同意）", "Calls are recorded, by consent", "REG50")
    quick_replies: Words = rule(
        ("请补充目前用药情况", "是否有药物过敏", "请上传近期检验报告", "建议线下面诊", "一周后复诊"),
        "常用语",
        "Quick replies",
        "XY13",
        max_length=20,
    )
    note_min_chars: int = rule(
        10,
        "病历各必填项最少字数",
        "Least words of each part of the note",
        "XY13",
        unit="characters",
        within=(2, 200),
    )
    nudge_again_minutes: int = rule(
        15, "开诊未接诊再次提醒", "Nudge the doctor again after", "XY12", unit="minutes", within=(5, 120)
    )
    evening_nudge: time = rule(time(20), "晚间提醒医生", "Evening nudge", "XY12")
    last_nudge: time = rule(time(22, 30), "当日最后一次提醒医生", "Last nudge of the day", "XY12")
    helpers_most: int = rule(1, "家属协助席位", "Helpers in the room", "XY25", unit="seats", within=(0, 2))
