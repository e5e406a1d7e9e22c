"""Shares last as long as the hospital offers, and a code lets in one browser, once (GD08)."""

from datetime import UTC, datetime, timedelta

import pytest

from telehealth.records.papers import PaperContent, Part, digest
from telehealth.records.rules import Door, Entry, allowed_days, ends_at, entry, is_right
from telehealth.records.wording import FLAGS, OTHER_DEVICE, OUT_OF_RANGE, device_of
from telehealth.rulebook.rules import sample_policy

NOW = datetime(2026, 11, 23, 4, 0, tzinfo=UTC)


def test_GD08_a_share_lasts_one_three_seven_or_thirty_days() -> None:
    offered = sample_policy().records.share_days
    assert offered == (1, 3, 7, 30)
    assert [allowed_days(offered, days) for days in (1, 3, 7, 30)] == [1, 3, 7, 30]
    assert allowed_days(offered, 31) is None
    assert ends_at(NOW, 3) - NOW == timedelta(days=3)


@pytest.mark.parametrize(
    ("door", "ticket", "found"),
    [
        (Door(None, 0, 5, None), None, Entry.OPEN),
        (Door("123456", 0, 5, None), None, Entry.CODE_NEEDED),
        (Door("123456", 4, 5, None), None, Entry.CODE_NEEDED),
        (Door("123456", 5, 5, None), None, Entry.USED_UP),
        (Door("123456", 0, 5, "t1"), "t1", Entry.OPEN),
        (Door("123456", 0, 5, "t1"), "t2", Entry.USED_UP),
        (Door("123456", 0, 5, "t1"), None, Entry.USED_UP),
    ],
)
def test_GD08_who_comes_in(door: Door, ticket: str | None, found: Entry) -> None:
    assert entry(door, ticket) is found


def test_GD08_only_the_very_code_is_right() -> None:
    door = Door("012345", 0, 5, None)
    assert is_right(door, " 012345 ")
    assert not is_right(door, "12345")
    assert not is_right(Door(None, 0, 5, None), "")


def test_GD08_a_flag_is_a_word_and_a_sign_and_not_a_colour_alone() -> None:
    assert all(FLAGS[flag][0] and FLAGS[flag][1] for flag in OUT_OF_RANGE)
    assert len({FLAGS[flag][:2] for flag in OUT_OF_RANGE}) == len(OUT_OF_RANGE)


def test_GS13_a_device_is_a_word_and_never_the_whole_string() -> None:
    assert device_of("Mozilla/5.0 (iPhone; CPU iPhone OS 17_0)") == "iPhone"
    assert device_of("curl/8") == OTHER_DEVICE


def test_REG54_the_same_words_are_the_same_digest_and_any_other_word_is_not() -> None:
    one = PaperContent(
        title="血脂四项", hospital="样例医院", number="1", on=NOW.date(),
        facts=(("姓名", "样例甲"),), parts=(Part(heading="结论", text="正常"),),
    )  # fmt: skip
    other = PaperContent(
        title="血脂四项", hospital="样例医院", number="1", on=NOW.date(),
        facts=(("姓名", "样例甲"),), parts=(Part(heading="结论", text="正常。"),),
    )  # fmt: skip
    assert digest(one) == digest(one) != digest(other)
