"""Ages, months and ways of the family account (GS03–GS07, GS12, REG63)."""

from datetime import date

import pytest

from telehealth.core.calendar import working_by
from telehealth.core.clock import day_end, day_start, hospital_day
from telehealth.core.errors import FieldsInvalid
from telehealth.family.rules import (
    age_on,
    answer_day,
    free_place,
    is_offered,
    lapse_day,
    month_of,
    needs_guardian,
    next_place,
    papers_gone_day,
    resets_on,
    speaks_for_itself,
    ways_open,
)
from telehealth.family.states import Way
from telehealth.rulebook.rules import parse_policy, sample_policy

POLICY = sample_policy()


def test_GS04_the_sixteenth_birthday_goes_by_face_and_the_day_before_by_papers() -> None:
    born = date(2010, 11, 21)
    assert age_on(born, date(2026, 11, 20), POLICY) == 15
    assert age_on(born, date(2026, 11, 21), POLICY) == 16
    assert Way.FACE not in ways_open(15, POLICY, has_register=True)
    assert Way.FACE in ways_open(16, POLICY, has_register=True)
    assert Way.PAPERS in ways_open(15, POLICY, has_register=True)
    assert Way.PAPERS not in ways_open(16, POLICY, has_register=True)


@pytest.mark.parametrize(("leap", "day"), [("mar_1", date(2026, 3, 1)), ("feb_28", date(2026, 2, 28))])
def test_GS04_who_was_born_on_29_february_is_sixteen_on_the_day_the_hospital_names(
    leap: str, day: date
) -> None:
    policy = parse_policy({"eligibility": {"leap_birthday": leap}})
    born = date(2010, 2, 28).replace(year=2008, day=29)
    assert age_on(born, day, policy) == 18
    assert age_on(born, date.fromordinal(day.toordinal() - 1), policy) == 17


def test_GS04_the_age_is_the_hospitals_number() -> None:
    policy = parse_policy({"family": {"face_from_age": 18}})
    assert Way.FACE not in ways_open(17, policy, has_register=True)
    assert Way.FACE in ways_open(18, policy, has_register=True)


@pytest.mark.parametrize("age", [0, 13, 14, 15, 16, 17, 40, 95])
@pytest.mark.parametrize("has_register", [True, False])
def test_GS05_a_face_is_never_the_only_way(age: int, has_register: bool) -> None:
    open_ways = ways_open(age, POLICY, has_register=has_register)
    assert set(open_ways) - {Way.FACE}
    assert Way.COUNTER in open_ways
    assert Way.FACE not in open_ways or Way.BANK_CARD in open_ways


def test_GS05_no_hospital_can_make_the_face_the_only_way() -> None:
    with pytest.raises(FieldsInvalid):
        parse_policy({"family": {"face_alternative_required": False}})


def test_REG63_below_fourteen_a_guardian_consents_separately() -> None:
    assert needs_guardian(13, POLICY) and not needs_guardian(14, POLICY)
    assert not speaks_for_itself(15, POLICY) and speaks_for_itself(16, POLICY)


def test_GS06_the_first_of_the_month_at_midnight_begins_a_new_count() -> None:
    last, first = day_end(date(2026, 10, 31)), day_start(date(2026, 11, 1))
    assert last == first
    assert month_of(hospital_day(first)) == date(2026, 11, 1)
    assert month_of(date(2026, 10, 31)) == date(2026, 10, 1)
    assert resets_on(date(2026, 10, 31)) == date(2026, 11, 1)
    assert resets_on(date(2026, 12, 31)) == date(2027, 1, 1)


def test_GS06_a_place_is_free_until_the_limit_and_a_hole_is_filled_first() -> None:
    limit = POLICY.family.max_bindings_per_user_per_month
    assert limit == 5
    assert free_place(set(range(1, limit)), limit) == limit
    assert free_place(set(range(1, limit + 1)), limit) is None
    assert free_place({2, 3}, limit) == 1
    assert next_place({1, 2, 3, 4, 5}) == 6


def test_GS06_a_request_nobody_finishes_gives_its_place_back_after_seven_days() -> None:
    assert lapse_day(date(2026, 11, 21), POLICY) == date(2026, 11, 28)
    assert lapse_day(date(2026, 11, 21), parse_policy({"family": {"request_days": 1}})) == date(2026, 11, 22)


def test_GS07_a_member_has_two_places() -> None:
    limit = POLICY.family.max_bindings_per_member_per_month
    assert free_place({1}, limit) == 2 and free_place({1, 2}, limit) is None


def test_GS03_papers_are_answered_in_working_days_and_go_after_their_time() -> None:
    weekend = working_by({})
    assert answer_day(date(2026, 11, 20), weekend, POLICY) == date(2026, 11, 24)
    assert papers_gone_day(date(2026, 11, 20), POLICY) == date(2026, 12, 20)
    later = parse_policy({"family": {"review_working_days": 3, "papers_kept_days": 10}})
    assert answer_day(date(2026, 11, 20), weekend, later) == date(2026, 11, 25)
    assert papers_gone_day(date(2026, 11, 20), later) == date(2026, 11, 30)


def test_GS12_it_is_offered_from_its_day_where_the_hospital_switched_it_on() -> None:
    assert not is_offered(POLICY, date(2026, 5, 30))
    assert is_offered(POLICY, date(2026, 5, 31))
    later = parse_policy({"family": {"opens_on": "2026-12-01"}})
    assert not is_offered(later, date(2026, 11, 30)) and is_offered(later, date(2026, 12, 1))
    assert not is_offered(parse_policy({"family": {"enabled": False}}), date(2026, 11, 21))
