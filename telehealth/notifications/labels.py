"""What staff read of a message's way: states, and why a channel said no."""

from telehealth.core.i18n import N_
from telehealth.notifications.states import DeliveryState, RungState

#: Kind of tag, words.
DELIVERY_LABELS = {
    DeliveryState.OPEN: ("info", N_("发送中")),
    DeliveryState.ARRIVED: ("ok", N_("已送达")),
    DeliveryState.UNREACHED: ("danger", N_("各渠道都没有送达")),
    DeliveryState.SKIPPED: ("", N_("仅站内消息")),
}

RUNG_LABELS = {
    RungState.QUEUED: ("info", N_("等待发送")),
    RungState.SENDING: ("info", N_("正在发送")),
    RungState.ACCEPTED: ("info", N_("渠道已受理，等待回执")),
    RungState.DELIVERED: ("ok", N_("已送达")),
    RungState.UNDELIVERED: ("danger", N_("未送达")),
    RungState.REFUSED: ("warn", N_("渠道拒绝")),
    RungState.SILENT: ("warn", N_("规定时间内没有回执，已换下一渠道")),
}

_REASONS = {
    "read": N_("已在站内打开，不再另发"),
    "not_wanted": N_("本人关闭了这类提醒"),
    "no_phone": N_("没有手机号"),
    "no_template": N_("渠道没有可用的模板"),
    "no_wechat": N_("没有关联微信，这类消息不发短信"),
    "no_consent": N_("微信订阅次数已用完"),
    "unavailable": N_("渠道多次没有应答"),
    "43101": N_("微信订阅次数已用完"),
    "43004": N_("没有关注服务号"),
    "40003": N_("微信身份已失效"),
    "40037": N_("微信模板编号有误，已报警"),
    "47003": N_("微信模板内容不合规，已报警"),
    "41030": N_("小程序页面路径有误，已报警"),
    "failed:user block": N_("对方拒收服务号消息"),
    "failed: system failed": N_("微信系统失败"),
    "failed:freq limit": N_("超过微信频率限制"),
    "LimitExceeded.PhoneNumberDailyLimit": N_("这个号码今天的短信已到上限"),
    "FailedOperation.PhoneNumberInBlacklist": N_("这个号码拒收短信"),
    "MK:0001": N_("运营商没有送达"),
}
#: A channel's word for success says nothing more than the state does.
_PLAIN = frozenset({"", "success", "DELIVRD", "ok"})


def reason_label(reason: str) -> str:
    """A message id; empty where the state said it all. A code nobody explained stays with the vendor."""
    return "" if reason in _PLAIN else _REASONS.get(reason, N_("渠道给出了其他原因"))
