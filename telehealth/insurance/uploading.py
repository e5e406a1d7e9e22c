"""What is told to the insurer of one cover."""

from collections.abc import Sequence
from dataclasses import dataclass

from telehealth.core.unit import Unit
from telehealth.directory import hospital
from telehealth.insurance import queries
from telehealth.insurance.models import Cover, InsuranceRecord
from telehealth.insurance.ports import Fee, Upload
from telehealth.patients import Person, person


@dataclass(frozen=True, slots=True)
class Errand:
    """A cover with all that a call about it needs; rows are as they were read."""

    cover: Cover
    hospital: str
    person: Person
    record: InsuranceRecord | None

    def upload(self, message: str = "") -> Upload:
        """The same content every time, but for the message's own number."""
        cover, record = self.cover, self.record
        return Upload(
            hospital=self.hospital,
            serial_no=cover.serial_no,
            insured_number=record.insured_number if record else "",
            insurance_type=record.insurance_type if record else "",
            division=cover.division or (record.division if record else ""),
            document_number=self.person.document_number,
            name=self.person.name,
            auth_number=cover.auth_number or "",
            total=cover.total,
            fees=fees_of(cover),
            message=message,
        )


async def errand_of(unit: Unit, cover: Cover) -> Errand:
    place = await hospital(unit, cover.hospital_id)
    patient = await person(unit, cover.person_id)
    record = await queries.record_of(unit, cover.hospital_id, cover.person_id)
    return Errand(cover, place.code, patient, record)


def fees_of(cover: Cover) -> Sequence[Fee]:
    return [Fee(kind, description, amount) for kind, description, amount in cover.raw["fees"]]


def messages_of(cover: Cover) -> list[str]:
    """Numbers of uploads the insurer may have taken in."""
    return list(cover.raw.get("messages", ()))


def keep_messages(cover: Cover, messages: Sequence[str]) -> None:
    cover.raw = {**cover.raw, "messages": list(messages)}
