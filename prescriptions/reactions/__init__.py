"""What medicine did to somebody, as they report it, and what the pharmacist makes of it (REG69)."""

from prescriptions.reactions.models import Reaction
from prescriptions.reactions.queries import reported_drugs

__all__ = ["Reaction", "reported_drugs"]
