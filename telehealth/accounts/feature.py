"""What accounts offer: signing in, one's own settings, the staff shell."""

from telehealth.accounts import api
from telehealth.accounts.issuing_codes import forget_codes
from telehealth.core.feature import Feature, Periodic
from telehealth.core.unit import Units
from telehealth.web.sessions import forget_expired


async def forget(units: Units) -> None:
    async with units.system("housekeeping") as unit:
        await forget_codes(unit)
        await forget_expired(unit)


feature = Feature(
    name="accounts",
    api=tuple(api.routes),
    periodic=(Periodic("accounts.forget", 3600, forget),),
)
