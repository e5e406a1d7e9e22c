from telehealth.core.errors import Conflict, NotFound, Refused, Unavailable


class CoverNotFound(NotFound):
    code = "cover_not_found"
    detail = "没有找到这次医保授权"


class InsurerDown(Unavailable):
    """Nothing is known of the outcome: ask, then repeat with the same number."""

    code = "insurer_down"
    detail = "医保平台暂时没有应答，请稍后再试，或改为自费支付"


class InsurerRefused(Refused):
    """`word` is the insurer's own, for staff; `reason` is a `states.Giveup`."""

    code = "insurer_refused"
    detail = "医保平台没有受理，可以改为自费支付"


class SplitUnsound(Refused):
    """The parts do not sum to the whole: nothing is paid by it."""

    code = "split_unsound"
    detail = "医保分割金额核对不一致，本次请自费支付，或联系服务台"


class CoverNotOffered(Refused):
    """`reason` is a `rules.NotOffered`, and `sentence` says it to a person."""

    code = "cover_not_offered"
    detail = "本次不能使用医保支付"


class AuthorisationLost(Refused):
    """`reason` is a `states.Giveup`."""

    code = "authorisation_lost"
    detail = "医保授权已失效，请重新授权，或改为自费支付"


class AccountHidden(NotFound):
    """No door to it here, or the person is insured where it is not told."""

    code = "insurance_account_hidden"
    detail = "这里查不到您的医保账户，请到参保地的医保服务渠道查询"


class CoverTaken(Conflict):
    code = "cover_taken"
    detail = "这次授权已经用过"
