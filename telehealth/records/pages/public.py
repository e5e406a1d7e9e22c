"""Pages without an account: what a share shows, and whether a paper is ours. No browser keeps them."""

from uuid import UUID

from starlette.datastructures import UploadFile
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from telehealth.core.errors import DomainError
from telehealth.core.unit import Units
from telehealth.directory import said
from telehealth.records import checking, issuing, sharing
from telehealth.records.errors import PaperNotFound, ShareClosed, ViewCodeWrong
from telehealth.records.states import PAPER_ICONS, PAPER_WORDS
from telehealth.web.contract import page
from telehealth.web.house import house_of
from telehealth.web.pages import redirect, render
from telehealth.web.preferences import language
from telehealth.web.problems import sentence

#: A file to compare: ours have some hundred kilobytes.
LARGEST_UPLOAD = 5_000_000
TICKET_LASTS_S = 3600
HIDDEN = {
    "cache-control": "no-store",
    "x-robots-tag": "noindex, nofollow",
    "referrer-policy": "no-referrer",
}


@page(public=True, limit="60/minute")
async def shared_page(request: Request, units: Units, token: str) -> Response:
    try:
        found = await sharing.open_share(
            units, token, ticket=_ticket(request), user_agent=request.headers.get("user-agent", "")
        )
    except ShareClosed as error:
        return _closed(request, error)
    if found.needs_code:
        return _asked(request, token)
    return _hide(
        render(
            request,
            "records/shared.html",
            patient=found.patient,
            until=found.share.expires_at,
            papers=[
                {
                    "title": paper.name,
                    "what": PAPER_WORDS[paper.kind],
                    "icon": PAPER_ICONS[paper.kind],
                    "on": paper.on,
                    "href": f"/shared/{token}/{paper.id}",
                    "check": f"/papers/{paper.code}",
                }
                for paper in found.papers
            ],
        )
    )


@page(public=True, limit="20/minute")
async def shared_code_page(request: Request, units: Units, token: str) -> Response:
    typed = str((await request.form(max_files=0)).get("code", ""))[:20]
    try:
        ticket = await sharing.give_code(units, token, typed)
    except ShareClosed as error:
        return _closed(request, error)
    except ViewCodeWrong as error:
        return _asked(request, token, sentence(error, language(request)))
    response = redirect(f"/shared/{token}")
    if ticket:
        response.set_cookie(
            _cookie(token), ticket, max_age=TICKET_LASTS_S, httponly=True, samesite="lax", path="/shared/",
            secure=house_of(request).settings.cookies_secure,
        )  # fmt: skip
    return _hide(response)


@page(public=True, limit="60/minute")
async def shared_paper_page(request: Request, units: Units, token: str, paper_id: UUID) -> Response:
    try:
        paper, data = await sharing.open_paper(
            units, token, paper_id,
            ticket=_ticket(request), user_agent=request.headers.get("user-agent", ""),
        )  # fmt: skip
    except ShareClosed as error:
        return _closed(request, error)
    return Response(data, media_type=issuing.PDF, headers={**issuing.file_headers([paper]), **HIDDEN})


@page(public=True, limit="30/minute")
async def check_paper_page(request: Request, units: Units, code: str) -> Response:
    return await _checked(request, units, code, None)


@page(public=True, limit="10/minute")
async def compare_paper_page(request: Request, units: Units, code: str) -> Response:
    """A file that somebody was given, held against what was handed out."""
    async with request.form(max_files=1, max_part_size=LARGEST_UPLOAD) as form:
        sent = form.get("file")
        uploaded = await sent.read(LARGEST_UPLOAD) if isinstance(sent, UploadFile) else b""
    return await _checked(request, units, code, uploaded)


async def _checked(request: Request, units: Units, code: str, file: bytes | None) -> Response:
    try:
        found = await checking.check(units, code, file or None)
    except PaperNotFound as error:
        return _closed(request, error)
    return _hide(
        render(
            request,
            "records/check.html",
            422 if file == b"" else 200,
            found=found,
            what=PAPER_WORDS[found.kind],
            hospital=said(found.hospital, "name", language(request)),
            phone=found.hospital.phone,
            code=code,
            empty=file == b"",
        )
    )


def _asked(request: Request, token: str, wrong: str = "") -> Response:
    return _hide(render(request, "records/shared_code.html", 403 if wrong else 200, token=token, wrong=wrong))


def _closed(request: Request, error: DomainError) -> Response:
    """The same words at the same cost, whatever the reason."""
    said_ = sentence(error, language(request))
    return _hide(render(request, "records/shared_closed.html", 404, said=said_))


def _hide(response: Response) -> Response:
    for name, value in HIDDEN.items():
        response.headers[name] = value
    return response


def _cookie(token: str) -> str:
    return f"th_share_{sharing.digest_of(token)[:12]}"


def _ticket(request: Request) -> str | None:
    return request.cookies.get(_cookie(str(request.path_params["token"])))


routes = [
    Route("/shared/{token}", shared_page),
    Route("/shared/{token}", shared_code_page, methods=["POST"]),
    Route("/shared/{token}/{paper_id:uuid}", shared_paper_page),
    Route("/papers/{code}", check_paper_page),
    Route("/papers/{code}", compare_paper_page, methods=["POST"]),
]
