from telehealth.core.audit_words import AuditWords
from telehealth.core.i18n import N_
from telehealth.notifications.states import TOPIC_LABELS

WORDS = AuditWords(
    "notifications",
    N_("消息通知"),
    events={
        "account.messages_allowed": N_("患者允许了微信消息"),
        "account.notice_preferred": N_("患者修改了消息偏好"),
        "notices.traced": N_("查看了消息送达记录"),
    },
    facts={"appid": N_("微信应用"), "sms": N_("短信"), "topic": N_("消息类别"), "wechat": N_("微信")},
    values={"topic": TOPIC_LABELS},
    scopes={
        "delivery callback": N_("短信回执"),
        "message delivery": N_("送达消息"),
        "message tracing": N_("查询送达"),
    },
)
