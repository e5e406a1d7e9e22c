"""Who hears of a doctor's credentials: the doctor, and the administrators of the hospital."""

from uuid import UUID

from telehealth.accounts import staff_of
from telehealth.core.access import Role
from telehealth.core.unit import Unit
from telehealth.directory.models import Credential, Doctor
from telehealth.directory.states import CREDENTIAL_WORDS
from telehealth.notifications import Notice, notify


async def tell_expired(unit: Unit, doctor: Doctor, credential: Credential) -> None:
    await _tell(unit, Notice.CREDENTIAL_EXPIRED, doctor, credential)


async def tell_expiring(unit: Unit, doctor: Doctor, credential: Credential) -> None:
    await _tell(unit, Notice.CREDENTIAL_EXPIRING, doctor, credential)


async def _tell(unit: Unit, notice: Notice, doctor: Doctor, credential: Credential) -> None:
    words, words_en = CREDENTIAL_WORDS[credential.kind]
    for account_id in await _concerned(unit, doctor):
        await notify(
            unit,
            notice,
            account_id,
            hospital_id=doctor.hospital_id,
            holder={"zh": doctor.name, "en": doctor.name_en},
            credential={"zh": words, "en": words_en},
            valid_until=credential.valid_until,
        )


async def _concerned(unit: Unit, doctor: Doctor) -> list[UUID]:
    working = [member for member in await staff_of(unit, doctor.hospital_id) if member.works]
    people = {x.account_id for x in working if Role.ADMIN in x.roles or x.doctor_id == doctor.id}
    if doctor.account_id is not None:
        people.add(doctor.account_id)
    return sorted(people)
