"""JSON routes of insurance itself; what is paid with it stands with payments."""

from starlette.routing import Route

from telehealth.core.access import Actor, Permission
from telehealth.core.unit import Units
from telehealth.directory import HospitalNotFound
from telehealth.insurance.enquiring import enquire
from telehealth.insurance.errors import AccountHidden, InsurerDown, InsurerRefused
from telehealth.insurance.schemas import OwnAccountView, WhichHospital
from telehealth.web.contract import operation


@operation(
    needs=Permission.PAY,
    limit="30/hour",
    raises=(HospitalNotFound, AccountHidden, InsurerDown, InsurerRefused),
)
async def show_own_insurance_account(units: Units, actor: Actor, query: WhichHospital) -> OwnAccountView:
    """One's own insured account: what is left, and what it paid within a year. Read only."""
    return OwnAccountView.of(await enquire(units, actor, query.hospital))


routes = [Route("/insurance/account", show_own_insurance_account)]
