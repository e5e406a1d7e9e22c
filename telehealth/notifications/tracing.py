"""What became of a message: what was tried, when, and with which result, for whoever somebody calls."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

import sqlalchemy as sa

from telehealth.accounts import parse_phone, patient_by_phone
from telehealth.core.access import Actor
from telehealth.core.errors import FieldsInvalid
from telehealth.core.unit import Unit, Units
from telehealth.notifications import queries
from telehealth.notifications.models import Delivery, Rung
from telehealth.notifications.notices import WORDINGS, text_of, title_of
from telehealth.notifications.rules import show
from telehealth.notifications.states import Channel, DeliveryState, RungState

#: What the dashboard counts.
WINDOW = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Trace:
    """One notice on its way to one reader, in the language of whoever looks."""

    id: UUID
    notice: str
    title: str
    text: str
    created_at: datetime
    state: DeliveryState
    reason: str
    rungs: tuple[Rung, ...]


@dataclass(frozen=True, slots=True)
class ChannelCount:
    """Of one channel within the last seven days of business time."""

    channel: Channel
    sent: int
    delivered: int
    failed: int

    @property
    def share(self) -> float | None:
        """Of those whose fate is known; None while none is."""
        known = self.delivered + self.failed
        return self.delivered / known if known else None


async def trace(
    units: Units,
    actor: Actor,
    *,
    phone: str = "",
    before: UUID | None = None,
    limit: int,
    lang: str,
) -> list[Trace]:
    """What this hospital sent, newest first, one more than `limit`; of one patient when `phone` is given.

    Whether a phone has an account is not told apart from its having been sent nothing. Looking somebody up
    is recorded. Raises FieldsInvalid.
    """
    account_id = None
    if phone:
        number = _e164(phone)
        async with units.system("message tracing") as unit:
            account = await patient_by_phone(unit, number)
        if account is None:
            return []
        account_id = account.id
    async with units.hospital(actor.hospital, actor) as unit:
        rows = await queries.deliveries_to(unit, account_id, before=before, limit=limit)
        rungs = await queries.rungs_of(unit, *[row.id for row in rows])
        if account_id is not None:
            unit.audit("notices.traced", f"accounts:{account_id}", count=len(rows))
    return [_trace(row, rungs, lang) for row in rows]


def _e164(phone: str) -> str:
    try:
        return parse_phone(phone)
    except ValueError as error:
        raise FieldsInvalid({"phone": str(error)}) from None


def _trace(row: Delivery, rungs: Sequence[Rung], lang: str) -> Trace:
    wording = WORDINGS[row.notice]
    return Trace(
        row.id,
        str(row.notice),
        title_of(row.notice, lang),
        text_of(row.notice, show(wording.variables, row.variables, lang), lang),
        row.created_at,
        row.state,
        row.reason,
        tuple(rung for rung in rungs if rung.delivery_id == row.id),
    )


async def delivery_shares(unit: Unit) -> list[ChannelCount]:
    """How many messages of each channel arrived, at the unit's hospital."""
    delivered = sa.func.count().filter(Rung.state == RungState.DELIVERED)
    failed = sa.func.count().filter(
        Rung.state.in_((RungState.UNDELIVERED, RungState.REFUSED, RungState.SILENT))
    )
    found = (
        sa.select(Rung.channel, sa.func.count(), delivered, failed)
        .where(Rung.hospital_id == unit.hospital_id, Rung.created_at > unit.now - WINDOW)
        .group_by(Rung.channel)
    )
    counts = {row[0]: ChannelCount(*row) for row in await unit.session.execute(found)}
    return [counts.get(channel, ChannelCount(channel, 0, 0, 0)) for channel in Channel]
