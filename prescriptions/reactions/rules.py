"""By when a pharmacist looks at a report. Pure."""

from datetime import datetime, timedelta

from prescriptions.reactions.states import Severity
from telehealth.rulebook.rules import PolicySet

LONGEST = 10_000


def assess_by(at: datetime, severity: Severity, policy: PolicySet) -> datetime:
    numbers = policy.reactions
    return at + timedelta(hours=numbers.severe_hours if severity is Severity.SEVERE else numbers.assess_hours)


def is_too_long(text: str, policy: PolicySet) -> bool:
    return len(text) > policy.reactions.longest_text
