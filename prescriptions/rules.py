"""Clocks of a prescription: pure, in Asia/Shanghai, day of issue being day 1 (XY30)."""

from datetime import datetime, timedelta

from telehealth.core.clock import HospitalDay, day_start, hospital_day


def valid_until(signed_at: datetime, days: int) -> datetime:
    """00:00 of the day after the last: 23:59:59 of day `days` is in time, this instant is not."""
    return day_start(hospital_day(signed_at) + timedelta(days=days))


def last_day(until: datetime) -> HospitalDay:
    """As people say it: the last day on which it may be paid."""
    return hospital_day(until - timedelta(microseconds=1))


def verification_path(code: str) -> str:
    """What the QR of a sheet opens, after our public address."""
    return f"/rx/{code}"
