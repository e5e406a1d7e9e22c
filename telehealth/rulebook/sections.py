"""The numbers and switches of one hospital, section by section, each with its label and source.

`source` names the rule a number comes from (XY.. SJ.. GD.. GS.. of the requirements, REG.. of the
regulation table), so a reader of the editor page can look up why it is what it is. Shares are basis
points (2000 = 20 %), so that no float ever meets a quota or an amount.
"""

from collections.abc import Iterable
from datetime import time
from enum import StrEnum
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, model_validator
from pydantic.config import JsonDict

from telehealth.core.text import Line


def N_(message: str) -> str:
    return message


class ClinicKind(StrEnum):
    INTERNET = "internet"
    OFFLINE = "offline"


class Channel(StrEnum):
    """Through whom a seat is taken. Every door a patient opens alone is `online`."""

    ONLINE = "online"
    DESK = "desk"
    PHONE = "phone"


class VisitKind(StrEnum):
    OUTPATIENT = "outpatient"
    ONLINE = "online"
    INPATIENT = "inpatient"
    EMERGENCY = "emergency"
    OTHER = "other"


class LeapBirthday(StrEnum):
    """When somebody born on 29 February completes a year in a common year."""

    MARCH_1 = "mar_1"
    FEBRUARY_28 = "feb_28"


def _listed(value: Any) -> Any:
    """A form sends one line of text for a list; commas of both widths separate."""
    if isinstance(value, str):
        parts = value.replace("，", ",").replace("、", ",").split(",")
        return [part.strip() for part in parts if part.strip()]
    return value


def _without_repeats(values: tuple[Any, ...]) -> tuple[Any, ...]:
    if len(set(values)) != len(values):
        raise ValueError(N_("有重复的项目"))
    return values


def _without_online(values: tuple[VisitKind, ...]) -> tuple[VisitKind, ...]:
    if VisitKind.ONLINE in values:
        raise ValueError(N_("线上就诊不能计入线下就诊有效期"))
    return values


def _literal(value: Any) -> Any:
    """A form can only send text; the value behind it may be a truth or a number."""
    if not isinstance(value, str):
        return value
    return {"true": True, "false": False}.get(value, int(value) if value.isdecimal() else value)


Always = Annotated[Literal[True], BeforeValidator(_literal)]
Never = Annotated[Literal[False], BeforeValidator(_literal)]
Whole = Annotated[Literal[10_000], BeforeValidator(_literal)]
FiveStars = Annotated[Literal[5], BeforeValidator(_literal)]
Word = Annotated[Line, Field(max_length=60)]
Words = Annotated[tuple[Word, ...], BeforeValidator(_listed), AfterValidator(_without_repeats)]
VisitKinds = Annotated[
    tuple[VisitKind, ...],
    BeforeValidator(_listed),
    AfterValidator(_without_repeats),
    AfterValidator(_without_online),
]
Channels = Annotated[tuple[Channel, ...], BeforeValidator(_listed), AfterValidator(_without_repeats)]
Positions = Annotated[
    tuple[Annotated[int, Field(ge=1, le=99)], ...], BeforeValidator(_listed), AfterValidator(_without_repeats)
]


def rule(
    default: Any,
    zh: str,
    en: str,
    source: str,
    *,
    unit: str = "",
    within: tuple[int, int] | None = None,
    **bounds: Any,
) -> Any:
    """A field with what an editor page needs to show it. `within` includes both ends."""
    note: JsonDict = {"label_zh": zh, "label_en": en, "unit": unit, "source": source}
    if within is not None:
        bounds |= {"ge": within[0], "le": within[1]}
    return Field(default, json_schema_extra=note, **bounds)


def share(default: int, zh: str, en: str, source: str) -> Any:
    return rule(default, zh, en, source, unit="basis_points", within=(0, 10_000))


class Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


def _ascending(pairs: Iterable[tuple[int, int]], message: str) -> None:
    if any(low > high for low, high in pairs):
        raise ValueError(message)


class Eligibility(Section):
    min_age_years: int = rule(
        6, "最小就诊年龄（含）", "Minimum age, inclusive", "XY01", unit="years", within=(0, 120)
    )
    leap_birthday: LeapBirthday = rule(
        LeapBirthday.MARCH_1, "2月29日出生者平年满岁日", "Birthday of 29 February in common years", "XY01"
    )
    offline_visit_window_months: int = rule(
        6,
        "线下就诊有效期（含末日）",
        "Offline visit window, last day included",
        "XY02",
        unit="months",
        within=(1, 60),
    )
    visit_kinds_that_count: VisitKinds = rule(
        (VisitKind.OUTPATIENT,), "计入有效期的就诊类型", "Visit kinds that count", "XY03", min_length=1
    )
    same_hospital_only: bool = rule(True, "仅认本院就诊", "Only visits to this hospital", "XY03")
    campuses_share_records: bool = rule(True, "各院区记录互认", "Campuses share records", "XY03")
    require_stable_declaration: bool = rule(
        True, "须声明病情稳定", "Stable condition must be declared", "XY04"
    )
    excluded_conditions: Words = rule(
        ("emergency", "critical", "first_visit"), "不接诊的情形", "Conditions not served", "XY04 XY05"
    )
    guardian_required_under: int = rule(
        18, "未满此年龄须监护人", "Guardian required under this age", "XY17", unit="years", within=(0, 120)
    )
    separate_consent_under: int = rule(
        14,
        "未满此年龄须监护人单独同意",
        "Separate guardian consent under this age",
        "XY17",
        unit="years",
        within=(14, 120),
    )

    @model_validator(mode="after")
    def _a_child_with_separate_consent_has_a_guardian(self) -> "Eligibility":
        _ascending(
            [(self.separate_consent_under, self.guardian_required_under)],
            N_("单独同意年龄不能高于监护人年龄"),
        )
        return self


class Booking(Section):
    hold_minutes: int = rule(15, "留号时长", "Seat hold", "XY24", unit="minutes", within=(1, 120))
    hold_minutes_assisted: int = rule(
        30, "留号时长（长辈或代办）", "Seat hold, elder or assisted", "XY24", unit="minutes", within=(1, 240)
    )
    pending_verification_minutes: int = rule(
        60,
        "待核验留号截止（就诊前）",
        "Pending verification ends before the slot",
        "XY24",
        unit="minutes",
        within=(0, 1440),
    )
    free_cancel_days_before: int = rule(
        0,
        "免费取消截止：就诊日前几天的零点",
        "Free cancelling ends at 00:00, days before the slot date",
        "SJ06",
        unit="days",
        within=(0, 30),
    )
    cancel_refund_bp: int = share(
        10_000, "截止前取消的退款比例", "Refund share when cancelled in time", "SJ06"
    )
    on_day_unattended_cancel: Literal["full_refund", "none"] = rule(
        "full_refund", "时段结束仍未接诊可全额退", "Cancel on the day after an unattended slot", "SJ06"
    )
    card_link_required_offline: bool = rule(
        False, "线下挂号须关联社保卡", "Offline registration needs a linked social-security card", "SJ02"
    )

    @model_validator(mode="after")
    def _help_never_shortens_the_hold(self) -> "Booking":
        _ascending([(self.hold_minutes, self.hold_minutes_assisted)], N_("长辈或代办的留号时长不能更短"))
        return self


class Schedule(Section):
    internet_online_bp: int = share(
        10_000, "互联网门诊线上号源比例", "Online share of internet clinics", "SJ04"
    )
    offline_online_bp: int = share(
        2_000, "线下挂号线上号源比例", "Online share of offline registration", "SJ04"
    )
    offline_online_minimum: int = rule(
        0,
        "线下挂号线上最少号数",
        "Online minimum of offline registration",
        "SJ04",
        unit="seats",
        within=(0, 500),
    )
    offline_phone_bp: int = share(
        3_000,
        "线下挂号电话号源比例（其余归窗口）",
        "Phone share of offline registration, rest for the desk",
        "SJ05",
    )
    release_unused_share: bool = rule(
        False, "到点释放未用号源", "Release unused shares at a set time", "SJ04"
    )
    release_days_before: int = rule(
        1, "释放日：就诊前几天", "Release, days before the clinic", "SJ04", unit="days", within=(0, 30)
    )
    release_time: time = rule(time(18), "释放时刻", "Release time", "SJ04")
    horizon_days: int = rule(14, "可预约天数", "Days open for booking", "XY20", unit="days", within=(1, 180))
    slot_minutes: int = rule(
        15, "默认时段长度", "Default slot length", "XY20", unit="minutes", within=(5, 240)
    )
    morning_starts: time = rule(time(8), "上午开始", "Morning starts", "XY20")
    morning_ends: time = rule(time(12), "上午结束", "Morning ends", "XY20")
    afternoon_starts: time = rule(time(13), "下午开始", "Afternoon starts", "XY20")
    afternoon_ends: time = rule(time(17), "下午结束", "Afternoon ends", "XY20")
    evening_starts: time = rule(time(18), "晚间开始", "Evening starts", "XY20")
    evening_ends: time = rule(time(21), "晚间结束", "Evening ends", "XY20")

    @model_validator(mode="after")
    def _halves_follow_each_other(self) -> "Schedule":
        edges = [
            self.morning_starts,
            self.morning_ends,
            self.afternoon_starts,
            self.afternoon_ends,
            self.evening_starts,
            self.evening_ends,
        ]
        if any(edge.tzinfo for edge in edges) or self.release_time.tzinfo:
            raise ValueError(N_("时刻不带时区，一律按北京时间"))
        if edges != sorted(edges) or any(edges[i] == edges[i + 1] for i in (0, 2, 4)):
            raise ValueError(N_("上午、下午、晚间须先后相接且不重叠"))
        if self.offline_online_bp + self.offline_phone_bp > 10_000:
            raise ValueError(N_("线上与电话号源比例之和不能超过百分之百"))
        return self


class Strikes(Section):
    limit: int = rule(3, "爽约几次停约", "No-shows that bring a ban", "SJ07", unit="times", within=(1, 20))
    ban_months: int = rule(3, "停约时长", "Ban", "SJ08", unit="months", within=(1, 60))
    window_months: int = rule(
        12, "爽约累计周期", "Rolling counting window", "SJ09", unit="months", within=(1, 60)
    )
    banned_channels: Channels = rule(
        (Channel.ONLINE,), "停约的渠道", "Channels a ban closes", "SJ08", min_length=1
    )
    rings_before_absent: int = rule(
        2, "认定爽约前呼叫次数", "Logged rings before absence", "SJ07", unit="times", within=(1, 10)
    )
    reminders_before_absent: int = rule(
        1, "认定爽约前提醒次数", "Reminders before absence", "SJ07", unit="times", within=(1, 10)
    )


class Unattended(Section):
    call_seconds: int = rule(
        30,
        "双方有媒体的通话满几秒算接诊",
        "Call with media from both sides that counts",
        "XY13",
        unit="seconds",
        within=(1, 600),
    )
    #: The law of the house leaves one value: what nobody attended comes back whole.
    refund_bp: Whole = rule(
        10_000, "当日未接诊的退款比例", "Refund share when unattended", "XY12", unit="basis_points"
    )
    refund_submit_minutes: int = rule(
        10, "退款提交时限", "Refund submitted within", "XY12", unit="minutes", within=(1, 1440)
    )
    unfinished_after_days: int = rule(
        1,
        "接诊后几日仍无病历转服务台（24:00）",
        "No signed note: service desk after 24:00 of day",
        "XY13",
        unit="days",
        within=(0, 30),
    )
