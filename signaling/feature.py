from signaling import models
from signaling.timers import run_timers
from telehealth.core.feature import Feature, Periodic

__all__ = ["feature", "models"]

feature = Feature(name="signaling", periodic=(Periodic("signaling.calls", 1, run_timers),))
