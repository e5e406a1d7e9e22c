"""Asked to delete while the law keeps the record: it is kept, and nothing else is done with it (REG59).

The restriction stands at once and nobody's leave is needed; the person lifts it themselves. Shares end, and
new visits, shares and checks at other hospitals wait until it is lifted. What the law asks for goes on:
keeping, the person's own reading and copies, refunds, and care that has begun.
"""

import json
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import sqlalchemy as sa

from telehealth.core.access import Actor
from telehealth.core.clock import add_months, hospital_day
from telehealth.core.unit import Unit
from telehealth.directory import Hospital, hospital
from telehealth.patients import hospital_patient, known_patient, person_for
from telehealth.records import queries
from telehealth.records.errors import DataRestricted, DeletionNotDue
from telehealth.records.models import DataRequest, Paper, Share
from telehealth.records.states import DATA_REQUEST, RequestEvent, RequestKind
from telehealth.rulebook import PolicyMissing, current_policy
from telehealth.rulebook.rules import PolicySet, sample_policy


@dataclass(frozen=True, slots=True)
class Kept:
    """Where somebody's record stands, and until when the law keeps it at least."""

    hospital: Hospital
    restricted_at: datetime | None
    #: Years from the last visit, by the hospital's rulebook.
    years: int


async def require_free(unit: Unit, hospital_id: UUID, person_id: UUID) -> None:
    """Raises DataRestricted."""
    known = await known_patient(unit, hospital_id, person_id)
    if known is not None and known.restricted_at is not None:
        raise DataRestricted()


async def restrict(unit: Unit, actor: Actor, person_id: UUID, hospital_id: UUID) -> DataRequest:
    """Again changes nothing. Raises PersonNotFound, LinkPending, DeletionNotDue, DataRestricted."""
    await person_for(unit, actor.account, person_id)
    known = await hospital_patient(unit, hospital_id, person_id)
    if known is None:
        raise DeletionNotDue()
    standing = await queries.standing_restriction(unit, hospital_id, person_id, lock=True)
    if standing is not None:
        return standing
    if known.restricted_at is not None:
        # Somebody else who acts for the person asked for it.
        raise DataRestricted()
    policy = await _policy(unit, hospital_id)
    request = DataRequest(
        hospital_id=hospital_id,
        account_id=actor.account,
        person_id=person_id,
        kind=RequestKind.RESTRICTION,
        state=DATA_REQUEST.initial,
        body=json.dumps({"years": policy.retention_years.outpatient_record}),
        asked_at=unit.now,
        answer_by=unit.now,
        answer="",
    )
    request.apply(RequestEvent.RESTRICT)
    unit.session.add(request)
    known.restricted_at = unit.now
    await unit.session.flush()
    ended = await _end_shares(unit, hospital_id, person_id)
    unit.audit("person.restricted", request, shares_ended=ended)
    return request


async def lift(unit: Unit, request_id: UUID) -> DataRequest:
    """By who asked for it, or whoever else acts for the person. Again changes nothing.

    Raises RequestNotFound, TransitionRefused.
    """
    request = await queries.request_of_account(unit, unit.actor.account, request_id, lock=True)
    if request.decided_at is not None or request.person_id is None:
        return request
    request.apply(RequestEvent.LIFT)
    request.decided_at, request.decided_by = unit.now, unit.actor.account
    known = await hospital_patient(unit, request.hospital_id, request.person_id)
    if known is not None:
        known.restricted_at = None
    unit.audit("person.unrestricted", request)
    return request


async def kept_at(unit: Unit, request: DataRequest) -> Kept:
    place = await hospital(unit, request.hospital_id)
    years = json.loads(request.body).get("years", 0)
    return Kept(place, request.asked_at, years)


def kept_until(request: DataRequest) -> str:
    """Not before this day may anything be erased; counted from when it was asked."""
    years = int(json.loads(request.body).get("years", 0))
    return add_months(hospital_day(request.asked_at), 12 * years).isoformat()


async def _end_shares(unit: Unit, hospital_id: UUID, person_id: UUID) -> int:
    """Every open share of this account that shows a paper of this hospital."""
    papers = sa.select(Paper.id).where(Paper.hospital_id == hospital_id, Paper.person_id == person_id)
    known = set(await unit.session.scalars(papers))
    ended = 0
    open_ones = sa.select(Share).where(
        Share.person_id == person_id, Share.revoked_at.is_(None), Share.expires_at > unit.now
    )
    for share in await unit.session.scalars(open_ones.with_for_update()):
        if known & set(share.paper_ids):
            share.revoked_at = unit.now
            ended += 1
    return ended


async def _policy(unit: Unit, hospital_id: UUID) -> PolicySet:
    try:
        return (await current_policy(unit, hospital_id)).policy
    except PolicyMissing:
        return sample_policy()
