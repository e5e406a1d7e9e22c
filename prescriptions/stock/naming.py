"""What a drug of the shelf is called, by the hospital's book."""

from dataclasses import dataclass
from uuid import UUID

from prescriptions.formulary import Book, NoFormulary, published_book
from telehealth.core.i18n import N_
from telehealth.core.unit import Unit


@dataclass(frozen=True, slots=True)
class Drug:
    code: str
    name: str
    strength: str
    #: As counted: "盒", "克".
    unit: str
    cold_chain: bool


async def drugs(unit: Unit, hospital_id: UUID) -> "Names":
    """Of the published book; without one, codes are all there is."""
    try:
        return Names((await published_book(unit, hospital_id)).book)
    except NoFormulary:
        return Names(None)


class Names:
    def __init__(self, book: Book | None) -> None:
        self._book = book

    def of(self, code: str) -> Drug:
        if self._book is not None:
            if (medicine := self._book.medicines.get(code)) is not None:
                return Drug(code, medicine.name, medicine.strength, medicine.pack_unit, medicine.cold_chain)
            if (herb := self._book.herbs.get(code)) is not None:
                return Drug(code, herb.name, N_("饮片"), N_("克"), cold_chain=False)
        return Drug(code, code, "", "", cold_chain=False)

    @property
    def known(self) -> dict[str, str]:
        """Code → name of every drug of the book."""
        if self._book is None:
            return {}
        medicines = {code: medicine.name for code, medicine in self._book.medicines.items()}
        return medicines | {code: herb.name for code, herb in self._book.herbs.items()}
