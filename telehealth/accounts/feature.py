"""What accounts offer: signing in, one's own settings, the staff shell."""

from telehealth.accounts import api, pages
from telehealth.accounts.audit_words import WORDS
from telehealth.accounts.handing_over import forget_handovers
from telehealth.accounts.issuing_codes import forget_codes
from telehealth.core.access import Permission
from telehealth.core.feature import Feature, Periodic, RailLink
from telehealth.core.i18n import N_
from telehealth.core.unit import Units
from telehealth.web.sessions import forget_expired


async def forget(units: Units) -> None:
    async with units.system("housekeeping") as unit:
        await forget_codes(unit)
        await forget_handovers(unit)
        await forget_expired(unit)


feature = Feature(
    name="accounts",
    api=tuple(api.routes),
    pages=tuple(pages.routes),
    periodic=(Periodic("accounts.forget", 3600, forget),),
    templates="telehealth.accounts",
    rail=(
        RailLink("/staff", "layout-dashboard", N_("工作台"), Permission.STAFF_HOME, order=0),
        RailLink("/staff/account", "circle-user-round", N_("我的账号"), Permission.STAFF_HOME, order=990),
    ),
    contributions=(("audit_words", WORDS),),
)
