from signaling import models, presence, turn
from signaling.audit_words import WORDS
from signaling.routes import routes
from signaling.timers import run_timers
from telehealth.core.feature import Feature, Periodic

__all__ = ["feature", "models"]

feature = Feature(
    name="signaling",
    pages=routes,
    periodic=(
        Periodic("signaling.calls", 1, run_timers),
        Periodic("signaling.presence", 15, presence.sweep),
    ),
    contributions=(
        ("audit_words", WORDS),
        ("health", ("turn", turn.check)),
    ),
)
