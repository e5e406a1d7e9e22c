"""What finance sees and does: the day, its differences, refunds that wait, the books, and files (GD06)."""

import csv
import io
import re
from collections.abc import Sequence
from datetime import date, timedelta
from uuid import UUID

import httpx2
import pytest
import sqlalchemy as sa

from telehealth.accounts.models import StaffMember
from telehealth.core.access import Role
from telehealth.core.audit import AuditRecord
from telehealth.core.clock import FixedClock
from telehealth.core.i18n import translator
from telehealth.core.ids import new_id
from telehealth.core.settings import Settings
from telehealth.core.unit import Units
from telehealth.ledger.statements import EntryLine
from telehealth.payments.desk import take_cash
from telehealth.payments.exporting import BOM, cell, whole_entries
from telehealth.payments.models import BillFetch, BillRow, Difference, PayOrder, Refund
from telehealth.payments.ports import OrderAnswer, OrderTruth
from telehealth.payments.reconciling import match
from telehealth.payments.refunding import refund_in_full
from telehealth.payments.settling import settle
from telehealth.payments.states import PayOrderState, RefundReason, RefundState, Way
from telehealth.payments.submitting import submit_due
from tests.conftest import NOON_ENOUGH
from tests.support.factories.accounts import add_staff, bearer, cookie, staff
from tests.support.factories.directory import add_hospital
from tests.support.factories.payments import Shop, add_charge, add_shop, reread
from tests.support.outside import reach
from tests.support.sandbox import Sandbox

Client = httpx2.AsyncClient
Headers = dict[str, str]
TODAY = date(2026, 11, 21)
PAGES = (
    "/staff/money",
    "/staff/money/orders",
    "/staff/money/differences",
    "/staff/money/differences?group=resolved",
    "/staff/money/refunds",
    "/staff/money/refunds?group=unsettled",
    "/staff/money/statements",
)
FILES = ("orders", "refunds", "differences", "entries")


@pytest.fixture
def settings(settings: Settings, sandbox: Sandbox) -> Settings:
    return reach(settings, sandbox)


@pytest.fixture
async def shop(units: Units) -> Shop:
    return await add_shop(units)


@pytest.fixture
async def member(units: Units, shop: Shop) -> StaffMember:
    return await add_staff(units, shop.hospital.id, [Role.FINANCE], login="finance", name="样例财务")


@pytest.fixture
async def finance(units: Units, member: StaffMember) -> Headers:
    return {**await cookie(units, staff(member)), "origin": "http://testserver"}


# ---------------------------------------------------------------------- who comes in


@pytest.mark.parametrize("role", [role for role in Role if role is not Role.PATIENT])
async def test_GD06_finance_and_the_head_see_money_nobody_else(
    client: Client, units: Units, shop: Shop, role: Role
) -> None:
    headers = await cookie(units, staff(await add_staff(units, shop.hospital.id, [role], login="somebody")))
    status = 200 if role in (Role.FINANCE, Role.HEAD) else 403
    for path in (*PAGES, *(f"/staff/money/{name}.csv" for name in FILES)):
        assert (await client.get(path, headers=headers)).status_code == status, path


async def test_the_head_looks_and_finance_acts(client: Client, units: Units, shop: Shop) -> None:
    refund = await _handed_out(shop)
    head = await cookie(
        units, staff(await add_staff(units, shop.hospital.id, [Role.HEAD], login="head", name="样例院长"))
    )
    shown = await client.get(f"/staff/money/refunds/{refund.id}", headers=head)
    assert shown.status_code == 200 and '<form method="post" action="/staff/money' not in shown.text
    pressed = await client.post(
        f"/staff/money/refunds/{refund.id}/retry", headers={**head, "origin": "http://testserver"}
    )
    assert pressed.status_code == 403


# ---------------------------------------------------------------------- the day


async def test_GD06_the_day_by_way_and_type_comes_from_the_ledger(
    client: Client, shop: Shop, finance: Headers
) -> None:
    await _cash(shop)
    await _cash(shop)
    await _handed_out(shop)
    text = _words(await client.get("/staff/money", headers=finance))
    assert "窗口现金 诊查费 3 ¥150.00 – – –" in text
    assert "收款笔数 3" in text and "收款 ¥150.00" in text
    assert "次日 10:30 取账" in text


async def test_GD06_three_columns_and_what_they_disagree_about(
    client: Client, shop: Shop, finance: Headers, clock: FixedClock
) -> None:
    number = await _wechat(shop)
    await _bill(shop, TODAY, {"CH-SAMPLE-1": 700, number: 5000})
    clock.move_business_to(clock.business() + timedelta(days=3))
    text = _words(await client.get(f"/staff/money?day={TODAY}", headers=finance))
    assert "我方应有 1 笔 ¥50.00" in text
    assert "对方账单 2 笔 ¥57.00" in text
    assert "逐笔相符 1 / 2" in text and "有差异" in text
    assert "CH-SAMPLE-1 微信支付 对方有，我方无 – ¥7.00 3 无人负责" in text
    # The insurer's list of that day was never fetched.
    assert "医保结算清单 账单未取到" in text


async def test_the_orders_of_a_day(client: Client, shop: Shop, finance: Headers) -> None:
    number = await _wechat(shop)
    text = _words(await client.get("/staff/money/orders", headers=finance))
    assert f"{number} 10:00 诊查费 微信支付 ¥50.00 ¥50.00 – sample-{number}" in text
    before = await client.get(f"/staff/money/orders?day={TODAY - timedelta(days=1)}", headers=finance)
    assert number not in before.text


async def test_nonsense_in_an_address_shows_today(client: Client, finance: Headers) -> None:
    for query in ("day=yesterday", "day=9999-12-31", "day=%00", "first=2026-13-01&last=x"):
        for page in ("/staff/money", "/staff/money/orders", "/staff/money/statements"):
            answer = await client.get(f"{page}?{query}", headers=finance)
            assert answer.status_code == 200 and "2026" in answer.text, f"{page}?{query}"


async def test_a_bill_is_asked_for_only_when_it_can_be_there(
    client: Client, shop: Shop, finance: Headers
) -> None:
    for day, party in (
        ("2026-11-21", "wechatpay"),
        ("2026-11-20", "desk"),
        ("x", "wechatpay"),
        ("9999-12-31", "wechatpay"),
    ):
        answer = await client.post("/staff/money/bills", data={"day": day, "party": party}, headers=finance)
        assert answer.status_code == 303
    async with shop.units.system("test") as unit:
        assert (await unit.session.scalars(sa.select(BillFetch))).all() == []


# ---------------------------------------------------------------------- differences


async def test_GD06_a_difference_is_taken_handed_over_and_explained(
    client: Client, shop: Shop, finance: Headers, member: StaffMember
) -> None:
    await _bill(shop, TODAY, {"CH-SAMPLE-1": 700})
    (row,) = await _differences(shop.units)
    other = await add_staff(
        shop.units, shop.hospital.id, [Role.FINANCE], login="finance.two", name="样例财务乙"
    )
    here = f"/staff/money/differences/{row.id}"
    assert "我方没有这个单号" in (await client.get(here, headers=finance)).text

    await client.post(f"{here}/ownership", headers=finance)
    assert (await reread(shop.units, row)).owner_name == member.name
    await client.post(f"{here}/handover", data={"member_id": str(other.id)}, headers=finance)
    assert "负责人 样例财务乙" in _words(await client.get(here, headers=finance))

    refused = await client.post(f"{here}/resolution", data={"note": ""}, headers=finance)
    assert refused.status_code == 422 and "请填写此项" in refused.text
    done = await client.post(f"{here}/resolution", data={"note": "渠道测试款"}, headers=finance)
    assert done.status_code == 303
    after = await reread(shop.units, row)
    assert after.resolved_at is not None and after.note == "渠道测试款"
    assert "CH-SAMPLE-1" not in (await client.get("/staff/money/differences", headers=finance)).text
    resolved = await client.get("/staff/money/differences?group=resolved", headers=finance)
    assert "CH-SAMPLE-1" in resolved.text


async def test_GD06_a_difference_of_ours_leads_to_its_order(
    client: Client, shop: Shop, finance: Headers
) -> None:
    number = await _wechat(shop)
    await _bill(shop, TODAY, {})
    (row,) = await _differences(shop.units)
    text = _words(await client.get(f"/staff/money/differences/{row.id}", headers=finance))
    assert "我方有，对方无" in text and f"商户订单号 {number}" in text


async def test_an_order_the_provider_took_another_amount_for_is_shown(
    client: Client, shop: Shop, finance: Headers
) -> None:
    number = await _begun(shop)
    async with shop.units.system("payment") as unit:
        await settle(unit, number, OrderAnswer(OrderTruth.PAID, "sample", 4000, unit.now))
    text = _words(await client.get("/staff/money/differences", headers=finance))
    assert f"{number} 诊查费 ¥50.00 ¥40.00" in text
    assert "渠道金额与订单不一致" in (await client.get("/staff", headers=finance)).text


# ---------------------------------------------------------------------- refunds


async def test_GD06_cash_is_handed_out_at_the_window_and_then_booked(
    client: Client, shop: Shop, finance: Headers
) -> None:
    refund = await _handed_out(shop)
    listed = _words(await client.get("/staff/money/refunds", headers=finance))
    assert f"{refund.number} ¥50.00 医院办理退款 人工处理中 请在窗口把现金退给患者" in listed
    here = f"/staff/money/refunds/{refund.id}"
    shown = (await client.get(here, headers=finance)).text
    # Sending cash again to a window makes no sense.
    assert "已在窗口退现金" in shown and f"{here}/retry" not in shown
    assert (await client.post(f"{here}/settlement", data={"note": ""}, headers=finance)).status_code == 422
    done = await client.post(f"{here}/settlement", data={"note": "患者已签收"}, headers=finance)
    assert done.status_code == 303
    after = await reread(shop.units, refund)
    assert (after.state, after.note) == (RefundState.SETTLED, "样例\n患者已签收")
    assert "没有待人工处理的退款" in (await client.get("/staff/money/refunds", headers=finance)).text
    assert "已退回" in (await client.get(here, headers=finance)).text


async def test_GD06_a_parked_refund_says_why_and_is_sent_again(
    client: Client, shop: Shop, finance: Headers
) -> None:
    refund = await _parked(shop, "not_enough")
    here = f"/staff/money/refunds/{refund.id}"
    assert "商户余额不足" in (await client.get(here, headers=finance)).text
    assert (await client.post(f"{here}/retry", headers=finance)).status_code == 303
    assert (await reread(shop.units, refund)).state is RefundState.REQUESTED
    again = await client.post(f"{here}/retry", headers=finance)
    assert again.status_code == 303
    assert (await reread(shop.units, refund)).number == refund.number


async def test_finance_is_told_what_waits_on_the_staff_home(
    client: Client, shop: Shop, finance: Headers
) -> None:
    assert "没有待办的事项" in (await client.get("/staff", headers=finance)).text
    await _handed_out(shop)
    await _bill(shop, TODAY, {"CH-SAMPLE-1": 700})
    text = _words(await client.get("/staff", headers=finance))
    assert "退款待处理" in text and "对账差异待说明" in text


# ---------------------------------------------------------------------- the books


async def test_GD06_statements_are_the_ledger(client: Client, shop: Shop, finance: Headers) -> None:
    refund = await _handed_out(shop)
    text = _words(await client.get("/staff/money/statements", headers=finance))
    assert "借贷平衡" in text
    assert "窗口现金 – ¥50.00 – ¥50.00" in text
    assert "应退患者款 – – ¥50.00 -¥50.00" in text
    async with shop.units.system("test") as unit:
        order = await unit.session.get(PayOrder, refund.pay_order_id)
    assert order is not None
    charge = order.out_trade_no.rpartition("-")[0]
    assert f"收款 {charge} 窗口现金 ¥50.00" in text
    only = _words(await client.get("/staff/money/statements?account=refunds", headers=finance))
    assert f"申请退款 {charge} 应退患者款 ¥50.00" in only and f"收款 {charge}" not in only


def test_a_page_of_postings_never_tears_an_entry() -> None:
    lines = [_line(name, amount) for name in ("a", "b", "c") for amount in (100, -100)]
    kept, following = whole_entries(lines[:6], 5)
    assert [line.cause for line in kept] == ["a", "a", "b", "b"]
    assert following == (kept[-1].at, kept[-1].entry_id)
    assert whole_entries(lines, 6) == (lines, None)


# ---------------------------------------------------------------------- files


async def test_GD06_orders_refunds_differences_and_entries_are_files(
    client: Client, shop: Shop, finance: Headers
) -> None:
    refund = await _handed_out(shop)
    await _bill(shop, TODAY, {"CH-SAMPLE-1": 700})
    span = f"first={TODAY}&last={TODAY}"
    tables = {}
    for name in FILES:
        answer = await client.get(f"/staff/money/{name}.csv?{span}", headers=finance)
        assert answer.headers["content-type"] == "text/csv; charset=utf-8"
        assert f'filename="{name}-20261121.csv"' in answer.headers["content-disposition"]
        text = answer.content.decode("utf-8")
        assert text.startswith(BOM)
        tables[name] = list(csv.reader(io.StringIO(text.removeprefix(BOM))))
    assert tables["orders"][1][4:9] == ["诊查费", "线上复诊", "窗口现金", "50.00", "50.00"]
    assert tables["refunds"][1][1] == refund.number
    assert tables["differences"][1][1:6] == ["微信支付", "对方有，我方无", "CH-SAMPLE-1", "", "7.00"]
    debits = sum(_fen(row[6]) for row in tables["entries"][1:])
    assert debits == sum(_fen(row[7]) for row in tables["entries"][1:]) == 10_000
    async with shop.units.system("test") as unit:
        found = sa.select(sa.func.count()).where(AuditRecord.name == "finance.exported")
        assert await unit.session.scalar(found) == 4


async def test_a_file_is_in_the_readers_language(client: Client, finance: Headers) -> None:
    answer = await client.get("/staff/money/orders.csv", headers={**finance, "accept-language": "en"})
    first = translator("en")("支付时间")
    assert first != "支付时间" and answer.text.startswith(f"{BOM}{first},")


@pytest.mark.parametrize("evil", ["=cmd|'/c calc'!A1", "+1+1", "-2+3", "@SUM(A1)", "\t=1", "\r=1"])
async def test_a_cell_never_becomes_a_formula(
    client: Client, shop: Shop, finance: Headers, evil: str
) -> None:
    assert cell(evil) == f"'{evil}"
    assert cell("CH-261121-7K2M9Q4T-1") == "CH-261121-7K2M9Q4T-1"
    refund = await _handed_out(shop)
    async with shop.units.system("test") as unit:
        await unit.session.execute(sa.update(Refund).where(Refund.id == refund.id).values(note=evil))
    answer = await client.get(f"/staff/money/refunds.csv?day={TODAY}", headers=finance)
    (row,) = list(csv.reader(io.StringIO(answer.text, newline="")))[1:]
    assert row[-1] == f"'{evil}"


async def test_a_long_list_is_written_in_pages(
    client: Client, shop: Shop, finance: Headers, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("telehealth.payments.exporting._AT_ONCE", 3)
    for _ in range(7):
        await _cash(shop)
    for name, rows in (("orders", 7), ("entries", 14)):
        answer = await client.get(f"/staff/money/{name}.csv?day={TODAY}", headers=finance)
        lines = list(csv.reader(io.StringIO(answer.text)))[1:]
        assert len(lines) == len({tuple(line) for line in lines}) == rows, name


async def test_another_hospitals_money_is_in_no_list_and_no_file(
    client: Client, units: Units, shop: Shop
) -> None:
    refund = await _handed_out(shop)
    elsewhere = await add_hospital(units, "jiangbin")
    foreign = await cookie(
        units, staff(await add_staff(units, elsewhere.id, [Role.FINANCE], login="foreign", name="样例外院"))
    )
    assert (await client.get(f"/staff/money/refunds/{refund.id}", headers=foreign)).status_code == 404
    for path in PAGES:
        assert refund.number not in (await client.get(path, headers=foreign)).text
    for name in FILES:
        answer = await client.get(f"/staff/money/{name}.csv?day={TODAY}", headers=foreign)
        assert len(answer.text.splitlines()) == 1, name


# ---------------------------------------------------------------------- the API


async def test_finance_reads_and_acts_by_the_api(
    client: Client, units: Units, shop: Shop, member: StaffMember
) -> None:
    key = await bearer(units, staff(member))
    root = "/api/v1/hospital-money"
    refund = await _handed_out(shop)
    await _bill(shop, TODAY, {"CH-SAMPLE-1": 700})
    (listed,) = (await client.get(f"{root}/differences", headers=key)).json()
    assert (listed["kind"], listed["theirs"], listed["age_days"]) == ("missing_here", 700, 0)
    there = f"{root}/differences/{listed['id']}"
    assert (await client.post(f"{there}/ownership", headers=key)).json()["owner"] == member.name
    done = await client.post(f"{there}/resolution", json={"note": "渠道测试款"}, headers=key)
    assert done.json()["resolved_at"] is not None
    again = await client.post(f"{there}/resolution", json={"note": "再说一次"}, headers=key)
    assert (again.status_code, again.json()["code"]) == (409, "difference_resolved")

    gone = await client.post(f"{there}/handover", json={"member_id": str(member.id)}, headers=key)
    assert (gone.status_code, gone.json()["code"]) == (409, "difference_resolved")

    (parked,) = (await client.get(f"{root}/refunds", headers=key)).json()
    assert parked["number"] == refund.number
    there = f"{root}/refunds/{refund.id}"
    settled = await client.post(f"{there}/settlement", json={"note": "患者已签收"}, headers=key)
    assert settled.json()["state"] == "settled"
    late = await client.post(f"{there}/retry", headers=key)
    assert (late.status_code, late.json()["code"]) == (409, "refund_not_parked")


async def test_GD06_the_books_of_a_day_by_the_api(
    client: Client, units: Units, shop: Shop, member: StaffMember, clock: FixedClock
) -> None:
    key = await bearer(units, staff(member))
    root = "/api/v1/hospital-money"
    number = await _wechat(shop)
    refund = await _handed_out(shop)
    await _bill(shop, TODAY, {"CH-SAMPLE-1": 700, number: 5000})

    today = (await client.get(f"{root}/day", headers=key)).json()
    assert (today["day"], today["paid"], today["refunded"]) == (str(TODAY), 10000, 0)
    assert [(line["way"], line["orders"], line["cash"]) for line in today["totals"]] == [
        ("jsapi", 1, 5000), ("cash", 1, 5000),
    ]  # fmt: skip
    clock.move_business_to(clock.business() + timedelta(days=3))
    day = (await client.get(f"{root}/day?day={TODAY}", headers=key)).json()
    theirs = {one.pop("party"): one for one in day["parties"]}
    assert theirs["wechatpay"] | {"fetched_at": ""} == {
        "is_due": True, "fetched_at": "", "expected_lines": 1, "lines": 2, "matched_lines": 1, "fees": 0,
    }  # fmt: skip
    assert theirs["nhsa"]["is_due"] and theirs["nhsa"]["fetched_at"] is None
    assert day["open_differences"] == 1

    span = f"first={TODAY}&last={TODAY}"
    first = (await client.get(f"{root}/orders?{span}&limit=1", headers=key)).json()
    rest = (await client.get(f"{root}/orders?{span}&limit=1&after={first['next']}", headers=key)).json()
    assert [one["number"] for one in first["items"]] == [number] and rest["next"] == ""
    assert [one["way"] for one in rest["items"]] == ["cash"]

    accounts = (await client.get(f"{root}/accounts?{span}", headers=key)).json()
    assert sum(one["balance"] for one in accounts) == 0 == sum(one["opening"] for one in accounts)
    postings = (await client.get(f"{root}/postings?{span}", headers=key)).json()
    assert sum(one["amount"] for one in postings["items"]) == 0
    wanted = accounts[0]["account"]
    of_one = (await client.get(f"{root}/postings?{span}&account={wanted}", headers=key)).json()
    assert {one["account"] for one in of_one["items"]} == {wanted}

    (row,) = await _differences(units)
    one = (await client.get(f"{root}/differences/{row.id}", headers=key)).json()
    assert (one["difference"]["reference"], one["order"]) == ("CH-SAMPLE-1", None)
    shown = (await client.get(f"{root}/refunds/{refund.id}", headers=key)).json()
    assert (shown["number"], shown["state"]) == (refund.number, "parked")
    under_way = (await client.get(f"{root}/refunds?group=unsettled", headers=key)).json()
    assert [each["number"] for each in under_way] == [refund.number]


@pytest.mark.parametrize(
    "query",
    [
        "orders?first=2026-11-22&last=2026-11-21",
        "accounts?first=2024-01-01&last=2026-11-21",
        "postings?after=WyJub25zZW5zZSIsMV0",
        "day?day=9999-12-31",
    ],
)
async def test_GD06_nonsense_about_the_books_is_refused_by_the_api(
    client: Client, units: Units, member: StaffMember, query: str
) -> None:
    answer = await client.get(f"/api/v1/hospital-money/{query}", headers=await bearer(units, staff(member)))
    assert answer.status_code == 422


async def test_GD06_an_app_hands_a_difference_over_to_a_colleague(
    client: Client, units: Units, shop: Shop, member: StaffMember
) -> None:
    key = await bearer(units, staff(member))
    await _bill(shop, TODAY, {"CH-SAMPLE-1": 700})
    (row,) = await _differences(units)
    there = f"/api/v1/hospital-money/differences/{row.id}/handover"
    other = await add_staff(units, shop.hospital.id, [Role.FINANCE], login="finance.two", name="样例财务乙")
    given = await client.post(there, json={"member_id": str(other.id)}, headers=key)
    assert (given.status_code, given.json()["owner"]) == (200, "样例财务乙")
    nobody = await client.post(there, json={"member_id": str(row.id)}, headers=key)
    assert nobody.status_code == 404


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({"day": "2026-11-21", "party": "wechatpay"}, 409, "bill_not_ready"),
        ({"day": "2026-11-20", "party": "desk"}, 422, "fields_invalid"),
        ({"day": "9999-12-31", "party": "wechatpay"}, 422, "request_invalid"),
        ({"day": "soon", "party": "wechatpay"}, 422, "request_invalid"),
    ],
)
async def test_a_bill_that_cannot_be_there_is_not_asked_for_by_the_api(
    client: Client, units: Units, member: StaffMember, body: dict[str, str], status: int, code: str
) -> None:
    key = await bearer(units, staff(member))
    answer = await client.post("/api/v1/hospital-money/bills", json=body, headers=key)
    assert (answer.status_code, answer.json()["code"]) == (status, code)


# ----------------------------------------------------------------------


async def _cash(shop: Shop) -> UUID:
    charge = await add_charge(shop)
    async with shop.units.hospital(shop.hospital.id, shop.staff(Role.DESK)) as unit:
        await take_cash(unit, charge.id, received=charge.amount)
    return charge.id


async def _handed_out(shop: Shop) -> Refund:
    """Paid in cash, to be given back in cash: it waits at the window."""
    charge_id = await _cash(shop)
    async with shop.units.hospital(shop.hospital.id, shop.staff(Role.FINANCE)) as unit:
        refund = await refund_in_full(unit, charge_id, RefundReason.STAFF, note="样例")
    assert refund is not None
    await submit_due(shop.units)
    found: Refund = await reread(shop.units, refund)
    assert found.state is RefundState.PARKED
    return found


async def _parked(shop: Shop, word: str) -> Refund:
    refund = await _handed_out(shop)
    async with shop.units.system("test") as unit:
        await unit.session.execute(sa.text("update refund_legs set word = :word"), {"word": word})
    return refund


async def _begun(shop: Shop) -> str:
    """An order at WeChat as `charging.begin` leaves it; the number."""
    charge = await add_charge(shop)
    async with shop.units.of(shop.actor) as unit:
        order = PayOrder(
            id=new_id(), charge_id=charge.id, hospital_id=charge.hospital_id, account_id=charge.account_id,
            provider="wechatpay", way=Way.JSAPI, out_trade_no=f"{charge.number}-1", cash=charge.amount,
            fund=0, personal=0, other=0, state=PayOrderState.SUBMITTED, request={"hospital": "yunan"},
            answer={}, expires_at=charge.pay_by, look_at=unit.wall, looks=0, created_at=unit.now,
        )  # fmt: skip
        unit.session.add(order)
    return order.out_trade_no


async def _wechat(shop: Shop) -> str:
    """Paid through WeChat, as far as our ledger knows."""
    number = await _begun(shop)
    async with shop.units.system("payment") as unit:
        await settle(unit, number, OrderAnswer(OrderTruth.PAID, f"sample-{number}", 5000, unit.now))
    return number


async def _bill(shop: Shop, day: date, lines: dict[str, int]) -> None:
    """The provider's bill of a day, as if it had been fetched."""
    hospital_id = shop.hospital.id
    async with shop.units.hospital(hospital_id, shop.staff(Role.FINANCE)) as unit:
        unit.session.add(
            BillFetch(
                hospital_id=hospital_id, party="wechatpay", day=day, fetched_at=unit.now, rows=len(lines),
                digest="sample",
            )
        )  # fmt: skip
        for number, amount in lines.items():
            unit.session.add(
                BillRow(
                    hospital_id=hospital_id, party="wechatpay", day=day, kind="payment", reference=number,
                    party_number=f"sample-{number}", amount=amount, fee=0, at=unit.now,
                )
            )  # fmt: skip
        await unit.session.flush()
        await match(unit, hospital_id, day, "wechatpay")


async def _differences(units: Units) -> Sequence[Difference]:
    async with units.system("test") as unit:
        return (await unit.session.scalars(sa.select(Difference))).all()


def _line(cause: str, amount: int) -> EntryLine:
    return EntryLine(UUID(int=ord(cause)), NOON_ENOUGH, "sample", cause, new_id(), "refunds", amount)


def _fen(text: str) -> int:
    return int(text.replace(".", "")) if text else 0


def _words(answer: httpx2.Response) -> str:
    """What stands on the page, tags and blanks aside."""
    assert answer.status_code == 200, answer.text
    return " ".join(re.sub(r"<[^>]+>", " ", answer.text).split())
