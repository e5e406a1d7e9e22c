from telehealth.consultations import models
from telehealth.core.feature import Feature

__all__ = ["feature", "models"]

feature = Feature(name="consultations")
