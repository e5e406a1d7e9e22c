"""What people agree to, word for word. A changed text is a new version; old consents keep theirs."""

import hashlib
from dataclasses import dataclass

from telehealth.core.i18n import N_
from telehealth.patients.states import Purpose


@dataclass(frozen=True, slots=True)
class ConsentText:
    """`text` is Chinese, which binds; a translation helps to read it."""

    purpose: Purpose
    version: str
    title: str
    text: str

    @property
    def sha256(self) -> str:
        return hashlib.sha256(f"{self.version}\n{self.title}\n{self.text}".encode()).hexdigest()


def _text(purpose: Purpose, version: str, title: str, text: str) -> tuple[Purpose, ConsentText]:
    return purpose, ConsentText(purpose, version, title, text)


TEXTS: dict[Purpose, ConsentText] = dict(
    (
        _text(
            Purpose.IDENTITY_CHECK,
            "1",
            N_("同意核验身份"),
            N_(
                "为落实就诊实名制，我们会把姓名和证件号码提供给身份核验机构（腾讯云身份核验）及所选医院，"
                "仅用于核对两者是否一致，不用于其他用途。不同意则无法在线添加，可到医院窗口办理。"
            ),
        ),
        _text(
            Purpose.FACE_CHECK,
            "1",
            N_("同意人脸核身"),
            N_(
                "人脸信息属于敏感个人信息。核身由身份核验机构在其页面完成，仅用于确认是本人操作，"
                "我们只取得是否通过的结果，不保存人脸图像。您可以不用人脸，改用手机验证码或到医院窗口办理。"
            ),
        ),
        _text(
            Purpose.ACT_FOR_ADULT,
            "1",
            N_("同意他人代为办理"),
            N_(
                "本人同意该账号的使用者代我预约、填写病情、查看就诊安排和结果。"
                "本人可以随时撤回，撤回后对方立即不能再查看和办理。"
            ),
        ),
        _text(
            Purpose.GUARDIANSHIP,
            "1",
            N_("监护人声明"),
            N_(
                "本人是该未成年人的父母或其他监护人，愿意提供监护关系证明供医院核对，"
                "并对所填信息的真实性负责。"
            ),
        ),
        _text(
            Purpose.CHILD_DATA,
            "1",
            N_("同意处理未满十四周岁儿童的个人信息"),
            N_(
                "本人作为监护人，单独同意为该儿童就诊处理其身份、健康和就诊信息，"
                "范围以预约、诊疗和法律要求的保存为限。可以随时撤回；撤回后停止使用，依法须保存的病历除外。"
            ),
        ),
        _text(
            Purpose.MEDICINE_CHECK,
            "1",
            N_("同意跨院用药核查"),
            N_(
                "开处方时，系统会核对就诊人正在使用的药品是否与新开药品冲突或重复。同意后，医生开方时系统可以查询"
                "平台内其他医院处方中仍在使用的药品名称和剩余天数，不包括诊断、病历和开方医生。"
                "不同意不影响就诊，医生会改为当面询问。可以随时撤回。"
            ),
        ),
        _text(
            Purpose.FAMILY_PAYING,
            "1",
            N_("同意由家人的医保账户支付"),
            N_(
                "本人同意该家人用其医保账户支付我的诊疗费用，并向医保平台和支付机构提供双方的姓名与证件号码以核对身份。"
                "付款人只能看到账单的项目类别和金额，看不到诊断、聊天和药品名称。"
                "可以随时解除，解除后尚未扣款的授权立即作废，已支付的费用不受影响。"
            ),
        ),
        _text(
            Purpose.FAMILY_CHILD,
            "1",
            N_("同意为未满十四周岁儿童办理家庭共济"),
            N_(
                "本人作为监护人，单独同意为办理家庭共济处理该儿童的姓名、证件号码和亲属关系材料，"
                "材料仅供医院审核，审核结束后到期自动删除。可以随时撤回，撤回后立即解除。"
            ),
        ),
        _text(
            Purpose.BILL_DETAILS,
            "1",
            N_("允许付款人查看账单明细名称"),
            N_(
                "本人允许付款人在账单中看到药品和检查的名称。诊断、病历和聊天仍然看不到。"
                "可以随时撤回，撤回后付款人只能看到项目类别和金额。"
            ),
        ),
    )
)
