"""Stars for a visit, on one page: to give, to change for a day, or to leave."""

from uuid import UUID

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from telehealth.bookings import BookingState, place_of
from telehealth.bookings.errors import BookingNotFound
from telehealth.core.access import Actor, Permission
from telehealth.core.errors import DomainError
from telehealth.core.i18n import N_
from telehealth.core.unit import Unit, Units
from telehealth.directory import said
from telehealth.ratings import queries
from telehealth.ratings.asking import wave_away
from telehealth.ratings.errors import AlreadyRated, RatingNotFound, RatingTooLate, VisitNotRateable
from telehealth.ratings.rating import Given, rate, revise
from telehealth.ratings.rules import LONGEST_WORDS, rate_by
from telehealth.ratings.schemas import Rate
from telehealth.ratings.states import STARS
from telehealth.rulebook import current_policy
from telehealth.web.contract import page
from telehealth.web.forms import Form, blank, read_form
from telehealth.web.pages import redirect, render, words
from telehealth.web.preferences import language
from telehealth.web.problems import sentence, status_of

P = Permission

_STANDS = N_("您已经评价过这次就诊，原来的评价还在。下面是您刚才填写的内容，再次提交就会替换原来的评价。")


@page(needs=P.BOOK)
async def rating_page(request: Request, unit: Unit, actor: Actor, booking_id: UUID) -> Response:
    known = await queries.rating_of(unit, actor.account, booking_id)
    form = blank(stars=known.stars, words=known.words) if known else blank()
    return await _show(request, unit, actor, booking_id, form)


@page(needs=P.BOOK, limit="30/hour")
async def give_rating_page(request: Request, units: Units, actor: Actor, booking_id: UUID) -> Response:
    """To rate, or to change what was given. Rating twice loses nothing.

    A page that was opened before the first rating does not write over it: what stands and what was typed
    are shown, and pressing again is meant as a change.
    """
    form, status = await read_form(request, Rate), 422
    if form.model is not None:
        given = Given(form.model.stars, form.model.words)
        changes = form.values.get("changes") == "true"
        try:
            async with units.of(actor) as unit:
                await (revise if changes else rate)(unit, actor, booking_id, given)
            done = N_("评价已修改") if changes else N_("谢谢您的评价")
            return redirect(f"/bookings/{booking_id}", flash=done)
        except (BookingNotFound, RatingNotFound):
            raise
        except DomainError as error:
            form.errors["__all__"], status = sentence(error, language(request)), status_of(error)
            if isinstance(error, AlreadyRated):
                form.errors["__all__"] = words(request)(_STANDS)
    async with units.of(actor) as unit:
        return await _show(request, unit, actor, booking_id, form, status=status)


@page(needs=P.BOOK)
async def wave_away_page(unit: Unit, actor: Actor, booking_id: UUID) -> Response:
    await wave_away(unit, actor, booking_id)
    return redirect("/", flash=N_("好的，不再询问这次就诊"))


async def _show(
    request: Request, unit: Unit, actor: Actor, booking_id: UUID, form: Form[Rate], *, status: int = 200
) -> Response:
    place, lang, _ = await place_of(unit, booking_id), language(request), words(request)
    known = await queries.rating_of(unit, actor.account, booking_id)
    booking = place.booking
    policy = (await current_policy(unit, booking.hospital_id)).policy
    until = rate_by(booking.ended_at, policy) if booking.ended_at else None
    was_had = booking.state is BookingState.COMPLETED
    in_time = was_had and until is not None and unit.now < until
    may_rate = in_time if known is None else unit.now < known.editable_until
    refusal = VisitNotRateable.detail if not was_had else RatingTooLate.detail
    ask = await queries.ask_of(unit, actor.account, booking_id)
    return render(
        request,
        "ratings/rating.html",
        status,
        booking=booking,
        doctor=said(place.doctor, "name", lang),
        title=said(place.doctor, "title", lang),
        department=said(place.department, "name", lang),
        known=known,
        known_words=_(STARS[known.stars]) if known else "",
        may_rate=may_rate,
        until=(known.editable_until if known else until) if may_rate else None,
        refusal="" if may_rate or known else refusal,
        stars=[(value, f"{'★' * value}{'☆' * (5 - value)} {_(label)}") for value, label in STARS.items()],
        longest=LONGEST_WORDS,
        # Refused for good: what was typed is shown, so that it can be used elsewhere.
        typed="" if may_rate else str(form.values.get("words", "")) if form.errors else "",
        may_wave=known is None and ask is not None and ask.closed_at is None and may_rate,
        values=form.values,
        errors=form.errors,
    )


routes = [
    Route("/bookings/{booking_id:uuid}/rating", rating_page),
    Route("/bookings/{booking_id:uuid}/rating", give_rating_page, methods=["POST"]),
    Route("/bookings/{booking_id:uuid}/rating/dismissal", wave_away_page, methods=["POST"]),
]
