"""What a page says of a person, a consent, a request; Chinese message ids, translated where shown."""

from dataclasses import dataclass

from telehealth.core.i18n import N_
from telehealth.patients.models import IdentityReview, PatientLink, Person
from telehealth.patients.rules import ConsentKind, ConsentWay, Relation, Sex
from telehealth.patients.states import LinkState, Purpose, ReviewState, Verifier

RELATION_LABELS = {
    Relation.SELF: N_("本人"),
    Relation.SPOUSE: N_("配偶"),
    Relation.PARENT: N_("父母"),
    Relation.CHILD: N_("子女"),
    Relation.SIBLING: N_("兄弟姐妹"),
    Relation.WARD: N_("被监护人"),
    Relation.OTHER: N_("其他"),
}

SEX_LABELS = {Sex.MALE: N_("男"), Sex.FEMALE: N_("女")}

MISSING_LABELS = {
    ConsentKind.ADULT: N_("等待本人同意"),
    ConsentKind.GUARDIANSHIP_PROOF: N_("等待核对监护关系"),
    ConsentKind.CHILD_DATA: N_("等待监护人单独同意"),
}

PURPOSE_LABELS = {
    Purpose.IDENTITY_CHECK: N_("核验身份"),
    Purpose.FACE_CHECK: N_("人脸核身"),
    Purpose.ACT_FOR_ADULT: N_("代为办理"),
    Purpose.GUARDIANSHIP: N_("监护人声明"),
    Purpose.CHILD_DATA: N_("处理儿童个人信息"),
    Purpose.MEDICINE_CHECK: N_("跨院用药核查"),
    Purpose.FAMILY_PAYING: N_("家庭共济付款"),
    Purpose.FAMILY_CHILD: N_("儿童家庭共济"),
    Purpose.BILL_DETAILS: N_("账单明细名称"),
}

WAY_LABELS = {
    ConsentWay.PHONE_CODE: N_("手机验证码"),
    ConsentWay.FACE: N_("人脸核身"),
    ConsentWay.COUNTER: N_("医院窗口"),
    ConsentWay.BANK_CARD: N_("银行卡与短信验证码"),
}

REVIEW_STATES = {
    ReviewState.OPEN: ("warn", N_("等待医院处理")),
    ReviewState.APPROVED: ("ok", N_("已通过")),
    ReviewState.REFUSED: ("danger", N_("未通过")),
    ReviewState.DROPPED: ("", N_("已取消")),
}

VERIFIERS = {
    Verifier.AUTHORITY: N_("身份核验机构"),
    Verifier.HIS: N_("医院登记"),
    Verifier.COUNTER: N_("医院窗口"),
}


@dataclass(frozen=True, slots=True)
class Badge:
    kind: str
    text: str


def badge(link: PatientLink, person: Person | None) -> Badge:
    """Where a person stands, in one word."""
    if link.state is LinkState.PENDING:
        first = ConsentKind(link.missing[0]) if link.missing else ConsentKind.ADULT
        return Badge("warn", MISSING_LABELS[first])
    if person is not None and person.is_verified:
        return Badge("ok", N_("已实名"))
    return Badge("warn", N_("证件待核验"))


def is_open(review: IdentityReview) -> bool:
    return review.state is ReviewState.OPEN
