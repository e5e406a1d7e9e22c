"""What notifications need from outside."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol
from uuid import UUID

from telehealth.core.unit import Unit
from telehealth.notifications.states import Channel


class SMSGateway(Protocol):
    """A carrier of text messages, which only sends templates it approved."""

    def offers(self, template: str) -> bool: ...

    async def send(
        self, phone: str, template: str, parameters: Sequence[str], *, lang: str, reference: str
    ) -> str:
        """Hand one message over and return the carrier's serial number. `reference` comes back in its books.

        Raises SMSDown, SMSUnpaid, SMSMisconfigured, PhoneTooSoon, PhoneRefused.
        """
        ...


@dataclass(frozen=True, slots=True)
class WeChatMessage:
    """One message to one openid. `data` has the template's keys, cut to its limits."""

    hospital: str
    channel: Channel
    openid: str
    family: str
    data: Mapping[str, str]
    lang: str
    #: One of our own pages.
    path: str
    #: Ours, of 32 characters: the service account sends it once, however often it is asked.
    reference: str


class WeChatMessenger(Protocol):
    """The two ways WeChat carries a message. `hospital` is the code whose apps are meant."""

    def appid(self, hospital: str, channel: Channel) -> str:
        """Empty when the hospital has no such app, or none that sends messages."""
        ...

    def hospitals(self) -> Sequence[str]: ...

    def templates(self, hospital: str) -> Mapping[str, str]:
        """Family → the id a mini-program asks its consent for."""
        ...

    def offers(self, hospital: str, channel: Channel, family: str) -> bool: ...

    async def send(self, message: WeChatMessage) -> str | None:
        """Returns the serial number its result will come under, if WeChat told one.

        Raises WeChatRefused: not to this reader. WeChatUnsent: try again. WeChatUnanswered: it may be out.
        """
        ...


@dataclass(frozen=True, slots=True)
class Report:
    """What a carrier says became of a message."""

    serial: str
    arrived: bool
    reason: str


@dataclass(frozen=True, slots=True)
class Withdrawn:
    """A person took back, in WeChat, what they had allowed a mini-program."""

    appid: str
    openid: str
    family: str


class WeChatPushes(Protocol):
    """What WeChat pushes to a hospital's address, once it proved to be WeChat."""

    def greet(self, hospital: str, query: Mapping[str, str]) -> str:
        """The word that proves to WeChat that the address is ours. Raises PushRefused."""
        ...

    def read(self, hospital: str, query: Mapping[str, str], body: bytes) -> list[Report | Withdrawn]:
        """Raises PushRefused."""
        ...


class HospitalCodes(Protocol):
    """Settings know a hospital by its code."""

    async def code(self, unit: Unit, hospital_id: UUID) -> str | None: ...

    async def names(self, unit: Unit, code: str) -> Mapping[str, str]:
        """Language → name."""
        ...
