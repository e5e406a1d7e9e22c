"""The follow-up gate: what a booking may ask of it. Verbs are in `eligibility.checking`."""

from telehealth.eligibility.errors import CheckNotFound, CheckOutdated, NotEligible
from telehealth.eligibility.facts import Stage
from telehealth.eligibility.models import GateDecision
from telehealth.eligibility.queries import decision as gate_decision

__all__ = ["CheckNotFound", "CheckOutdated", "GateDecision", "NotEligible", "Stage", "gate_decision"]
