"""Why somebody is not let in, and what they may do about it."""

from telehealth.core.errors import Busy, Conflict, Forbidden, NotFound, Refused, Unauthenticated, Unavailable


class CodeTooSoon(Busy):
    code = "code_too_soon"
    detail = "验证码刚刚发送过，请 {seconds} 秒后再获取"


class CodesUsedUp(Busy):
    code = "codes_used_up"
    detail = "这个手机号今天获取验证码的次数已用完，请明天再试，或到医院窗口办理"


class CodeNotSent(Unavailable):
    """The vendor did not take it; the code may be asked for again at once."""

    code = "code_not_sent"
    detail = "短信暂时没有发出去，请稍后重新获取；仍收不到时可到医院窗口办理"


class CodeWrong(Refused):
    code = "code_wrong"
    detail = "验证码不正确，还可以再试 {left} 次"


class CodeBurned(Refused):
    code = "code_burned"
    detail = "验证码已输错五次而失效，请重新获取"


class CodeExpired(Refused):
    code = "code_expired"
    detail = "验证码已过期或已使用，请重新获取"


class AccountClosed(Forbidden):
    code = "account_closed"
    detail = "该账号已注销，请联系医院"


class SignInRefused(Unauthenticated):
    code = "sign_in_refused"
    detail = "登录名或密码不正确"


class StepExpired(Unauthenticated):
    code = "step_expired"
    detail = "登录步骤已过期，请重新输入密码"


class StepOutOfOrder(Conflict):
    code = "step_out_of_order"
    detail = "请先完成上一步"


class SecondFactorWrong(Unauthenticated):
    code = "second_factor_wrong"
    detail = "动态码不正确，还可以再试 {left} 次"


class SecondFactorUsed(Unauthenticated):
    code = "second_factor_used"
    detail = "这个动态码已经用过，请等下一个出现后再输入"


class SecondFactorLocked(Busy):
    code = "second_factor_locked"
    detail = "动态码连续输错五次，请 {minutes} 分钟后再试，或请管理员重置"


class StepUpNeeded(Forbidden):
    """The second factor of this session is older than 30 minutes; `/staff/step-up` asks for it again."""

    code = "step_up_needed"
    detail = "请先输入动态码确认是您本人，再继续接诊"


class NoWork(Forbidden):
    code = "no_work"
    detail = "您的账号在任何医院都没有在岗身份，请联系医院管理员"


class LoginTaken(Conflict):
    code = "login_taken"
    detail = "这个登录名已被使用，请换一个；同一人在多家医院工作时请改用邀请"


class LoginUnknown(NotFound):
    code = "login_unknown"
    detail = "没有找到这个登录名"


class AlreadyMember(Conflict):
    code = "already_member"
    detail = "该人员已在本院"


class MemberNotFound(NotFound):
    code = "member_not_found"
    detail = "没有找到这位工作人员"


class LastAdministrator(Refused):
    code = "last_administrator"
    detail = "医院至少要保留一位在岗的管理员"


class VouchedElsewhere(Refused):
    code = "vouched_elsewhere"
    detail = "该账号由另一家医院开立，请由那家医院重置"


class PasswordWrong(Refused):
    code = "password_wrong"
    detail = "当前密码不正确"


class SessionNotFound(NotFound):
    code = "session_not_found"
    detail = "没有找到这个登录记录"


class HandoverNotOffered(Refused):
    """Only a mini-program has a web-view to hand a session to."""

    code = "handover_not_offered"
    detail = "只有小程序可以打开已登录的网页"


class HandoverSpent(Refused):
    code = "handover_spent"
    detail = "链接已经用过或已过期，请返回小程序重新打开"


class WeChatCodeRefused(Unauthenticated):
    code = "wechat_code_refused"
    detail = "微信登录没有成功，请返回重试"


class WeChatDown(Unavailable):
    code = "wechat_down"
    detail = "微信暂时没有应答，请稍后再试"


class WeChatNotOffered(Refused):
    code = "wechat_not_offered"
    detail = "这家医院还没有开通微信登录"


class WeChatTaken(Conflict):
    """The openid belongs to another account."""

    code = "wechat_taken"
    detail = "这个微信已经绑定了另一个账号"


class WeChatUnlinked(Refused):
    """Nobody signed in with a phone from this WeChat yet."""

    code = "wechat_unlinked"
    detail = "这个微信还没有绑定账号，请先用手机号登录"
