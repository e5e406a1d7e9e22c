"""Bills of a hospital's system over FHIR R4: `Invoice` to read, `PaymentNotice` to tell.

What FHIR has no element for (campus, visit, pharmacy window) comes in extensions whose addresses the
hospital and we agreed on. A bill we cannot read whole, or that is not what we asked for, is not believed.
"""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Any, Literal

import structlog
from pydantic import BeforeValidator, Field, ValidationError

from telehealth.core.clock import SHANGHAI, hospital_day
from telehealth.core.settings import HIS
from telehealth.hospital.adapters.resources import Concept, Element, Identifier, Reference, Resource
from telehealth.hospital.adapters.transport import FHIRServer
from telehealth.hospital.billing import BillKind, BillPayment, BillStatus, HISBill, HISBillLine
from telehealth.hospital.errors import HISRejected, HISUnavailable

log = structlog.get_logger(__name__)

_BASE = "urn:telehealth:invoice:"
PAYMENT = "urn:telehealth:payment"
_STATUSES = {
    "issued": BillStatus.UNPAID,
    "balanced": BillStatus.PAID,
    "cancelled": BillStatus.WITHDRAWN,
    "entered-in-error": BillStatus.WITHDRAWN,
}
#: The bill is not to be paid any more, or costs something else: reading it says which.
_CONFLICTS = (409, 412, 422)


def _listed(value: Any) -> Any:
    return [] if value is None else value


class _Money(Element):
    value: Decimal = Decimal(-1)
    currency: str = ""

    @property
    def fen(self) -> int:
        """Raises ValueError for other money, a debt, or parts of a fen."""
        scaled = self.value * 100
        if self.currency != "CNY" or scaled < 0 or scaled != int(scaled):
            raise ValueError("an amount we cannot charge")
        return int(scaled)


class _Price(Element):
    type: str = ""
    amount: _Money = _Money()


class _Line(Element):
    item: Concept = Field(default=Concept(), alias="chargeItemCodeableConcept")
    prices: Annotated[tuple[_Price, ...], BeforeValidator(_listed)] = Field(
        default=(), alias="priceComponent"
    )


class _Extension(Element):
    url: str = ""
    reference: Reference = Field(default=Reference(), alias="valueReference")
    text: str = Field(default="", alias="valueString")
    day: str = Field(default="", alias="valueDate")
    instant: str = Field(default="", alias="valueDateTime")


class _Place(Reference):
    identifier: Identifier = Identifier()
    display: str = ""


class _PlaceExtension(_Extension):
    reference: _Place = Field(default=_Place(), alias="valueReference")


class _Invoice(Resource):
    kind: Literal["Invoice"] = Field(alias="resourceType")
    id: str = Field(min_length=1)
    identifier: Annotated[tuple[Identifier, ...], BeforeValidator(_listed)] = ()
    status: str = ""
    type: Concept = Concept()
    subject: Reference = Reference()
    date: str = ""
    lines: Annotated[tuple[_Line, ...], BeforeValidator(_listed)] = Field(default=(), alias="lineItem")
    total: _Money = Field(default=_Money(), alias="totalNet")
    extension: Annotated[tuple[_PlaceExtension, ...], BeforeValidator(_listed)] = ()

    def part(self, name: str) -> _PlaceExtension:
        return next((item for item in self.extension if item.url == _BASE + name), _PlaceExtension())


class FHIRBilling:
    """`BillingGateway` over one FHIR server a hospital."""

    def __init__(self, settings: Mapping[str, HIS]) -> None:
        self._settings = settings
        self._servers = {code: FHIRServer(code, his) for code, his in settings.items()}

    async def close(self) -> None:
        for server in self._servers.values():
            await server.close()

    async def unpaid(self, hospital: str, his_patient_id: str) -> Sequence[HISBill]:
        subject = f"Patient/{his_patient_id}"
        form = {"patient": subject, "status": "issued", "_sort": "date", "_count": "50"}
        found = []
        for entry in await self._server(hospital).search("Invoice", form):
            bill = _read(entry.resource, subject)
            if bill is None or bill.status is not BillStatus.UNPAID:
                log.warning("his.unasked_resource", hospital=hospital, kind="Invoice")
                continue
            found.append(bill)
        return sorted(found, key=lambda bill: (bill.visited_on, bill.number))

    async def bill(self, hospital: str, his_patient_id: str, resource_id: str) -> HISBill | None:
        raw = await self._server(hospital).read("Invoice", resource_id)
        if raw is None:
            return None
        bill = _read(raw, f"Patient/{his_patient_id}")
        if bill is None or bill.resource_id != resource_id:
            # It is there, and says nothing we could act on: neither payable nor gone.
            raise HISUnavailable(reason="malformed")
        return bill

    async def settle(
        self, hospital: str, his_patient_id: str, resource_id: str, payment: BillPayment
    ) -> HISBill | None:
        server = self._server(hospital)
        try:
            await server.create(
                "PaymentNotice",
                self._notice(hospital, resource_id, payment),
                once_by=f"{PAYMENT}|{payment.number}",
            )
            is_taken = True
        except HISRejected as error:
            if error.facts.get("status") not in _CONFLICTS:
                raise
            is_taken = False
        bill = await self.bill(hospital, his_patient_id, resource_id)
        if is_taken and (bill is None or bill.status is BillStatus.UNPAID):
            # Its books lag behind its word.
            raise HISUnavailable(reason="server_error")
        return bill

    def _server(self, hospital: str) -> FHIRServer:
        try:
            return self._servers[hospital]
        except KeyError:
            log.error("his.not_configured", hospital=hospital)
            raise HISUnavailable(reason="not_configured") from None

    def _notice(self, hospital: str, resource_id: str, payment: BillPayment) -> dict[str, Any]:
        organization = f"Organization/{self._settings[hospital].organization.rpartition('/')[2]}"
        paid_at = payment.paid_at.astimezone(SHANGHAI)
        return {
            "resourceType": "PaymentNotice",
            "identifier": [{"system": PAYMENT, "value": payment.number}],
            "status": "active",
            "request": {"reference": f"Invoice/{resource_id}"},
            "created": paid_at.isoformat(timespec="seconds"),
            "payment": {"display": payment.number},
            "paymentDate": paid_at.date().isoformat(),
            "recipient": {"reference": organization},
            # Two places, as FHIR writes money; JSON has no other number.
            "amount": {"value": round(payment.amount / 100, 2), "currency": "CNY"},
            "paymentStatus": {
                "coding": [{"system": "http://terminology.hl7.org/CodeSystem/paymentstatus", "code": "paid"}]
            },
        }


def _read(raw: dict[str, Any], subject: str) -> HISBill | None:
    """None for another patient's, for one without a visit day, and where lines and total disagree."""
    try:
        invoice = _Invoice.model_validate(raw)
        lines = tuple(HISBillLine(line.item.text, _price(line)) for line in invoice.lines)
        amount = invoice.total.fen
        visited_on = date.fromisoformat(invoice.part("visit").day or _day(invoice.date))
    except (ValidationError, ValueError):
        return None
    status = _STATUSES.get(invoice.status)
    if invoice.subject.reference != subject or status is None:
        return None
    if not lines or sum(line.amount for line in lines) != amount:
        return None
    place = invoice.part("campus").reference
    return HISBill(
        resource_id=invoice.id,
        version_id=invoice.meta.version_id,
        number=next((item.value for item in invoice.identifier if item.value), invoice.id),
        kind=_kind(invoice),
        status=status,
        campus=place.identifier.value,
        campus_name=place.display,
        department=invoice.part("department").text,
        visited_on=visited_on,
        amount=amount,
        lines=lines,
        paid_by=invoice.part("paid-by").text,
        window=invoice.part("pharmacy-window").text,
        pickup_number=invoice.part("pickup-number").text,
        called_at=_instant(invoice.part("called").instant),
    )


def _price(line: _Line) -> int:
    return sum(price.amount.fen for price in line.prices if price.type == "base")


def _kind(invoice: _Invoice) -> BillKind:
    codes = {coding.code for coding in invoice.type.coding}
    return next((kind for kind in BillKind if kind.value in codes), BillKind.OTHER)


def _day(text: str) -> str:
    if len(text) <= 10:
        return text
    return hospital_day(datetime.fromisoformat(text)).isoformat()


def _instant(text: str) -> datetime | None:
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        return None
