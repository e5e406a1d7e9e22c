"""What the demo hands to the `demo_scene` contributions: a sample visit into which they play their part."""

from typing import Protocol
from uuid import UUID

from telehealth.core.access import Actor
from telehealth.core.unit import Units


class Stage(Protocol):
    """One sample visit while it is open."""

    @property
    def units(self) -> Units: ...
    @property
    def room(self) -> UUID: ...
    @property
    def person_id(self) -> UUID: ...
    @property
    def phone(self) -> str: ...
    @property
    def patient(self) -> Actor: ...
    @property
    def doctor(self) -> Actor: ...
    @property
    def public_url(self) -> str: ...
    @property
    def sandbox_url(self) -> str: ...

    async def staff(self, login: str) -> Actor:
        """On a device of their own, with the second factor just given."""

    async def pay(self, charge_id: UUID) -> None:
        """The patient's own press at the sandbox's till."""
