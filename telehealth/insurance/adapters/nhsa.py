"""The national insurance platform's mobile series (6201 …), one door a hospital.

Amounts travel in yuan and are fen on our side; both ways without floats. Field names and code lists
differ by province, so what may differ stands in the tables below.
"""

import hashlib
from collections.abc import Mapping
from datetime import UTC, date, datetime
from typing import Any
from urllib.parse import urlencode

import structlog

from telehealth.core.clock import SHANGHAI, Clock
from telehealth.core.money import AmountInvalid, parse_yuan, yuan
from telehealth.core.settings import NHSA
from telehealth.insurance.adapters.envelope import Platform
from telehealth.insurance.errors import InsurerDown, InsurerRefused, SplitUnsound
from telehealth.insurance.ports import (
    AccountEntry,
    CoverTruth,
    Insured,
    InsuredAccount,
    Settlement,
    Split,
    Upload,
)
from telehealth.insurance.rules import counts_account_in_fund, divide
from telehealth.insurance.states import Category

log = structlog.get_logger(__name__)

RESIDENT_ID = "01"
ORDINARY_VISIT = "11"
PAGE = 200
MOST_PAGES = 500

CATEGORIES = {
    ORDINARY_VISIT: Category.ORDINARY,
    "14": Category.CHRONIC,
    "51": Category.MATERNITY,
    "61": Category.WORK_INJURY,
}
#: Our kind of line → the code of the service catalogue.
SERVICES = {"consult_fee": "110200001", "registration_fee": "110100001"}
OTHER_SERVICE = "110200099"

#: Where an order stands, as far as the insurer's own part goes.
TRUTHS = {
    "0": CoverTruth.OPEN,
    "1": CoverTruth.OPEN,
    "6": CoverTruth.SETTLED,
    "9": CoverTruth.SETTLED,
    "10": CoverTruth.SETTLED,
    "7": CoverTruth.REFUNDED,
    "8": CoverTruth.REFUNDED,
    "11": CoverTruth.REFUNDED,
    "12": CoverTruth.FAILED,
    "16": CoverTruth.FAILED,
}
_UNKNOWN_PERSON = ("PSN_NOT_FOUND", "PSN_NOT_INSURED")
_UNKNOWN_ORDER = "ORDER_NOT_FOUND"
_UNKNOWN_MESSAGE = "ORIGINAL_NOT_FOUND"
_REFUND_DONE = "SUCC"


class NHSAInsurer:
    """`Insurer` over the platform; picks the door by the hospital's code."""

    def __init__(self, doors: Mapping[str, NHSA], clock: Clock) -> None:
        self._platforms = {code: Platform(code, door, clock) for code, door in doors.items()}

    async def close(self) -> None:
        for platform in self._platforms.values():
            await platform.close()

    def serves(self, hospital: str) -> bool:
        return hospital in self._platforms

    def authorise_url(self, hospital: str, *, token: str, return_url: str, number: str) -> str:
        door = self._at(hospital).door
        asked = {
            "institution": door.fixmedins_code,
            "redirect_uri": return_url,
            "state": token,
            "cert_digest": hashlib.md5(number.upper().encode(), usedforsecurity=False).hexdigest(),
        }
        return f"{door.authorise_url}{'&' if '?' in door.authorise_url else '?'}{urlencode(asked)}"

    def message_number(self, hospital: str) -> str:
        return self._at(hospital).message_number()

    async def look_up(self, hospital: str, *, document_number: str, name: str) -> Insured | None:
        asked = {"psn_cert_type": RESIDENT_ID, "certno": document_number, "psn_name": name}
        try:
            output = await self._at(hospital).call("1101", asked)
        except InsurerRefused as error:
            if error.facts["word"] in _UNKNOWN_PERSON:
                return None
            raise
        try:
            return _insured(output)
        except (KeyError, TypeError, AttributeError):
            raise InsurerDown(reason="malformed") from None

    def tells_accounts(self, hospital: str) -> bool:
        return self.serves(hospital) and self._at(hospital).door.tells_accounts

    async def account(
        self, hospital: str, *, document_number: str, name: str, first: date, last: date
    ) -> InsuredAccount | None:
        platform = self._at(hospital)
        asked = {"psn_cert_type": RESIDENT_ID, "certno": document_number, "psn_name": name}
        try:
            found = await platform.call("1101", asked)
            insured = _insured(found)
            if insured is None:
                return None
            days = {"begndate": first.isoformat(), "enddate": last.isoformat()}
            listed = await platform.call(
                "5203", {"psn_no": insured.number, **days}, insured_at=insured.division
            )
            entries = tuple(_entry(line) for line in listed["setlinfo"])
            return InsuredAccount(insured.division, _balance(found, insured), entries)
        except InsurerRefused as error:
            if error.facts["word"] in _UNKNOWN_PERSON:
                return None
            raise
        except (KeyError, TypeError, AttributeError, ValueError, AmountInvalid):
            raise InsurerDown(reason="malformed") from None

    async def upload(self, upload: Upload) -> tuple[str, str]:
        platform = self._at(upload.hospital)
        data = {
            "orgCodg": platform.door.fixmedins_code,
            "medOrgOrd": upload.serial_no,
            "psnNo": upload.insured_number,
            "insutype": upload.insurance_type,
            "idNo": upload.document_number,
            "userName": upload.name,
            "idType": RESIDENT_ID,
            "insuCode": upload.division,
            "medType": ORDINARY_VISIT,
            "feeType": "01",
            "medfeeSumamt": yuan(upload.total),
            "acctUsedFlag": "1",
            "payAuthNo": upload.auth_number,
            "chrgBchno": upload.serial_no,
            "feedetailList": _fees(upload),
        }
        output = await platform.call("6201", data, insured_at=upload.division, message=upload.message)
        return _text(output, "payOrdId"), _text(output, "payToken")

    async def price(self, hospital: str, upload: Upload, pay_order_id: str, pay_token: str) -> Split:
        platform = self._at(hospital)
        asked = {"payOrdId": pay_order_id, "payToken": pay_token}
        output = await platform.call("6202", asked, insured_at=upload.division)
        return _split(output, upload, platform.door)

    async def query(self, hospital: str, pay_order_id: str, pay_token: str, upload: Upload) -> CoverTruth:
        platform = self._at(hospital)
        asked = {
            "payOrdId": pay_order_id,
            "payToken": pay_token,
            "orgCodg": platform.door.fixmedins_code,
            "idNo": upload.document_number,
            "userName": upload.name,
            "idType": RESIDENT_ID,
        }
        try:
            output = await platform.call("6301", asked, insured_at=upload.division)
        except InsurerRefused as error:
            if error.facts["word"] == _UNKNOWN_ORDER:
                return CoverTruth.UNKNOWN
            raise
        return TRUTHS.get(str(output.get("ordStas")), CoverTruth.UNKNOWN)

    async def refund(
        self, hospital: str, *, pay_order_id: str, number: str, split: Split, at: datetime
    ) -> None:
        platform = self._at(hospital)
        asked = {
            "orgCodg": platform.door.fixmedins_code,
            "payOrdId": pay_order_id,
            "appRefdSn": number,
            "appRefdTime": f"{at.astimezone(SHANGHAI):%Y%m%d%H%M%S}",
            "totlRefdAmt": yuan(split.total),
            "fundRefdAmt": yuan(split.fund),
            "psnAcctRefdAmt": yuan(split.personal),
            "othFundRefdAmt": yuan(split.other),
            "cashRefdAmt": yuan(split.cash),
            "refdType": "ALL" if split.cash else "HI",
        }
        output = await platform.call("6203", asked)
        if output.get("refStatus") != _REFUND_DONE:
            # Accepted is not refunded: the same number is asked again.
            raise InsurerDown(reason="refund_processing")

    async def revoke(self, hospital: str, pay_order_id: str, pay_token: str) -> None:
        await self._at(hospital).call("6401", {"payOrdId": pay_order_id, "payToken": pay_token})

    async def take_back(self, hospital: str, message: str) -> None:
        try:
            await self._at(hospital).call("2601", {"omsgid": message, "oinfno": "6201"})
        except InsurerRefused as error:
            # It never arrived, or it failed there: nothing stands.
            if error.facts["word"] != _UNKNOWN_MESSAGE:
                raise

    async def settlements(self, hospital: str, day: date) -> tuple[Settlement, ...]:
        platform, lines = self._at(hospital), list[Settlement]()
        asked = {"stmt_begndate": day.isoformat(), "stmt_enddate": day.isoformat(), "page_size": PAGE}
        for number in range(1, MOST_PAGES + 1):
            output = await platform.call("3202", {**asked, "page_num": number})
            try:
                lines += [_settlement(line) for line in output["detailinfo"]]
                is_last = number >= int(output["pages"])
            except (KeyError, TypeError, ValueError, AmountInvalid):
                raise InsurerDown(reason="malformed") from None
            if is_last:
                return tuple(lines)
        raise InsurerDown(reason="too_many_pages")

    def _at(self, hospital: str) -> Platform:
        try:
            return self._platforms[hospital]
        except KeyError:
            log.error("insurer.not_configured", hospital=hospital)
            raise InsurerDown(reason="not_configured") from None


def _insured(output: Mapping[str, Any]) -> Insured | None:
    """The insurance that still runs; where there are several, the one that settles ordinary visits."""
    running = [one for one in output["insuinfo"] if str(one.get("psn_insu_stas", "1")) == "1"]
    if not running:
        return None
    chosen = next((one for one in running if Category.ORDINARY in _categories(one)), running[0])
    return Insured(
        number=str(output["baseinfo"]["psn_no"]),
        division=str(chosen["insuplc_admdvs"]),
        insurance_type=str(chosen["insutype"]),
        categories=_categories(chosen),
    )


def _balance(output: Mapping[str, Any], insured: Insured) -> int | None:
    """What is left on the account of this insurance."""
    for one in output["insuinfo"]:
        if str(one["insutype"]) == insured.insurance_type and one.get("balc") not in (None, ""):
            return _fen(one["balc"])
    return None


def _entry(line: Mapping[str, Any]) -> AccountEntry:
    """A line that undoes a settlement counts downwards."""
    sign = -1 if str(line.get("refd_setl_flag", "0")) == "1" else 1
    at = datetime.strptime(str(line["setl_time"]), "%Y-%m-%d %H:%M:%S").replace(tzinfo=SHANGHAI)
    return AccountEntry(
        at=at.astimezone(UTC),
        place=str(line.get("fixmedins_name", "")),
        total=sign * _fen(line["medfee_sumamt"]),
        fund=sign * _fen(line["fund_pay_sumamt"]),
        personal=sign * _fen(line["acct_pay"]),
        cash=sign * _fen(line["psn_cash_pay"]),
    )


def _categories(insurance: Mapping[str, Any]) -> tuple[Category, ...]:
    """Those we know."""
    codes = [str(one["med_type"]) for one in insurance.get("med_types") or ()]
    return tuple(CATEGORIES[code] for code in codes if code in CATEGORIES)


def _fees(upload: Upload) -> list[dict[str, str]]:
    """The same content on every repetition, or the platform takes it for another order."""
    return [
        {
            "feedetlSn": f"{upload.serial_no}-{position}",
            "medListCodg": SERVICES.get(fee.kind, OTHER_SERVICE),
            "medinsListName": fee.description,
            "cnt": "1",
            "pric": yuan(fee.amount),
            "detItemFeeSumamt": yuan(fee.amount),
        }
        for position, fee in enumerate(upload.fees, 1)
    ]


def _split(output: Mapping[str, Any], upload: Upload, door: NHSA) -> Split:
    try:
        told = {
            "fund": _fen(output["fundPay"]),
            "personal": _fen(output["psnAcctPay"]),
            "other": _fen(output.get("othFundPay") or "0"),
            # Provinces spell it both ways.
            "cash": _fen(output.get("ownPayAmt", output.get("ownpayAmt"))),
        }
        total = _fen(output.get("feeSumamt", yuan(upload.total)))
    except (KeyError, AmountInvalid):
        raise SplitUnsound(total=upload.total) from None
    if total != upload.total:
        raise SplitUnsound(total=upload.total, parts=total)
    included = counts_account_in_fund(upload.division, door.fund_includes_account)
    parts = divide(total, **told, fund_includes_account=included)
    return Split(parts.fund, parts.personal, parts.other, parts.cash, dict(output))


def _settlement(line: Mapping[str, Any]) -> Settlement:
    is_payment = line["recdType"] == "SETL"
    told = datetime.strptime(str(line["traceTime"]), "%Y-%m-%d %H:%M:%S").replace(tzinfo=SHANGHAI)
    return Settlement(
        kind="payment" if is_payment else "refund",
        reference=str(line["medOrgOrd"] if is_payment else line["appRefdSn"]),
        party_number=str(line["payOrdId"]),
        # Whole less cash, so that it does not matter whether the fund's part holds the account's.
        amount=_fen(line["feeSumamt"]) - _fen(line["ownPayAmt"]),
        at=told.astimezone(UTC),
    )


def _fen(value: Any) -> int:
    """Raises AmountInvalid."""
    return parse_yuan(str(value))


def _text(output: Mapping[str, Any], name: str) -> str:
    value = output.get(name)
    if not isinstance(value, str) or not value:
        # It was taken in, and we do not know under which number.
        raise InsurerDown(reason="malformed")
    return value
