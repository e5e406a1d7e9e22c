"""WeChat Pay as the platform's payment provider, and as the channel of split payments (SJ03)."""

from collections.abc import Mapping
from datetime import date, datetime

import httpx2

from telehealth.core.clock import Clock
from telehealth.core.settings import WeChatPay
from telehealth.payments.adapters.wechatpay import bills, mixed, notices, orders, refunds
from telehealth.payments.adapters.wechatpay.client import Connections, Merchant
from telehealth.payments.errors import NoticeRefused, ProviderRefused
from telehealth.payments.ports import (
    BankCard,
    Bill,
    MixedAnswer,
    MixedFacts,
    Notice,
    OrderAnswer,
    OrderFacts,
    RefundAnswer,
    RefundFacts,
)
from telehealth.payments.states import Way


class WeChatPayProvider:
    """`PaymentProvider` and `MixedChannel`. `hospital` is the code its merchant is configured under.

    One try a call, within the merchant's `timeout_s`: whoever asks records, and repeats.
    Every call may raise `ProviderBusy`, too.
    """

    name = "wechatpay"

    def __init__(
        self,
        merchants: Mapping[str, WeChatPay],
        *,
        public_url: str,
        clock: Clock,
        transport: httpx2.AsyncBaseTransport | None = None,
    ) -> None:
        self.connections = Connections(transport)
        self._merchants = {
            code: Merchant(code, settings, self.connections, public_url=public_url, clock=clock)
            for code, settings in merchants.items()
        }

    async def aclose(self) -> None:
        await self.connections.close()

    # PaymentProvider.

    def offers(self, hospital: str, way: Way) -> bool:
        merchant = self._merchants.get(hospital)
        return merchant is not None and way in orders.PRODUCTS and bool(orders.appid(merchant, way))

    async def prepay(self, facts: OrderFacts) -> Mapping[str, str]:
        """Raises OrderPaid, too, when a repetition finds the order paid."""
        return await orders.prepay(self._merchant(facts.hospital), facts)

    def invocation(self, hospital: str, way: Way, prepay_id: str) -> dict[str, str]:
        """A mini-program's call has no `appId`: it is the mini-program's own."""
        merchant = self._merchant(hospital)
        account = orders.appid(merchant, way)
        call = merchant.key.client_call(account, prepay_id, now_s=merchant.now_s())
        return call if way is Way.MINI_PROGRAM else {"appId": account, **call}

    async def query(self, hospital: str, out_trade_no: str) -> OrderAnswer:
        return await orders.query(self._merchant(hospital), out_trade_no)

    async def close(self, hospital: str, out_trade_no: str) -> None:
        await orders.close(self._merchant(hospital), out_trade_no)

    async def refund(self, facts: RefundFacts) -> RefundAnswer:
        return await refunds.refund(self._merchant(facts.hospital), facts)

    async def query_refund(self, hospital: str, number: str) -> RefundAnswer:
        return await refunds.query_refund(self._merchant(hospital), number)

    async def refund_elsewhere(
        self, hospital: str, number: str, party_number: str, *, card: BankCard | None
    ) -> RefundAnswer:
        return await refunds.refund_elsewhere(self._merchant(hospital), number, party_number, card=card)

    def read_notice(self, hospital: str, topic: str, headers: Mapping[str, str], body: bytes) -> Notice:
        merchant = self._merchants.get(hospital)
        if merchant is None:
            raise NoticeRefused(notices.FOREIGN)
        return notices.read_notice(merchant, topic, headers, body)

    async def learn_keys(self, hospital: str) -> bool:
        """After a notice was refused with "unknown_key": whether reading it again may help."""
        return await self._merchant(hospital).learn_keys()

    async def bill(self, hospital: str, day: date) -> Bill:
        return await bills.bill(self._merchant(hospital), day)

    # MixedChannel.

    def offers_mixed(self, hospital: str) -> bool:
        merchant = self._merchants.get(hospital)
        return merchant is not None and mixed.is_offered(merchant)

    async def order_mixed(self, facts: MixedFacts) -> MixedAnswer:
        return await mixed.order(self._merchant(facts.hospital), facts)

    async def query_mixed(self, hospital: str, out_trade_no: str) -> MixedAnswer:
        return await mixed.query(self._merchant(hospital), out_trade_no)

    def mixed_invocation(
        self, hospital: str, mix_trade_no: str, prepay_id: str | None, way: Way = Way.JSAPI
    ) -> dict[str, str]:
        return mixed.invocation(self._merchant(hospital), mix_trade_no, prepay_id, way)

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
    ) -> None:
        parts = {"gov": fund, "self": personal, "other": other}
        await mixed.tell_refunded(self._merchant(hospital), mix_trade_no, number=number, parts=parts, at=at)

    def _merchant(self, hospital: str) -> Merchant:
        merchant = self._merchants.get(hospital)
        if merchant is None:
            raise ProviderRefused(word="not_configured")
        return merchant
