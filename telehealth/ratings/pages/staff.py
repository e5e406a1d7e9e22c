"""A doctor's own stars, and the words that wait for somebody to read them."""

from uuid import UUID

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from telehealth.core.access import Actor, Permission
from telehealth.core.errors import TransitionRefused
from telehealth.core.i18n import N_
from telehealth.core.unit import Unit, Units
from telehealth.ratings import queries
from telehealth.ratings.reading import own_of_account, pass_on, withhold
from telehealth.ratings.states import STARS
from telehealth.web.contract import page
from telehealth.web.pages import redirect, render, words

P = Permission
OWN, WORDS = "/staff/ratings", "/staff/rating-words"


@page(needs=P.CONSULT)
async def own_ratings_page(request: Request, unit: Unit, actor: Actor) -> Response:
    """No name, no day, and nothing at all while so few rated that one could be guessed."""
    own, _ = await own_of_account(unit, actor), words(request)
    return render(
        request,
        "ratings/own.html",
        own=own,
        average=f"{own.average / 10:.1f}" if own.average is not None else "",
        spread=[(_(label), own.spread.get(stars, 0)) for stars, label in STARS.items()],
    )


@page(needs=P.HANDLE_COMPLAINTS)
async def words_page(request: Request, unit: Unit, actor: Actor) -> Response:
    _ = words(request)
    rows = await queries.waiting_words(unit, actor.hospital)
    return render(
        request,
        "ratings/words.html",
        rows=[
            {"id": row.id, "words": row.words, "stars": _(STARS[row.stars]), "made_at": row.made_at}
            for row in rows
        ],
    )


@page(needs=P.HANDLE_COMPLAINTS)
async def pass_words_page(units: Units, actor: Actor, rating_id: UUID) -> Response:
    return await _look(units, actor, rating_id, is_passed=True)


@page(needs=P.HANDLE_COMPLAINTS)
async def withhold_words_page(units: Units, actor: Actor, rating_id: UUID) -> Response:
    return await _look(units, actor, rating_id, is_passed=False)


async def _look(units: Units, actor: Actor, rating_id: UUID, *, is_passed: bool) -> Response:
    try:
        async with units.of(actor) as unit:
            await (pass_on if is_passed else withhold)(unit, actor, rating_id)
    except TransitionRefused as error:
        return redirect(WORDS, flash=error.detail, kind="warn")
    return redirect(WORDS, flash=N_("已转给医生，不含姓名") if is_passed else N_("已留存，不转给医生"))


routes = [
    Route(OWN, own_ratings_page),
    Route(WORDS, words_page),
    Route(WORDS + "/{rating_id:uuid}/passing", pass_words_page, methods=["POST"]),
    Route(WORDS + "/{rating_id:uuid}/withholding", withhold_words_page, methods=["POST"]),
]
