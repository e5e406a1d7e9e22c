"""My bills at the hospital: the list by campus, one bill, and the way to pay it."""

from itertools import groupby
from typing import Any
from uuid import UUID

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from telehealth.core.access import Actor, Permission
from telehealth.core.errors import Conflict, Invalid, Refused, Unavailable
from telehealth.core.i18n import N_
from telehealth.core.unit import Unit, Units
from telehealth.directory import said
from telehealth.outpatient import asking, paying, queries, showing
from telehealth.outpatient.errors import SelfPayNotConfirmed
from telehealth.outpatient.schemas import PayBill
from telehealth.outpatient.showing import View
from telehealth.outpatient.states import BillState
from telehealth.outpatient.wording import BILL_KINDS, BILL_STATES
from telehealth.patients import people_of
from telehealth.web.contract import page
from telehealth.web.forms import read_form
from telehealth.web.house import actor_of, house_of
from telehealth.web.pages import redirect, render
from telehealth.web.preferences import language
from telehealth.web.problems import sentence

_LIVE = (BillState.DUE, BillState.PAID)


@page(needs=Permission.PAY, limit="60/minute")
async def bills_page(request: Request, units: Units, actor: Actor) -> Response:
    """What there is to pay, asked of the hospitals when somebody looks."""
    return await _list(request, units, actor, await asking.refresh(units, actor))


@page(needs=Permission.PAY, limit="12/minute")
async def refresh_bills_page(request: Request, units: Units, actor: Actor) -> Response:
    """Now, whatever was asked a moment ago."""
    silent = await asking.refresh(units, actor, at_once=True)
    return redirect("/bills") if not silent else await _list(request, units, actor, silent)


@page(needs=Permission.PAY)
async def bill_page(request: Request, unit: Unit, bill_id: UUID) -> Response:
    return _one(request, await showing.view_of(unit, bill_id))


@page(needs=Permission.PAY, limit="30/minute")
async def pay_bill_page(request: Request, units: Units, actor: Actor, bill_id: UUID) -> Response:
    """The hospital is asked for the price once more; then to the page where it is paid."""
    form = await read_form(request, PayBill)
    try:
        if form.model is None:
            raise SelfPayNotConfirmed()
        charge = await paying.open_charge(
            units, actor, bill_id, amount=form.model.amount, agreed=form.model.agrees_self_pay
        )
    except Invalid:
        async with units.of(actor) as unit:
            view = await showing.view_of(unit, bill_id)
        return _one(request, view, error=N_("请先阅读并勾选"), status=422)
    except (Refused, Conflict, Unavailable) as error:
        return redirect(f"/bills/{bill_id}", flash=sentence(error, language(request)), kind="warn")
    return redirect(paying.pay_href(charge))


async def _list(request: Request, units: Units, actor: Actor, silent: list[UUID]) -> Response:
    lang = language(request)
    async with units.of(actor) as unit:
        found = await queries.bills_of(unit)
        known = {person.id: person for _, person in await people_of(unit, actor.account)}
        names = await asking.hospital_names(unit, silent)
        asked_at = await queries.last_asked(unit, actor.account)
    lines = [
        (showing.campus_name(place, lang), said(place.hospital, "name", lang), place.bill.state in _LIVE,
         showing.line(place, known.get(place.bill.person_id), lang))
        for place in found
    ]  # fmt: skip
    return render(
        request,
        "outpatient/bills.html",
        groups=_by_campus([each for each in lines if each[2]]),
        settled=_by_campus([each for each in lines if not each[2]]),
        silent=[zh if lang != "en" else en for zh, en in names],
        asked_at=asked_at,
        has_people=bool(known),
    )


def _by_campus(lines: list[tuple[str, str, bool, dict[str, Any]]]) -> list[dict[str, Any]]:
    ordered = sorted(lines, key=lambda each: (each[1], each[0]))
    return [
        {
            "hospital": key[0],
            "campus": key[1],
            "bills": (bills := [each[3] for each in group]),
            "total": sum(bill["amount"] for bill in bills),
        }
        for key, group in groupby(ordered, key=lambda each: (each[1], each[0]))
    ]


def _one(request: Request, view: View, *, error: str = "", status: int = 200) -> Response:
    lang, row, now = language(request), view.bill, house_of(request).units.clock.business()
    is_mine = row.payer_id == actor_of(request).account_id
    return render(
        request,
        "outpatient/bill.html",
        status,
        bill=row,
        kind=BILL_KINDS[row.kind],
        tag=BILL_STATES[row.state],
        items=view.items,
        patient=view.patient.name,
        hospital=said(view.place.hospital, "name", lang),
        hospital_phone=view.place.hospital.phone,
        campus=showing.campus_name(view.place, lang),
        address=said(view.place.campus, "address", lang) if view.place.campus else "",
        last_campus=said(view.last_campus, "name", lang) if view.last_campus else "",
        is_due=view.is_due,
        is_waiting=view.is_waiting,
        is_told=row.state is BillState.PAID,
        is_confirmed=row.state is BillState.CONFIRMED,
        is_elsewhere=row.state is BillState.ELSEWHERE,
        is_over=row.valid_until is not None and row.valid_until <= now,
        is_past=row.reimbursed_until <= now,
        window_sentence=view.window_sentence,
        # A relative's payment has its receipt on the relative's phone.
        receipt=f"/receipts/{row.charge_id}" if row.charge_id and row.paid_at and is_mine else "",
        error=error,
    )


_ONE = "/bills/{bill_id:uuid}"
routes = [
    Route("/bills", bills_page),
    Route("/bills", refresh_bills_page, methods=["POST"]),
    Route(_ONE, bill_page),
    Route(f"{_ONE}/payment", pay_bill_page, methods=["POST"]),
]
