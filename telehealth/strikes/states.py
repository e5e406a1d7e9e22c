from enum import StrEnum

from telehealth.core.machine import Machine


class AppealState(StrEnum):
    OPEN = "open"
    #: The strike was taken back.
    UPHELD = "upheld"
    DECLINED = "declined"


class AppealEvent(StrEnum):
    UPHOLD = "uphold"
    DECLINE = "decline"


APPEAL: Machine[AppealState, AppealEvent] = Machine(
    "appeal",
    AppealState.OPEN,
    {
        (AppealState.OPEN, AppealEvent.UPHOLD): AppealState.UPHELD,
        (AppealState.OPEN, AppealEvent.DECLINE): AppealState.DECLINED,
    },
)
