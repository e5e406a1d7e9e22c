"""What the gate needs from a feature beside it."""

from collections.abc import Iterable, Sequence
from enum import StrEnum
from typing import Protocol

from telehealth.rulebook.rules import PolicySet


class RedFlagQuestion(Protocol):
    """Yes means: do not wait for an online visit."""

    @property
    def id(self) -> str: ...
    @property
    def zh(self) -> str: ...
    @property
    def en(self) -> str: ...


class RedFlagAdvice(Protocol):
    """`numbers` are telephone numbers to offer, `sentence` is Chinese."""

    @property
    def level(self) -> StrEnum: ...
    @property
    def numbers(self) -> tuple[str, ...]: ...
    @property
    def sentence(self) -> str: ...


class RedFlagBook(Protocol):
    """Contributed under "red_flags" by the feature that also reads the patient's free text."""

    def questions_for(self, diagnoses: Iterable[str], text: str = "") -> Sequence[RedFlagQuestion]: ...

    def advice(self, flags: Iterable[str], policy: PolicySet) -> RedFlagAdvice | None: ...
