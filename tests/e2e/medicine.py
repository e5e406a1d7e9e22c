"""What doctor, pharmacist, patient and pharmacy do with a sheet, step by step, as the journeys share it."""

import io
import re
from collections.abc import Iterator
from contextlib import contextmanager

import pikepdf
import pyotp
from playwright.sync_api import Browser, Page, expect

from telehealth.demo.accounts import STAFF
from tests.e2e.rooms import somebody
from tests.e2e.steps import fits
from tests.support.sandbox import Sandbox
from tests.support.waiting import eventually

PHARMACIST = "pharmacist.yunan"
DESK = "desk.yunan"
#: By the pharmacy as it is called: who picks, who checks.
PAIRS = {"本部药房": ("pharmacy.yunan", "check.yunan"), "东院区药房": ("pharmacy.east", "check.east")}
#: Words of ours that nobody is to meet on a page.
RAW = re.compile(
    r"\b(draft|signed|passed|spent|returned|voided|waiting|claimed|picked|checked|packed|handed_over|"
    r"delivered|collected|in_transit|picked_up|courier|window|western|herb|undefined|None|null)\b"
)
HOME = {
    "name": "陈立群", "mobile": "13800000102", "province": "浙江省", "city": "云安市", "county": "清河区",
    "street": "样例路 8 号 1 幢 301 室",
}  # fmt: skip


def plain(page: Page) -> None:
    """It fits, axe finds nothing, and no name of a state or a value of ours shows through."""
    fits(page)
    shown = page.locator("body").inner_text()
    assert RAW.search(shown) is None, (page.url, RAW.search(shown))


@contextmanager
def at_work(browser: Browser, house: str, login: str, *, width: int = 1440) -> Iterator[Page]:
    """A member of staff who has just given the second factor, as signing asks for it."""
    with somebody(browser, house, login, width=width) as page:
        yield page


def prove(page: Page, login: str) -> bool:
    """Give the second factor when it is asked for; whether it was."""
    page.wait_for_load_state()
    if "step-up" not in page.url:
        return False
    secret = next(one.totp_secret for one in STAFF if one.login == login)
    page.locator("input[name=code]").fill(pyotp.TOTP(secret).now())
    page.locator("main button[type=submit]").first.click()
    page.wait_for_load_state()
    return True


# The doctor.


def open_pad(doctor: Page, house: str, room: str, words: str) -> Page:
    """The room opens the pad in a window of its own, so that a call goes on."""
    doctor.goto(f"{house}/staff/rooms/{room}?pane=file#part-tools")
    with doctor.expect_popup() as opened:
        doctor.get_by_role("button", name=words).click()
    pad = opened.value
    expect(pad.locator("[data-pad][data-ready]")).to_have_count(1)
    return pad


def take(pad: Page, initials: str, *, dose: str, frequency: str, days: str) -> None:
    """A medicine found by its initials; each Enter goes on to what is asked next."""
    pad.locator("#find-drug").fill(initials)
    expect(pad.locator("#find-list [role=option]").first).to_be_visible()
    pad.keyboard.press("Enter")
    line = pad.locator("[data-pad-lines] li[data-id]").last
    expect(line.locator("[name=dose]")).to_be_focused()
    line.locator("[name=dose]").fill(dose)
    line.locator("[name=frequency]").select_option(frequency)
    line.locator("[name=days]").fill(days)
    line.locator("[name=days]").press("Tab")


def state_facts(pad: Page) -> None:
    for name in ("diagnoses", "allergies_reviewed"):
        pad.locator(f"[name={name}]").first.check(force=True)
    pad.locator("[name=weight_kg]").fill("70")
    pad.locator("[name=egfr]").fill("95")
    expect(pad.locator("[data-pad-saved][data-state=saved]")).to_have_count(1)


def sign(pad: Page, login: str) -> None:
    """Whatever has to be signed again is signed again, with a reason, and then the sheet."""
    while pad.locator("[data-pad-findings] form.resign").count():
        left = pad.locator("[data-pad-findings] form.resign")
        count = left.count()
        left.first.locator("[name=reason]").fill("已与患者核对，权衡利弊后使用")
        left.first.get_by_role("button", name="再次签名").click()
        expect(left).to_have_count(count - 1)
    pad.locator("[data-pad-sign]").click()
    signed = pad.get_by_text("查看或打印处方笺")
    asked = pad.locator("input[name=code]")
    expect(signed.or_(asked).first).to_be_visible()
    if prove(pad, login):
        expect(pad.locator("[data-pad][data-ready]")).to_have_count(1)
        pad.locator("[data-pad-sign]").click()
    expect(signed).to_be_visible()


# The pharmacist.


def pass_first(pharmacist: Page, house: str, number: str) -> None:
    """Look at it, tick what the doctor signed again, pass."""
    pharmacist.goto(f"{house}/staff/reviews")
    plain(pharmacist)
    pharmacist.get_by_role("link", name=number).click()
    _press_pass(pharmacist)
    if prove(pharmacist, PHARMACIST):
        _press_pass(pharmacist)
    expect(pharmacist.get_by_text("已通过").first).to_be_visible()


def _press_pass(pharmacist: Page) -> None:
    button = pharmacist.get_by_role("button", name=re.compile("通过"))
    expect(button).to_be_visible()
    for box in pharmacist.locator("input[type=checkbox][name=acknowledged]").all():
        box.check(force=True)
    button.click()
    pharmacist.wait_for_load_state()


# The patient.


def verification_of(patient: Page, sheet: str) -> str:
    """Where the QR code on the paper leads: the PDF links it as well."""
    answer = patient.request.get(f"{sheet}/sheet.pdf")
    assert answer.ok and answer.headers["content-type"].startswith("application/pdf")
    with pikepdf.open(io.BytesIO(answer.body())) as pdf:
        found = [
            str(note["/A"]["/URI"])
            for page in pdf.pages
            for note in page.get("/Annots", [])
            if "/A" in note and "/URI" in note["/A"]
        ]
    assert len(found) == 1, found
    return found[0]


def choose_courier(patient: Page) -> None:
    patient.get_by_role("link", name=re.compile("快递配送")).click()
    plain(patient)
    for name, text in HOME.items():
        patient.locator(f"input[name={name}]").fill(text)
    for name in ("agrees_self_pay", "agrees_disclosure"):
        patient.locator(f"input[name={name}]").check(force=True)
    patient.get_by_role("button", name="查询并保存地址").click()
    expect(patient.get_by_text("快递费预估")).to_be_visible()
    expect(patient.get_by_text("到付，不在这里支付")).to_be_visible()
    plain(patient)


def pay(patient: Page) -> None:
    """Inside WeChat: what it costs, that it is self-pay, and the press at the sandbox's till."""
    patient.get_by_role("button", name=re.compile("自费支付药费")).click()
    expect(patient).to_have_url(re.compile("/pay/"))
    expect(patient.get_by_text("不在此支付，收货时付给快递员")).to_be_visible()
    plain(patient)
    patient.get_by_role("button", name=re.compile("自费支付 ¥")).click()
    patient.locator("#pay").click()
    patient.get_by_role("dialog").get_by_role("button", name="支付").click()
    expect(patient.get_by_text("支付成功")).to_be_visible()
    plain(patient)


def sees(page: Page, words: str) -> None:
    """Once whatever the page waits for has happened elsewhere."""
    eventually(lambda: page.reload() is not None and page.get_by_text(words).count() > 0, timeout_s=120)


# The pharmacy.


def dispense_to_bag(browser: Browser, house: str, number: str, place: str, *, width: int = 1440) -> None:
    """Claimed, picked lot by lot on a phone or a desk, and the ten matches ticked by a second person."""
    picks, checks = PAIRS[place]
    with somebody(browser, house, picks, width=width) as one:
        open_order(one, house, number)
        one.get_by_role("button", name="领单，开始配药").click()
        expect(one.get_by_role("button", name="配齐，交复核")).to_be_disabled()
        while one.locator(".d-lot", has_text="应取").count():
            lots = one.locator(".d-lot", has_text="应取")
            count = lots.count()
            lot = lots.first.locator("b").inner_text()
            one.locator("#scan").fill(lot)
            one.get_by_role("button", name="登记", exact=True).click()
            expect(lots).to_have_count(count - 1)
        plain(one)
        one.get_by_role("button", name="配齐，交复核").click()
        expect(one.get_by_text("请另一位药师复核")).to_be_visible()
        plain(one)
    with somebody(browser, house, checks, width=width) as other:
        open_order(other, house, number)
        done = other.get_by_role("button", name="复核无误")
        expect(done).to_be_disabled()
        for box in other.locator("input[name=ticked]").all():
            box.check(force=True)
        plain(other)
        done.click()
        expect(done).to_have_count(0)


def open_order(page: Page, house: str, number: str) -> None:
    page.goto(f"{house}/staff/dispatch")
    page.locator("#scan").fill(number)
    page.get_by_role("button", name="打开").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text(number)


def send_off(browser: Browser, house: str, number: str, place: str) -> str:
    """Packed, labelled, and scanned out of the house; the courier's number on the parcel."""
    picks, _ = PAIRS[place]
    with somebody(browser, house, picks, width=1440) as page:
        open_order(page, house, number)
        packed, asks = (page.get_by_role("button", name=name) for name in ("已贴标签，完成打包", "取运单号"))
        expect(packed.or_(asks).first).to_be_visible()
        if asks.count():
            asks.click()
        waybill = page.locator(".d-side b.num").first.inner_text()
        for paper in ("labels.pdf", "waybill.pdf"):
            answer = page.request.get(f"{page.url}/{paper}")
            assert answer.ok and answer.body().startswith(b"%PDF"), (paper, answer.status)
        packed.click()
        page.locator("#scan").fill("SF0000000000000")
        page.get_by_role("button", name="交给快递").click()
        expect(page.get_by_role("alert")).to_be_visible()
        plain(page)
        page.locator("#scan").fill(waybill)
        page.get_by_role("button", name="交给快递").click()
        expect(page.get_by_role("status").filter(has_text="已交快递")).to_be_visible()
        plain(page)
    return waybill


def courier_does(courier: Page, sandbox: Sandbox, waybill: str, *moves: str) -> None:
    """At the sandbox courier's own desk, whose pushes reach the house."""
    for move in moves:
        courier.goto(f"{sandbox.base_url}/sf/parcels")
        parcel = courier.get_by_role("heading", name=waybill)
        with courier.expect_navigation():
            parcel.locator("xpath=following-sibling::p").get_by_role(
                "button", name=move, exact=True
            ).first.click()
