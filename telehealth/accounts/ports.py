"""What accounts need from outside."""

from dataclasses import dataclass
from typing import Protocol

from telehealth.accounts.states import CodePurpose, Lang


class CodeSender(Protocol):
    """Carries a code to a phone. Never a job: the code must not rest in a queue."""

    async def send(self, phone: str, code: str, purpose: CodePurpose, lang: Lang) -> None:
        """Returns once the carrier took it.

        Raises Unavailable when it cannot be known or the carrier is down, Busy or Refused when
        this phone may get no more for now.
        """


@dataclass(frozen=True, slots=True)
class WeChatUser:
    """Whom WeChat says somebody is, to one of a hospital's apps."""

    appid: str
    openid: str
    #: Links a person's openids across the apps of one hospital; absent when they are not bound together.
    unionid: str | None = None


class WeChatGateway(Protocol):
    """WeChat's word on who uses a page or a mini-program. `hospital` is the code whose apps are meant."""

    def serves(self, hospital: str) -> bool: ...

    def appid(self, hospital: str, *, mini: bool = False) -> str: ...

    def authorise_url(self, hospital: str, *, return_url: str, state: str) -> str:
        """Where a page inside WeChat asks, silently, who its reader is."""
        ...

    async def user_of_page_code(self, hospital: str, code: str) -> WeChatUser:
        """Raises WeChatCodeRefused, WeChatDown."""
        ...

    async def user_of_mini_code(self, hospital: str, code: str) -> WeChatUser:
        """Raises WeChatCodeRefused, WeChatDown. The session key stays here and is dropped."""
        ...

    async def page_signature(self, hospital: str, url: str) -> dict[str, str]:
        """What `wx.config` needs for the page at `url`. Raises WeChatDown."""
        ...
