"""A relative asks for the record of somebody who died (REG60): the service desk looks at the proof."""

import json
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from telehealth.core.access import Actor
from telehealth.core.unit import Unit
from telehealth.directory import live_hospital
from telehealth.notifications import Notice, notify
from telehealth.records import queries
from telehealth.records.errors import RequestAnswered
from telehealth.records.models import DataRequest
from telehealth.records.refreshing import policy_at
from telehealth.records.states import DATA_REQUEST, RequestEvent, RequestKind, RequestState


@dataclass(frozen=True, slots=True)
class Told:
    """What a relative tells. Proof of death and of kinship is shown at the desk, never uploaded here."""

    name: str
    document_number: str
    relation: str
    wish: str


async def ask(unit: Unit, actor: Actor, hospital_code: str, told: Told) -> DataRequest:
    """Raises HospitalNotFound, HospitalNotLive."""
    place = await live_hospital(unit, hospital_code)
    policy = await policy_at(unit, place.id)
    request = DataRequest(
        hospital_id=place.id,
        account_id=actor.account,
        person_id=None,
        kind=RequestKind.HEIR,
        state=DATA_REQUEST.initial,
        body=json.dumps(
            {
                "name": told.name,
                "document_number": told.document_number,
                "relation": told.relation,
                "wish": told.wish,
            },
            ensure_ascii=False,
        ),
        asked_at=unit.now,
        answer_by=unit.now + timedelta(days=policy.records.request_answer_days),
        answer="",
    )
    unit.session.add(request)
    await unit.session.flush()
    unit.audit("heir.asked", request)
    return request


async def answer(unit: Unit, request_id: UUID, *, granted: bool, text: str) -> DataRequest:
    """By staff, once. Raises RequestNotFound, RequestAnswered."""
    request = await queries.request_at(unit, unit.actor.hospital, request_id)
    if request.state is not RequestState.OPEN:
        raise RequestAnswered(state=str(request.state))
    request.apply(RequestEvent.GRANT if granted else RequestEvent.DECLINE)
    request.decided_at, request.decided_by, request.answer = unit.now, unit.actor.account, text
    unit.audit("heir.answered", request, granted=granted)
    await notify(
        unit, Notice.DATA_REQUEST_ANSWERED, request.account_id, hospital_id=request.hospital_id,
        href="/data-rights",
    )  # fmt: skip
    return request


def told_in(request: DataRequest) -> Told:
    return Told(**json.loads(request.body))
