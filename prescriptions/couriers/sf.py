"""SF Express for one hospital: parcels booked freight collect, followed, called off, and their labels."""

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

import structlog

from prescriptions.couriers import sf_words as said
from prescriptions.couriers.errors import (
    AddressNotServed,
    CourierRefused,
    CourierUnavailable,
    ParcelMoving,
    WaybillPending,
)
from prescriptions.couriers.lines import Line, moment
from prescriptions.couriers.ports import (
    CARGO,
    Estimate,
    Party,
    Place,
    Push,
    Scan,
    Shipment,
    Waybill,
)
from prescriptions.couriers.rules import in_order
from prescriptions.couriers.sf_gate import Gate
from prescriptions.couriers.sf_routes import ANSWER, read_push, scan_of
from prescriptions.couriers.states import Carrier
from telehealth.core.clock import SHANGHAI, Clock
from telehealth.core.money import AmountInvalid, Fen, parse_yuan
from telehealth.core.settings import SF

log = structlog.get_logger(__name__)

COLLECT = 2
SENDER, RECEIVER = 1, 2
CANCEL = 2
LANGUAGE = "zh-CN"
_LABEL_HOST = ".sf-express.com"
_NOT_DIALLED = re.compile(r"[^0-9+]")
#: After these it is not known whether the order arrived.
_IN_DOUBT = frozenset({"timeout", "unreachable", "server_error", "nonsense"})


class SFCourier:
    """`Courier` over the open platform."""

    def __init__(self, hospital: str, account: SF, line: Line, clock: Clock) -> None:
        self._account = account
        self._line = line
        self._gate = Gate(hospital, account, line, clock)

    async def create(self, order: Shipment) -> Waybill:
        try:
            return await self._book(order)
        except WaybillPending:
            raise
        except CourierUnavailable as error:
            if error.facts.get("reason") not in _IN_DOUBT:
                raise
        if (found := await self.find(order.order_no)) is not None:
            return _standing(found)
        # It never arrived. Should it arrive after all, the number is taken and the second one is refused.
        return await self._book(order)

    async def find(self, order_no: str) -> Waybill | None:
        asked = {"searchType": "1", "orderId": order_no, "language": LANGUAGE}
        try:
            told = await self._gate.ask("EXP_RECE_SEARCH_ORDER_RESP", asked, said.Ordered)
        except CourierRefused as error:
            if error.facts["word"] in said.UNKNOWN_ORDER:
                return None
            if error.facts["word"] in said.CANCELLED:
                return Waybill(Carrier.SF, "", order_no, is_cancelled=True)
            raise
        return self._waybill(told.order, order_no)

    async def cancel(self, order_no: str) -> None:
        asked = {"orderId": order_no, "dealType": CANCEL, "language": LANGUAGE}
        try:
            # Cancelling twice is cancelling once, so it may be asked again like a question.
            told = await self._gate.ask("EXP_RECE_UPDATE_ORDER", asked, said.Changed)
        except CourierRefused as error:
            if error.facts["word"] in said.UNKNOWN_ORDER | said.CANCELLED:
                return
            if error.facts["word"] in said.MOVING:
                raise ParcelMoving(**error.facts) from None
            raise
        if told.change.status != said.DONE:
            raise CourierRefused(word=f"resStatus.{told.change.status}")

    async def print(self, waybill: Waybill) -> bytes:
        partner = self._account.partner_id
        asked = {
            "templateCode": self._account.template_code or f"fm_150_standard_{partner}",
            "version": "2.0",
            "fileType": "pdf",
            "sync": True,
            "documents": [{"masterWaybillNo": waybill.number}],
        }
        told = await self._gate.ask("COM_RECE_CLOUD_PRINT_WAYBILLS", asked, said.Printed)
        file = next((file for file in told.sheets.files if file.number in (waybill.number, "", None)), None)
        if file is None or not self._is_theirs(file.url):
            raise self._line.down("nonsense")
        headers = {"X-Auth-token": file.token} if file.token else {}
        pdf = await self._line.get(file.url, headers, timeout_s=self._account.timeout_s)
        if not pdf.startswith(b"%PDF-"):
            raise self._line.down("nonsense")
        return pdf

    async def watch(self, carrier: Carrier, waybill: str, *, phone_last4: str) -> None:
        """Nothing to ask for: routes of all parcels of the account are pushed to one address."""

    async def routes(self, carrier: Carrier, waybill: str, *, phone_last4: str) -> tuple[Scan, ...]:
        asked = {
            "language": "0",
            "trackingType": "1",
            "trackingNumber": [waybill],
            "methodType": "1",
            "checkPhoneNo": phone_last4,
        }
        told = await self._gate.ask("EXP_RECE_SEARCH_ROUTES", asked, said.Routed)
        lines = [
            line for journey in told.journeys.found if journey.number == waybill for line in journey.routes
        ]
        try:
            scans = [
                scan_of(waybill, line.at, line.place, line.remark, line.code, line.secondary)
                for line in lines
            ]
        except ValueError:
            raise self._line.down("nonsense") from None
        return tuple(in_order(scans))

    def read_push(self, body: bytes, *, token: str) -> tuple[Push, ...]:
        return read_push(body, token=token, expected=self._account.push_token.get_secret_value())

    def answer(self) -> bytes:
        return ANSWER

    async def estimate(
        self, origin: Place, destination: Place, *, weight_g: int, cold_chain: bool = False
    ) -> Estimate:
        asked = {
            "srcAddress": _address(origin),
            "destAddress": _address(destination),
            "weight": _kg(weight_g),
            # With the price.
            "searchPrice": "1",
        }
        if cold_chain:
            asked["businessType"] = str(self._account.cold_express_type)
        told = await self._gate.ask("EXP_RECE_QUERY_DELIVERTM", asked, said.Offered)
        return self._estimate(told.offers.found)

    async def serves(self, origin: Place, destination: Place, *, cold_chain: bool = False) -> bool:
        found = await self.estimate(origin, destination, weight_g=1000, cold_chain=cold_chain)
        return found.is_served

    async def _book(self, order: Shipment) -> Waybill:
        try:
            told = await self._gate.do("EXP_RECE_CREATE_ORDER", self._order(order), said.Ordered)
        except CourierRefused as error:
            if error.facts["word"] not in said.DUPLICATE:
                raise
            found = await self.find(order.order_no)
            if found is None:
                raise self._line.down("nonsense") from None
            return _standing(found)
        return self._waybill(told.order, order.order_no)

    def _order(self, order: Shipment) -> dict[str, Any]:
        """No monthly card: with freight collect none is needed, and whose card it is pays."""
        account = self._account
        message: dict[str, Any] = {
            "language": LANGUAGE,
            "orderId": order.order_no,
            "payMethod": COLLECT,
            "expressTypeId": account.cold_express_type if order.cold_chain else account.express_type,
            "parcelQty": 1,
            "totalWeight": _kg(order.weight_g),
            "isDocall": 1,
            "isReturnRoutelabel": 1,
            "contactInfoList": [_contact(SENDER, order.sender), _contact(RECEIVER, order.receiver)],
            "cargoDetails": [{"name": CARGO, "count": 1, "unit": "件", "weight": _kg(order.weight_g)}],
        }
        if order.cold_chain:
            message["temperatureRange"] = account.temperature_range
        if order.pickup_from is not None:
            message["sendStartTm"] = _written(order.pickup_from)
        return message

    def _waybill(self, order: said.Order, order_no: str) -> Waybill:
        if order.order_id != order_no:
            raise self._line.down("nonsense")
        if order.filter_result == said.UNSERVED:
            raise AddressNotServed(word="filterResult.3")
        if order.filter_result == said.MANUAL:
            raise WaybillPending(reason="pending", retry_after_s=300)
        if order.filter_result != said.SERVED or not order.master:
            raise self._line.down("nonsense")
        return Waybill(Carrier.SF, order.master, order_no, order.route_label)

    def _estimate(self, offers: list[said.Offer]) -> Estimate:
        try:
            prices = sorted(parse_yuan(offer.fee) for offer in offers if offer.fee)
            arrivals = [moment(offer.arrival.rpartition(",")[2]) for offer in offers if offer.arrival]
        except (AmountInvalid, ValueError):
            raise self._line.down("nonsense") from None
        if any(price < 0 for price in prices):
            raise self._line.down("nonsense")
        if not offers:
            return Estimate(is_served=False)
        return Estimate(
            is_served=True,
            lowest=Fen(prices[0]) if prices else None,
            highest=Fen(prices[-1]) if prices else None,
            arrives_by=max(arrivals, default=None),
        )

    def _is_theirs(self, url: str) -> bool:
        """Whether the label lies with SF itself: the token goes there, and what comes back is printed."""
        ours, theirs = urlsplit(self._account.base_url), urlsplit(url)
        if theirs.netloc == ours.netloc:
            return theirs.scheme == ours.scheme
        return theirs.scheme == "https" and (theirs.hostname or "").endswith(_LABEL_HOST)


def _standing(waybill: Waybill) -> Waybill:
    """A number that was called off is spent: the parcel needs another one."""
    if waybill.is_cancelled:
        raise CourierRefused(word="order_cancelled")
    return waybill


def _contact(kind: int, party: Party) -> dict[str, Any]:
    return {
        "contactType": kind,
        "contact": party.name,
        # A hospital writes its line as 0571-5550-1000; SF reads digits.
        "mobile": _NOT_DIALLED.sub("", party.phone),
        "country": "CN",
        "province": party.province,
        "city": party.city,
        "county": party.county,
        "address": party.address,
    }


def _address(place: Place) -> Mapping[str, str]:
    return {
        "province": place.province,
        "city": place.city,
        "district": place.county,
        "address": place.address,
    }


def _kg(weight_g: int) -> float:
    return round(weight_g / 1000, 3)


def _written(at: datetime) -> str:
    return f"{at.astimezone(SHANGHAI):%Y-%m-%d %H:%M:%S}"
