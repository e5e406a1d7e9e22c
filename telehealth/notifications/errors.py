"""What can go wrong between us, the carriers and a phone."""

from telehealth.core.errors import Busy, Forbidden, NotFound, Refused, Unavailable


class MessageNotFound(NotFound):
    code = "message_not_found"
    detail = "没有找到这条消息"


class SMSDown(Unavailable):
    """No answer, or none that tells whether it was sent."""

    code = "sms_down"
    detail = "短信服务暂时不可用，请稍后再试"


class SMSUnpaid(Unavailable):
    """The package is used up: somebody must pay, so it also raises an alarm."""

    code = "sms_unpaid"
    detail = "短信服务暂时不可用，请稍后再试"


class SMSMisconfigured(Unavailable):
    """Keys, signature or template are wrong: ours to mend, so it also raises an alarm."""

    code = "sms_misconfigured"
    detail = "短信服务暂时不可用，请稍后再试"


class PhoneTooSoon(Busy):
    code = "phone_too_soon"
    detail = "这个手机号刚刚收过短信，请稍后再试"


class PhoneRefused(Refused):
    """The carrier sends nothing to this number today, or ever. Carries `reason`, the vendor's code."""

    code = "phone_refused"
    detail = "这个手机号暂时不能接收短信"


class TopicNotFound(NotFound):
    code = "topic_not_found"
    detail = "没有这一类消息"


class WeChatRefused(Refused):
    """This reader gets no such message. Carries `reason`, WeChat's number; ours to mend also alarms."""

    code = "wechat_refused"
    detail = "微信没有发送这条消息"


class WeChatUnsent(Unavailable):
    """It is certainly not out: WeChat was not reached, or was busy."""

    code = "wechat_unsent"
    detail = "微信暂时不可用，请稍后再试"


class WeChatUnanswered(Unavailable):
    """It may be out or not: the answer was lost."""

    code = "wechat_unanswered"
    detail = "微信暂时不可用，请稍后再试"


class StillSending(Busy):
    """Somebody else hands this very message over, or died doing so a moment ago."""

    code = "still_sending"
    detail = "这条消息正在发送"


class PushRefused(Forbidden):
    """Whoever called is not WeChat, or says nothing that can be read. Carries `verdict`."""

    code = "push_refused"
    detail = "签名不正确"


class ConsentsInvalid(Refused):
    code = "consents_invalid"
    detail = "没有可以记录的微信订阅授权"


class AppNotLinked(Refused):
    code = "app_not_linked"
    detail = "请先在这家医院的小程序里登录"
