"""How reports, views and devices are spoken of; each flag has a word and a sign beside its colour."""

from collections.abc import Mapping

from telehealth.core.i18n import N_
from telehealth.hospital import VisitKind
from telehealth.hospital.reports import Flag, ReportKind, ReportStatus
from telehealth.patients.states import DataKind, Recipient
from telehealth.records.states import RequestState

REPORT_KINDS: Mapping[ReportKind, str] = {
    ReportKind.LABORATORY: N_("检验报告"),
    ReportKind.IMAGING: N_("检查报告"),
    ReportKind.OTHER: N_("其他报告"),
}
REPORT_ICONS: Mapping[ReportKind, str] = {
    ReportKind.LABORATORY: "flask-conical",
    ReportKind.IMAGING: "scan",
    ReportKind.OTHER: "file-text",
}
#: Kind of tag and word; a final report needs none.
REPORT_BADGES: Mapping[ReportStatus, tuple[str, str]] = {
    ReportStatus.PRELIMINARY: ("warn", N_("初步结果")),
    ReportStatus.AMENDED: ("info", N_("已更正")),
}
#: Word, sign and kind of tag.
FLAGS: Mapping[Flag, tuple[str, str, str]] = {
    Flag.NORMAL: (N_("结果正常"), "check", ""),
    Flag.HIGH: (N_("偏高"), "arrow-up", "warn"),
    Flag.VERY_HIGH: (N_("明显偏高"), "chevrons-up", "danger"),
    Flag.LOW: (N_("偏低"), "arrow-down", "warn"),
    Flag.VERY_LOW: (N_("明显偏低"), "chevrons-down", "danger"),
    Flag.ABNORMAL: (N_("异常"), "circle-alert", "warn"),
    Flag.NONE: ("", "", ""),
}
OUT_OF_RANGE = frozenset(Flag) - {Flag.NORMAL, Flag.NONE}
VISITS: Mapping[VisitKind, str] = {
    VisitKind.OUTPATIENT: N_("门诊"),
    VisitKind.ONLINE: N_("线上复诊"),
    VisitKind.INPATIENT: N_("住院"),
    VisitKind.EMERGENCY: N_("急诊"),
    VisitKind.OTHER: N_("就诊"),
}
DEVICES: Mapping[str, str] = {
    "iPhone": "iPhone",
    "iPad": "iPad",
    "Android": N_("安卓手机"),
    "HarmonyOS": N_("鸿蒙设备"),
    "Windows": N_("Windows 电脑"),
    "Macintosh": N_("苹果电脑"),
    "Linux": N_("电脑"),
}
#: Who they are, and what for.
RECIPIENTS: Mapping[Recipient, tuple[str, str]] = {
    Recipient.COURIER: (N_("快递公司"), N_("送药到家")),
    Recipient.PHARMACY: (N_("药房"), N_("按处方配药")),
    Recipient.INSURER: (N_("医保经办机构"), N_("医保结算")),
    Recipient.IDENTITY_CHECKER: (N_("身份核验机构"), N_("核对姓名与证件是否一致")),
    Recipient.FACE_CHECKER: (N_("人脸核身机构"), N_("核对是否为本人")),
    Recipient.BANK_CHECKER: (N_("银行卡核验机构"), N_("核对姓名、证件、银行卡与手机号是否一致")),
    Recipient.RECORD_SYSTEM: (N_("医院信息系统"), N_("查找就诊卡与病历")),
}
DATA_KINDS: Mapping[DataKind, str] = {
    DataKind.NAME: N_("姓名"),
    DataKind.PHONE: N_("电话"),
    DataKind.ADDRESS: N_("地址"),
    DataKind.DOCUMENT: N_("证件号码"),
    DataKind.SHEET: N_("处方内容"),
    DataKind.COSTS: N_("费用明细"),
    DataKind.DIAGNOSIS: N_("诊断"),
    DataKind.FACE: N_("人脸图像（由核身机构采集，本院不保存）"),
    DataKind.BANK_CARD: N_("银行卡号（不保存）"),
}
REQUEST_BADGES: Mapping[RequestState, tuple[str, str]] = {
    RequestState.OPEN: ("warn", N_("处理中")),
    RequestState.STANDING: ("warn", N_("限制中")),
    RequestState.GRANTED: ("ok", N_("已同意")),
    RequestState.DECLINED: ("", N_("未同意")),
    RequestState.LIFTED: ("", N_("已解除")),
}
OTHER_DEVICE = N_("浏览器")


def device_of(user_agent: str) -> str:
    """A word somebody recognises a device by; never the whole string, which tells more than anybody needs."""
    return next((word for name, word in DEVICES.items() if name in user_agent), OTHER_DEVICE)
