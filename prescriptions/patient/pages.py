"""My prescriptions: the list, one sheet, how to get it, and its papers."""

import json
from collections.abc import Awaitable
from datetime import datetime
from typing import Any
from uuid import UUID

import segno
from markupsafe import Markup
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from prescriptions.couriers import CourierNotOffered, CourierRefused, CourierUnavailable
from prescriptions.patient import presenting, printing, queries
from prescriptions.patient.journey import CARRIERS
from prescriptions.patient.presenting import KINDS, Row, View
from prescriptions.patient.printing import Printed
from prescriptions.patient.schemas import ChooseCourier
from prescriptions.settling import Address, charging, choosing, last_address, undoing
from prescriptions.states import FulfilmentState, Path
from telehealth.accounts import find_account, local_phone
from telehealth.core.access import Actor, Permission
from telehealth.core.errors import Conflict, FieldsInvalid, Refused, Unavailable
from telehealth.core.i18n import N_, format_instant, translator
from telehealth.core.unit import Unit, Units
from telehealth.directory import said
from telehealth.patients import own_person
from telehealth.payments import own_charge, refunds_of
from telehealth.payments.errors import ChargeClosed
from telehealth.payments.wording import REFUND_STATES
from telehealth.web.contract import page
from telehealth.web.forms import Form, blank, read_form
from telehealth.web.pages import redirect, render
from telehealth.web.pagination import cut, moment_key
from telehealth.web.preferences import language
from telehealth.web.problems import sentence

PAGE_SIZE = 20


@page(needs=Permission.BOOK)
async def prescriptions_page(request: Request, unit: Unit) -> Response:
    found = await queries.sheets_of(unit, before=_cursor(request), limit=PAGE_SIZE)
    kept, following = cut(found, PAGE_SIZE, lambda rx: (rx.created_at, rx.id))
    lang = language(request)
    return render(
        request,
        "prescriptions/rx_list.html",
        rows=[_line(row, lang) for row in await presenting.rows_of(unit, kept)],
        older=f"/prescriptions?after={following}" if following else "",
        newest="/prescriptions" if request.query_params.get("after") else "",
    )


@page(needs=Permission.BOOK)
async def prescription_page(request: Request, unit: Unit, prescription_id: UUID) -> Response:
    view = await presenting.view_of(unit, prescription_id)
    return render(
        request,
        "prescriptions/rx_sheet.html",
        **facts_of(view, language(request)),
        money=await _money(unit, view),
        qr=_square(view.row.code) if _shows_code(view) and view.row is not None and view.row.code else "",
    )


@page(needs=Permission.PAY)
async def delivery_page(request: Request, unit: Unit, prescription_id: UUID) -> Response:
    """Where to send it; what was typed last time stands there already."""
    view = await presenting.view_of(unit, prescription_id)
    if view.choices is None or view.choices.courier is not None:
        return redirect(f"/prescriptions/{prescription_id}")
    known = (view.row.address if view.row else None) or await last_address(unit, unit.actor.account)
    values: dict[str, Any] = json.loads(known) if known else await _own(unit)
    if "mobile" in values:
        values["mobile"] = local_phone(values["mobile"])
    return _ask_address(request, view, blank(**values))


async def _own(unit: Unit) -> dict[str, Any]:
    """Who pays is most often who receives."""
    account = await find_account(unit, unit.actor.account)
    person = await own_person(unit, unit.actor.account)
    phone = account.phone if account is not None else None
    return {"name": person.name if person else "", **({"mobile": phone} if phone else {})}


@page(needs=Permission.PAY, limit="30/minute")
async def choose_courier_page(
    request: Request, units: Units, actor: Actor, prescription_id: UUID
) -> Response:
    form = await read_form(request, ChooseCourier)
    if form.model is not None and not form.model.agreed:
        for name in ("agrees_self_pay", "agrees_disclosure"):
            if not getattr(form.model, name):
                form.errors[name] = "请先阅读并勾选"
    if form.model is not None and not form.errors:
        try:
            await choosing.choose_courier(units, actor, prescription_id, form.model.address, agreed=True)
            return redirect(f"/prescriptions/{prescription_id}", flash=N_("地址可以送达，请核对后支付"))
        except (CourierRefused, CourierUnavailable, CourierNotOffered) as error:
            form.errors["__all__"] = sentence(error, language(request))
        except (Refused, Conflict) as error:
            return redirect(
                f"/prescriptions/{prescription_id}", flash=sentence(error, language(request)), kind="warn"
            )
        except FieldsInvalid as error:
            form.refuse(error)
    async with units.of(actor) as unit:
        view = await presenting.view_of(unit, prescription_id)
        return _ask_address(request, view, form, status=422)


@page(needs=Permission.PAY)
async def choose_window_page(request: Request, units: Units, actor: Actor, prescription_id: UUID) -> Response:
    doing = choosing.choose_window(units, actor, prescription_id)
    return await _done(request, doing, prescription_id, N_("已选择到院取药，请记住取药码"))


@page(needs=Permission.PAY)
async def pay_prescription_page(
    request: Request, units: Units, actor: Actor, prescription_id: UUID
) -> Response:
    """To the page where it is paid."""
    try:
        async with units.of(actor) as unit:
            charge = await charging.open_charge(unit, prescription_id)
    except ChargeClosed:
        return redirect(
            f"/prescriptions/{prescription_id}", flash="正在核对是否已经支付，请稍后再试", kind="warn"
        )
    except (Refused, Conflict) as error:
        return redirect(
            f"/prescriptions/{prescription_id}", flash=sentence(error, language(request)), kind="warn"
        )
    return redirect(charging.pay_href(charge))


@page(needs=Permission.PAY)
async def cancel_order_page(request: Request, units: Units, actor: Actor, prescription_id: UUID) -> Response:
    doing = undoing.cancel(units, actor, prescription_id)
    return await _done(request, doing, prescription_id, N_("已申请取消，费用全额原路退回"))


@page(needs=Permission.BOOK, limit="30/minute")
async def sheet_pdf_page(units: Units, actor: Actor, prescription_id: UUID) -> Response:
    return pdf(await printing.signed_pdf(units, actor, prescription_id))


@page(needs=Permission.BOOK, limit="30/minute")
async def leaflet_pdf_page(units: Units, actor: Actor, prescription_id: UUID) -> Response:
    return pdf(await printing.leaflet_pdf(units, actor, prescription_id), suffix="-leaflet")


def pdf(printed: Printed, *, suffix: str = "") -> Response:
    return Response(
        printed.pdf,
        media_type="application/pdf",
        headers={
            "Content-Disposition": f'inline; filename="{printed.number}{suffix}.pdf"',
            "Cache-Control": "private, no-store",
            "X-Content-Type-Options": "nosniff",
        },
    )


def facts_of(view: View, lang: str) -> dict[str, Any]:
    """What every page about one sheet shows."""
    rx, row, choices = view.rx, view.row, view.choices
    parcel = view.journey.parcel
    return {
        "rx": rx,
        "row": row,
        "can": view.can,
        "kind": KINDS[rx.kind],
        "plain": view.plain,
        "hospital": said(view.hospital, "name", lang),
        "hospital_phone": view.hospital.phone,
        "doctor": said(view.doctor, "name", lang),
        "title": said(view.doctor, "title", lang),
        "patient": view.patient.name if view.patient else "",
        "pharmacy": said(view.pharmacy, "name", lang) if view.pharmacy else "",
        "pharmacy_place": view.pharmacy,
        "path": _path(view),
        "courier_closed": choices.courier.detail if choices and choices.courier else "",
        "window_closed": choices.window.detail if choices and choices.window else "",
        "reimbursed_until": choices.clocks.reimbursed_until if choices else None,
        "window_until": choices.clocks.window_until if choices else None,
        "closes_at": choices.clocks.closes_at if choices else None,
        "address": Address.model_validate_json(row.address) if row and row.address else None,
        "mobile": local_phone(Address.model_validate_json(row.address).mobile) if row and row.address else "",
        "estimate": _estimate(view),
        "shows_code": _shows_code(view),
        "spaced_code": f"{row.code[:4]} {row.code[4:]}" if row and row.code else "",
        "steps": [
            {
                "title": translator(lang)(step.title),
                "when": format_instant(step.at, lang) if step.at else "",
                "text": step.place,
                "state": step.state,
            }
            for step in view.journey.steps
        ],
        "parcel": parcel,
        "carrier": CARRIERS.get(parcel.carrier, parcel.carrier) if parcel else "",
        "refill": f"/h/{view.hospital.code}/book?doctor={rx.doctor_id}&department={rx.department_id}",
        "room": f"/rooms/{rx.visit_id}",
        "has_file": view.content is not None,
    }


def _path(view: View) -> str:
    """ "courier", "window", or "" while nothing is chosen."""
    return str(view.row.path) if view.row is not None and view.row.path is not None else ""


def _shows_code(view: View) -> bool:
    row = view.row
    if row is None or row.path is not Path.WINDOW or not row.code or not view.can.has_sheet:
        return False
    return row.state in (FulfilmentState.OPEN, FulfilmentState.PAID)


def _estimate(view: View) -> dict[str, Any] | None:
    kept = view.row.estimate if view.row is not None else {}
    if not kept or kept.get("lowest") is None:
        return None
    arrives = kept.get("arrives_by")
    return {
        "lowest": kept["lowest"],
        "highest": kept.get("highest") or kept["lowest"],
        "arrives_by": datetime.fromisoformat(arrives) if arrives else None,
    }


async def _money(unit: Unit, view: View) -> dict[str, Any]:
    """The receipt of what was paid, and what of that went back."""
    if view.row is None or view.row.charge_id is None or view.row.paid_at is None or not view.rx.total:
        return {}
    if await own_charge(unit, unit.actor, view.row.charge_id) is None:
        return {}
    return {
        "receipt": f"/receipts/{view.row.charge_id}",
        "refunds": [
            {
                "href": f"/refunds/{steps.refund.id}",
                "amount": steps.refund.amount,
                "state": REFUND_STATES[steps.refund.state],
                "expected_by": steps.refund.expected_by,
            }
            for steps in await refunds_of(unit, view.row.charge_id)
        ],
    }


def _ask_address(request: Request, view: View, form: Form[Any], *, status: int = 200) -> Response:
    return render(
        request, "prescriptions/rx_delivery.html", status, form=form, **facts_of(view, language(request))
    )


async def _done(request: Request, doing: Awaitable[object], prescription_id: UUID, flash: str) -> Response:
    try:
        await doing
    except (Refused, Conflict, Unavailable) as error:
        return redirect(
            f"/prescriptions/{prescription_id}", flash=sentence(error, language(request)), kind="warn"
        )
    return redirect(f"/prescriptions/{prescription_id}", flash=flash)


def _line(row: Row, lang: str) -> dict[str, Any]:
    return {
        "href": f"/prescriptions/{row.rx.id}",
        "number": row.rx.number,
        "kind": KINDS[row.rx.kind],
        "day": row.rx.signed_at or row.rx.created_at,
        "doctor": said(row.doctor, "name", lang) if row.doctor else "",
        "patient": row.patient.name if row.patient else "",
        "total": row.rx.total,
        "tag": (row.can.tone, row.can.label),
        "due": row.row.pay_by if row.row is not None and row.can.can_choose else None,
    }


def _square(text: str) -> Markup:
    """Digits as a QR code, for the scanner at the window."""
    drawn = segno.make(text, error="m", micro=False).svg_inline(
        border=2, scale=6, dark="#000", light="#fff", svgclass="qr", lineclass=None, omitsize=True
    )
    return Markup(drawn)  # noqa: S704 - drawn by us, of digits


def _cursor(request: Request) -> Any:
    """A page turned by a broken address begins at the top."""
    try:
        return moment_key(request.query_params.get("after", ""))
    except FieldsInvalid:
        return None


_ONE = "/prescriptions/{prescription_id:uuid}"
routes = [
    Route("/prescriptions", prescriptions_page),
    Route(_ONE, prescription_page),
    Route(f"{_ONE}/delivery", delivery_page),
    Route(f"{_ONE}/delivery", choose_courier_page, methods=["POST"]),
    Route(f"{_ONE}/collection", choose_window_page, methods=["POST"]),
    Route(f"{_ONE}/payment", pay_prescription_page, methods=["POST"]),
    Route(f"{_ONE}/cancellation", cancel_order_page, methods=["POST"]),
    Route(f"{_ONE}/sheet.pdf", sheet_pdf_page),
    Route(f"{_ONE}/leaflet.pdf", leaflet_pdf_page),
]
