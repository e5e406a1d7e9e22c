"""What can go wrong between us, the carrier and a phone."""

from telehealth.core.errors import Busy, NotFound, Refused, Unavailable


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
