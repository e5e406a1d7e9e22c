"""Every page without a camera works without script: old phones, blocked scripts, a file that never came."""

import io
import re
from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pyotp
import pytest
from PIL import Image
from playwright.sync_api import Browser, FilePayload, Page, expect

from telehealth.demo.accounts import PASSWORD, STAFF
from tests.e2e.conftest import PATIENCE_MS
from tests.e2e.rooms import CHEN
from tests.support.phones import fresh_number
from tests.support.sandbox import Sandbox
from tests.support.waiting import eventually

#: Comes every week; his visit is over; pays for relatives.
MA, XU, ZHOU = "13800000119", "13800000111", "13800000101"
#: A phone's own browser: paying leads to WeChat's page and back (H5).
PHONE = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 17_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko)"
    " Version/17.0 Mobile/15E148 Safari/604.1"
)
Open = Callable[..., Page]


@pytest.fixture
def plain(chromium: Browser, live: str) -> Iterator[Open]:
    """Somebody on a device that runs no script; signed in, or "" for nobody yet."""
    with ExitStack() as devices:

        def opened(who: str = "", *, width: int = 390) -> Page:
            context = chromium.new_context(
                viewport={"width": width, "height": 844},
                locale="zh-CN",
                java_script_enabled=False,
                user_agent=PHONE if width < 600 else None,
            )
            devices.callback(context.close)
            page = context.new_page()
            page.set_default_timeout(PATIENCE_MS)
            assert not who or page.request.post(f"{live}/demo/enter", form={"who": who}).ok
            return page

        yield opened


def test_a_patient_signs_in_and_goes_on_to_where_they_were_going(
    plain: Open, live: str, sandbox: Sandbox
) -> None:
    page, phone = plain(), fresh_number()
    page.goto(f"{live}/people/new?relation=self")
    page.locator("input[name=phone]").fill(phone)
    _press(page, "获取验证码")
    expect(page.locator("input[name=code]")).to_be_visible()
    said = next(each["text"] for each in sandbox.messages(phone) if "验证码" in each["text"])
    page.locator("input[name=code]").fill(re.findall(r"(?<!\d)\d{6}(?!\d)", said)[0])
    _press(page, "登录")
    expect(page).to_have_url(re.compile("/people/new"))
    expect(page.get_by_role("button", name="提交核验")).to_be_visible()


def test_a_patient_passes_the_gate_pays_and_cancels(plain: Open, live: str) -> None:
    page = plain(MA)
    page.goto(f"{live}/h/yunan/book?kind=internet")
    # The gate (XY06), a time (XY20), the form (XY22) with a picture, the seat.
    _choose(page, "input[name=stable][value=yes], input[value=no][name^='answers.']")
    _press(page, "下一步")
    page.get_by_role("link", name="选择时间").click()
    for step in ("campus", "department", "doctor"):
        page.locator(f"main a[href*='{step}=']").first.click()
    page.locator("main .days a").last.click()
    page.locator("main .slots a").last.click()
    agrees, writes = (page.get_by_role("button", name=name) for name in ("同意并继续", "填写病情"))
    expect(agrees.or_(writes).first).to_be_visible()
    if page.locator("input[name=agree]").count():
        _choose(page, "input[name=agree]")
        _press(page, "同意并继续")
    _press(page, "填写病情")
    page.locator("textarea[name=complaint]").fill("血压稳定，想续开上次的药")
    _choose(page, "input[name=no_history], input[name=no_known_allergies], input[name=no_medicines]")
    page.locator("input[type=file]").first.set_input_files(_picture())
    page.get_by_role("button", name="上传所选文件并保存").first.click()
    expect(page.locator(".thumb img")).to_have_count(1)
    expect(page.locator("textarea[name=complaint]")).to_have_value("血压稳定，想续开上次的药")
    _press(page, "提交，下一步")
    _press(page, "提交并留号")
    expect(page).to_have_url(re.compile("/bookings/"))
    booking = page.url

    page.get_by_role("button", name=re.compile("支付 ¥")).click()
    page.get_by_role("button", name=re.compile("自费支付")).click()
    page.get_by_role("link", name="打开微信支付").click()
    page.locator("button[value=pay]").click()
    page.goto(booking)
    _soon(page, "待就诊")

    page.get_by_text("取消预约").first.click()
    page.locator("form[action$='/cancellation'] button").click()
    _soon(page, "已取消")


def test_a_patient_writes_in_the_room(plain: Open, live: str) -> None:
    page = plain(CHEN)
    page.goto(f"{live}/orders?group=coming")
    room = str(page.locator("a.order[href*=bookings]").first.get_attribute("href")).rpartition("/")[2]
    page.goto(f"{live}/rooms/{room}")
    page.locator("textarea[name=text]").fill("今天早上血压 138/85")
    page.get_by_role("button", name="发送", exact=True).click()
    expect(page.locator("[data-room-log] .bub", has_text="今天早上血压 138/85")).to_have_count(1)
    # Nothing stands there that cannot be pressed.
    expect(page.locator("button[type=button]:visible, .script-only:visible")).to_have_count(0)


def test_a_patient_rates_shares_and_complains(plain: Open, live: str) -> None:
    page = plain(XU)
    page.goto(f"{live}/orders?group=over")
    page.locator("a.order[href*=bookings]").first.click()
    page.get_by_role("link", name="评价这次就诊").click()
    for question in {str(one.get_attribute("name")) for one in page.locator("main input[type=radio]").all()}:
        _choose(page, f"main input[type=radio][name='{question}'] >> nth=-1")
    _press(page, "提交评价")
    page.get_by_role("link", name="查看我的评价").click()
    assert page.url.endswith("/rating")

    page.goto(f"{live}/shares/new")
    page.locator("main input[type=checkbox]").first.check(force=True)
    _press(page, "同意并生成分享")
    stranger = plain()
    stranger.goto(page.locator("a.link[href*='/shared/']").inner_text())
    expect(stranger.locator("main .cell")).not_to_have_count(0)
    _press(page, "立即收回")

    page.goto(f"{live}/complaints/new")
    page.locator("main select").first.select_option(index=1)
    page.locator("main input[type=radio]").nth(1).check(force=True)
    page.locator("main textarea").fill("等了四十分钟没有人应答")
    _press(page, "提交")
    page.locator("main input[type=file]").first.set_input_files(_picture())
    page.get_by_role("button", name="上传").first.click()
    expect(page.locator("main img")).not_to_have_count(0)


def test_GS01_a_patient_binds_a_member(plain: Open, live: str) -> None:
    page = plain(ZHOU)
    page.goto(f"{live}/people/new?relation=child&next=/family/new")
    expect(page.locator("main form button[type=submit]")).not_to_have_count(0)
    page.goto(f"{live}/family")
    page.locator("main a.cell[href^='/family/']").first.click()
    expect(page.locator("main form button[type=submit], main a.btn")).not_to_have_count(0)


def test_staff_sign_in_with_both_factors_and_take_up_what_waits(plain: Open, live: str) -> None:
    desk = plain(width=1280)
    desk.goto(f"{live}/staff/sign-in")
    desk.locator("input[name=login]").fill("desk.yunan")
    desk.locator("input[name=password]").fill(PASSWORD)
    desk.locator("main button[type=submit]").first.click()
    secret = next(one.totp_secret for one in STAFF if one.login == "desk.yunan")
    desk.locator("input[name=totp]").fill(pyotp.TOTP(secret).now())
    _press(desk, "登录")
    expect(desk).to_have_url(f"{live}/staff")
    desk.locator(".work-row a").first.click()
    expect(desk).not_to_have_url(f"{live}/staff")


def test_a_pharmacist_answers_a_sheet_and_a_pharmacy_goes_on(plain: Open, live: str) -> None:
    pharmacist = plain("pharmacist.yunan", width=1280)
    pharmacist.goto(f"{live}/staff/reviews")
    pharmacist.locator("main a[href*='/staff/reviews/']").first.click()
    for deed in ("审核通过", "退回修改", "拒绝调配"):
        expect(pharmacist.get_by_role("button", name=deed)).to_be_enabled()

    pharmacy = plain("pharmacy.yunan", width=1280)
    pharmacy.goto(f"{live}/staff/dispatch")
    pharmacy.locator("main a[href^='/staff/dispatch/0']").first.click()
    step = pharmacy.locator("main form[action^='/staff/dispatch/'] button[type=submit]").first
    before = step.inner_text()
    step.click()
    expect(pharmacy.get_by_role("button", name=before, exact=True)).to_have_count(0)


def _press(page: Page, name: str) -> None:
    page.get_by_role("button", name=name, exact=True).first.click()


def _choose(page: Page, selector: str) -> None:
    for box in page.locator(selector).all():
        box.check(force=True)


def _soon(page: Page, words: str) -> None:
    """What a job or another party does is there when the page is opened again."""

    def there() -> bool:
        page.reload()
        return page.get_by_text(words).count() > 0

    eventually(there, timeout_s=60)


def _picture() -> FilePayload:
    data = io.BytesIO()
    Image.effect_noise((900, 900), 60).convert("RGB").save(data, "JPEG")
    return {"name": "report.jpg", "mimeType": "image/jpeg", "buffer": data.getvalue()}
