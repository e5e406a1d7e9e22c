"""Versions of the rulebook: drafted, edited, published; never changed afterwards."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from telehealth.core.access import Role
from telehealth.core.audit import AuditRecord
from telehealth.core.clock import FixedClock
from telehealth.core.errors import FieldsInvalid
from telehealth.core.unit import Units
from telehealth.rulebook import PolicyMissing, PolicyNotFound, current_policy, policy_version
from telehealth.rulebook.errors import CasesUnusable, NothingChanged, PolicyFixed, PolicyOutdated
from telehealth.rulebook.models import PolicyVersionRow
from telehealth.rulebook.publishing import changes_of, discard_draft, draft_from_current, edit_draft, publish
from telehealth.rulebook.rehearsing import rehearse
from telehealth.rulebook.rules import PolicySet, sample_policy
from telehealth.rulebook.states import POLICY_VERSION, PolicyState
from tests.support.factories.accounts import add_staff, staff
from tests.support.factories.directory import add_hospital
from tests.support.factories.rulebook import policy, publish_policy

pytestmark = pytest.mark.anyio


async def test_a_hospital_without_a_published_set_decides_nothing(units: Units) -> None:
    hospital = await add_hospital(units)
    async with units.public() as unit:
        with pytest.raises(PolicyMissing):
            await current_policy(unit, hospital.id)


async def test_publishing_decides_from_now_on_and_keeps_the_version_before(
    units: Units, clock: FixedClock
) -> None:
    hospital = await add_hospital(units)
    first = await publish_policy(units, hospital.id)
    clock.advance(timedelta(days=1))
    await publish_policy(units, hospital.id, strikes={"limit": 5})
    async with units.public() as unit:
        now = await current_policy(unit, hospital.id)
        before = await policy_version(unit, first.id)
    assert (now.number, now.policy.strikes.limit) == (2, 5)
    assert (before.number, before.policy.strikes.limit) == (1, 3)


async def test_numbers_are_each_hospitals_own(units: Units) -> None:
    one, other = await add_hospital(units, "one"), await add_hospital(units, "other")
    await publish_policy(units, one.id, booking={"hold_minutes": 20})
    await publish_policy(units, other.id)
    async with units.public() as unit:
        assert (await current_policy(unit, one.id)).policy.booking.hold_minutes == 20
        assert (await current_policy(unit, other.id)).policy.booking.hold_minutes == 15


async def test_the_set_is_parsed_once_a_version(units: Units) -> None:
    hospital = await add_hospital(units)
    await publish_policy(units, hospital.id)
    async with units.public() as unit:
        first = await current_policy(unit, hospital.id)
    async with units.public() as unit:
        assert await current_policy(unit, hospital.id) is first


async def test_a_rolled_back_publication_never_decides(units: Units) -> None:
    hospital = await add_hospital(units)
    await publish_policy(units, hospital.id)
    with pytest.raises(RuntimeError):
        async with units.system("test") as unit:
            draft = await draft_from_current(unit, hospital.id)
            body = policy(strikes={"limit": 9}).model_dump(mode="json")
            await edit_draft(unit, draft.id, body, note="", revision=1)
            await publish(unit, draft.id, revision=2)
            assert (await current_policy(unit, hospital.id)).policy.strikes.limit == 9
            raise RuntimeError
    async with units.public() as unit:
        assert (await current_policy(unit, hospital.id)).policy.strikes.limit == 3


async def test_publishing_says_what_changed_and_who_did_it(units: Units) -> None:
    hospital = await add_hospital(units)
    await publish_policy(units, hospital.id)
    member = await add_staff(units, hospital.id, (Role.ADMIN,), login="boss", name="样例管理员")
    async with units.of(staff(member)) as unit:
        draft = await draft_from_current(unit, hospital.id)
        body = policy(eligibility={"offline_visit_window_months": 3}).model_dump(mode="json")
        await edit_draft(unit, draft.id, body, note="收紧", revision=1)
        (change,) = await changes_of(unit, draft.id)
        assert (change.path, change.old, change.new) == ("eligibility.offline_visit_window_months", 6, 3)
        await publish(unit, draft.id, revision=2)
        await unit.flush()
        found = sa.select(AuditRecord).where(
            AuditRecord.name == "policy.published", AuditRecord.subject_id == str(draft.id)
        )
        record = (await unit.session.scalars(found)).one()
    assert record.actor_id == member.account_id
    assert record.facts["changes"] == [{"path": change.path, "old": 6, "new": 3}]


@pytest.mark.parametrize(
    "change",
    ["body = '{}'", "digest = 'x'", "number = 9", "published_at = now()", "state = 'draft'"],
)
async def test_not_even_a_bare_update_changes_what_was_published(units: Units, change: str) -> None:
    hospital = await add_hospital(units)
    row = await publish_policy(units, hospital.id)
    await publish_policy(units, hospital.id, strikes={"limit": 5})
    with pytest.raises(sa.exc.DBAPIError):
        async with units.system("test") as unit:
            await unit.session.execute(
                sa.text(f"update policy_versions set {change} where id = :id"),  # noqa: S608
                {"id": row.id},
            )
    with pytest.raises(sa.exc.DBAPIError):
        async with units.system("test") as unit:
            await unit.session.execute(sa.delete(PolicyVersionRow).where(PolicyVersionRow.id == row.id))


async def test_a_published_version_takes_no_edits(units: Units) -> None:
    hospital = await add_hospital(units)
    row = await publish_policy(units, hospital.id)
    async with units.system("test") as unit:
        with pytest.raises(PolicyFixed):
            await edit_draft(unit, row.id, {}, note="", revision=row.revision)
        with pytest.raises(PolicyFixed):
            await discard_draft(unit, row.id, revision=row.revision)
        with pytest.raises(PolicyFixed):
            await publish(unit, row.id, revision=row.revision)


async def test_a_draft_of_an_older_version_is_not_published(units: Units) -> None:
    hospital = await add_hospital(units)
    await publish_policy(units, hospital.id)
    async with units.system("test") as unit:
        draft = await draft_from_current(unit, hospital.id)
        body = policy(strikes={"limit": 4}).model_dump(mode="json")
        await edit_draft(unit, draft.id, body, note="", revision=1)
    await publish_policy(units, hospital.id, strikes={"limit": 5})
    async with units.system("test") as unit:
        with pytest.raises(PolicyOutdated):
            await publish(unit, draft.id, revision=2)
        assert (await current_policy(unit, hospital.id)).policy.strikes.limit == 5


async def test_two_editors_do_not_overwrite_each_other(units: Units) -> None:
    hospital = await add_hospital(units)
    async with units.system("test") as unit:
        draft = await draft_from_current(unit, hospital.id)
        await edit_draft(unit, draft.id, {}, note="第一位", revision=1)
        with pytest.raises(PolicyOutdated):
            await edit_draft(unit, draft.id, {}, note="第二位", revision=1)
        with pytest.raises(PolicyOutdated):
            await publish(unit, draft.id, revision=1)


async def test_two_who_publish_at_once_leave_one_current(units: Units) -> None:
    hospital = await add_hospital(units)
    await publish_policy(units, hospital.id)
    drafts = []
    for limit in (4, 5):
        async with units.system("test") as unit:
            draft = await draft_from_current(unit, hospital.id)
            body = policy(strikes={"limit": limit}).model_dump(mode="json")
            await edit_draft(unit, draft.id, body, note="", revision=1)
            drafts.append(draft.id)

    async def publish_one(version_id: Any) -> str:
        try:
            async with units.system("test") as unit:
                await publish(unit, version_id, revision=2)
        except PolicyOutdated:
            return "outdated"
        return "published"

    assert sorted(await asyncio.gather(*map(publish_one, drafts))) == ["outdated", "published"]
    async with units.system("test") as unit:
        states = (await unit.session.scalars(sa.select(PolicyVersionRow.state))).all()
    assert sorted(states) == [PolicyState.DRAFT, PolicyState.PUBLISHED, PolicyState.RETIRED]


async def test_an_unchanged_draft_is_not_published(units: Units) -> None:
    hospital = await add_hospital(units)
    await publish_policy(units, hospital.id)
    async with units.system("test") as unit:
        draft = await draft_from_current(unit, hospital.id)
        with pytest.raises(NothingChanged):
            await publish(unit, draft.id, revision=1)


@pytest.mark.parametrize(
    ("section", "name", "value"),
    [
        ("prescription", "valid_days_max", 4),
        ("retention_years", "outpatient_record", 14),
        ("booking", "hold_minutes", 0),
        ("eligibility", "excluded_conditions", ["a\x00b"]),
        ("eligibility", "visit_kinds_that_count", ["online"]),
    ],
)
async def test_a_set_outside_the_law_or_the_possible_is_refused(
    units: Units, section: str, name: str, value: Any
) -> None:
    hospital = await add_hospital(units)
    async with units.system("test") as unit:
        draft = await draft_from_current(unit, hospital.id)
        with pytest.raises(FieldsInvalid) as refused:
            await edit_draft(unit, draft.id, {section: {name: value}}, note="", revision=1)
    assert any(path.startswith(f"{section}.{name}") for path in refused.value.fields)


async def test_a_draft_never_counts_as_a_version_a_decision_was_made_under(units: Units) -> None:
    hospital = await add_hospital(units)
    async with units.system("test") as unit:
        draft = await draft_from_current(unit, hospital.id)
        with pytest.raises(PolicyNotFound):
            await policy_version(unit, draft.id)


async def test_a_hospital_neither_sees_nor_publishes_anothers_draft(units: Units) -> None:
    ours, theirs = await add_hospital(units, "ours"), await add_hospital(units, "theirs")
    async with units.system("test") as unit:
        draft = await draft_from_current(unit, theirs.id)
    member = await add_staff(units, ours.id, (Role.ADMIN,), login="boss")
    async with units.of(staff(member)) as unit:
        with pytest.raises(PolicyNotFound):
            await publish(unit, draft.id, revision=1)


def test_a_rehearsal_hands_the_draft_and_the_cases_to_what_knows_them() -> None:
    def run(numbers: PolicySet, cases: Any) -> list[dict[str, Any]]:
        is_allowed = cases["rows"][0]["age"] >= numbers.eligibility.min_age_years
        return [{"id": "C1", "allowed": is_allowed, "codes": [], "satisfied_from": {}, "ok": is_allowed}]

    text = '{"rows": [{"id": "C1", "age": 6}]}'
    assert rehearse(run, sample_policy(), text)[0].ok
    assert not rehearse(run, policy(eligibility={"min_age_years": 7}), text)[0].ok


@pytest.mark.parametrize("text", ["", "{", "[]", '{"rows": []}', '{"rows": 3}', "[" * 100_000])
def test_a_case_file_that_is_none_is_told_so(text: str) -> None:
    with pytest.raises(CasesUnusable):
        rehearse(lambda numbers, cases: [], sample_policy(), text)


def test_every_policy_state_is_reachable() -> None:
    assert POLICY_VERSION.reachable == set(PolicyState)
    assert POLICY_VERSION.terminal == {PolicyState.RETIRED, PolicyState.DISCARDED}
