"""What a medicine is, in codes: the hospital's own drug code always, ATC where the book knows it. Pure."""

from collections.abc import Sequence

from prescriptions.formulary.book import Book
from prescriptions.models import Line
from prescriptions.records.dosing import doses, grams
from prescriptions.stock import Lot
from telehealth.hospital.elements import ATC, Element, coding, concept, extension, local, present

#: Of herbs on a sheet (君、臣、佐、使).
ROLES = {"jun": "君", "chen": "臣", "zuo": "佐", "shi": "使"}


def drug_concept(hospital: str, code: str, book: Book) -> Element:
    """Known to be in the book: a sheet is signed by the version that has it."""
    medicine, herb = book.medicines.get(code), book.herbs.get(code)
    name = medicine.name if medicine else herb.name if herb else ""
    said = f"{name} {medicine.strength}" if medicine else name
    atc = [coding(ATC, medicine.atc)] if medicine and medicine.atc else []
    return concept(coding(local(hospital, "drug"), code, name), *atc, text=said)


def decoction(hospital: str, lines: Sequence[Line], book: Book) -> Element:
    """All herbs of a sheet as the one medicine they become; grams are those of one dose."""
    return {
        "resourceType": "Medication",
        "id": "medication",
        "code": concept(coding(local(hospital, "preparation"), "decoction", "汤剂"), text="中药饮片汤剂"),
        "ingredient": [_ingredient(hospital, line, book) for line in lines],
    }


def batch(hospital: str, name: str, code: str, lot: Lot | None, book: Book) -> Element:
    """One lot of one drug."""
    known = {"lotNumber": lot.lot_number, "expirationDate": lot.expires_on.isoformat()} if lot else {}
    return present(resourceType="Medication", id=name, code=drug_concept(hospital, code, book), batch=known)


def _ingredient(hospital: str, line: Line, book: Book) -> Element:
    marks = [
        *([extension("herb-role", valueCode=line.role)] if line.role in ROLES else []),
        *([extension("herb-step", valueString=line.special)] if line.special else []),
    ]
    strength = {"numerator": grams(line.grams), "denominator": doses(1)} if line.grams is not None else {}
    return present(
        extension=marks,
        itemCodeableConcept=drug_concept(hospital, line.drug_code, book),
        isActive=True,
        strength=strength,
    )
