"""The consultation of an internet booking: the room, what is said in it, and how it ends."""

from telehealth.consultations.queries import lock_consultation

__all__ = ["lock_consultation"]
