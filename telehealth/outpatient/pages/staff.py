"""Bills that were paid on a phone and that a hospital's system has not confirmed: finance sees to them."""

from uuid import UUID

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from telehealth.core.access import Actor, Permission
from telehealth.core.errors import DomainError
from telehealth.core.i18n import N_
from telehealth.core.unit import Unit, Units
from telehealth.outpatient import queries, telling
from telehealth.outpatient.showing import campus_name
from telehealth.outpatient.wording import BILL_KINDS
from telehealth.web.contract import page
from telehealth.web.pages import redirect, render
from telehealth.web.preferences import language
from telehealth.web.problems import sentence

LIST = "/staff/bills"


@page(needs=Permission.SEE_MONEY)
async def unconfirmed_bills_page(request: Request, unit: Unit) -> Response:
    lang = language(request)
    return render(
        request,
        "outpatient/unconfirmed.html",
        rows=[
            {
                "id": place.bill.id,
                "number": place.bill.number,
                "kind": BILL_KINDS[place.bill.kind][0],
                "campus": campus_name(place, lang),
                "amount": place.bill.amount,
                "paid_at": place.bill.paid_at,
                "tells": place.bill.tells,
            }
            for place in await queries.unconfirmed(unit)
        ],
        may_tell=unit.actor.may(Permission.MANAGE_REFUNDS),
    )


@page(needs=Permission.MANAGE_REFUNDS, limit="30/minute")
async def tell_hospital_again_page(request: Request, units: Units, actor: Actor, bill_id: UUID) -> Response:
    async with units.of(actor) as unit:
        await queries.bill_of(unit, bill_id)
    try:
        await telling.tell(units, bill_id)
    except DomainError as error:
        return redirect(LIST, flash=sentence(error, language(request)), kind="warn")
    return redirect(LIST, flash=N_("医院系统已答复"))


routes = [
    Route(LIST, unconfirmed_bills_page),
    Route(f"{LIST}/{{bill_id:uuid}}/notice", tell_hospital_again_page, methods=["POST"]),
]
