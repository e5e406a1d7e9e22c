"""The words people read for the parts of the schedule: Chinese message ids."""

from telehealth.core.i18n import N_
from telehealth.rulebook.rules import Channel, ClinicKind
from telehealth.schedule.rules import HalfDay

KIND_LABELS = {ClinicKind.INTERNET: N_("线上复诊"), ClinicKind.OFFLINE: N_("线下门诊")}
HALF_LABELS = {HalfDay.MORNING: N_("上午"), HalfDay.AFTERNOON: N_("下午"), HalfDay.EVENING: N_("晚间")}
CHANNEL_LABELS = {Channel.ONLINE: N_("线上"), Channel.DESK: N_("窗口"), Channel.PHONE: N_("电话")}
WEEKDAY_LABELS = (N_("周一"), N_("周二"), N_("周三"), N_("周四"), N_("周五"), N_("周六"), N_("周日"))
