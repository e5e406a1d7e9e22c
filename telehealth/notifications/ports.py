"""What notifications need from outside."""

from collections.abc import Sequence
from typing import Protocol


class SMSGateway(Protocol):
    """A carrier of text messages, which only sends templates it approved."""

    def offers(self, template: str) -> bool: ...

    async def send(
        self, phone: str, template: str, parameters: Sequence[str], *, lang: str, reference: str
    ) -> str:
        """Hand one message over and return the carrier's serial number. `reference` comes back in its books.

        Raises SMSDown, SMSUnpaid, SMSMisconfigured, PhoneTooSoon, PhoneRefused.
        """
