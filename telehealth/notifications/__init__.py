"""Telling people: what features above may ask of notifications."""

from telehealth.notifications.notices import Notice
from telehealth.notifications.ports import SMSGateway
from telehealth.notifications.sending import Told, notify, notify_many

__all__ = ["Notice", "SMSGateway", "Told", "notify", "notify_many"]
