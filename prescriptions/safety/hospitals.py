"""`rehearse safety FILE --hospital CODE`: the cases meet the book and the numbers it has published."""

import sys
from pathlib import Path

from prescriptions.formulary import NoFormulary, published_book
from prescriptions.safety.facts import Numbers
from prescriptions.safety.rehearsing import UNUSABLE, rehearse, show
from telehealth.core.errors import NotFound
from telehealth.core.unit import Units
from telehealth.directory import hospital_by_code
from telehealth.rulebook import current_policy


async def command_of_hospital(units: Units, file: str | Path, code: str) -> int:
    """As `rehearsing.command`, with what the hospital of this code has published."""
    try:
        async with units.public() as unit:
            place = await hospital_by_code(unit, code)
            numbers = Numbers.of((await current_policy(unit, place.id)).policy)
            book = (await published_book(unit, place.id)).book
    except (NotFound, NoFormulary) as error:
        sys.stderr.write(f"no formulary to rehearse for {code}: {error.code}\n")
        return UNUSABLE
    return show(rehearse(file, book, numbers))
