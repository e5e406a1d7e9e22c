"""A hospital changes its numbers: draft, edit, publish. Nothing published is ever edited."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from telehealth.core.unit import Unit
from telehealth.rulebook import queries
from telehealth.rulebook.errors import NothingChanged, PolicyFixed, PolicyOutdated
from telehealth.rulebook.models import PolicyVersionRow
from telehealth.rulebook.rules import Change, PolicySet, diff, digest, parse_policy, sample_policy
from telehealth.rulebook.states import PolicyEvent, PolicyState


async def draft_from_current(unit: Unit, hospital_id: UUID, *, note: str = "") -> PolicyVersionRow:
    """A new draft with the numbers that decide now, or the sample set for a new hospital.

    Raises PolicyOutdated when somebody drafted at the same moment.
    """
    current = await queries.current_row(unit, hospital_id)
    policy = sample_policy() if current is None else parse_policy(current.body)
    row = PolicyVersionRow(
        hospital_id=hospital_id,
        number=await queries.highest_number(unit, hospital_id) + 1,
        state=PolicyState.DRAFT,
        body=policy.model_dump(mode="json"),
        digest="",
        note=note,
        based_on=current.number if current else 0,
        revision=1,
        created_by=unit.actor.account_id,
        created_at=unit.now,
    )
    unit.session.add(row)
    try:
        await unit.session.flush()
    except sa.exc.IntegrityError as error:
        raise PolicyOutdated() from error
    unit.audit("policy.drafted", row, number=row.number, based_on=row.based_on)
    return row


async def edit_draft(
    unit: Unit, version_id: UUID, raw: Mapping[str, Any], *, note: str, revision: int
) -> PolicyVersionRow:
    """Save the whole set into the draft. `revision` is the one the editor opened.

    Raises FieldsInvalid by dotted path, PolicyFixed for anything published, PolicyOutdated when
    somebody saved it meanwhile, PolicyNotFound.
    """
    policy = parse_policy(raw)
    row = await _draft(unit, version_id, revision)
    row.body = policy.model_dump(mode="json")
    row.note = note
    row.revision += 1
    unit.audit("policy.edited", row, number=row.number, revision=row.revision)
    return row


async def discard_draft(unit: Unit, version_id: UUID, *, revision: int) -> None:
    """Raises PolicyFixed, PolicyOutdated, PolicyNotFound."""
    row = await _draft(unit, version_id, revision)
    row.apply(PolicyEvent.DISCARD)
    unit.audit("policy.discarded", row, number=row.number)


async def publish(unit: Unit, version_id: UUID, *, revision: int) -> PolicyVersionRow:
    """Let the draft decide from now on. Decisions already made keep the version they were made under.

    A hospital's first version changes everything and is never "unchanged".

    Raises PolicyOutdated when another version was published, or the draft saved, since the
    editor saw it; NothingChanged; PolicyFixed; FieldsInvalid; PolicyNotFound.
    """
    row = await _draft(unit, version_id, revision)
    current = await queries.current_row(unit, row.hospital_id, lock=True)
    if (current.number if current else 0) != row.based_on:
        raise PolicyOutdated(based_on=row.based_on, current=current.number if current else 0)
    policy = parse_policy(row.body)
    changes = [] if current is None else diff(parse_policy(current.body), policy)
    if current is not None:
        if not changes:
            raise NothingChanged()
        current.apply(PolicyEvent.RETIRE)
        # First the old one leaves: one published version a hospital, by a unique index.
        await unit.session.flush()
    row.body = policy.model_dump(mode="json")
    row.digest = digest(policy)
    row.published_by, row.published_at = unit.actor.account_id, unit.now
    row.apply(PolicyEvent.PUBLISH)
    try:
        await unit.session.flush()
    except sa.exc.IntegrityError as error:
        raise PolicyOutdated() from error
    unit.audit(
        "policy.published",
        row,
        number=row.number,
        digest=row.digest,
        changes=[{"path": change.path, "old": change.old, "new": change.new} for change in changes],
    )
    return row


async def publish_first(unit: Unit, hospital_id: UUID, policy: PolicySet) -> PolicyVersionRow:
    """Version 1 of a new hospital, from a set prepared elsewhere."""
    row = await draft_from_current(unit, hospital_id)
    await edit_draft(unit, row.id, policy.model_dump(mode="json"), note="", revision=row.revision)
    return await publish(unit, row.id, revision=row.revision)


async def changes_of(unit: Unit, version_id: UUID) -> list[Change]:
    """What a version changes: a draft against what decides now, a published one against its base."""
    row = await queries.version_row(unit, version_id)
    if row.state is PolicyState.DRAFT:
        base = await queries.current_row(unit, row.hospital_id)
    else:
        base = await queries.numbered(unit, row.hospital_id, row.based_on)
    return [] if base is None else diff(parse_policy(base.body), parse_policy(row.body))


async def _draft(unit: Unit, version_id: UUID, revision: int) -> PolicyVersionRow:
    row = await queries.version_row(unit, version_id, lock=True)
    if row.state is not PolicyState.DRAFT:
        raise PolicyFixed(state=row.state)
    if row.revision != revision:
        raise PolicyOutdated(revision=row.revision)
    return row
