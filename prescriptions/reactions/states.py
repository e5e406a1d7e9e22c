"""How bad, what is thought of it, and how it ended; with the words for each."""

from enum import StrEnum

from telehealth.core.i18n import N_
from telehealth.core.machine import Machine


class Severity(StrEnum):
    MILD = "mild"
    MODERATE = "moderate"
    SEVERE = "severe"


class Taking(StrEnum):
    STILL = "still"
    STOPPED = "stopped"
    FINISHED = "finished"


class Causality(StrEnum):
    """The six words of the national form."""

    CERTAIN = "certain"
    PROBABLE = "probable"
    POSSIBLE = "possible"
    UNLIKELY = "unlikely"
    PENDING = "pending"
    UNASSESSABLE = "unassessable"


class Ending(StrEnum):
    RECOVERED = "recovered"
    IMPROVING = "improving"
    NOT_IMPROVED = "not_improved"
    SEQUELAE = "sequelae"
    DIED = "died"
    UNKNOWN = "unknown"


class ReactionState(StrEnum):
    REPORTED = "reported"
    ASSESSED = "assessed"


class ReactionEvent(StrEnum):
    #: Also once more: what became of somebody is known later.
    ASSESS = "assess"


REACTION = Machine(
    "reaction",
    ReactionState.REPORTED,
    {
        (ReactionState.REPORTED, ReactionEvent.ASSESS): ReactionState.ASSESSED,
        (ReactionState.ASSESSED, ReactionEvent.ASSESS): ReactionState.ASSESSED,
    },
)

#: With these words it speaks no more against the medicine.
CLEARED = frozenset({Causality.UNLIKELY})

SEVERITIES: dict[Severity, tuple[str, str]] = {
    Severity.MILD: (N_("轻微"), N_("能忍受，不影响日常生活")),
    Severity.MODERATE: (N_("明显"), N_("影响日常生活，或需要另外用药")),
    Severity.SEVERE: (N_("严重"), N_("呼吸困难、面部或喉咙肿胀、昏厥、大片皮疹等")),
}
TAKING: dict[Taking, str] = {
    Taking.STILL: N_("还在用"),
    Taking.STOPPED: N_("已经停用"),
    Taking.FINISHED: N_("疗程已用完"),
}
CAUSALITIES: dict[Causality, str] = {
    Causality.CERTAIN: N_("肯定有关"),
    Causality.PROBABLE: N_("很可能有关"),
    Causality.POSSIBLE: N_("可能有关"),
    Causality.UNLIKELY: N_("可能无关"),
    Causality.PENDING: N_("待评价"),
    Causality.UNASSESSABLE: N_("无法评价"),
}
ENDINGS: dict[Ending, str] = {
    Ending.RECOVERED: N_("痊愈"),
    Ending.IMPROVING: N_("好转"),
    Ending.NOT_IMPROVED: N_("未好转"),
    Ending.SEQUELAE: N_("有后遗症"),
    Ending.DIED: N_("死亡"),
    Ending.UNKNOWN: N_("不详"),
}
STATES: dict[ReactionState, tuple[str, str]] = {
    ReactionState.REPORTED: ("warn", N_("药师评价中")),
    ReactionState.ASSESSED: ("ok", N_("药师已评价")),
}
