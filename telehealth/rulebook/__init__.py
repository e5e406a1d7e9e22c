"""The numbers a hospital decides by, as versions it edits, rehearses and publishes.

`telehealth.rulebook.rules` holds the set itself and needs no database.
"""

from telehealth.rulebook.errors import PolicyMissing, PolicyNotFound
from telehealth.rulebook.queries import PolicyVersion, current_policy, policy_version

__all__ = ["PolicyMissing", "PolicyNotFound", "PolicyVersion", "current_policy", "policy_version"]
