"""What is on the paper: fields of the prescription measures' annex 1 and of the TCM format."""

import io
import re
import subprocess
import threading
from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from decimal import Decimal

import pikepdf
import pytest

from prescriptions.ports import SheetField
from prescriptions.sheet.content import Diagnosis, SheetClass, SheetContent, digest
from prescriptions.sheet.drawing import draw_labels, draw_leaflet, draw_sheet
from prescriptions.sheet.geometry import BOXES
from prescriptions.sheet.labelling import Lot, labels_of
from prescriptions.sheet.pades import prepare
from prescriptions.sheet.wording import Label
from tests.support.factories import sheets

A5 = (419.53, 595.28)


def text_of(pdf: bytes) -> str:
    """As poppler reads it, without spaces and line ends: between Han and Latin they are a matter of taste."""
    drawn = subprocess.run(["pdftotext", "-layout", "-", "-"], input=pdf, capture_output=True, check=True)
    return re.sub(r"\s", "", drawn.stdout.decode())


def missing(pdf: bytes, wanted: Sequence[str]) -> list[str]:
    shown = text_of(pdf)
    return [words for words in wanted if re.sub(r"\s", "", words) not in shown]


def pages(pdf: bytes) -> int:
    with pikepdf.open(io.BytesIO(pdf)) as opened:
        return len(opened.pages)


def test_reg28_a_western_sheet_shows_every_field_of_the_form() -> None:
    content = sheets.western(
        sheets.line(note="避光保存。"),
        sheets.line(
            "阿托伐他汀钙片", strength="20 mg", dose=Decimal(20), dose_words="1 片", frequency="每晚1次"
        ),
    )
    head = ["样例互联网医院", "城西院区", "处方笺", "普通", "西药、中成药", "费别自费", "姓名样例患者"]
    head += ["性别女", "年龄46岁", "病历号MR20260317", "证件3301**********2148", "科别心血管内科"]
    head += ["临床诊断原发性高血压（I10）；高脂血症（E78.5）", "过敏史青霉素（皮疹）"]
    head += ["处方编号RX-261121-000187", "开具时间2026-11-21 10:00"]
    body = ["Rp.", "苯磺酸氨氯地平片", "片剂", "5 mg×28片/盒", "1盒", "阿托伐他汀钙片", "避光保存。"]
    body += ["用法每次2.5mg（半片），口服，每日1次，早饭后，7天", "用法每次20mg（1片），口服，每晚1次"]
    foot = ["药品金额¥128.40", "医师林样例副主任医师", "医师签名", "审核药师签名", "调配药师", "核对药师"]
    foot += ["发药药师", "有效期至2026-11-23 24:00（线上复诊，药品配送到家）", "第1/1页", "扫码核验"]
    assert missing(draw_sheet(content), [*head, *body, *foot]) == []


def test_reg28_nothing_can_be_written_below_the_last_line() -> None:
    shown = text_of(draw_sheet(sheets.western(sheets.line(), sheets.line("阿司匹林肠溶片"))))
    assert shown.index("阿司匹林肠溶片") < shown.index("（以下空白）") < shown.index("药品金额")
    assert shown.count("（以下空白）") == 1


def test_reg35_36_a_decoction_sheet_shows_disease_syndrome_herbs_and_how_to_cook() -> None:
    content = sheets.decoction(16)
    resigned = replace(content.herbs[4], resigned_because="久煎一小时")
    content = replace(content, herbs=(*content.herbs[:4], resigned, *content.herbs[5:]))
    wanted = ["中药饮片", "中医病名不寐病（A04.04）", "证型心脾两虚证（B04.06）", "临床诊断失眠（G47.0）"]
    wanted += ["共7剂，每日1剂，水煎服，每日2次，每次200mL，温服，饭后半小时", "药房代煎", "忌生冷。"]
    wanted += ["每剂16味179g，7剂共1253g", "※制附子：医师已再次签名，久煎一小时", "（以下空白）"]
    drawn = draw_sheet(content)
    shown = text_of(drawn)
    assert missing(drawn, wanted) == []
    assert [
        f"{name}{grams}g" for name, grams, _, _ in sheets.HERBS[:16] if f"{name}{grams}g" not in shown
    ] == []
    assert all(f"（{step}）" in shown for _, _, _, step in sheets.HERBS[:16] if step)


def test_reg35_herbs_are_printed_jun_chen_zuo_shi() -> None:
    content = sheets.decoction(16)
    backwards = replace(content, herbs=tuple(reversed(content.herbs)))
    shown = text_of(draw_sheet(backwards))
    places = [shown.index(name) for name in ("炒白术", "制附子", "焦山楂", "桂枝")]
    assert places == sorted(places)


def test_reg29_a_line_signed_a_second_time_says_why() -> None:
    content = sheets.western(sheets.line(resigned_because="剂量高于说明书，监测血压"))
    assert missing(draw_sheet(content), ["医师已再次签名：林样例，理由：剂量高于说明书，监测血压"]) == []


@pytest.mark.parametrize(
    ("sheet_class", "mark"), [(SheetClass.EMERGENCY, "急诊"), (SheetClass.PAEDIATRIC, "儿科")]
)
def test_reg28_the_class_is_marked(sheet_class: SheetClass, mark: str) -> None:
    assert missing(draw_sheet(sheets.western(sheet_class=sheet_class)), [mark]) == []


def test_a_child_shows_months_weight_and_guardian() -> None:
    child = sheets.patient(age="3岁2月", weight_kg=Decimal("14.50"), guardian="样例监护人（母亲）")
    assert (
        missing(draw_sheet(sheets.western(patient=child)), ["3岁2月", "14.5kg", "监护人样例监护人（母亲）"])
        == []
    )


def test_no_allergy_is_said_too() -> None:
    assert missing(draw_sheet(sheets.western(patient=sheets.patient(allergies=()))), ["无已知药物过敏"]) == []


def test_only_a_demo_says_that_it_is_a_sample() -> None:
    assert "样张" in text_of(draw_sheet(sheets.western()))
    assert "样张" not in text_of(draw_sheet(sheets.western(is_sample=False)))


def test_rare_names_are_drawn_and_long_ones_wrap() -> None:
    rare = "䶮㛃𬱖䲜㼆𤋮·阿卜杜热依木·买买提艾力"
    long = "伴有其他并发症的非胰岛素依赖型糖尿病性周围神经病变与视网膜病变"
    content = sheets.western(
        patient=sheets.patient(name=rare), diagnoses=(Diagnosis(name=long, code="E11.7"),) * 3
    )
    drawn = draw_sheet(content)
    assert missing(drawn, [rare]) == []
    with pikepdf.open(io.BytesIO(drawn)) as opened:
        fonts = {str(font.BaseFont) for page in opened.pages for font in page.resources.Font.values()}
    assert all("NotoSansCJK" in font or "Libertinus" in font for font in fonts)


def test_a_sheet_too_long_for_one_page_goes_on_and_loses_nothing() -> None:
    reason = "患者既往耐受良好，已告知风险并签署知情同意，每周监测血压、血钾与肾功能，" * 5
    lines = [
        sheets.line(f"很长的通用名称的第{n}种药品", resigned_because=f"{n}{reason}") for n in range(1, 6)
    ]
    drawn = draw_sheet(sheets.western(*lines))
    shown = text_of(drawn)
    assert pages(drawn) == 2
    assert shown.count("很长的通用名称的第") == 5
    assert "第1/2页，接下页" in shown
    assert "第2/2页" in shown
    last = shown.split("第1/2页，接下页")[1]
    assert "第5种药品" in last, "no page is signed that prescribes nothing"


@pytest.mark.parametrize("content", [sheets.western(), sheets.decoction(4), sheets.decoction(30)])
def test_the_signatures_have_their_place_on_the_last_page(content: SheetContent) -> None:
    with pikepdf.open(io.BytesIO(prepare(draw_sheet(content)))) as opened:
        assert tuple(float(one) for one in opened.pages[-1].mediabox[2:]) == pytest.approx(A5, abs=0.1)
        notes = list(opened.pages[-1].Annots)
        placed = {str(one.T): [int(n) for n in one.Rect] for one in notes if one.Subtype == "/Widget"}
        links = [str(one.A.URI) for one in notes if one.Subtype == "/Link"]
    assert placed == {field.value: list(box.corners) for field, box in BOXES.items()}
    assert set(placed) == {field.value for field in SheetField}
    assert links == [content.verification_url]


def test_the_file_is_an_archive_copy_that_names_its_content() -> None:
    content = sheets.western()
    with pikepdf.open(io.BytesIO(draw_sheet(content))) as opened, opened.open_metadata() as metadata:
        assert metadata.pdfa_status == "2B"
        assert f"sha256:{digest(content)}" in str(metadata.get("pdf:Keywords"))


def test_the_same_content_is_drawn_as_the_same_bytes_by_many_threads_at_once() -> None:
    contents = [sheets.western(number=f"RX-{n}") for n in range(4)]
    alone = [draw_sheet(content) for content in contents]
    together: dict[int, bytes] = {}

    def draw(place: int) -> None:
        together[place] = draw_sheet(contents[place % 4])

    threads = [threading.Thread(target=draw, args=(place,)) for place in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [together[place] for place in range(12)] == alone * 3


def test_nothing_a_person_typed_is_evaluated() -> None:
    typed = '#panic("x") $x$ *b* [c] \\ " \' #let d = 1'
    drawn = draw_sheet(sheets.western(sheets.line(note=typed), patient=sheets.patient(name=typed)))
    assert text_of(drawn).count("#panic") >= 2


def test_pains12_the_leaflet_says_amount_and_strength_in_words_one_understands() -> None:
    content = sheets.western(sheets.line(), sheets.line("布地奈德吸入剂", route="吸入", dose_words="1 吸"))
    drawn = draw_leaflet(content, "0571-0000 0000")
    wanted = ["用药说明", "样例患者", "过敏：青霉素（皮疹）", "规格5mg，28片/盒", "每次吃半片（2.5mg）"]
    wanted += ["每日1次，早饭后", "连用7天", "每次吸1吸（2.5mg）", "0571-0000 0000"]
    assert missing(drawn, wanted) == []


def test_the_leaflet_of_a_decoction_says_how_to_drink_it() -> None:
    wanted = ["共7剂，每天1剂，药房代煎", "每天喝2次，每次200mL", "温服，饭后半小时", "炙黄芪30g"]
    assert missing(draw_leaflet(sheets.decoction()), wanted) == []


def label(drug: str = "苯磺酸氨氯地平片") -> Label:
    return Label(
        hospital="样例互联网医院",
        pharmacy="城西药房",
        patient="样例患者",
        number="RX-261121-000187",
        drug=drug,
        strength="5 mg",
        quantity="1 盒",
        each="每次 2.5 mg（半片）",
        usage="口服，每日1次，早饭后，7 天",
        storage="避光，密封保存",
        dispensed_on=date(2026, 11, 21),
        lot="260911A",
        expires_on=date(2028, 8, 31),
    )


def test_reg32_a_label_shows_strength_and_amount_per_time_together() -> None:
    drawn = draw_labels([label(), label("聚乙二醇电解质散剂（Ⅱ）与重组人表皮生长因子滴眼液联合包装")])
    wanted = ["样例患者", "苯磺酸氨氯地平片", "规格5mg", "每次2.5mg（半片）", "口服，每日1次，早饭后，7天"]
    wanted += ["避光，密封保存", "2026-11-21", "样例互联网医院城西药房", "批号260911A", "有效期至2028-08-31"]
    assert missing(drawn, wanted) == []
    with pikepdf.open(io.BytesIO(drawn)) as opened:
        sizes = [[float(one) * 25.4 / 72 for one in page.mediabox[2:]] for page in opened.pages]
    assert sizes == [pytest.approx([60, 40], abs=0.1)] * 2


def test_reg32_a_sheet_has_a_label_for_every_medicine() -> None:
    content = sheets.western(sheets.line(note="避光保存。"), sheets.line("阿托伐他汀钙片", strength="20 mg"))
    first, second = labels_of(
        content, pharmacy="城西药房", dispensed_on=date(2026, 11, 21), lots={1: Lot("B7", date(2028, 1, 31))}
    )
    assert (first.strength, first.each, first.storage) == ("5 mg", "每次 2.5 mg（半片）", "避光保存。")
    assert first.usage == "口服，每日1次，早饭后，7 天"
    assert (second.drug, second.lot, second.expires_on) == ("阿托伐他汀钙片", "B7", date(2028, 1, 31))
    assert second.is_sample
    assert missing(draw_labels([first, second]), ["阿托伐他汀钙片", "批号B7", "样张"]) == []


def test_reg32_a_decoction_has_one_label() -> None:
    (only,) = labels_of(sheets.decoction(16), pharmacy="城西药房", dispensed_on=date(2026, 11, 21))
    assert (only.drug, only.quantity) == ("中药汤剂", "7 剂")
    assert only.each == "每次 200 mL，每日 1 剂"
    assert only.usage == "每日 2 次，温服，饭后半小时"
