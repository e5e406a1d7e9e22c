"""What the API and the pages of the gate share: who reads, and where the questions come from."""

from starlette.requests import Request

from telehealth.core.errors import Unavailable
from telehealth.core.unit import Unit
from telehealth.directory import emergency_advice
from telehealth.eligibility import screening
from telehealth.eligibility.models import GateDecision
from telehealth.eligibility.ports import RedFlagBook
from telehealth.eligibility.schemas import EmergencyView, Reader
from telehealth.web.house import house_of
from telehealth.web.pages import words
from telehealth.web.preferences import language

#: Each check may ask the hospital's system, which others need too.
CHECKS = "30/minute"


def book_of(request: Request) -> RedFlagBook:
    """Raises Unavailable in a house without condition forms."""
    found = house_of(request).contributions.get("red_flags") or []
    if not found:
        raise Unavailable()
    book: RedFlagBook = found[0]
    return book


def reader_of(request: Request) -> Reader:
    return Reader(language(request), words(request))


async def emergency_of(request: Request, unit: Unit, row: GateDecision) -> EmergencyView | None:
    """None when nothing urgent was declared."""
    if not row.declared.red_flags:
        return None
    advice = await screening.advice_for(unit, book_of(request), row)
    here = await emergency_advice(unit, row.hospital_id)
    return None if advice is None else EmergencyView.of(advice, here, reader_of(request))
