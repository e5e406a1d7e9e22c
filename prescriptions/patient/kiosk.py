"""Whoever stands at a kiosk: nobody we know, in the hall of one hospital."""

from telehealth.core.access import Actor


def at_kiosk() -> Actor:
    return Actor(name="kiosk")
