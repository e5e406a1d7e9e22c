"""How figures read to a person; Chinese, translated where shown."""

from collections.abc import Callable, Mapping

from telehealth.core.figures import Metric, Pain, Shape
from telehealth.core.i18n import N_
from telehealth.reporting.charts import unit_of
from telehealth.reporting.rules import Sum

Say = Callable[[str], str]

#: The pain in one word, and what stands for it.
PAINS: Mapping[Pain, tuple[str, str, str]] = {
    Pain.HARD: (N_("难"), N_("挂号难"), "ticket-check"),
    Pain.TEDIOUS: (N_("烦"), N_("手续烦"), "list-checks"),
    Pain.LOST: (N_("迷"), N_("找不到路"), "map-pin-off"),
    Pain.DOUBTFUL: (N_("疑"), N_("心里没底"), "message-circle-question-mark"),
    Pain.CROWDED: (N_("挤"), N_("等得久"), "users-round"),
    Pain.URGENT: (N_("急"), N_("急时没人"), "siren"),
}

#: The order of the dashboard.
ORDER = (
    "first_word", "attended_same_day", "booking_to_first_word", "waiting", "total_time", "refund_submit",
    "refund_done", "review_lag", "dispatch_lag", "call_setup", "rejoin", "alert_override", "denied",
    "denied_overturned", "alarm_answer", "complaints", "seat_found", "seat_to_paid", "patient_absent",
    "seats_taken", "demand", "visits", "told",
)  # fmt: skip


def span_words(seconds: float | None, say: Say) -> str:
    """A lag as people say it, to the minute from one minute on."""
    if seconds is None:
        return "—"
    whole = round(seconds)
    if whole < 60:
        return say(N_("%(n)s秒")) % {"n": whole}
    minutes = whole // 60
    if minutes < 60:
        return say(N_("%(n)s分钟")) % {"n": minutes}
    hours, rest = divmod(minutes, 60)
    if hours < 48:
        text = N_("%(hours)s小时%(minutes)s分") if rest else N_("%(hours)s小时")
        return say(text) % {"hours": hours, "minutes": rest}
    return say(N_("%(days)s天%(hours)s小时")) % {"days": hours // 24, "hours": hours % 24}


UNITS: Mapping[str, str] = {
    "s": N_("%(n)s秒"),
    "min": N_("%(n)s分"),
    "h": N_("%(n)s小时"),
    "d": N_("%(n)s天"),
}


def tick_words(seconds: float, top: float, say: Say) -> str:
    """A mark of a scale of time, in the unit of the scale."""
    size, name = unit_of(top)
    return say(UNITS[name]) % {"n": f"{seconds / size:g}"}


def share_words(share: float | None) -> str:
    """Only what is whole is 100 %, and only nothing is 0 %."""
    if share is None:
        return "—"
    percent = round(share * 100, 1)
    if share < 1:
        percent = min(percent, 99.9)
    if share > 0:
        percent = max(percent, 0.1)
    return f"{percent:g}%"


def headline(metric: Metric, found: Sum | None, say: Say) -> str:
    if found is None:
        return "—"
    if metric.shape is Shape.LAG:
        return span_words(found.median, say)
    return share_words(found.share) if metric.shape is Shape.SHARE else str(found.total)


def trend(metric: Metric, now: Sum, before: Sum, say: Say) -> tuple[str, str]:
    """Against as many days before: an icon, and words; both empty where one of the two is missing."""
    here, there = now.headline(metric.shape), before.headline(metric.shape)
    if metric.shape is Shape.COUNT or here is None or there is None:
        return "", ""
    if abs(here - there) < (0.005 if metric.shape is Shape.SHARE else 1):
        return "minus", say(N_("与前一时段持平"))
    is_up = here > there
    is_better = is_up == (metric.shape is Shape.SHARE and metric.high_is_good)
    icon = "trending-up" if is_up else "trending-down"
    was = headline(metric, before, say)
    words = N_("比前一时段好，之前 %(was)s") if is_better else N_("比前一时段差，之前 %(was)s")
    return icon, say(words) % {"was": was}
