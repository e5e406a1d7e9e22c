"""Links that are passed on: a doctor, a department or a campus, as a short address and as a QR code (XY15).

The address holds an id and nothing else, short enough for the scene of a mini-program's code (32
characters). It leads to the booking pages, which ask for a sign-in and come back to what was meant.
"""

from urllib.parse import urlencode
from uuid import UUID

from telehealth.core.unit import Unit
from telehealth.directory import queries
from telehealth.directory.errors import LinkUnknown


def scene_of(thing_id: UUID) -> str:
    return thing_id.hex


async def booking_page(unit: Unit, scene: str) -> str:
    """Where a shared link leads. Raises LinkUnknown: there is no such doctor, campus or department."""
    try:
        thing_id = UUID(hex=scene)
    except ValueError:
        raise LinkUnknown() from None
    found = await queries.place_of(unit, thing_id)
    if found is None:
        raise LinkUnknown()
    what, code = found
    return f"/h/{code}/book?{urlencode({'kind': 'internet', what: str(thing_id)})}"
