"""The keys by which other systems of a hospital read its records: made, known again, revoked.

A key is shown once; a digest of it is kept. It opens the FHIR routes of its hospital and nothing else.
"""

import hashlib
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from telehealth.core.access import NOBODY, Actor
from telehealth.core.unit import Unit, Units
from telehealth.directory import hospital_by_code
from telehealth.hospital import queries
from telehealth.hospital.errors import SystemKeyNotFound, SystemKeyUnknown
from telehealth.hospital.models import SystemKey

#: So that whoever finds one in a log or a repository knows what it is.
PREFIX = "thfhir_"
#: `used_at` is as exact as this, and a busy system does not write with every read.
USED_AGAIN = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Caller:
    """A system that showed its key. As an actor it has no permission: only FHIR asks for it."""

    key_id: UUID
    hospital_id: UUID
    hospital: str
    name: str

    @property
    def actor(self) -> Actor:
        return Actor(account_id=self.key_id, hospital_id=self.hospital_id, name=self.name)


async def make_key(unit: Unit, name: str) -> tuple[SystemKey, str]:
    """A key for one system of the actor's hospital, and the text that is shown this once."""
    token = PREFIX + secrets.token_urlsafe(32)
    row = SystemKey(
        hospital_id=unit.actor.hospital, name=name, digest=digest_of(token), made_by=unit.actor.account,
        made_at=unit.now,
    )  # fmt: skip
    unit.session.add(row)
    await unit.session.flush()
    unit.audit("system_key.made", row, system=name)
    return row, token


async def revoke_key(unit: Unit, key_id: UUID) -> SystemKey:
    """From the next request on it opens nothing. Again changes nothing. Raises SystemKeyNotFound."""
    row = await queries.lock_system_key(unit, unit.actor.hospital, key_id)
    if row is None:
        raise SystemKeyNotFound()
    if row.revoked_at is None:
        row.revoked_at = unit.now
        unit.audit("system_key.revoked", row, system=row.name)
    return row


async def keys_of(unit: Unit) -> Sequence[SystemKey]:
    """Of the actor's hospital, the newest first, revoked ones too."""
    return await queries.system_keys(unit, unit.actor.hospital)


async def recognise(units: Units, hospital_code: str, token: str) -> Caller:
    """
    Raises:
        HospitalNotFound: there is no such hospital.
        SystemKeyUnknown: this is no key of it, or no longer one.
    """
    async with units.public() as unit:
        place = await hospital_by_code(unit, hospital_code)
    # Opened as this hospital: the key of another one is not even there.
    async with units.hospital(place.id, NOBODY) as unit:
        row = await queries.system_key(unit, place.id, digest_of(token)) if token else None
        if row is None:
            raise SystemKeyUnknown()
        if row.used_at is None or row.used_at <= unit.now - USED_AGAIN:
            await queries.note_use(unit, row.id)
        return Caller(row.id, place.id, place.code, row.name)


def digest_of(token: str) -> str:
    """The key is 256 random bits: there is nothing to guess, so nothing to slow down."""
    return hashlib.sha256(token.encode()).hexdigest()
