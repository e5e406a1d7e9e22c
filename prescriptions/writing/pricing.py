"""How much of a drug a line takes, and what it costs: by the published book, never by what a page sent."""

from decimal import ROUND_CEILING, ROUND_HALF_UP, Decimal

from prescriptions.formulary.book import Book
from prescriptions.formulary.entries import Herb, Medicine
from telehealth.core.money import Fen


def packs_needed(
    book: Book, medicine: Medicine, *, dose: Decimal | None, frequency: str, days: int | None
) -> Decimal | None:
    """Whole packs for all days; None while it cannot be said, as for "when needed"."""
    takes = Decimal(1) if frequency == "st" else _takes(book, frequency)
    if dose is None or takes is None or not days:
        return None
    times = (takes * days).to_integral_value(ROUND_CEILING)
    return (dose * times / medicine.pack_amount).to_integral_value(ROUND_CEILING)


def medicine_amount(medicine: Medicine, packs: Decimal) -> Fen:
    return Fen(int(medicine.price * packs))


def herb_amount(herb: Herb, grams: Decimal) -> Fen:
    """For all doses; rounded once."""
    return Fen(int((herb.price_per_gram * grams).to_integral_value(ROUND_HALF_UP)))


def _takes(book: Book, frequency: str) -> Decimal | None:
    term = book.frequencies.get(frequency)
    return term.takes_per_day if term else None
