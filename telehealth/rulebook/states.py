from enum import StrEnum

from telehealth.core.machine import Machine


class PolicyState(StrEnum):
    DRAFT = "draft"
    PUBLISHED = "published"
    RETIRED = "retired"
    DISCARDED = "discarded"


class PolicyEvent(StrEnum):
    PUBLISH = "publish"
    RETIRE = "retire"
    DISCARD = "discard"


S, E = PolicyState, PolicyEvent

POLICY_VERSION = Machine(
    "policy_version",
    S.DRAFT,
    {
        (S.DRAFT, E.PUBLISH): S.PUBLISHED,
        (S.DRAFT, E.DISCARD): S.DISCARDED,
        (S.PUBLISHED, E.RETIRE): S.RETIRED,  # a newer version took its place
    },
)
