"""Telling people: what features above may ask of notifications."""

from telehealth.notifications.notices import Notice
from telehealth.notifications.ports import SMSGateway
from telehealth.notifications.sending import notify

__all__ = ["Notice", "SMSGateway", "notify"]
