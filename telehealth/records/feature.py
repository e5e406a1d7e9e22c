"""What the hospital knows of a person, for that person."""

from telehealth.core import progress
from telehealth.core.feature import Feature

__all__ = ["feature", "progress"]

feature = Feature(name="records")
