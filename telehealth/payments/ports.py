"""What payments needs from whoever moves money, in our words. One adapter per provider (SJ03).

Calls raise `ProviderDown` when nothing is known of the outcome: ask again, with the same number.
Amounts are fen; instants are business time, as the provider dates them.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from typing import Protocol

from telehealth.payments.errors import NoticeRefused
from telehealth.payments.states import Way


class OrderTruth(StrEnum):
    """What a provider says of an order."""

    UNPAID = "unpaid"
    PAID = "paid"
    CLOSED = "closed"
    #: It never heard of the number.
    UNKNOWN = "unknown"


class RefundTruth(StrEnum):
    PROCESSING = "processing"
    SETTLED = "settled"
    #: Not carried out; a person looks, and only then a new number.
    CLOSED = "closed"
    #: The way back is blocked: card closed, account frozen.
    ABNORMAL = "abnormal"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class OrderFacts:
    """An order as it is asked for; the same facts make the same request, byte for byte."""

    hospital: str
    out_trade_no: str
    way: Way
    amount: int
    description: str
    expires_at: datetime
    openid: str = ""
    client_ip: str = ""
    #: Where an H5 payment returns to.
    return_url: str = ""


@dataclass(frozen=True, slots=True)
class OrderAnswer:
    truth: OrderTruth
    transaction_id: str | None = None
    amount: int | None = None
    paid_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class RefundFacts:
    hospital: str
    out_trade_no: str
    number: str
    #: Of this refund, and of the whole order.
    amount: int
    total: int
    reason: str


@dataclass(frozen=True, slots=True)
class RefundAnswer:
    truth: RefundTruth
    party_number: str | None = None
    amount: int | None = None
    settled_at: datetime | None = None
    received_by: str | None = None


@dataclass(frozen=True, slots=True)
class BankCard:
    """A card of the payer's, for money whose own way back is blocked. Said to the provider, kept nowhere."""

    #: The provider's code of the bank.
    bank: str
    number: str = field(repr=False)
    holder: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Notice:
    """A verified callback: only a hint which number to ask about."""

    event: str
    out_trade_no: str
    #: Ours, when it is about a refund.
    refund_number: str | None = None
    amount: int | None = None


@dataclass(frozen=True, slots=True)
class Told:
    """What a callback claims: whose merchant it is about (a hospital's code), and how much it moved."""

    hospital: str
    amount: int | None

    def require(self, hospital: str, *amounts: int) -> None:
        """Raises NoticeRefused unless it fits what we know: nobody need be asked about such a claim."""
        if hospital != self.hospital:
            raise NoticeRefused("unknown_order")
        if self.amount is not None and self.amount not in amounts:
            raise NoticeRefused("amount_differs")


@dataclass(frozen=True, slots=True)
class BillLine:
    kind: str
    reference: str
    party_number: str
    amount: int
    fee: int
    at: datetime | None


@dataclass(frozen=True, slots=True)
class Bill:
    day: date
    digest: str
    lines: tuple[BillLine, ...]


@dataclass(frozen=True, slots=True)
class MixedFacts:
    """Both halves of a split payment, for the channel that collects them behind one password."""

    hospital: str
    out_trade_no: str
    openid: str
    #: None when the insurer pays all of it.
    prepay_id: str | None
    order_kind: str
    payer_name: str
    payer_number: str
    payer_document: str
    #: The patient, when it is not the payer.
    relative_name: str
    relative_number: str
    relative_document: str
    serial_no: str
    pay_order_id: str
    pay_auth_no: str
    location: str
    created_at: datetime
    total: int
    fund: int
    personal: int
    other: int
    cash: int
    attach: str = ""
    #: Where it is paid: an openid and the whole payment belong to one of two apps.
    way: Way = Way.JSAPI


class HalfTruth(StrEnum):
    """What the channel says of one half, or of the whole."""

    CREATED = "created"
    PAID = "paid"
    REFUNDED = "refunded"
    FAILED = "failed"
    #: There is no such half.
    NONE = "none"


@dataclass(frozen=True, slots=True)
class MixedAnswer:
    """Three statuses, always all three: the whole may have failed while the cash half succeeded."""

    whole: HalfTruth
    cash: HalfTruth
    insured: HalfTruth
    mix_trade_no: str | None = None


class PaymentProvider(Protocol):
    """Moves money for one or many hospitals; `hospital` is the code whose merchant is meant."""

    name: str

    def offers(self, hospital: str, way: Way) -> bool: ...

    async def prepay(self, facts: OrderFacts) -> Mapping[str, str]:
        """`prepay_id`, `code_url` or `h5_url`. Repeating it with the same facts is harmless.

        Raises ProviderDown, ProviderBusy, ProviderRefused, and OrderPaid when it was paid meanwhile.
        """
        ...

    def invocation(self, hospital: str, way: Way, prepay_id: str) -> dict[str, str]:
        """Signed parameters for the client's own call, fresh each time."""
        ...

    async def query(self, hospital: str, out_trade_no: str) -> OrderAnswer: ...

    async def close(self, hospital: str, out_trade_no: str) -> None:
        """No money can come in any more, when this returns. Raises OrderPaid, ProviderDown."""
        ...

    async def refund(self, facts: RefundFacts) -> RefundAnswer:
        """Accepted is not refunded. Raises NotEnough, ProviderDown, ProviderRefused, ProviderBusy."""
        ...

    async def query_refund(self, hospital: str, number: str) -> RefundAnswer: ...

    async def refund_elsewhere(
        self, hospital: str, number: str, party_number: str, *, card: BankCard | None
    ) -> RefundAnswer:
        """Send an ABNORMAL refund, under way again, to a card; without one to the merchant's own.

        Raises ProviderRefused (not abnormal, or no such card), ProviderDown, ProviderBusy.
        """
        ...

    def read_notice(self, hospital: str, topic: str, headers: Mapping[str, str], body: bytes) -> Notice:
        """Verify and decrypt. Raises NoticeRefused with its verdict."""
        ...

    async def bill(self, hospital: str, day: date) -> Bill:
        """What it moved on that day. Raises BillNotReady, ProviderDown."""
        ...


class MixedChannel(Protocol):
    """Collects both halves of a split payment: the same adapter as `wechatpay`."""

    def offers_mixed(self, hospital: str) -> bool: ...

    async def order_mixed(self, facts: MixedFacts) -> MixedAnswer: ...

    async def query_mixed(self, hospital: str, out_trade_no: str) -> MixedAnswer:
        """Three times NONE: it never heard of the number."""
        ...

    def mixed_invocation(
        self, hospital: str, mix_trade_no: str, prepay_id: str | None, way: Way = Way.JSAPI
    ) -> dict[str, str]:
        """Parameters of `requestMedicalInsurancePay`."""
        ...

    async def tell_refunded(
        self,
        hospital: str,
        mix_trade_no: str,
        *,
        number: str,
        fund: int,
        personal: int,
        other: int,
        at: datetime,
    ) -> None: ...


@dataclass(frozen=True)
class Providers:
    """All that can move money, by name. Joined by app.py."""

    by_name: Mapping[str, PaymentProvider] = field(default_factory=dict)
    mixed: MixedChannel | None = None

    def __getitem__(self, name: str) -> PaymentProvider:
        return self.by_name[name]
