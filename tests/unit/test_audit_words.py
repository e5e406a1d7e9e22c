"""How one record reads; what is stored is not touched."""

from typing import Any
from uuid import UUID

import pytest

from telehealth.admin.queries import Unnamed
from telehealth.admin.reading_audit import AuditBook, Fact, Meant
from telehealth.core.audit import AuditRecord
from telehealth.core.audit_words import AuditWords

BOOK = AuditBook(
    [
        AuditWords(
            "bookings",
            "预约挂号",
            events={"booking.held": "号源已保留", "booking.released": "号源已释放"},
            subjects={"bookings": "就诊预约"},
            facts={"missing": "还缺"},
            values={"missing": {"photo": "照片", "card": "就诊卡"}},
            money=frozenset({"amount"}),
            scopes={"midnight sweep": "午夜退号"},
        ),
        AuditWords("admin", "系统管理", events={"booking.heldback": "另一件事"}, actors={"house": "系统"}),
    ]
)


def record(name: str = "booking.held", **values: Any) -> AuditRecord:
    given = {
        "subject_kind": "bookings",
        "subject_id": "7",
        "actor_id": None,
        "actor_name": "",
        "scope": "public",
    }
    return AuditRecord(name=name, **{**given, "facts": {}, **values})


def facts(**values: Any) -> list[Fact]:
    return list(BOOK.read(record(facts=values), "zh-CN").facts)


@pytest.mark.parametrize(
    ("key", "value", "words", "shown", "is_code"),
    [
        ("amount", 12345, "金额", "¥123.45", False),
        ("count", 12345, "数量", "12345", False),
        ("late", True, "已超时", "是", False),
        ("late", False, "已超时", "否", False),
        ("missing", ["photo", "card"], "还缺", "照片、就诊卡", False),
        ("missing", ["photo", "else"], "还缺", "照片、else", True),
        ("missing", [], "还缺", "—", False),
        ("why", None, "原因", "—", False),
        ("day", "2026-11-22", "日期", "2026-11-22", False),
        ("paid_at", "2026-11-21T16:05:00+00:00", "支付时间", "2026-11-22 00:05", False),
        ("number", "BK-261122-000004", "编号", "BK-261122-000004", False),
        ("sha256", "ab" * 32, "文件指纹", "ab" * 32, True),
        ("evidence", {"version": 2, "party": "his"}, "依据", "版本 2；对方 his", True),
        ("evidence", 1.5, "依据", "1.5", True),
        ("no_such_key", "x", "no_such_key", "x", True),
    ],
)
def test_a_detail_reads_as_people_write_it(
    key: str, value: Any, words: str, shown: str, is_code: bool
) -> None:
    assert facts(**{key: value}) == [Fact(key, words, shown, is_code)]


def test_days_that_are_none_stay_as_they_were_written() -> None:
    assert [one.value for one in facts(day="2026-13-45", paid_at="2026-13-45T00:00:00Z")] == [
        "2026-13-45",
        "2026-13-45T00:00:00Z",
    ]


def test_the_number_it_is_known_by_comes_first() -> None:
    assert [one.key for one in facts(count=1, number="BK-1", day="2026-11-22")] == ["number", "count", "day"]


def test_a_name_that_nobody_explains_leaves_the_exact_one_to_speak() -> None:
    read = BOOK.read(record("long.gone", subject_kind="old_table", facts={"count": 3}), "en")
    assert (read.event, read.area, read.subject) == ("", "", "")
    assert [one.value for one in read.facts] == ["3"]


@pytest.mark.parametrize(
    ("values", "actor", "occasion"),
    [
        ({"actor_name": "house", "scope": "system:midnight sweep"}, "系统", "午夜退号"),
        ({"actor_name": "house", "scope": "system:unheard of"}, "系统", "unheard of"),
        ({"actor_name": "方静", "scope": "hospital"}, "方静", ""),
        ({"actor_id": UUID(int=1), "scope": "account"}, "患者", ""),
        ({}, "没有登录的访客", ""),
    ],
)
def test_who_did_it_is_a_person_the_system_or_a_patient(
    values: dict[str, Any], actor: str, occasion: str
) -> None:
    read = BOOK.read(record(**values), "zh-CN")
    assert (read.actor, read.occasion) == (actor, occasion)


def test_a_search_means_an_exact_name_exact_words_or_what_holds_them() -> None:
    assert BOOK.meant_by("booking.held", "zh-CN") == Meant(("booking.held",))
    assert BOOK.meant_by("号源已释放", "zh-CN") == Meant(("booking.released",))
    assert BOOK.meant_by("号源", "zh-CN") == Meant(("booking.held", "booking.released"), "号源")
    assert BOOK.meant_by("booking.", "zh-CN") == Meant((), "booking.")


def test_an_actor_is_searched_by_what_stands_on_the_page() -> None:
    assert BOOK.actor_meant_by("系统", "zh-CN") == "house"
    assert BOOK.actor_meant_by("患者", "zh-CN") is Unnamed.PATIENT
    assert BOOK.actor_meant_by("没有登录的访客", "zh-CN") is Unnamed.VISITOR
    assert BOOK.actor_meant_by("方", "zh-CN") == "方"


def test_one_name_has_one_owner() -> None:
    with pytest.raises(ValueError, match=r"booking\.held"):
        AuditBook([*BOOK.parts, AuditWords("again", "又一处", events={"booking.held": "另一个说法"})])
