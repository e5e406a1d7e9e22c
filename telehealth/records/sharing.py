"""Show chosen papers to somebody, until a day, by a link (GD08). Taking it back works at once.

Whoever holds the link signs in nowhere; each opening is written down for the owner. Unknown, ended and
taken back are one answer, found by one look at the same index.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from secrets import randbelow
from uuid import UUID, uuid4

from telehealth.core.access import Actor
from telehealth.core.errors import FieldsInvalid
from telehealth.core.i18n import N_
from telehealth.core.ids import share_token
from telehealth.core.unit import Unit, Units
from telehealth.patients import LinkEnded, people_by_id, person_for
from telehealth.patients.masking import mask_name
from telehealth.records import issuing, queries
from telehealth.records.errors import (
    DataRestricted,
    NothingChosen,
    PaperNotFound,
    ShareClosed,
    SharesFull,
    ViewCodeWrong,
)
from telehealth.records.models import Paper, Share, ShareView
from telehealth.records.refreshing import policy_at
from telehealth.records.restricting import require_free
from telehealth.records.rules import Door, Entry, allowed_days, ends_at, entry, is_right
from telehealth.records.states import PaperKind
from telehealth.records.wording import device_of
from telehealth.rulebook import current_row

DOOR = "record share"

#: A paper, by kind and by what it is of.
Chosen = tuple[PaperKind, UUID]


@dataclass(frozen=True, slots=True)
class Opened:
    """What the holder of a link may see. `needs_code` comes with no papers."""

    share: Share
    papers: Sequence[Paper]
    patient: str
    needs_code: bool


async def make(
    units: Units,
    actor: Actor,
    person_id: UUID,
    chosen: Sequence[Chosen],
    *,
    days: int,
    label: str = "",
    with_code: bool = False,
) -> Share:
    """Raises PersonNotFound, DocumentNotFound, NothingChosen, SharesFull, DataRestricted, FieldsInvalid."""
    if not chosen:
        raise NothingChosen()
    async with units.account(actor.account, actor) as unit:
        await person_for(unit, actor.account, person_id)
    papers = [await issuing.issue(units, actor, kind, item_id) for kind, item_id in dict.fromkeys(chosen)]
    if any(paper.person_id != person_id for paper in papers):
        raise PaperNotFound()
    async with units.account(actor.account, actor) as unit:
        await person_for(unit, actor.account, person_id)
        for hospital_id in {paper.hospital_id for paper in papers}:
            await require_free(unit, hospital_id, person_id)
        policy = (await policy_at(unit, papers[0].hospital_id)).records
        if allowed_days(policy.share_days, days) is None:
            raise FieldsInvalid({"days": N_("请从给出的天数中选择")})
        if await queries.open_shares(unit, actor.account) >= policy.shares_most:
            raise SharesFull(most=policy.shares_most)
        number = await current_row(unit, papers[0].hospital_id)
        token = share_token()
        share = Share(
            account_id=actor.account,
            person_id=person_id,
            token_digest=digest_of(token),
            token=token,
            label=label,
            paper_ids=[paper.id for paper in papers],
            view_code=f"{randbelow(1_000_000):06d}" if with_code else None,
            code_tries=0,
            days=days,
            policy_number=number.number if number else None,
            made_at=unit.now,
            expires_at=ends_at(unit.now, days),
        )
        unit.session.add(share)
        await unit.session.flush()
        unit.audit("share.made", share, papers=len(papers), days=days, with_code=with_code)
        return share


async def revoke(unit: Unit, share_id: UUID) -> Share:
    """From now on the link opens nothing. Again changes nothing. Raises ShareNotFound."""
    share = await queries.share(unit, unit.actor.account, share_id, lock=True)
    _end(unit, share)
    return share


async def on_link_ended(unit: Unit, event: LinkEnded) -> None:
    """Who no longer acts for somebody shows nothing of them either."""
    for share in await queries.open_shares_for(unit, event.account_id, event.person_id):
        _end(unit, share)


async def open_share(units: Units, token: str, *, ticket: str | None, user_agent: str) -> Opened:
    """Each opening counts. Raises ShareClosed."""
    async with units.system(DOOR) as unit:
        share = await queries.share_by_digest(unit, digest_of(token))
        person = (await people_by_id(unit, [share.person_id])).get(share.person_id)
        name = mask_name(person.name) if person else "*"
        state = await _entry(unit, share, ticket)
        if state is Entry.CODE_NEEDED:
            return Opened(share, (), name, needs_code=True)
        papers = await queries.papers(unit, share.paper_ids)
        _note(unit, share, None, user_agent)
        return Opened(share, papers, name, needs_code=False)


async def give_code(units: Units, token: str, typed: str) -> str:
    """The ticket of the one browser a right code lets in. Raises ShareClosed, ViewCodeWrong."""
    async with units.system(DOOR) as unit:
        share = await queries.share_by_digest(unit, digest_of(token), lock=True)
        if await _entry(unit, share, None) is Entry.OPEN:
            return ""
        right = is_right(await _door(unit, share), typed)
        if right:
            share.opened_by = uuid4()
        else:
            share.code_tries += 1
        unit.audit("share.code_given", share, right=right)
    # Raised only now: the count of wrong codes is committed.
    if not right or share.opened_by is None:
        raise ViewCodeWrong()
    return str(share.opened_by)


async def open_paper(
    units: Units, token: str, paper_id: UUID, *, ticket: str | None, user_agent: str
) -> tuple[Paper, bytes]:
    """Raises ShareClosed, also for a paper that was not shared; BlobNotFound, BlobsDown."""
    async with units.system(DOOR) as unit:
        share = await queries.share_by_digest(unit, digest_of(token))
        state = await _entry(unit, share, ticket)
        found = await queries.papers(unit, [each for each in share.paper_ids if each == paper_id])
        if state is not Entry.OPEN or not found:
            raise ShareClosed()
        _note(unit, share, paper_id, user_agent)
    return found[0], await issuing.read(units, found[0])


def digest_of(token: str) -> str:
    return sha256(token.encode()).hexdigest()


def left_days(share: Share, now: datetime) -> int:
    """Begun ones count."""
    return max(0, -((now - share.expires_at).days)) if share.is_open(now) else 0


async def _entry(unit: Unit, share: Share, ticket: str | None) -> Entry:
    """Raises ShareClosed where the code is used up, or the data restricted: as dead as any other link."""
    found = entry(await _door(unit, share), ticket)
    if found is Entry.USED_UP:
        raise ShareClosed()
    for hospital_id in {paper.hospital_id for paper in await queries.papers(unit, share.paper_ids)}:
        try:
            await require_free(unit, hospital_id, share.person_id)
        except DataRestricted:
            raise ShareClosed() from None
    return found


async def _door(unit: Unit, share: Share) -> Door:
    papers = await queries.papers(unit, share.paper_ids[:1])
    if not papers:
        raise ShareClosed()
    most = (await policy_at(unit, papers[0].hospital_id)).records.share_code_tries
    opened_by = str(share.opened_by) if share.opened_by else None
    return Door(share.view_code, share.code_tries, most, opened_by)


def _end(unit: Unit, share: Share) -> None:
    if share.revoked_at is None and share.is_open(unit.now):
        share.revoked_at = unit.now
        unit.audit("share.revoked", share)


def _note(unit: Unit, share: Share, paper_id: UUID | None, user_agent: str) -> None:
    unit.session.add(
        ShareView(
            share_id=share.id,
            account_id=share.account_id,
            paper_id=paper_id,
            device=device_of(user_agent),
            at=unit.now,
        )
    )
    unit.audit("share.viewed", share, paper=paper_id)
