"""The hospital's cashier through its FHIR door: what is unpaid, what it costs, who paid it first."""

from collections.abc import AsyncIterator
from typing import Any

import httpx2
import pytest

from telehealth.core.clock import SystemClock
from telehealth.hospital import HISUnavailable
from telehealth.hospital.adapters.billing import FHIRBilling
from telehealth.hospital.billing import BillKind, BillPayment, BillStatus, HISBill
from tests.support.sandbox import Sandbox
from tests.wire.test_fhir_gateway import settings_of


@pytest.fixture
async def cashier(sandbox: Sandbox) -> AsyncIterator[FHIRBilling]:
    opened = FHIRBilling({code: settings_of(sandbox, code) for code in ("yunan", "jiangbin")})
    yield opened
    await opened.close()


def order(sandbox: Sandbox, id: str, *lines: tuple[str, int], **more: Any) -> None:
    """A doctor of the hospital orders something for 罗文斌, whom no other test here asks about."""
    body = {"id": id, "person": "yn05", "lines": lines or [("样例", 1200)], **more}
    httpx2.post(f"{sandbox.base_url}/his/yunan/bills", json=body).raise_for_status()


def press(sandbox: Sandbox, id: str, verb: str, **body: Any) -> httpx2.Response:
    return httpx2.post(f"{sandbox.base_url}/his/yunan/bills/{id}/{verb}", json=body)


def payment(number: str, amount: int = 1200) -> BillPayment:
    return BillPayment(number, amount, SystemClock().business())


async def one(cashier: FHIRBilling, id: str) -> HISBill:
    found = await cashier.bill("yunan", "yn05", id)
    assert found is not None
    return found


async def test_BJ07_unpaid_bills_come_with_campus_lines_and_total(
    cashier: FHIRBilling, sandbox: Sandbox
) -> None:
    order(sandbox, "list-1", ("甲", 3640), ("乙", 2881), campus="east", kind="drug")
    bill = next(bill for bill in await cashier.unpaid("yunan", "yn05") if bill.resource_id == "list-1")
    assert (bill.kind, bill.status, bill.campus) == (BillKind.DRUG, BillStatus.UNPAID, "east")
    assert (bill.amount, [line.amount for line in bill.lines]) == (6521, [3640, 2881])
    assert bill.number == "MZ-LIST-1" and bill.department == "心血管内科"


async def test_BJ07_a_bill_is_never_anothers(cashier: FHIRBilling, sandbox: Sandbox) -> None:
    order(sandbox, "mine-1")
    with pytest.raises(HISUnavailable):
        await cashier.bill("yunan", "yn01", "mine-1")
    assert await cashier.bill("yunan", "yn05", "never-was") is None


async def test_BJ08_the_pharmacy_answers_a_payment_with_window_and_number(
    cashier: FHIRBilling, sandbox: Sandbox
) -> None:
    order(sandbox, "drug-1")
    paid = await cashier.settle("yunan", "yn05", "drug-1", payment("PO-1"))
    assert paid is not None and paid.status is BillStatus.PAID and paid.paid_by == "PO-1"
    assert paid.window.endswith("号窗口") and paid.pickup_number.startswith("A") and paid.called_at is None
    assert press(sandbox, "drug-1", "call").status_code == 200
    assert (await one(cashier, "drug-1")).called_at is not None


async def test_telling_twice_under_one_number_pays_once(cashier: FHIRBilling, sandbox: Sandbox) -> None:
    order(sandbox, "twice-1")
    first = await cashier.settle("yunan", "yn05", "twice-1", payment("PO-2"))
    again = await cashier.settle("yunan", "yn05", "twice-1", payment("PO-2"))
    assert first == again and again is not None and again.paid_by == "PO-2"


async def test_BJ07_whoever_pays_second_is_told_who_was_first(cashier: FHIRBilling, sandbox: Sandbox) -> None:
    order(sandbox, "race-1")
    assert press(sandbox, "race-1", "payment").status_code == 200
    late = await cashier.settle("yunan", "yn05", "race-1", payment("PO-3"))
    assert late is not None and late.paid_by == "window"
    order(sandbox, "race-2")
    await cashier.settle("yunan", "yn05", "race-2", payment("PO-4"))
    assert press(sandbox, "race-2", "payment").status_code == 409


async def test_BJ07_a_changed_price_and_a_cancelled_bill_are_not_paid(
    cashier: FHIRBilling, sandbox: Sandbox
) -> None:
    order(sandbox, "price-1")
    press(sandbox, "price-1", "price", amount=1300)
    dearer = await cashier.settle("yunan", "yn05", "price-1", payment("PO-5"))
    assert dearer is not None and (dearer.status, dearer.amount) == (BillStatus.UNPAID, 1300)
    order(sandbox, "gone-1")
    press(sandbox, "gone-1", "cancellation")
    gone = await cashier.settle("yunan", "yn05", "gone-1", payment("PO-6"))
    assert gone is not None and gone.status is BillStatus.WITHDRAWN


async def test_XY24_a_silent_cashier_says_nothing_at_all(cashier: FHIRBilling, sandbox: Sandbox) -> None:
    order(sandbox, "down-1")
    with sandbox.faults(his={"mode": "down"}), pytest.raises(HISUnavailable):
        await cashier.settle("yunan", "yn05", "down-1", payment("PO-7"))
    assert (await one(cashier, "down-1")).status is BillStatus.UNPAID
