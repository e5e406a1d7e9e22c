"""A feature of test routes: one of everything a route may declare, with nothing of a hospital in it."""

from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from telehealth.core.access import Actor, Permission
from telehealth.core.errors import Busy, Conflict, Refused, Unavailable
from telehealth.core.feature import Feature
from telehealth.core.offset import ClockOffset
from telehealth.core.text import Line
from telehealth.core.unit import Unit, Units
from telehealth.web.authenticate import set_cookie
from telehealth.web.contract import operation, page
from telehealth.web.forms import read_form
from telehealth.web.house import house_of
from telehealth.web.pages import redirect, render
from telehealth.web.pagination import Page, PageQuery, cut, decode_cursor
from telehealth.web.sessions import open_session


class SlotGone(Conflict):
    code = "slot_gone"
    detail = "这个号刚刚被约走了"


class TooYoung(Refused):
    code = "too_young"
    detail = "{age} 岁以下的孩子请到医院就诊"


class Note(BaseModel):
    model_config = ConfigDict(extra="forbid")

    text: Line
    count: Annotated[int, Field(ge=1, le=9)] = 1
    weight: float = 1.0
    anything: object = None


class Filter(BaseModel):
    model_config = ConfigDict(extra="forbid")

    text: str = ""
    tags: list[str] = []


class NoteView(BaseModel):
    text: str
    count: int


class Strict(BaseModel):
    count: int


@operation(public=True, status=201, raises=(SlotGone,))
async def add_note(body: Note) -> NoteView:
    return NoteView(text=body.text, count=body.count)


@operation(public=True)
async def find_notes(query: Filter) -> list[str]:
    return [query.text, *query.tags]


@operation(needs=Permission.BOOK)
async def show_note(actor: Actor, id: UUID) -> NoteView:
    return NoteView(text=str(id), count=1)


@operation(needs=Permission.BOOK)
async def show_loosely(actor: Actor, id: UUID) -> NoteView:
    """Its path takes any text; the signature still says it is an id."""
    return NoteView(text=str(id), count=1)


@operation(needs=Permission.EDIT_RULEBOOK)
async def edit_rules(actor: Actor) -> None:
    return None


@operation(public=True)
async def show_by_name(name: str) -> str:
    return name


@operation(public=True, raises=(SlotGone, TooYoung, Busy, Unavailable))
async def go_wrong(how: str) -> None:
    raise {
        "conflict": SlotGone(slot=7),
        "refused": TooYoung(age=6),
        "busy": Busy(retry_after_s=17),
        "unavailable": Unavailable(retry_after_s=40),
    }[how]


@operation(public=True)
async def answer_nonsense() -> NoteView:
    """Our own bug: the answer does not fit its model."""
    return NoteView(**Strict.model_validate({"count": "many"}).model_dump())


@operation(public=True)
async def crash() -> None:
    raise ZeroDivisionError("of 13800138000")


@operation(needs=Permission.BOOK, status=201)
async def commit_fails(unit: Unit) -> NoteView:
    """Refused by a constraint when the unit is committed, after the answer was made."""
    unit.session.add(ClockOffset(id=2, offset_s=0, moved_at=unit.wall))
    return NoteView(text="done", count=1)


@operation(needs=Permission.BOOK, status=201, idempotent=True, raises=(SlotGone,))
async def hold(unit: Unit, body: Note) -> NoteView:
    unit.audit("test.held", "tests:1", text=body.text)
    await unit.session.flush()
    if body.text == "gone":
        raise SlotGone()
    return NoteView(text=body.text, count=body.count)


@operation(public=True, limit="2/minute")
async def seldom() -> None:
    return None


@operation(public=True)
async def count_up(query: PageQuery) -> Page[int]:
    """The numbers 1 to 7, page by page."""
    seen = decode_cursor(query.after, 1)
    last = int(seen[0]) if seen else 0
    rows = [number for number in range(1, 8) if number > last][: query.limit + 1]
    items, following = cut(rows, query.limit, lambda number: (number,))
    return Page(items=items, next=following)


@page(public=True)
async def say_page(request: Request) -> Response:
    return render(request, "web/phone.html")


@page(needs=Permission.OWN_ACCOUNT)
async def mine_page(request: Request) -> Response:
    return render(request, "web/phone.html")


@page(public=True)
async def save_page(request: Request) -> Response:
    form = await read_form(request, Note)
    if form.model is None:
        return Response("|".join(f"{name}: {text}" for name, text in form.errors.items()), 422)
    return redirect("/say", flash="已保存")


@page(public=True)
async def wrong_page(request: Request) -> Response:
    raise {"gone": SlotGone(), "busy": Busy(retry_after_s=17), "crash": ZeroDivisionError()}[
        request.path_params["how"]
    ]


@page(public=True)
async def sign_in_page(request: Request, units: Units, actor: Actor) -> Response:
    """Sign in again as who already is, with a flash before the session's own cookie."""
    response = redirect("/say", flash="欢迎回来")
    async with units.system("test") as unit:
        opened = await open_session(unit, actor, channel="browser")
    set_cookie(response, house_of(request), opened.token)
    return response


feature = Feature(
    name="tiny",
    api=(
        Route("/tiny/notes", add_note, methods=["POST"]),
        Route("/tiny/notes", find_notes),
        Route("/tiny/notes/{id:uuid}", show_note),
        Route("/tiny/loose/{id}", show_loosely),
        Route("/tiny/rules", edit_rules, methods=["PUT"]),
        Route("/tiny/names/{name}", show_by_name),
        Route("/tiny/wrong/{how}", go_wrong),
        Route("/tiny/nonsense", answer_nonsense),
        Route("/tiny/crash", crash),
        Route("/tiny/commit", commit_fails, methods=["POST"]),
        Route("/tiny/holds", hold, methods=["POST"]),
        Route("/tiny/seldom", seldom),
        Route("/tiny/numbers", count_up),
    ),
    pages=(
        Route("/say", say_page),
        Route("/mine", mine_page, methods=["GET", "POST"]),
        Route("/staff/mine", mine_page),
        Route("/save", save_page, methods=["POST"]),
        Route("/wrong/{how}", wrong_page),
        Route("/again", sign_in_page, methods=["POST"]),
    ),
)
