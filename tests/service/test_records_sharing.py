"""Chosen papers for somebody, until a day; taken back at once; each opening is known (GD08, GS13)."""

from datetime import timedelta

import pytest

from telehealth.core.clock import FixedClock
from telehealth.core.errors import FieldsInvalid
from telehealth.core.unit import Units
from telehealth.patients.linking_family import end_link
from telehealth.records import issuing, queries, restricting, sharing
from telehealth.records.errors import (
    DataRestricted,
    DocumentNotFound,
    NothingChosen,
    ShareClosed,
    ShareNotFound,
    SharesFull,
    ViewCodeWrong,
)
from telehealth.records.models import Report, Share
from telehealth.records.states import PaperKind
from tests.support.factories.bookings import House, Patient, add_booker, add_house
from tests.support.factories.records import add_report, add_share
from tests.support.factories.rulebook import publish_policy

PHONE = "Mozilla/5.0 (iPhone)"


@pytest.fixture
async def place(units: Units) -> House:
    return await add_house(units)


@pytest.fixture
async def who(units: Units, place: House) -> Patient:
    return await add_booker(units, place, "13800001234")


@pytest.fixture
async def report(units: Units, place: House, who: Patient) -> Report:
    return await add_report(units, place.hospital.id, who.person.id)


async def open_it(units: Units, share: Share, ticket: str | None = None) -> sharing.Opened:
    return await sharing.open_share(units, share.token, ticket=ticket, user_agent=PHONE)


async def test_GD08_the_holder_sees_what_was_shared_and_nothing_else(
    units: Units, place: House, who: Patient, report: Report
) -> None:
    other = await add_report(units, place.hospital.id, who.person.id, resource_id="r2", title="肾功能")
    hidden = await issuing.issue(units, who.actor, PaperKind.REPORT, other.id)
    share = await add_share(units, who.actor, report)
    found = await open_it(units, share)
    assert [paper.name for paper in found.papers] == ["血脂四项"]
    assert found.patient != who.person.name
    _, data = await sharing.open_paper(units, share.token, found.papers[0].id, ticket=None, user_agent=PHONE)
    assert data.startswith(b"%PDF-")
    with pytest.raises(ShareClosed):
        await sharing.open_paper(units, share.token, hidden.id, ticket=None, user_agent=PHONE)


async def test_GD08_a_share_ends_by_itself(
    units: Units, who: Patient, report: Report, clock: FixedClock
) -> None:
    share = await add_share(units, who.actor, report, days=1)
    clock.advance(timedelta(hours=23, minutes=59))
    await open_it(units, share)
    clock.advance(timedelta(minutes=1))
    with pytest.raises(ShareClosed):
        await open_it(units, share)


async def test_GD08_taking_back_works_at_once_and_for_papers_too(
    units: Units, who: Patient, report: Report
) -> None:
    share = await add_share(units, who.actor, report)
    found = await open_it(units, share)
    async with units.of(who.actor) as unit:
        await sharing.revoke(unit, share.id)
    with pytest.raises(ShareClosed):
        await open_it(units, share)
    with pytest.raises(ShareClosed):
        await sharing.open_paper(units, share.token, found.papers[0].id, ticket=None, user_agent=PHONE)


async def test_GD08_unknown_expired_and_taken_back_are_one_answer(
    units: Units, who: Patient, report: Report, clock: FixedClock
) -> None:
    revoked, expired = (
        await add_share(units, who.actor, report),
        await add_share(units, who.actor, report, days=1),
    )
    async with units.of(who.actor) as unit:
        await sharing.revoke(unit, revoked.id)
    clock.advance(timedelta(days=2))
    said = []
    for token in (revoked.token, expired.token, "x" * 32, revoked.token[:-1] + "~"):
        with pytest.raises(ShareClosed) as error:
            await sharing.open_share(units, token, ticket=None, user_agent=PHONE)
        said.append((error.value.code, error.value.detail, error.value.facts))
    assert len(set(map(str, said))) == 1


async def test_GD08_a_code_lets_in_one_browser_once(units: Units, who: Patient, report: Report) -> None:
    share = await add_share(units, who.actor, report, with_code=True)
    assert (await open_it(units, share)).needs_code
    with pytest.raises(ViewCodeWrong):
        await sharing.give_code(units, share.token, "wrong1")
    ticket = await sharing.give_code(units, share.token, share.view_code or "")
    assert [paper.name for paper in (await open_it(units, share, ticket)).papers] == ["血脂四项"]
    for other in (None, "another"):
        with pytest.raises(ShareClosed):
            await open_it(units, share, other)
    with pytest.raises(ShareClosed):
        await sharing.give_code(units, share.token, share.view_code or "")


async def test_GD08_too_many_wrong_codes_close_the_share(units: Units, who: Patient, report: Report) -> None:
    share = await add_share(units, who.actor, report, with_code=True)
    for _ in range(5):
        with pytest.raises(ViewCodeWrong):
            await sharing.give_code(units, share.token, "999999x")
    with pytest.raises(ShareClosed):
        await sharing.give_code(units, share.token, share.view_code or "")


async def test_GS13_each_opening_is_known_to_the_owner(units: Units, who: Patient, report: Report) -> None:
    share = await add_share(units, who.actor, report)
    found = await open_it(units, share)
    await open_it(units, share)
    await sharing.open_paper(units, share.token, found.papers[0].id, ticket=None, user_agent=PHONE)
    async with units.of(who.actor) as unit:
        views = await queries.share_views(unit, [share.id])
        counts = await queries.view_counts(unit, [share.id])
    assert [view.device for view in views] == ["iPhone"] * 3
    assert counts == {share.id: 2}


async def test_GD08_days_are_those_the_hospital_offers(
    units: Units, place: House, who: Patient, report: Report
) -> None:
    await publish_policy(units, place.hospital.id, records={"share_days": [2]})
    with pytest.raises(FieldsInvalid):
        await add_share(units, who.actor, report, days=7)
    share = await add_share(units, who.actor, report, days=2)
    assert share.expires_at - share.made_at == timedelta(days=2)


async def test_GD08_no_more_shares_than_the_hospital_lets_open(
    units: Units, place: House, who: Patient, report: Report
) -> None:
    await publish_policy(units, place.hospital.id, records={"shares_most": 1})
    first = await add_share(units, who.actor, report)
    with pytest.raises(SharesFull):
        await add_share(units, who.actor, report)
    async with units.of(who.actor) as unit:
        await sharing.revoke(unit, first.id)
    await add_share(units, who.actor, report)


async def test_GD08_nobody_shares_what_is_not_theirs(
    units: Units, place: House, who: Patient, report: Report
) -> None:
    stranger = await add_booker(units, place, "13900005678")
    theirs = await add_report(units, place.hospital.id, stranger.person.id)
    with pytest.raises(DocumentNotFound):
        await sharing.make(units, who.actor, who.person.id, [(PaperKind.REPORT, theirs.id)], days=7)
    with pytest.raises(NothingChosen):
        await sharing.make(units, who.actor, who.person.id, [], days=7)
    share = await add_share(units, who.actor, report)
    async with units.of(stranger.actor) as unit:
        with pytest.raises(ShareNotFound):
            await sharing.revoke(unit, share.id)


async def test_REG56_who_no_longer_acts_for_somebody_shows_nothing_of_them(
    units: Units, who: Patient, report: Report
) -> None:
    share = await add_share(units, who.actor, report)
    await end_link(units, who.actor, who.person.id)
    with pytest.raises(ShareClosed):
        await open_it(units, share)


async def test_REG59_restricting_ends_shares_and_lets_nobody_make_new_ones(
    units: Units, place: House, who: Patient, report: Report
) -> None:
    share = await add_share(units, who.actor, report)
    async with units.of(who.actor) as unit:
        request = await restricting.restrict(unit, who.actor, who.person.id, place.hospital.id)
        again = await restricting.restrict(unit, who.actor, who.person.id, place.hospital.id)
    assert again.id == request.id
    with pytest.raises(ShareClosed):
        await open_it(units, share)
    with pytest.raises(DataRestricted):
        await add_share(units, who.actor, report)
    # What was kept is still there to read and to copy.
    assert await issuing.issue(units, who.actor, PaperKind.REPORT, report.id)
    async with units.of(who.actor) as unit:
        await restricting.lift(unit, request.id)
    assert await add_share(units, who.actor, report)
    with pytest.raises(ShareClosed):
        await open_it(units, share)
