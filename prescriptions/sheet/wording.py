"""A sheet's content as finished Chinese words: templates place them and decide nothing."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from prescriptions.sheet.content import (
    DecoctedBy,
    Decoction,
    Diagnosis,
    Herb,
    Line,
    SheetClass,
    SheetContent,
    SheetKind,
    digest,
    plain_number,
)
from telehealth.core.clock import SHANGHAI
from telehealth.core.money import yuan

#: Annex 1: what stands in the upper right, and the colour of the paper.
CLASSES = {
    SheetClass.ORDINARY: ("普通", "#ffffff"),
    SheetClass.EMERGENCY: ("急诊", "#fdf8dc"),
    SheetClass.PAEDIATRIC: ("儿科", "#e8f5ea"),
}
KINDS = {SheetKind.WESTERN: "西药、中成药", SheetKind.DECOCTION: "中药饮片"}
DECOCTED = {DecoctedBy.PHARMACY: "药房代煎", DecoctedBy.PATIENT: "患者自煎"}
SAMPLE = "样张：仅供演示，不得用于配药"
RESIGNED = "※"

#: Herbs a row: four, unless long names need the room of three.
HERBS_A_ROW = 4
LONG_HERB = 5

#: How people say that a medicine is taken; anything else is "使用".
TAKING = {
    "口服": "吃",
    "吸入": "吸",
    "含服": "含",
    "舌下含服": "含",
    "外用": "涂",
    "滴眼": "滴",
    "皮下注射": "打",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Label:
    """What stands on a bag or bottle (prescription measures, art. 33), 60 × 40 mm.

    Strength and the dose taken at once stand together: a count without a strength is misread.
    """

    hospital: str
    pharmacy: str
    patient: str
    number: str
    drug: str
    strength: str
    quantity: str
    each: str
    usage: str
    storage: str
    dispensed_on: date
    lot: str = ""
    expires_on: date | None = None
    is_sample: bool = False


def sheet_words(content: SheetContent) -> dict[str, Any]:
    mark, paper = CLASSES[content.sheet_class]
    return {
        "hospital": content.hospital,
        "campus": content.campus,
        "mark": mark,
        "paper": paper,
        "kind": KINDS[content.kind],
        "number": content.number,
        "issued": local(content.issued_at),
        "valid": valid_words(content),
        "patient": _patient(content),
        "diagnosis": diagnoses(content.diagnoses),
        "tcm": _tcm(content),
        "allergies": "、".join(content.patient.allergies),
        "supply_reason": content.supply_reason,
        "lines": [line_words(line) for line in content.lines],
        "herbs": [_herb(herb) for herb in content.herbs_by_role],
        "herbs_a_row": 3 if any(len(herb.name) > LONG_HERB for herb in content.herbs) else HERBS_A_ROW,
        "herb_notes": [
            f"{RESIGNED} {herb.name}：医师已再次签名，{herb.resigned_because}"
            for herb in content.herbs_by_role
            if herb.resigned_because
        ],
        "decoction": decoction_words(content),
        "total": yuan(content.total),
        "doctor": content.doctor,
        "doctor_title": content.doctor_title,
        "qr": content.verification_url,
        "sample": SAMPLE if content.is_sample else "",
        "digest": digest(content),
    }


def leaflet_words(content: SheetContent, hotline: str) -> dict[str, Any]:
    return {
        "hospital": content.hospital,
        "patient": content.patient.name,
        "number": content.number,
        "issued": local(content.issued_at)[:10],
        "doctor": content.doctor,
        "allergies": "、".join(content.patient.allergies),
        "lines": [_plainly(line) for line in content.lines],
        "herbs": "、".join(f"{herb.name} {grams(herb.grams)}" for herb in content.herbs_by_role),
        "decoction": _decoction_plainly(content.decoction) if content.decoction else [],
        "hotline": hotline,
        "sample": SAMPLE if content.is_sample else "",
    }


def label_words(label: Label) -> dict[str, Any]:
    return {
        "hospital": label.hospital,
        "pharmacy": label.pharmacy,
        "patient": label.patient,
        "number": label.number,
        "drug": label.drug,
        "strength": label.strength,
        "quantity": label.quantity,
        "each": label.each,
        "usage": label.usage,
        "storage": label.storage,
        "dispensed": label.dispensed_on.isoformat(),
        "lot": label.lot,
        "expires": label.expires_on.isoformat() if label.expires_on else "",
        "sample": "样张" if label.is_sample else "",
    }


def each_time(line: Line) -> str:
    """ "每次 10 mg（2 片）": as the doctor wrote it, and the same in units one can count."""
    words = f"每次 {plain_number(line.dose)} {line.dose_unit}"
    return f"{words}（{line.dose_words}）" if line.dose_words else words


def line_words(line: Line) -> dict[str, str]:
    usage = [each_time(line), line.route, line.frequency, line.timing, f"{line.days} 天"]
    return {
        "name": line.name,
        "form": line.form,
        "strength": line.strength,
        "pack": line.pack,
        "quantity": f"{plain_number(line.quantity)} {line.quantity_unit}",
        "usage": "，".join(word for word in usage if word),
        "note": line.note,
        "resigned": line.resigned_because,
    }


def decoction_words(content: SheetContent) -> dict[str, str]:
    """ "共 7 剂，每日 1 剂，水煎服，每日 2 次，每次 200 mL，温服"."""
    made = content.decoction
    if made is None:
        return {}
    parts = [
        f"共 {made.doses} 剂",
        f"每日 {made.doses_per_day} 剂",
        made.method,
        f"每日 {made.times_per_day} 次",
        f"每次 {made.volume_ml} mL",
        made.temperature,
        made.timing,
    ]
    weight = (
        f"每剂 {len(content.herbs)} 味 {grams(content.grams_per_dose)}，"
        f"{made.doses} 剂共 {grams(content.grams)}"
    )
    return {
        "taking": "，".join(part for part in parts if part),
        "decocted": DECOCTED[made.decocted_by],
        "weight": weight,
        "note": made.note,
    }


def diagnoses(known: Sequence[Diagnosis]) -> str:
    return "；".join(one.name + (f"（{one.code}）" if one.code else "") for one in known)


def valid_words(content: SheetContent) -> str:
    words = f"有效期至 {until(content.valid_until)}"
    return f"{words}（{content.validity_reason}）" if content.validity_reason else words


def grams(weight: Decimal) -> str:
    return f"{plain_number(weight)} g"


def local(instant: datetime) -> str:
    return instant.astimezone(SHANGHAI).strftime("%Y-%m-%d %H:%M")


def until(instant: datetime) -> str:
    """Midnight ends a day, so it is written as that day's 24:00."""
    ends = instant.astimezone(SHANGHAI)
    if (ends.hour, ends.minute) != (0, 0):
        return local(instant)
    return f"{(ends - timedelta(days=1)).date().isoformat()} 24:00"


def _patient(content: SheetContent) -> list[list[str]]:
    """Label and words, in the order of the form; what is empty is left out."""
    patient = content.patient
    weight = f"{plain_number(patient.weight_kg)} kg" if patient.weight_kg is not None else ""
    fields = [
        ["姓名", patient.name],
        ["性别", patient.sex],
        ["年龄", patient.age],
        ["费别", content.fee_class],
        ["体重", weight],
        ["科别", content.department],
        ["病历号", patient.record_number],
        ["证件", patient.identity],
        ["监护人", patient.guardian],
    ]
    return [field for field in fields if field[1]]


def _tcm(content: SheetContent) -> list[list[str]]:
    fields = [("中医病名", content.tcm_disease), ("证型", content.tcm_syndrome)]
    return [[label, diagnoses([one])] for label, one in fields if one is not None]


def _herb(herb: Herb) -> dict[str, str]:
    return {
        "name": herb.name,
        "grams": grams(herb.grams),
        "step": f"（{herb.step}）" if herb.step else "",
        "resigned": RESIGNED if herb.resigned_because else "",
    }


def _plainly(line: Line) -> dict[str, str]:
    verb = TAKING.get(line.route, "使用")
    dose = f"{plain_number(line.dose)} {line.dose_unit}"
    return {
        "name": line.name,
        "strength": f"规格 {line.strength}" + (f"，{line.pack}" if line.pack else ""),
        "quantity": f"共 {plain_number(line.quantity)} {line.quantity_unit}",
        "how": f"每次{verb} {line.dose_words}（{dose}）" if line.dose_words else f"每次{verb} {dose}",
        "when": "，".join(word for word in (line.frequency, line.timing) if word),
        "route": line.route,
        "days": f"连用 {line.days} 天",
        "note": line.note,
    }


def _decoction_plainly(made: Decoction) -> list[str]:
    by = "药房代煎，一袋一次" if made.decocted_by is DecoctedBy.PHARMACY else "请按每味药的要求自己煎"
    return [
        f"共 {made.doses} 剂，每天 {made.doses_per_day} 剂，{by}",
        f"每天喝 {made.times_per_day} 次，每次 {made.volume_ml} mL",
        "，".join(word for word in (made.temperature, made.timing) if word),
        *([made.note] if made.note else []),
    ]
