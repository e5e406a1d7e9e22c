"""From the pad to the hand: by courier from a phone in WeChat, and at the window by somebody else."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.e2e.conftest import PATIENCE_MS
from tests.e2e.medicine import (
    DESK,
    PAIRS,
    PHARMACIST,
    choose_courier,
    courier_does,
    dispense_to_bag,
    open_order,
    open_pad,
    pass_first,
    pay,
    plain,
    sees,
    send_off,
    sign,
    state_facts,
    take,
    verification_of,
)
from tests.e2e.rooms import CHEN, DOCTOR, admit, room_of, somebody, write
from tests.e2e.test_paying_journey import WECHAT
from tests.support.couriers import CourierDesk
from tests.support.sandbox import Sandbox

#: A sample patient whose visit is over; one sheet waits for his payment.
XU, XU_NUMBER = "13800000111", "33009819840217925X"
#: Whoever collects for him: no patient here.
WIFE, WIFE_NUMBER = "许太太", "330098198604129023"


@pytest.fixture
def patient(chromium: Browser, live: str) -> Iterator[Page]:
    """A phone with WeChat; nobody has signed in."""
    context = chromium.new_context(viewport={"width": 390, "height": 844}, locale="zh-CN", user_agent=WECHAT)
    page = context.new_page()
    page.set_default_timeout(PATIENCE_MS)
    problems: list[str] = []
    page.on("pageerror", lambda error: problems.append(str(error)))
    yield page
    context.close()
    assert problems == []


def enter(page: Page, house: str, who: str) -> None:
    assert page.request.post(f"{house}/demo/enter", form={"who": who}).ok


def test_XY29_from_the_pad_to_the_door(
    chromium: Browser, patient: Page, live: str, sandbox: Sandbox, tmp_path: Path
) -> None:
    CourierDesk(sandbox).pushes_go_to(live)
    enter(patient, live, CHEN)
    room = room_of(patient, live)

    with somebody(chromium, live, DOCTOR.login, width=1440) as doctor:
        admit(doctor, live, room)
        write(doctor, "二甲双胍先按原来的量吃一周，我现在开方")
        pad = open_pad(doctor, live, room, "开西药、成药处方")
        take(pad, "ejsg", dose="500", frequency="bid", days="7")
        state_facts(pad)
        plain(pad)
        number = pad.locator(".pad-top small").inner_text()
        sign(pad, DOCTOR.login)
        plain(pad)

    patient.goto(f"{live}/rooms/{room}")
    card = patient.locator("[data-room-log]").get_by_text(number).last
    expect(card).to_be_visible()
    expect(patient.get_by_text("药师审核中").last).to_be_visible()

    with somebody(chromium, live, PHARMACIST, width=1440) as pharmacist:
        pass_first(pharmacist, live, number)

    # The card in the conversation tells it without being asked, and leads to what is to be done.
    patient.get_by_role("link", name="选择取药方式并缴费").last.click()
    expect(patient.get_by_text("待缴费").first).to_be_visible()
    plain(patient)
    sheet = patient.url
    choose_courier(patient)
    pay(patient)
    patient.goto(sheet)
    sees(patient, "配药中")
    expect(patient.get_by_text("盐酸二甲双胍片")).to_be_visible()
    plain(patient)

    with somebody(chromium, live, PAIRS["本部药房"][0]) as phone:
        phone.goto(f"{live}/staff/dispatch")
        place = "本部药房" if phone.get_by_text(number).count() else "东院区药房"
        plain(phone)
    dispense_to_bag(chromium, live, number, place, width=390)
    waybill = send_off(chromium, live, number, place)
    sees(patient, "交给快递员")

    with somebody(chromium, live, DESK) as courier:
        courier_does(courier, sandbox, waybill, "揽收", "在途")
        sees(patient, "配送中")
        plain(patient)
        courier_does(courier, sandbox, waybill, "到达派件城市", "派送", "签收")
    sees(patient, "已签收")
    plain(patient)
    patient.goto(f"{live}/rooms/{room}")
    expect(patient.locator("[data-room-log]").get_by_text("已签收").last).to_be_visible()

    # Whoever holds the paper scans it, signed in or not.
    address = verification_of(patient, sheet)
    stranger = chromium.new_context(viewport={"width": 390, "height": 844}, locale="zh-CN")
    try:
        page = stranger.new_page()
        page.goto(address)
        expect(page.get_by_role("status").filter(has_text="签名有效，内容未被改动")).to_be_visible()
        expect(page.get_by_text("已使用").first).to_be_visible()
        expect(page.get_by_text("陈立群")).to_have_count(0)
        plain(page)
        # The file somebody forwarded is compared byte by byte.
        kept, changed = tmp_path / "sheet.pdf", tmp_path / "changed.pdf"
        kept.write_bytes(patient.request.get(f"{sheet}/sheet.pdf").body())
        changed.write_bytes(kept.read_bytes()[:-8] + b"tampered")
        for file, words in ((kept, "签名有效，内容未被改动"), (changed, "未通过验证")):
            page.goto(address)
            page.get_by_text("验证收到的 PDF 文件").click()
            page.locator("input[type=file]").set_input_files(file)
            page.get_by_role("button", name="与医院存档比对").click()
            expect(page.get_by_role("status").filter(has_text=words)).to_be_visible()
            plain(page)
    finally:
        stranger.close()


def test_XY32_paid_at_the_window_and_collected_by_somebody_else(
    chromium: Browser, patient: Page, live: str
) -> None:
    enter(patient, live, XU)
    patient.goto(f"{live}/prescriptions")
    patient.locator("main a[href^='/prescriptions/']", has_text="待缴费").first.click()
    expect(patient.get_by_text("待缴费").first).to_be_visible()
    number = patient.get_by_text(re.compile(r"RX-\d{6}-\d{6}")).first.inner_text()
    sheet = patient.url
    patient.get_by_role("button", name=re.compile("到院缴费取药")).click()
    code = patient.locator(".pickup .code").inner_text()
    assert re.fullmatch(r"\d{4} \d{4}", code)
    place = next(name for name in PAIRS if patient.get_by_text(name).count())
    plain(patient)

    kiosk = chromium.new_context(viewport={"width": 1080, "height": 1600}, locale="zh-CN")
    try:
        page = kiosk.new_page()
        page.goto(f"{live}/kiosk/yunan")
        plain(page)
        page.locator("#f-code").fill("00000000")
        page.get_by_role("button", name="查询").click()
        expect(page.get_by_role("alert")).to_be_visible()
        page.get_by_role("button", name="清空").click()
        for digit in code.replace(" ", ""):
            page.get_by_role("button", name=digit, exact=True).click()
        page.get_by_role("button", name="查询").click()
        expect(page.get_by_text(number)).to_be_visible()
        expect(page.get_by_text("许建国")).to_have_count(0)
        expect(page.get_by_role("button", name="打印处方")).to_be_visible()
        plain(page)
    finally:
        kiosk.close()

    with somebody(chromium, live, DESK, width=1440) as desk:
        desk.goto(f"{live}/staff/prescriptions-desk")
        plain(desk)
        desk.locator("main input.in").first.fill(code)
        desk.get_by_role("button", name="查找").click()
        price = desk.get_by_text(re.compile(r"^¥\d+\.\d\d$")).first.inner_text()
        desk.locator("input[name=received]").fill("1")
        desk.get_by_role("button", name="确认收款").click()
        expect(desk.locator("input[name=received]")).to_have_attribute("aria-invalid", "true")
        desk.locator("input[name=received]").fill(price.removeprefix("¥"))
        desk.get_by_role("button", name="确认收款").click()
        window = desk.locator(".window-number").inner_text()
        plain(desk)

    patient.goto(sheet)
    expect(patient.locator(".pickup .window")).to_contain_text(window)
    plain(patient)
    dispense_to_bag(chromium, live, number, place)

    with somebody(chromium, live, PAIRS[place][0], width=1440) as counter:
        open_order(counter, live, number)
        counter.get_by_role("button", name="已贴标签，完成打包").click()
        sees(patient, "可以取药")
        counter.get_by_role("button", name=f"叫 {window} 号").click()
        expect(counter.get_by_role("button", name=f"再叫一次 {window} 号")).to_be_visible()
        hand_out(counter, code=code.replace(" ", ""), proxy="")
        # REG 47: whoever collects for somebody else shows both documents.
        expect(counter.locator("[aria-invalid=true]").first).to_be_visible()
        plain(counter)
        hand_out(counter, code=code.replace(" ", ""), proxy=WIFE_NUMBER)
        expect(counter.get_by_role("status").filter(has_text="已发药")).to_be_visible()
        plain(counter)

    sees(patient, "已取药")
    plain(patient)


def hand_out(counter: Page, *, code: str, proxy: str) -> None:
    counter.locator("input[name=name]").fill(WIFE)
    counter.locator("input[name=code]").fill(code)
    if not counter.locator("input[name=relation]").is_visible():
        counter.get_by_text("他人代取").click()
    counter.locator("input[name=relation]").fill("妻子")
    if proxy:
        counter.locator("input[name=patient_number]").fill(XU_NUMBER)
        counter.locator("input[name=proxy_number]").fill(proxy)
    counter.locator("textarea[name=counselling]").fill("每天早上一片，量血压并记录")
    counter.get_by_role("button", name="核对无误，发药").click()
