"""Bookings: what features above may name of them. Verbs are modules of their own (`holding`, `paying` …)."""

from telehealth.bookings.models import Booking
from telehealth.bookings.queries import BookingPlace, bookings_of, live_booking, named, place_of
from telehealth.bookings.states import BookingState

__all__ = ["Booking", "BookingPlace", "BookingState", "bookings_of", "live_booking", "named", "place_of"]
