"""What a rating is, in words, and what becomes of the words somebody added to it."""

from enum import StrEnum

from telehealth.core.i18n import N_
from telehealth.core.machine import Machine


class WordsState(StrEnum):
    NONE = "none"
    #: Nobody has read them yet.
    WAITING = "waiting"
    #: Passed on to the doctor, without a name.
    PASSED = "passed"
    WITHHELD = "withheld"


class WordsEvent(StrEnum):
    WRITE = "write"
    ERASE = "erase"
    PASS = "pass"  # noqa: S105 - what the reader does with them
    WITHHOLD = "withhold"


S, E = WordsState, WordsEvent

WORDS = Machine(
    "rating_words",
    S.NONE,
    {
        **{(state, E.WRITE): S.WAITING for state in S},
        **{(state, E.ERASE): S.NONE for state in S},
        (S.WAITING, E.PASS): S.PASSED,
        (S.WAITING, E.WITHHOLD): S.WITHHELD,
    },
)

STARS: dict[int, str] = {
    5: N_("非常满意"),
    4: N_("满意"),
    3: N_("一般"),
    2: N_("不满意"),
    1: N_("非常不满意"),
}
