"""The numbers a hospital decides by, as versions it edits, rehearses and publishes.

`telehealth.rulebook.rules` holds the set itself and needs no database.
"""

from telehealth.rulebook.errors import PolicyMissing, PolicyNotFound
from telehealth.rulebook.models import PolicyVersionRow
from telehealth.rulebook.queries import (
    CURRENT_POLICY,
    PolicyVersion,
    current_policy,
    current_row,
    desk_promises,
    policy_version,
    version_row,
    versions,
)

__all__ = [
    "CURRENT_POLICY",
    "PolicyMissing", "PolicyNotFound", "PolicyVersion", "PolicyVersionRow", "current_policy", "current_row",
    "desk_promises", "policy_version", "version_row", "versions",
]  # fmt: skip
