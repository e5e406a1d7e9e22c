"""What can go wrong with people and cards. No sentence tells what we have stored."""

from telehealth.core.errors import Busy, Conflict, NotFound, Refused, Unavailable


class PersonNotFound(NotFound):
    code = "person_not_found"
    detail = "没有找到这位就诊人"


class CardNotFound(NotFound):
    code = "card_not_found"
    detail = "没有找到绑定的就诊卡"


class ReviewNotFound(NotFound):
    code = "review_not_found"
    detail = "没有找到这条核验申请"


class FaceCheckNotFound(NotFound):
    code = "face_check_not_found"
    detail = "没有找到这次人脸核身，请重新发起"


class ConsentNotFound(NotFound):
    code = "consent_not_found"
    detail = "没有找到这条授权"


class LinkPending(Refused):
    """`missing` names the consents or proofs that stand out."""

    code = "link_pending"
    detail = "还需要完成同意或监护核验，才能为这位就诊人办理"


class IdentityMismatch(Refused):
    """Says that they do not match, never what would."""

    code = "identity_mismatch"
    detail = "姓名与证件号码不一致，请与证件核对后再试"


class IdentityUnavailable(Unavailable):
    code = "identity_unavailable"
    detail = "身份核验服务暂时不可用，您填写的内容已保留，请稍后再试"


class IdentityQuotaSpent(Busy):
    code = "identity_quota_spent"
    detail = "该证件今天核验次数过多，请明天再试，或到医院窗口核验"


class PersonAlreadyAdded(Conflict):
    code = "person_already_added"
    detail = "您已添加过这位就诊人"


class SelfAlreadyAdded(Conflict):
    code = "self_already_added"
    detail = "您已添加过本人，其他人请选择对应的关系"


class TooManyPeople(Refused):
    code = "too_many_people"
    detail = "就诊人数量已达上限，请先移除不再需要的就诊人"


class DocumentInDoubt(Refused):
    """Two people showed the same number; only somebody who sees both papers can tell."""

    code = "document_in_doubt"
    detail = "这个证件需要医院人工核对，请携带证件原件到窗口办理"


class FaceFailed(Refused):
    code = "face_failed"
    detail = "人脸核身没有通过，可以重试，或改用手机验证码、窗口核验"


class FacePending(Refused):
    code = "face_pending"
    detail = "还没有收到人脸核身的结果，请完成后再继续"


class FaceNotPossible(Refused):
    code = "face_not_possible"
    detail = "这种证件不支持人脸核身，请改用其他方式"


class ConsentNotNeeded(Conflict):
    code = "consent_not_needed"
    detail = "这位就诊人不需要这项同意"


class CardUnknown(Refused):
    code = "card_unknown"
    detail = "医院没有查到这张卡，请核对卡号，或到窗口办理"


class CardMismatch(Refused):
    """One answer for every difference, so that it cannot be used to find out what the hospital holds."""

    code = "card_mismatch"
    detail = "卡上登记的信息与就诊人不一致，请核对卡号和就诊人，或到窗口核对"


class CardNeedsReview(Refused):
    """The hospital has several records, or it is in doubt whose card it is: its staff were asked."""

    code = "card_needs_review"
    detail = "这张卡需要医院人工核对，已提交申请，结果会通知您"


class ReviewAlreadyDecided(Conflict):
    code = "review_already_decided"
    detail = "这条申请已经处理过了"


class DataRestricted(Refused):
    """The person asked for their data to be left alone; they lift it themselves (REG59)."""

    code = "data_restricted"
    detail = "该就诊人的资料已按申请限制处理，解除后才能办理"
