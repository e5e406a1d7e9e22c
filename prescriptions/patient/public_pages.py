"""Pages without an account: the kiosk in the hall, and what the QR code of a sheet opens."""

from typing import Any

from starlette.datastructures import UploadFile
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from prescriptions.patient import printing, verifying
from prescriptions.patient.kiosk import at_kiosk
from prescriptions.patient.pages import pdf
from prescriptions.patient.stages import CAPABILITIES, stage_of
from prescriptions.patient.verifying import USES, VERDICTS, Finding
from prescriptions.settling import Sheet
from prescriptions.settling.finding import count_print, find_by_code
from prescriptions.sheet.wording import leaflet_words
from telehealth.core.errors import Busy, NotFound
from telehealth.core.i18n import N_
from telehealth.core.unit import Unit, Units
from telehealth.directory import Hospital, campus, hospital_by_code, said
from telehealth.patients import people_by_id
from telehealth.patients.masking import mask_name
from telehealth.web.contract import page
from telehealth.web.forms import Form, blank
from telehealth.web.house import house_of
from telehealth.web.pages import render, words
from telehealth.web.preferences import language
from telehealth.web.problems import sentence, status_of

#: A file to compare: ours have some two hundred kilobytes.
LARGEST_UPLOAD = 900_000


@page(public=True)
async def kiosk_page(request: Request, unit: Unit, code: str) -> Response:
    place = await hospital_by_code(unit, code)
    return _kiosk(request, place, blank())


@page(public=True, limit="60/minute")
async def kiosk_code_page(request: Request, units: Units, code: str) -> Response:
    """Amount, deadline and the printed sheet for whoever types a code; names stay masked."""
    typed = str((await request.form(max_files=0)).get("code", "")).strip()[:20]
    async with units.public() as unit:
        place = await hospital_by_code(unit, code)
    try:
        async with units.hospital(place.id, at_kiosk()) as unit:
            found = await _found(request, unit, place, typed)
            return await _kiosk_sheet(request, unit, place, found, typed)
    except (NotFound, Busy) as error:
        form = blank()
        form.errors["code"] = sentence(error, language(request))
        return _kiosk(request, place, form, status=status_of(error))


@page(public=True, limit="20/minute")
async def kiosk_pdf_page(request: Request, units: Units, code: str) -> Response:
    """The sheet to be printed: the code is asked for again, as nobody is signed in here."""
    typed = str((await request.form(max_files=0)).get("code", "")).strip()[:20]
    async with units.public() as unit:
        place = await hospital_by_code(unit, code)
    async with units.hospital(place.id, at_kiosk()) as unit:
        sheet = await _found(request, unit, place, typed)
        stored = await printing.stored_sheet(unit, sheet.rx)
        await count_print(unit, house_of(request).limiter, sheet)
    if stored is None:
        raise NotFound()
    return pdf(await printing.read_pdf(units, sheet.rx, stored))


@page(public=True, limit="30/minute")
async def verify_page(request: Request, units: Units, code: str) -> Response:
    return _verified(request, code, await verifying.verify_sheet(units, code))


@page(public=True, limit="10/minute")
async def compare_page(request: Request, units: Units, code: str) -> Response:
    """A file that somebody was sent, held against ours."""
    async with request.form(max_files=1, max_part_size=LARGEST_UPLOAD) as form:
        sent = form.get("file")
        uploaded = await sent.read(LARGEST_UPLOAD) if isinstance(sent, UploadFile) else b""
    if not uploaded:
        found = await verifying.verify_sheet(units, code)
        return _verified(request, code, found, problem=N_("请选择处方的 PDF 文件"), status=422)
    return _verified(request, code, await verifying.compare(units, code, uploaded), compared=True)


async def _found(request: Request, unit: Unit, place: Hospital, typed: str) -> Sheet:
    device = request.client.host if request.client else ""
    return await find_by_code(unit, house_of(request).limiter, place.id, typed, device=device)


def _kiosk(request: Request, place: Hospital, form: Form[Any], *, status: int = 200) -> Response:
    return render(
        request,
        "prescriptions/rx_kiosk.html",
        status,
        code=place.code,
        hospital=said(place, "name", language(request)),
        form=form,
    )


async def _kiosk_sheet(request: Request, unit: Unit, place: Hospital, sheet: Sheet, typed: str) -> Response:
    rx, row, lang = sheet.rx, sheet.fulfilment, language(request)
    can = CAPABILITIES[stage_of(rx, row, now=unit.now)]
    people = await people_by_id(unit, [rx.person_id])
    who = people.get(rx.person_id)
    return render(
        request,
        "prescriptions/rx_kiosk_sheet.html",
        code=place.code,
        typed=typed,
        hospital=said(place, "name", lang),
        campus=said(await campus(unit, rx.campus_id), "name", lang),
        rx=rx,
        row=row,
        can=can,
        patient=mask_name(who.name) if who else "",
        has_file=await printing.stored_sheet(unit, rx) is not None,
    )


def _verified(
    request: Request,
    code: str,
    found: Finding,
    *,
    compared: bool = False,
    problem: str = "",
    status: int = 200,
) -> Response:
    lang, _ = language(request), words(request)
    label, tone, says = VERDICTS[found.verdict]
    content = found.content
    return render(
        request,
        "prescriptions/rx_verify.html",
        status,
        code=code,
        hospital=found.hospital[lang],
        phone=found.phone,
        number=found.number,
        verdict={"state": tone, "title": _(label), "text": _(says)},
        use=USES[found.use],
        reasons=[_(reason) for reason in found.reasons],
        signatures=found.signatures,
        content=content,
        patient=mask_name(content.patient.name) if content else "",
        plain=leaflet_words(content, found.phone) if content else None,
        sha256=found.sha256,
        compared=compared,
        problem=_(problem) if problem else "",
    )


routes = [
    Route("/kiosk/{code}", kiosk_page),
    Route("/kiosk/{code}", kiosk_code_page, methods=["POST"]),
    Route("/kiosk/{code}/sheet.pdf", kiosk_pdf_page, methods=["POST"]),
    Route("/rx/{code}", verify_page),
    Route("/rx/{code}", compare_page, methods=["POST"]),
]
