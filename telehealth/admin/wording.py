"""How values of the rulebook and names of the log read to a person; Chinese, translated where shown."""

from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from typing import Any

from telehealth.core.access import Role
from telehealth.core.i18n import N_
from telehealth.directory import DepartmentKind, HospitalSwitch
from telehealth.directory.states import CREDENTIAL_WORDS, CredentialKind
from telehealth.rulebook.rules import FormField
from telehealth.rulebook.states import PolicyState

UNITS: Mapping[str, str] = {
    "basis_points": "%",
    "years": N_("年"),
    "months": N_("个月"),
    "days": N_("天"),
    "hours": N_("小时"),
    "minutes": N_("分钟"),
    "seconds": N_("秒"),
    "times": N_("次"),
    "seats": N_("个号"),
    "items": N_("种"),
    "patients": N_("位"),
    "photos": N_("张"),
    "characters": N_("字"),
    "megabytes": "MB",
    "stars": N_("星"),
    "ratings": N_("条"),
    "cases": N_("件"),
    "visits": N_("例"),
    "shares": N_("个"),
}

#: Words a policy set may hold, as a hospital calls them. What is not here is shown as it is.
VALUES: Mapping[str, str] = {
    "True": N_("是"),
    "False": N_("否"),
    "mar_1": N_("3月1日"),
    "feb_28": N_("2月28日"),
    "outpatient": N_("门诊"),
    "online": N_("线上"),
    "inpatient": N_("住院"),
    "emergency": N_("急诊"),
    "other": N_("其他"),
    "critical": N_("危重"),
    "first_visit": N_("首诊"),
    "desk": N_("窗口"),
    "phone": N_("电话"),
    "full_refund": N_("全额退款"),
    "none": N_("不退"),
    "jun-chen-zuo-shi": N_("君臣佐使"),
    "either_side": N_("任一方可单独解除"),
    "self_pay_with_warning": N_("自费并提示"),
    "toxic": N_("毒性药品"),
    "radioactive": N_("放射性药品"),
    "precursor": N_("药品类易制毒化学品"),
    "narcotic": N_("麻醉药品"),
    "psychotropic": N_("精神药品"),
    "psychotropic_1": N_("第一类精神药品"),
    "psychotropic_2": N_("第二类精神药品"),
    "toxic_raw": N_("毒性饮片"),
    "biologic": N_("生物制剂"),
    "antibacterial": N_("抗菌药物"),
    "special_storage": N_("储存条件特殊的药品"),
    "chronic_disease": N_("门诊慢特病"),
    "maternity": N_("生育保险"),
    "work_injury": N_("工伤保险"),
    "beijing": N_("北京"),
    "consult_fee": N_("诊察费"),
}

ROLES: Mapping[Role, str] = {
    Role.DESK: N_("挂号与服务台"),
    Role.DOCTOR: N_("医生"),
    Role.PHARMACIST: N_("药师"),
    Role.PHARMACY: N_("药房"),
    Role.REVIEWER: N_("资料审核"),
    Role.FINANCE: N_("财务"),
    Role.ADMIN: N_("管理员"),
    Role.HEAD: N_("院领导"),
}

CREDENTIALS: Mapping[CredentialKind, str] = {kind: words for kind, (words, _) in CREDENTIAL_WORDS.items()}

#: What keeps a doctor from sitting online, by the name the rule gives it.
MISSING: Mapping[str, str] = {
    **{str(kind): label for kind, label in CREDENTIALS.items()},
    "independent_practice": N_("独立临床执业满三年"),
}

DEPARTMENTS: Mapping[DepartmentKind, str] = {
    DepartmentKind.WESTERN: N_("西医"),
    DepartmentKind.TCM: N_("中医"),
    DepartmentKind.DENTAL: N_("口腔"),
    DepartmentKind.SKIN: N_("皮肤"),
}

SWITCHES: Mapping[HospitalSwitch, str] = {
    HospitalSwitch.ONLINE_CLINICS: N_("线上复诊"),
    HospitalSwitch.OFFLINE_REGISTRATION: N_("线下挂号"),
    HospitalSwitch.VIDEO_VISITS: N_("视频接诊"),
    HospitalSwitch.PRESCRIPTIONS: N_("线上处方"),
    HospitalSwitch.MEDICINE_DELIVERY: N_("送药到家"),
}

POLICY_STATES: Mapping[PolicyState, tuple[str, str]] = {
    PolicyState.DRAFT: ("warn", N_("草稿")),
    PolicyState.PUBLISHED: ("ok", N_("现行")),
    PolicyState.RETIRED: ("", N_("已停用")),
    PolicyState.DISCARDED: ("", N_("已作废")),
}


def unit_words(path: str, unit: str) -> str:
    """An age is in 岁, how long something is kept in 年."""
    if unit == "years" and not path.startswith("retention_years."):
        return N_("岁")
    return UNITS.get(unit, unit)


def value_words(path: str, value: Any, unit: str = "") -> list[str]:
    """A value of the set as words to translate one by one, its unit at the end."""
    if isinstance(value, list | tuple):
        return [VALUES.get(str(item), str(item)) for item in value]
    if unit == "basis_points" and isinstance(value, int):
        return [percent(value), "%"]
    is_number = isinstance(value, int) and not isinstance(value, bool)
    words = str(value) if is_number else VALUES.get(str(value), str(value))
    return [words, *([unit_words(path, unit)] if unit else [])]


def percent(points: int) -> str:
    """2000 → 20; 1250 → 12.5."""
    return f"{Decimal(points) / 100:f}".rstrip("0").rstrip(".") if points % 100 else str(points // 100)


def points(text: Any) -> Any:
    """'12.5' → 1250; what is no such share is passed on for the policy set to refuse."""
    try:
        found = Decimal(str(text)) * 100
    except InvalidOperation:
        return text
    return int(found) if found.is_finite() and found == found.to_integral_value() else text


def input_value(field: FormField) -> Any:
    """What the control of a field shows."""
    if field.unit == "basis_points" and isinstance(field.value, int):
        return percent(field.value)
    if field.input == "time":
        return str(field.value)[:5]
    if field.input == "list" and not field.choices:
        return "，".join(str(item) for item in field.value)
    return field.value
