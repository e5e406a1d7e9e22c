"""Sheets as a doctor writes them. Persons, numbers and hospitals are samples."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from prescriptions.ports import Credential
from prescriptions.sheet.content import (
    DecoctedBy,
    Decoction,
    Diagnosis,
    Herb,
    HerbRole,
    Line,
    Patient,
    SheetContent,
    SheetKind,
)
from telehealth.core.money import Fen

HOSPITAL = "样例互联网医院"
#: 10:00 in Shanghai, and 24:00 two days later.
ISSUED_AT = datetime(2026, 11, 21, 2, 0, tzinfo=UTC)
VALID_UNTIL = datetime(2026, 11, 23, 16, 0, tzinfo=UTC)

DOCTOR = Credential(person_id=UUID(int=1), name="林样例", title="副主任医师", hospital=HOSPITAL)
PHARMACIST = Credential(person_id=UUID(int=2), name="顾样例", title="主管药师", hospital=HOSPITAL)

#: Name, grams, role, special step.
HERBS = (
    ("炙黄芪", 30, HerbRole.JUN, ""), ("炒白术", 15, HerbRole.JUN, ""), ("党参", 15, HerbRole.CHEN, ""),
    ("茯苓", 15, HerbRole.CHEN, ""), ("制附子", 10, HerbRole.CHEN, "先煎"), ("川芎", 10, HerbRole.ZUO, ""),
    ("当归", 10, HerbRole.ZUO, ""), ("砂仁", 6, HerbRole.ZUO, "后下"), ("旋覆花", 9, HerbRole.ZUO, "包煎"),
    ("阿胶", 10, HerbRole.ZUO, "烊化"), ("陈皮", 6, HerbRole.ZUO, ""), ("焦山楂", 12, HerbRole.ZUO, ""),
    ("桂枝", 9, HerbRole.SHI, ""), ("生姜", 6, HerbRole.SHI, ""), ("大枣", 10, HerbRole.SHI, ""),
    ("炙甘草", 6, HerbRole.SHI, ""), ("三七粉", 3, HerbRole.ZUO, "冲服"),
    ("燀苦杏仁", 9, HerbRole.ZUO, "捣碎"),
    ("醋延胡索", 10, HerbRole.ZUO, ""), ("麸炒枳壳", 9, HerbRole.ZUO, ""),
    ("煅龙骨", 30, HerbRole.ZUO, "先煎"),
    ("煅牡蛎", 30, HerbRole.ZUO, "先煎"), ("丹参", 15, HerbRole.ZUO, ""), ("郁金", 10, HerbRole.ZUO, ""),
    ("石菖蒲", 9, HerbRole.ZUO, ""), ("远志", 6, HerbRole.ZUO, ""), ("首乌藤", 30, HerbRole.ZUO, ""),
    ("合欢皮", 15, HerbRole.ZUO, ""), ("淡豆豉", 10, HerbRole.ZUO, ""), ("栀子", 9, HerbRole.ZUO, ""),
)  # fmt: skip


def patient(**changes: Any) -> Patient:
    told: dict[str, Any] = {
        "name": "样例患者",
        "sex": "女",
        "age": "46岁",
        "identity": "3301**********2148",
        "record_number": "MR20260317",
        "allergies": ("青霉素（皮疹）",),
    }
    return Patient(**told | changes)


def line(name: str = "苯磺酸氨氯地平片", **changes: Any) -> Line:
    told: dict[str, Any] = {
        "form": "片剂",
        "strength": "5 mg",
        "pack": "28 片/盒",
        "quantity": Decimal(1),
        "quantity_unit": "盒",
        "dose": Decimal("2.5"),
        "dose_unit": "mg",
        "dose_words": "半片",
        "route": "口服",
        "frequency": "每日1次",
        "timing": "早饭后",
        "days": 7,
    }
    return Line(name=name, **told | changes)


def western(*lines: Line, **changes: Any) -> SheetContent:
    told: dict[str, Any] = {
        "hospital": HOSPITAL,
        "campus": "城西院区",
        "kind": SheetKind.WESTERN,
        "fee_class": "自费",
        "number": "RX-261121-000187",
        "patient": patient(),
        "department": "心血管内科",
        "diagnoses": (
            Diagnosis(name="原发性高血压", code="I10"),
            Diagnosis(name="高脂血症", code="E78.5"),
        ),
        "issued_at": ISSUED_AT,
        "valid_until": VALID_UNTIL,
        "validity_reason": "线上复诊，药品配送到家",
        "lines": lines or (line(),),
        "total": Fen(12840),
        "doctor": DOCTOR.name,
        "doctor_title": DOCTOR.title,
        "verification_url": "https://hospital.example/rx/Zk3uQ8r1b0nUQ2yT7cW4xA",
        "is_sample": True,
    }
    return SheetContent(**told | changes)


def decoction(count: int = 16, **changes: Any) -> SheetContent:
    herbs = tuple(
        Herb(name=name, grams=Decimal(grams), role=role, step=step)
        for name, grams, role, step in HERBS[:count]
    )
    told: dict[str, Any] = {
        "kind": SheetKind.DECOCTION,
        "lines": (),
        "herbs": herbs,
        "decoction": Decoction(
            doses=7, volume_ml=200, timing="饭后半小时", decocted_by=DecoctedBy.PHARMACY, note="忌生冷。"
        ),
        "department": "中医内科",
        "diagnoses": (Diagnosis(name="失眠", code="G47.0"),),
        "tcm_disease": Diagnosis(name="不寐病", code="A04.04"),
        "tcm_syndrome": Diagnosis(name="心脾两虚证", code="B04.06"),
    }
    return western(**told | changes)
