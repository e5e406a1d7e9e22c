"""Four people and one visit: a patient on a phone, the doctor, the pharmacist and the pharmacy.

From the first text message to *delivered*, through the gate, a payment that the insurer shares, the chat, a
recorded video call, a signed prescription, its review, its payment, the dispatch and the courier's pushes.
"""

from collections.abc import Iterator

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
    open_pad,
    pass_first,
    pay,
    plain,
    sees,
    send_off,
    sign,
    state_facts,
    take,
)
from tests.e2e.rooms import DOCTOR, SEES, admit, agree, call, hang_up, said, somebody, write
from tests.e2e.steps import Sample, fits, hold_a_seat
from tests.e2e.test_paying_journey import WECHAT, pay_with_insurance
from tests.e2e.test_room_journey import browser, coturn, house
from tests.support.couriers import CourierDesk
from tests.support.sandbox import Sandbox
from tests.support.waiting import eventually

__all__ = ["browser", "coturn", "house"]
#: A call no recorder comes to is over in ten seconds, however busy the machine is.
pytestmark = pytest.mark.alone

#: A sample patient nobody has opened an account for.
FENG = Sample("13800000123", "冯立春", "330098197202049333", "YA00010023")


@pytest.fixture
def patient(browser: Browser) -> Iterator[Page]:
    """A phone inside WeChat, with a camera; nobody has signed in."""
    context = browser.new_context(
        viewport={"width": 390, "height": 844}, locale="zh-CN", user_agent=WECHAT,
        permissions=["camera", "microphone"],
    )  # fmt: skip
    page = context.new_page()
    page.set_default_timeout(PATIENCE_MS)
    problems: list[str] = []
    page.on("pageerror", lambda error: problems.append(str(error)))
    yield page
    context.close()
    assert problems == []


def test_from_the_first_message_to_the_parcel_at_the_door(
    browser: Browser, patient: Page, house: str, sandbox: Sandbox
) -> None:
    CourierDesk(sandbox).pushes_go_to(house)
    sandbox.put_insured(FENG.number, name=FENG.name, region="110100", balance=1_000)
    with somebody(browser, house, DOCTOR.login, width=1440) as doctor:
        doctor.goto(f"{house}/staff")
        hold_a_seat(patient, house, sandbox, FENG, doctor=doctor.locator(".who .names b").inner_text())
        booking = patient.url.rpartition("/")[2]
        pay_with_insurance(patient, FENG.name)

        patient.goto(f"{house}/rooms/{booking}")
        write(patient, "医生您好，血糖这两周都平稳，想续二甲双胍")
        admit(doctor, house, booking)
        said(doctor, "想续二甲双胍")
        for page in (patient, doctor):
            agree(page)
        write(doctor, "看到您的记录了，我们视频说两句")
        call(doctor, patient, "video")
        for page in (patient, doctor):
            page.wait_for_function(SEES)
        expect(patient.get_by_text("正在录音录像").first).to_be_visible()
        fits(patient)
        hang_up(doctor, patient)

        pad = open_pad(doctor, house, booking, "开西药、成药处方")
        take(pad, "ejsg", dose="500", frequency="bid", days="7")
        state_facts(pad)
        number = pad.locator(".pad-top small").inner_text()
        sign(pad, DOCTOR.login)

    with somebody(browser, house, PHARMACIST, width=1440) as pharmacist:
        pass_first(pharmacist, house, number)

    patient.get_by_role("link", name="选择取药方式并缴费").last.click()
    sheet = patient.url
    choose_courier(patient)
    pay(patient)
    patient.goto(sheet)
    sees(patient, "配药中")

    with somebody(browser, house, PAIRS["本部药房"][0], width=1440) as pharmacy:
        pharmacy.goto(f"{house}/staff/dispatch")
        place = "本部药房" if pharmacy.get_by_text(number).count() else "东院区药房"
    dispense_to_bag(browser, house, number, place)
    waybill = send_off(browser, house, number, place)
    sees(patient, "交给快递员")
    with somebody(browser, house, DESK) as courier:
        courier_does(courier, sandbox, waybill, "揽收", "在途", "到达派件城市", "派送", "签收")
    sees(patient, "已签收")
    plain(patient)

    # The conversation tells it, and the record keeps the call.
    patient.goto(f"{house}/rooms/{booking}")
    expect(patient.locator("[data-room-log]").get_by_text("已签收").last).to_be_visible()
    patient.goto(f"{house}/rooms/{booking}/record")
    eventually(lambda: patient.reload() and patient.get_by_text("通话录音录像").count() > 0, timeout_s=120)
    fits(patient)
