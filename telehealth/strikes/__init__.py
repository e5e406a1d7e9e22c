"""No-shows: strikes, the bans they bring, and appeals against them."""

from telehealth.strikes.errors import StrikeRefused
from telehealth.strikes.queries import ACTIVE_BANS, active_bans
from telehealth.strikes.rules import Absence, Ban, Standing

__all__ = ["ACTIVE_BANS", "Absence", "Ban", "Standing", "StrikeRefused", "active_bans"]
