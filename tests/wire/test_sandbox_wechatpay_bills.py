"""Bills of the payment sandbox: from nine next morning, hashed, signed for, and in the provider's columns."""

import gzip
import hashlib
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import httpx2
import pytest

from tests.support.merchant import Merchant
from tests.support.sandbox import Sandbox

SHANGHAI = ZoneInfo("Asia/Shanghai")


def refused(answer: httpx2.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["code"]


def today() -> datetime:
    return datetime.now(UTC).astimezone(SHANGHAI).replace(hour=0, minute=0, second=0, microsecond=0)


def at(instant: datetime) -> float:
    """The clock's offset that makes it `instant` now."""
    return (instant - datetime.now(UTC)).total_seconds()


@pytest.fixture
def yunan(own_sandbox: Sandbox) -> Merchant:
    """A business day that began an hour ago, so that it does not end while a test runs."""
    own_sandbox.clock(at(today() + timedelta(hours=1)))
    return Merchant(own_sandbox)


def ask(merchant: Merchant, day: datetime, kind: str = "tradebill", **query: str) -> httpx2.Response:
    asked = "".join(f"&{name}={value}" for name, value in query.items())
    return merchant.call("GET", f"/v3/bill/{kind}?bill_date={day:%Y-%m-%d}{asked}")


def download(merchant: Merchant, answer: httpx2.Response) -> httpx2.Response:
    assert answer.status_code == 200, answer.text
    url = answer.json()["download_url"]
    assert url.startswith(merchant.sandbox.base_url + merchant.prefix)
    return merchant.call("GET", url.removeprefix(merchant.sandbox.base_url + merchant.prefix))


def table(text: str) -> tuple[list[dict[str, str]], dict[str, str]]:
    """Rows and summary by column, each cell rid of its backtick."""
    lines = [line.split(",") for line in text.splitlines()]
    assert all(cell.startswith("`") for line in (*lines[1:-2], lines[-1]) for cell in line)

    def read(head: list[str], line: list[str]) -> dict[str, str]:
        return dict(zip(head, (cell[1:] for cell in line), strict=True))

    return [read(lines[0], line) for line in lines[1:-2]], read(lines[-2], lines[-1])


def test_days_trades_in_the_27_columns_with_a_summary(yunan: Merchant) -> None:
    number = yunan.paid(total=5000, attach="booking", description="线上复诊，三楼")
    refund = yunan.refund(number, 1250).json()
    yunan.prepay()
    yunan.sandbox.clock(at(today() + timedelta(days=1, hours=9)))

    answer = ask(yunan, today(), bill_type="ALL")
    stream = download(yunan, answer)

    assert answer.json()["hash_type"] == "SHA1"
    assert hashlib.sha1(stream.content, usedforsecurity=False).hexdigest() == answer.json()["hash_value"]
    assert "Wechatpay-Signature" not in stream.headers
    rows, summary = table(stream.text)
    assert len(rows[0]) == 27
    paid, back = rows
    assert paid["商户订单号"] == back["商户订单号"] == number
    assert (paid["交易状态"], paid["订单金额"], paid["应结订单金额"]) == ("SUCCESS", "50.00", "50.00")
    assert (paid["商户数据包"], paid["商品名称"]) == ("booking", "线上复诊，三楼")
    assert (back["交易状态"], back["申请退款金额"], back["退款状态"]) == ("REFUND", "12.50", "PROCESSING")
    assert back["商户退款单号"] == refund["out_refund_no"]
    assert back["微信退款单号"] == refund["refund_id"]
    assert summary == {
        "总交易单数": "2",
        "应结订单总金额": "50.00",
        "退款总金额": "12.50",
        "充值券退款总金额": "0.00",
        "手续费总金额": "0.00000",
        "订单总金额": "50.00",
        "申请退款总金额": "12.50",
    }


def test_bill_appears_at_nine_the_next_morning_unless_the_operator_hurries(yunan: Merchant) -> None:
    yunan.paid()

    assert refused(ask(yunan, today())) == (400, "STATEMENT_CREATING")
    yunan.sandbox.clock(at(today() + timedelta(days=1, hours=8, minutes=59)))
    assert refused(ask(yunan, today())) == (400, "STATEMENT_CREATING")
    yunan.sandbox.payment_settings(bills_at_once=True)
    assert ask(yunan, today()).status_code == 200
    yunan.sandbox.payment_settings(bills_at_once=False)
    yunan.sandbox.clock(at(today() + timedelta(days=1, hours=9, minutes=1)))
    assert ask(yunan, today()).status_code == 200


def test_bills_reach_back_three_months_and_know_empty_days(yunan: Merchant) -> None:
    empty = today() - timedelta(days=2)

    assert refused(ask(yunan, empty)) == (400, "NO_STATEMENT_EXIST")
    assert refused(ask(yunan, today() - timedelta(days=100))) == (400, "PARAM_ERROR")


def test_payments_and_refunds_alone(yunan: Merchant) -> None:
    number = yunan.paid()
    yunan.refund(number, 100)
    yunan.sandbox.payment_settings(bills_at_once=True)

    for kind, state in (("SUCCESS", "SUCCESS"), ("REFUND", "REFUND")):
        rows, _ = table(download(yunan, ask(yunan, today(), bill_type=kind)).text)
        assert [row["交易状态"] for row in rows] == [state]


def test_gzip_is_hashed_as_it_was_before(yunan: Merchant) -> None:
    yunan.paid()
    yunan.sandbox.payment_settings(bills_at_once=True)

    answer = ask(yunan, today(), tar_type="GZIP")
    plain = gzip.decompress(download(yunan, answer).content)

    assert hashlib.sha1(plain, usedforsecurity=False).hexdigest() == answer.json()["hash_value"]


def test_cash_flow_keeps_a_running_balance(yunan: Merchant) -> None:
    number = yunan.paid(total=5000)
    yunan.refund(number, 1250)
    yunan.sandbox.payment_settings(bills_at_once=True)

    rows, summary = table(download(yunan, ask(yunan, today(), "fundflowbill", account_type="BASIC")).text)

    assert [(row["收支类型"], row["收支金额(元)"], row["账户结余(元)"]) for row in rows] == [
        ("收入", "50.00", "50.00"),
        ("支出", "12.50", "37.50"),
    ]
    assert (summary["收入金额"], summary["支出金额"]) == ("50.00", "12.50")
    assert refused(ask(yunan, today(), "fundflowbill", account_type="FEES")) == (400, "NO_STATEMENT_EXIST")


def test_file_is_for_the_merchant_who_asked_and_wants_a_signature(yunan: Merchant) -> None:
    yunan.paid()
    yunan.sandbox.payment_settings(bills_at_once=True)
    url = ask(yunan, today()).json()["download_url"]
    path = url.removeprefix(yunan.sandbox.base_url + yunan.prefix)

    assert refused(httpx2.get(url)) == (401, "SIGN_ERROR")
    assert refused(Merchant(yunan.sandbox, "jiangbin").call("GET", path))[0] == 404


@pytest.mark.parametrize(
    "query", ["bill_type=ALL", "bill_date=2026-13-01", "bill_date=20261121", "bill_date=2026-11-21&x=1"]
)
def test_query_that_cannot_be_is_refused(yunan: Merchant, query: str) -> None:
    assert refused(yunan.call("GET", f"/v3/bill/tradebill?{query}")) == (400, "PARAM_ERROR")
