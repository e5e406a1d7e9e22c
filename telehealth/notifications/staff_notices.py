"""What is sent to those who run the hospital."""

from telehealth.notifications.rules import Kind, Var
from telehealth.notifications.states import Notice, Topic
from telehealth.notifications.wording import Wording

STAFF_WORDINGS: dict[Notice, Wording] = {
    Notice.DAILY_REPORT: Wording(
        Topic.WORK,
        "医院日报",
        "The hospital's daily report",
        "{on}的日报已生成：线上就诊{visits}例，已接诊{attended}例，详情请打开查看。",
        "The report of {on} is ready: {visits} online visits, {attended} attended. Open it to read more.",
        {"on": Var(Kind.DAY), "visits": Var(), "attended": Var()},
        icon="chart-column",
    ),
}
