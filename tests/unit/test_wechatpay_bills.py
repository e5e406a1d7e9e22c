"""WeChat Pay's trade bill as files really look: marks, commas, decimals, and what is torn."""

from datetime import UTC, datetime

import pytest

from telehealth.payments.adapters.wechatpay.bills import Unreadable, read_lines
from telehealth.payments.ports import BillLine

#: The vendor's 27 columns.
COLUMNS = (
    "交易时间,公众账号ID,商户号,特约商户号,设备号,微信订单号,商户订单号,用户标识,交易类型,交易状态,付款银行,货币种类,"
    "应结订单金额,代金券金额,微信退款单号,商户退款单号,退款金额,充值券退款金额,退款类型,退款状态,商品名称,商户数据包,"
    "手续费,费率,订单金额,申请退款金额,费率备注"
)
SUMMARY = (
    "总交易单数,应结订单总金额,退款总金额,充值券退款总金额,手续费总金额,订单总金额,申请退款总金额\r\n"
    "`2,`50.00,`12.30,`0.00,`0.18000,`50.00,`12.30\r\n"
)
AT = datetime(2026, 11, 20, 16, 5, 6, tzinfo=UTC)


def row(**changed: str) -> str:
    said = dict.fromkeys(COLUMNS.split(","), "") | {
        "交易时间": "2026-11-21 00:05:06",
        "商户订单号": "CH-261121-AAAAAAAA-1",
        "微信订单号": "4200001",
        "交易状态": "SUCCESS",
        "微信退款单号": "0",
        "商户退款单号": "0",
        "手续费": "0.30000",
        "订单金额": "50.00",
        "应结订单金额": "45.00",
        "退款金额": "0.00",
        "申请退款金额": "0.00",
        "商品名称": "线上复诊",
        **changed,
    }
    return ",".join("`" + cell for cell in said.values()) + "\r\n"


REFUND = {
    "交易状态": "REFUND",
    "商户退款单号": "RF-261121-AAAAAAAA",
    "微信退款单号": "5030001",
    "退款金额": "11.00",
    "申请退款金额": "12.30",
    "手续费": "-0.12000",
    "订单金额": "0.00",
    "应结订单金额": "0.00",
}
PAYMENT_LINE = BillLine("payment", "CH-261121-AAAAAAAA-1", "4200001", 5000, 30, AT)
REFUND_LINE = BillLine("refund", "RF-261121-AAAAAAAA", "5030001", 1230, -12, AT)


def read(text: str) -> list[BillLine]:
    return list(read_lines(text.encode()))


def bill(*rows: str, columns: str = COLUMNS) -> str:
    return columns + "\r\n" + "".join(rows) + SUMMARY


def test_payments_and_refunds_come_with_our_number_the_whole_amount_and_the_fee() -> None:
    assert read(bill(row(), row(**REFUND))) == [PAYMENT_LINE, REFUND_LINE]


@pytest.mark.parametrize(
    "text",
    [
        "\ufeff" + bill(row()),
        bill(row()).replace("\r\n", "\n"),
        bill(row(), "\r\n"),
        bill(row(商品名称="复诊, 普通, 50 元")),
        bill(row(手续费="0.29500")),
    ],
    ids=["mark", "line feeds", "empty line", "commas in goods", "half a fen"],
)
def test_marks_line_ends_and_commas_change_nothing(text: str) -> None:
    assert read(text) == [PAYMENT_LINE]


def test_columns_are_found_by_name_not_by_place() -> None:
    names = COLUMNS.split(",")
    cells = row().rstrip().split(",")
    turned = bill(",".join(cells[::-1]) + "\r\n", columns=",".join(names[::-1]))
    assert read(turned) == [PAYMENT_LINE]


def test_older_bills_without_the_two_last_amounts_are_read_by_the_former() -> None:
    def older(text: str) -> str:
        cells = text.rstrip().split(",")
        return ",".join(cells[:24]) + "\r\n"

    columns = ",".join(COLUMNS.split(",")[:24])
    lines = read(bill(older(row()), older(row(**REFUND)), columns=columns))
    assert [line.amount for line in lines] == [4500, 1100]


def test_a_day_without_rows_is_a_day_without_lines() -> None:
    assert read(bill()) == []


@pytest.mark.parametrize(
    "text",
    [
        "",
        COLUMNS,
        COLUMNS + "\r\n" + row(),
        bill(row(), columns=COLUMNS.replace("商户退款单号", "别的")),
        bill(row(交易状态="SOMETHING")),
        bill(row(订单金额="50.001")),
        bill(row(订单金额="")),
        bill(row(手续费="?")),
        bill(row(交易时间="yesterday")),
        bill(row()[:40] + "\r\n"),
    ],
)
def test_what_is_torn_or_strange_is_no_bill(text: str) -> None:
    with pytest.raises(Unreadable):
        read(text)


def test_another_encoding_is_no_bill() -> None:
    with pytest.raises(Unreadable):
        list(read_lines(bill(row()).encode("gbk")))
