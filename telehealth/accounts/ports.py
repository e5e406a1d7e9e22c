"""What accounts need from outside."""

from typing import Protocol

from telehealth.accounts.states import CodePurpose, Lang


class CodeSender(Protocol):
    """Carries a code to a phone. Never a job: the code must not rest in a queue."""

    async def send(self, phone: str, code: str, purpose: CodePurpose, lang: Lang) -> None:
        """Returns once the carrier took it.

        Raises Unavailable when it cannot be known or the carrier is down, Busy or Refused when
        this phone may get no more for now.
        """
