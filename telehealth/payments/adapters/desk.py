"""Cash at the hospital's window. It moves by hand: nothing here calls anybody.

Money that goes back is counted out by staff. So a refund is refused with the word `hand_out`, always:
whoever submits it parks the leg for staff, who settle it once the money was handed over.
"""

from collections.abc import Mapping
from datetime import date

from telehealth.payments.errors import BillNotReady, NoticeRefused, ProviderRefused, WayNotOffered
from telehealth.payments.ports import (
    BankCard,
    Bill,
    Notice,
    OrderAnswer,
    OrderFacts,
    OrderTruth,
    RefundAnswer,
    RefundFacts,
    RefundTruth,
)
from telehealth.payments.states import Way

#: The word a leg is parked with.
HAND_OUT = "hand_out"


class DeskProvider:
    """`PaymentProvider` for cash. Taken money is settled by whoever took it, never by asking here."""

    name = "desk"

    def offers(self, hospital: str, way: Way) -> bool:
        return way is Way.CASH

    async def prepay(self, facts: OrderFacts) -> Mapping[str, str]:
        return {}

    def invocation(self, hospital: str, way: Way, prepay_id: str) -> dict[str, str]:
        raise WayNotOffered()

    async def query(self, hospital: str, out_trade_no: str) -> OrderAnswer:
        return OrderAnswer(OrderTruth.UNPAID)

    async def close(self, hospital: str, out_trade_no: str) -> None:
        """No money comes in but through our own verb, which refuses what is closing."""

    async def refund(self, facts: RefundFacts) -> RefundAnswer:
        """Raises ProviderRefused with the word `hand_out`."""
        raise ProviderRefused(word=HAND_OUT)

    async def query_refund(self, hospital: str, number: str) -> RefundAnswer:
        """It never heard of any: submitting goes on to `refund`, and parks."""
        return RefundAnswer(RefundTruth.UNKNOWN)

    async def refund_elsewhere(
        self, hospital: str, number: str, party_number: str, *, card: BankCard | None
    ) -> RefundAnswer:
        """Raises ProviderRefused with the word `hand_out`."""
        raise ProviderRefused(word=HAND_OUT)

    def read_notice(self, hospital: str, topic: str, headers: Mapping[str, str], body: bytes) -> Notice:
        raise NoticeRefused("foreign")

    async def bill(self, hospital: str, day: date) -> Bill:
        """The window's own count is no second book: there is nothing to compare with."""
        raise BillNotReady(day=day.isoformat())
