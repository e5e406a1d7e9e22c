"""What laboratory and imaging reported after a sample visit: DiagnosticReport with its Observations."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any

from telehealth.sandbox.dates import SHANGHAI
from telehealth.sandbox.people import Person
from telehealth.sandbox.records import SAMPLE_TAG

_LOINC = "http://loinc.org"
_SECTION = "http://terminology.hl7.org/CodeSystem/v2-0074"
_INTERPRETATION = "http://terminology.hl7.org/CodeSystem/v3-ObservationInterpretation"


@dataclass(frozen=True, slots=True)
class Item:
    """One line of a laboratory report; `value` is a number with its unit, or words."""

    code: str
    name: str
    value: float | str
    unit: str = ""
    low: float | None = None
    high: float | None = None
    #: Words of a range that is no pair of numbers.
    range: str = ""
    flag: str = "N"


@dataclass(frozen=True, slots=True)
class Study:
    """`section` is its v2-0074 code: LAB or RAD."""

    code: str
    title: str
    section: str
    items: tuple[Item, ...] = ()
    conclusion: str = ""
    status: str = "final"


_BLOOD = Study(
    "58410-2",
    "血常规",
    "LAB",
    (
        Item("6690-2", "白细胞计数", 6.2, "10^9/L", 3.5, 9.5),
        Item("789-8", "红细胞计数", 4.35, "10^12/L", 3.8, 5.1),
        Item("718-7", "血红蛋白", 108, "g/L", 115, 150, flag="L"),
        Item("777-3", "血小板计数", 215, "10^9/L", 125, 350),
    ),
    "血红蛋白轻度降低，请结合临床。",
)
_LIPIDS = Study(
    "57698-3",
    "血脂四项",
    "LAB",
    (
        Item("14647-2", "总胆固醇", 5.62, "mmol/L", 0, 5.18, flag="H"),
        Item("14927-8", "甘油三酯", 1.48, "mmol/L", 0, 1.7),
        Item("14646-4", "高密度脂蛋白胆固醇", 1.21, "mmol/L", 1.04, None),
        Item("22748-8", "低密度脂蛋白胆固醇", 3.61, "mmol/L", 0, 3.37, flag="H"),
    ),
    "总胆固醇、低密度脂蛋白胆固醇升高。",
)
_KIDNEY = Study(
    "24362-6",
    "肾功能与电解质",
    "LAB",
    (
        Item("14682-9", "肌酐", 72, "μmol/L", 41, 81),
        Item("22664-7", "尿素", 5.1, "mmol/L", 2.6, 7.5),
        Item("14933-6", "尿酸", 318, "μmol/L", 155, 357),
        Item("2823-3", "钾", 4.2, "mmol/L", 3.5, 5.3),
    ),
)
_SUGAR = Study(
    "4548-4",
    "血糖与糖化血红蛋白",
    "LAB",
    (
        Item("14771-0", "空腹血糖", 8.4, "mmol/L", 3.9, 6.1, flag="H"),
        Item("4548-4", "糖化血红蛋白", 7.6, "%", 4, 6, flag="H"),
        Item("2514-8", "尿酮体", "阴性", range="阴性"),
    ),
    "空腹血糖、糖化血红蛋白升高，较三个月前下降。",
)
_THYROID = Study(
    "24348-5",
    "甲状腺功能",
    "LAB",
    (
        Item("3016-3", "促甲状腺激素", 11.8, "mIU/L", 0.27, 4.2, flag="HH"),
        Item("3024-7", "游离甲状腺素", 9.1, "pmol/L", 12, 22, flag="L"),
    ),
    "促甲状腺激素明显升高，已电话通知门诊。",
)
_CHEST = Study(
    "36643-5", "胸部正位片", "RAD", conclusion="双肺野清晰，心影大小形态正常，双膈面光滑。未见明显异常。"
)
_HEART = Study("34552-0", "超声心动图", "RAD", conclusion="左室壁轻度增厚，左室收缩功能正常，EF 64%。")
_STOMACH = Study(
    "28014-9", "胃镜检查", "RAD", conclusion="慢性非萎缩性胃炎，胃窦为主。幽门螺杆菌快速尿素酶试验阴性。"
)

#: By the diagnosis of the visit; whoever has another one had their blood counted.
STUDIES: Mapping[str, tuple[Study, ...]] = {
    "I10": (_LIPIDS, _KIDNEY, _HEART),
    "E11.9": (_SUGAR, _KIDNEY),
    "I25.1": (_LIPIDS, _HEART),
    "K29.5": (_STOMACH,),
    "J45.9": (_CHEST, _BLOOD),
    "E03.9": (_THYROID,),
}


def reports(person: Person, today: date) -> list[dict[str, Any]]:
    """The reports of the person's finished visits, each after its observations; and one entered in error."""
    resources: list[dict[str, Any]] = []
    for number, visit in enumerate(person.visits, start=1):
        if visit.status != "finished" or visit.diagnosis is None:
            continue
        seen = datetime.combine(visit.when(today), time(9, 10), SHANGHAI)
        for place, study in enumerate(STUDIES.get(visit.diagnosis[0], (_BLOOD,)), start=1):
            name = f"{person.id}-v{number}-r{place}"
            lines = [
                _observation(person, f"{name}-{row}", item, seen)
                for row, item in enumerate(study.items, start=1)
            ]
            resources += [*lines, _report(person, name, number, study, seen, lines)]
        if number == 1:
            wrong = Study("57698-3", "血脂四项", "LAB", status="entered-in-error")
            resources.append(_report(person, f"{person.id}-v1-r9", 1, wrong, seen, []))
    return resources


def _report(
    person: Person, name: str, visit: int, study: Study, seen: datetime, lines: list[dict[str, Any]]
) -> dict[str, Any]:
    told = seen + (timedelta(hours=4) if study.section == "LAB" else timedelta(hours=2))
    resource: dict[str, Any] = {
        "resourceType": "DiagnosticReport",
        "id": name,
        "meta": {"tag": [SAMPLE_TAG]},
        "status": study.status,
        "category": [{"coding": [{"system": _SECTION, "code": study.section}]}],
        "code": {"coding": [{"system": _LOINC, "code": study.code}], "text": study.title},
        "subject": {"reference": f"Patient/{person.id}"},
        "encounter": {"reference": f"Encounter/{person.id}-v{visit}"},
        "effectiveDateTime": seen.isoformat(),
        "issued": told.isoformat(),
        "performer": [{"display": "检验科" if study.section == "LAB" else "医学影像科"}],
        "result": [{"reference": f"Observation/{line['id']}"} for line in lines],
    }
    if study.conclusion:
        resource["conclusion"] = study.conclusion
    return resource


def _observation(person: Person, name: str, item: Item, seen: datetime) -> dict[str, Any]:
    resource: dict[str, Any] = {
        "resourceType": "Observation",
        "id": name,
        "meta": {"tag": [SAMPLE_TAG]},
        "status": "final",
        "code": {"coding": [{"system": _LOINC, "code": item.code}], "text": item.name},
        "subject": {"reference": f"Patient/{person.id}"},
        "effectiveDateTime": seen.isoformat(),
        "interpretation": [{"coding": [{"system": _INTERPRETATION, "code": item.flag}]}],
    }
    if isinstance(item.value, str):
        resource["valueString"] = item.value
    else:
        resource["valueQuantity"] = {"value": item.value, "unit": item.unit}
    ends = {"low": item.low, "high": item.high}
    held = {end: {"value": value, "unit": item.unit} for end, value in ends.items() if value is not None}
    if item.range:
        held["text"] = item.range  # type: ignore[assignment]
    if held:
        resource["referenceRange"] = [held]
    return resource
