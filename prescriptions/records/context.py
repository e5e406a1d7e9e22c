"""What the resources of one answer share: hospital, doctors, drug books, lines; each read once."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from uuid import UUID

from prescriptions.formulary import Book, book_of, published_book
from prescriptions.models import Line, Prescription
from prescriptions.queries import lines_by_sheet
from prescriptions.records.medicines import drug_concept
from telehealth.core.unit import Unit
from telehealth.directory import Doctor, Hospital, doctors_by_id, hospital
from telehealth.hospital.elements import Element, local, logical


@dataclass(frozen=True, slots=True)
class Context:
    place: Hospital
    doctors: Mapping[UUID, Doctor]
    books: Mapping[UUID | None, Book]
    lines: Mapping[UUID, list[Line]]

    @property
    def code(self) -> str:
        return self.place.code

    def book(self, rx: Prescription) -> Book:
        """The version the sheet was signed by."""
        return self.books[rx.book_id]

    def drug(self, rx: Prescription, drug_code: str) -> Element:
        return drug_concept(self.code, drug_code, self.book(rx))

    def doctor(self, rx: Prescription) -> Element:
        who = self.doctors.get(rx.doctor_id)
        return logical("Practitioner", local(self.code, "doctor"), rx.doctor_id, who.name if who else "")

    def member(self, account_id: UUID) -> Element:
        """Staff who are no doctors: by their account; names of staff stay here."""
        return logical("Practitioner", local(self.code, "staff"), account_id)


async def context_of(unit: Unit, sheets: Collection[Prescription]) -> Context:
    place = await hospital(unit, unit.actor.hospital)
    books: dict[UUID | None, Book] = {}
    for book_id in {rx.book_id for rx in sheets}:
        found = await (book_of(unit, book_id) if book_id else published_book(unit, place.id))
        books[book_id] = found.book
    return Context(
        place=place,
        doctors=await doctors_by_id(unit, [*{rx.doctor_id for rx in sheets}]),
        books=books,
        lines=await lines_by_sheet(unit, [rx.id for rx in sheets]),
    )
