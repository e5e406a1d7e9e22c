"""Insured orders: two halves behind one password, and what becomes of either."""

import secrets
from collections.abc import Mapping
from typing import Any

from telehealth.sandbox.dates import SHANGHAI
from telehealth.sandbox.party import World
from telehealth.sandbox.wxpay.merchants import Merchant
from telehealth.sandbox.wxpay.moments import written
from telehealth.sandbox.wxpay.notices import SHORT_SCHEDULE, Notices
from telehealth.sandbox.wxpay.order_book import NotPayable, Order, OrderBook

MIXED = "wxpay.medins"
#: `mchid/out_trade_no` → mix_trade_no.
NUMBERS = "wxpay.medins_numbers"
#: Those whose cash is paid while the insurer does not answer.
PENDING = "wxpay.medins_pending"
#: Where the insurance platform of this sandbox keeps its orders, by `payOrdId`, amounts in fen.
INSURER = "nhsa.orders"

_HIDDEN = ("payer", "relative", "pay_auth_no")


class InsuredBook:
    def __init__(
        self, world: World, merchants: Mapping[str, Merchant], orders: OrderBook, notices: Notices
    ) -> None:
        self._world = world
        self._books = world.books
        self._merchants = merchants
        self._orders = orders
        self._notices = notices

    def find(self, mix_trade_no: str) -> dict[str, Any] | None:
        found: dict[str, Any] | None = self._books.recall(MIXED, mix_trade_no)
        return found

    def by_out_trade_no(self, mchid: str, out_trade_no: str) -> dict[str, Any] | None:
        number = self._books.recall(NUMBERS, f"{mchid}/{out_trade_no}")
        return self.find(number) if number else None

    def everything(self, mchid: str | None = None) -> list[dict[str, Any]]:
        return [held for held in self._books.leaf_through(MIXED).values() if mchid in (None, held["mchid"])]

    def open(self, merchant: Merchant, asked: Mapping[str, Any]) -> dict[str, Any]:
        kind = asked["mix_pay_type"]
        now = self._world.clock.now()
        stamp = now.astimezone(SHANGHAI).strftime("%Y%m%d%H%M%S")
        held = {
            "mix_trade_no": f"{stamp}{secrets.randbelow(10**16):016d}",
            "mchid": merchant.mchid,
            "asked": {name: value for name, value in asked.items() if name not in _HIDDEN},
            "mix": "MIX_PAY_CREATED",
            "cash": "NO_SELF_PAY" if kind == "INSURANCE_ONLY" else "SELF_PAY_CREATED",
            "insurance": "NO_MED_INS_PAY" if kind == "CASH_ONLY" else "MED_INS_PAY_CREATED",
            "created_at": now.timestamp(),
            "paid_at": None,
            "refunds": {},
        }
        self._books.note(NUMBERS, f"{merchant.mchid}/{asked['out_trade_no']}", held["mix_trade_no"])
        return self._keep(held)

    def pay(self, held: dict[str, Any], cash: Order | None) -> dict[str, Any]:
        """The password was entered: first the cash half, then the insurer.

        Raises:
            NotPayable: it is not waiting, or its cash order is not.
        """
        if held["mix"] != "MIX_PAY_CREATED" or self._books.recall(PENDING, held["mix_trade_no"]):
            raise NotPayable(held["mix"])
        with self._books.writing():
            if held["cash"] != "NO_SELF_PAY":
                if cash is None:
                    raise NotPayable("NO_CASH_ORDER")
                if self._meets("cash_fails"):
                    self._orders.fail(cash)
                    return self._keep({**held, "mix": "MIX_PAY_FAIL", "cash": "SELF_PAY_FAIL"})
                self._orders.pay(cash)
                held = self._keep({**held, "cash": "SELF_PAY_SUCCESS"})
            if held["insurance"] == "NO_MED_INS_PAY":
                return self._finish(held)
            if self._meets("insurer_timeout", spend=False):
                self._books.note(PENDING, held["mix_trade_no"], True)
                return held
            return self._settle_insurance(held)

    def settle_pending(self) -> None:
        """Once the insurer answers again, what hung goes on."""
        for number in self._books.leaf_through(PENDING):
            if self._meets("insurer_timeout", spend=False):
                return
            with self._books.writing():
                self._books.forget(PENDING, number)
                held = self.find(number)
                if held is not None:
                    self._settle_insurance(held)

    def _settle_insurance(self, held: dict[str, Any]) -> dict[str, Any]:
        """The insurer's own order must be priced, and into the very parts that were sent to us."""
        asked = held["asked"]
        theirs = self._books.recall(INSURER, asked["pay_order_id"])
        parts = {"fund": "med_ins_gov_fee", "account": "med_ins_self_fee", "other": "med_ins_other_fee"}
        agreed = (
            theirs is not None
            and theirs["state"] == "priced"
            and all(theirs[leg] == asked[name] for leg, name in parts.items())
            and theirs["cash"] == asked["med_ins_cash_fee"]
        )
        if not agreed or self._meets("insurance_fails"):
            if theirs is not None and theirs["state"] == "priced":
                self._books.note(INSURER, asked["pay_order_id"], {**theirs, "state": "failed"})
            return self._keep({**held, "mix": "MIX_PAY_FAIL", "insurance": "MED_INS_PAY_FAIL"})
        settled_at = self._world.clock.now().astimezone(SHANGHAI).isoformat()
        self._books.note(
            INSURER, asked["pay_order_id"], {**theirs, "state": "settled", "settled_at": settled_at}
        )
        return self._finish({**held, "insurance": "MED_INS_PAY_SUCCESS"})

    def _finish(self, held: dict[str, Any]) -> dict[str, Any]:
        paid_at = self._world.clock.now().timestamp()
        held = self._keep({**held, "mix": "MIX_PAY_SUCCESS", "paid_at": paid_at})
        self._notices.tell(
            self._merchants[held["mchid"]],
            held["asked"]["callback_url"],
            "MEDICAL_INSURANCE.SUCCESS",
            self.view(held),
            about=held["mix_trade_no"],
            schedule=SHORT_SCHEDULE,
        )
        return held

    def note_refund(self, held: dict[str, Any], asked: Mapping[str, Any]) -> None:
        refunds = {**held["refunds"], asked["out_refund_no"]: dict(asked)}
        self._keep({**held, "refunds": refunds, "mix": "MIX_PAY_REFUND", "insurance": "MED_INS_PAY_REFUND"})

    def view(self, held: Mapping[str, Any]) -> dict[str, Any]:
        """Nowhere a `transaction_id`: that is the cash order's."""
        cash = self._orders.find(held["mchid"], held["asked"]["out_trade_no"])
        refunded = cash is not None and cash.state == "REFUND" and held["cash"] == "SELF_PAY_SUCCESS"
        shown = {
            "mix_trade_no": held["mix_trade_no"],
            "mix_pay_status": held["mix"],
            "self_pay_status": "SELF_PAY_REFUND" if refunded else held["cash"],
            "med_ins_pay_status": held["insurance"],
            **held["asked"],
        }
        return shown | ({"paid_time": written(held["paid_at"])} if held["paid_at"] is not None else {})

    def _keep(self, held: dict[str, Any]) -> dict[str, Any]:
        self._books.note(MIXED, held["mix_trade_no"], held)
        return held

    def _meets(self, mode: str, *, spend: bool = True) -> bool:
        fault = self._world.faults.look("wechatpay")
        if fault is None or fault.mode != mode:
            return False
        if spend:
            self._world.faults.spend("wechatpay")
        return True
