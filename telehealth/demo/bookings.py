"""Seats the sample patients hold, so that somebody is waiting when a newcomer looks."""

from uuid import UUID

from telehealth.core.access import Actor
from telehealth.web.house import House


async def book(house: House, actor: Actor, hospital_code: str, person_id: UUID, *, nth: int) -> None:
    """Filled in below once the booking verbs are joined."""
