"""JSON routes of ratings. Somebody else's visit is a 404; nobody reads who gave which stars."""

from uuid import UUID

from starlette.routing import Route

from telehealth.bookings.errors import BookingNotFound
from telehealth.core.access import Actor, Permission
from telehealth.core.errors import TransitionRefused
from telehealth.core.unit import Unit
from telehealth.directory import DoctorNotFound
from telehealth.ratings import queries
from telehealth.ratings.asking import wave_away
from telehealth.ratings.errors import (
    AlreadyRated,
    RatingFixed,
    RatingNotFound,
    RatingTooLate,
    VisitNotRateable,
)
from telehealth.ratings.rating import Given, own, rate, revise
from telehealth.ratings.reading import own_of_account, pass_on, withhold
from telehealth.ratings.schemas import OwnScoreView, Rate, RatingView, ScoreView, WordsQuery, WordsView
from telehealth.ratings.tallying import averages
from telehealth.web.contract import operation
from telehealth.web.pagination import Page, cut, moment_key

P = Permission


@operation(needs=P.BOOK, raises=(RatingNotFound,))
async def show_rating(unit: Unit, actor: Actor, booking_id: UUID) -> RatingView:
    return RatingView.of(await own(unit, actor, booking_id))


@operation(
    needs=P.BOOK,
    status=201,
    raises=(BookingNotFound, VisitNotRateable, RatingTooLate, AlreadyRated),
    idempotent=True,
)
async def rate_visit(unit: Unit, actor: Actor, booking_id: UUID, body: Rate) -> RatingView:
    """One to five stars for a visit that was had, once."""
    return RatingView.of(await rate(unit, actor, booking_id, Given(body.stars, body.words)))


@operation(needs=P.BOOK, raises=(BookingNotFound, RatingNotFound, RatingFixed))
async def revise_rating(unit: Unit, actor: Actor, booking_id: UUID, body: Rate) -> RatingView:
    """As long as `editable_until` says."""
    return RatingView.of(await revise(unit, actor, booking_id, Given(body.stars, body.words)))


@operation(needs=P.BOOK, raises=(BookingNotFound,))
async def wave_rating_away(unit: Unit, actor: Actor, booking_id: UUID) -> None:
    """Rather not: the home page asks no more. The visit may still be rated."""
    await wave_away(unit, actor, booking_id)


@operation(public=True)
async def show_doctor_score(unit: Unit, doctor_id: UUID) -> ScoreView:
    """Empty while too few rated, and for a doctor there is none of."""
    average, count = (await averages(unit, [doctor_id])).get(doctor_id, (None, None))
    return ScoreView(average=average, count=count)


@operation(needs=P.CONSULT, raises=(DoctorNotFound,))
async def show_own_score(unit: Unit, actor: Actor) -> OwnScoreView:
    """Of the doctor who asks: no name, no day, and nothing while too few rated."""
    return OwnScoreView.of(await own_of_account(unit, actor))


@operation(needs=P.HANDLE_COMPLAINTS)
async def list_rating_words(unit: Unit, actor: Actor, query: WordsQuery) -> Page[WordsView]:
    """What patients wrote and nobody read yet, oldest first."""
    rows = await queries.waiting_words(unit, actor.hospital, after=moment_key(query.after), limit=query.limit)
    kept, following = cut(rows, query.limit, lambda row: (row.made_at, row.id))
    return Page(items=[WordsView.of(row) for row in kept], next=following)


@operation(needs=P.HANDLE_COMPLAINTS, raises=(RatingNotFound, TransitionRefused))
async def pass_rating_words(unit: Unit, actor: Actor, rating_id: UUID) -> WordsView:
    """To the doctor, without a name."""
    return WordsView.of(await pass_on(unit, actor, rating_id))


@operation(needs=P.HANDLE_COMPLAINTS, raises=(RatingNotFound, TransitionRefused))
async def withhold_rating_words(unit: Unit, actor: Actor, rating_id: UUID) -> WordsView:
    return WordsView.of(await withhold(unit, actor, rating_id))


routes = [
    Route("/bookings/{booking_id:uuid}/rating", show_rating),
    Route("/bookings/{booking_id:uuid}/rating", rate_visit, methods=["POST"]),
    Route("/bookings/{booking_id:uuid}/rating", revise_rating, methods=["PUT"]),
    Route("/bookings/{booking_id:uuid}/rating-dismissal", wave_rating_away, methods=["POST"]),
    Route("/doctors/{doctor_id:uuid}/score", show_doctor_score),
    Route("/staff/own-score", show_own_score),
    Route("/staff/rating-words", list_rating_words),
    Route("/staff/rating-words/{rating_id:uuid}/passing", pass_rating_words, methods=["POST"]),
    Route("/staff/rating-words/{rating_id:uuid}/withholding", withhold_rating_words, methods=["POST"]),
]
