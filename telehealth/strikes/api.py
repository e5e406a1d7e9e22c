"""JSON routes of strikes. Somebody else's strike or appeal is a 404."""

from uuid import UUID

from starlette.routing import Route

from telehealth.core.access import Actor, Permission
from telehealth.core.unit import Unit
from telehealth.strikes import appealing, queries, viewing
from telehealth.strikes.errors import (
    AppealAlreadyAnswered,
    AppealAlreadyOpen,
    AppealNotFound,
    StrikeNotFound,
    StrikeReversed,
)
from telehealth.strikes.schemas import (
    AnswerAppeal,
    AppealView,
    MakeAppeal,
    ReverseStrike,
    StandingView,
    StrikeView,
)
from telehealth.web.contract import operation

P = Permission


@operation(needs=P.BOOK)
async def list_strikes(unit: Unit, actor: Actor) -> list[StandingView]:
    """Strikes, count and bans of everybody this account acts for."""
    return [StandingView.of(record) for record in await viewing.records_of(unit, actor)]


@operation(
    needs=P.BOOK,
    status=201,
    raises=(StrikeNotFound, StrikeReversed, AppealAlreadyOpen),
    idempotent=True,
    limit="20/hour",
)
async def make_appeal(unit: Unit, actor: Actor, strike_id: UUID, body: MakeAppeal) -> AppealView:
    """A person at the hospital decides about it."""
    return AppealView.of(await appealing.appeal(unit, actor, strike_id, body.text))


@operation(needs=P.LIFT_STRIKE)
async def list_appeals(unit: Unit, actor: Actor) -> list[AppealView]:
    """Open ones of one's own hospital, oldest first."""
    return [AppealView.of(row) for row in await queries.open_appeals(unit, actor.hospital)]


@operation(needs=P.LIFT_STRIKE, raises=(AppealNotFound, AppealAlreadyAnswered))
async def uphold_appeal(unit: Unit, actor: Actor, appeal_id: UUID, body: AnswerAppeal) -> AppealView:
    """Take the strike back; a ban it brought is lifted at once."""
    return AppealView.of(await appealing.uphold(unit, actor, appeal_id, body.answer))


@operation(needs=P.LIFT_STRIKE, raises=(AppealNotFound, AppealAlreadyAnswered))
async def decline_appeal(unit: Unit, actor: Actor, appeal_id: UUID, body: AnswerAppeal) -> AppealView:
    return AppealView.of(await appealing.decline(unit, actor, appeal_id, body.answer))


@operation(needs=P.LIFT_STRIKE, raises=(StrikeNotFound, StrikeReversed))
async def reverse_strike(unit: Unit, actor: Actor, strike_id: UUID, body: ReverseStrike) -> StrikeView:
    """Take a strike back without an appeal."""
    return StrikeView.of(await appealing.reverse_strike(unit, actor, strike_id, body.reason))


routes = [
    Route("/strikes", list_strikes),
    Route("/strikes/{strike_id}/appeals", make_appeal, methods=["POST"]),
    Route("/strikes/{strike_id}/reversal", reverse_strike, methods=["POST"]),
    Route("/appeals", list_appeals),
    Route("/appeals/{appeal_id}/upholding", uphold_appeal, methods=["POST"]),
    Route("/appeals/{appeal_id}/declining", decline_appeal, methods=["POST"]),
]
