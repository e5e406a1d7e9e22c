"""How the worked example is read: what an answer must say, and what may stand beside it."""

from typing import Any

import pytest

from tests.support.walkthrough import Block, blocks, matches, read_answer, read_request


@pytest.mark.parametrize(
    ("wanted", "said"),
    [
        ({"a": 1}, {"a": 1, "b": 2}),
        ("…", None),
        ("…", {"any": "thing"}),
        ("BK-…", "BK-261123-000019"),
        ("≥ 1", 7),
        ([1, "…"], [1, 2, 3]),
        (["…", {"id": 2}], [{"id": 1}, {"id": 2, "more": 0}]),
        ({"n": None}, {"n": None}),
    ],
)
def test_what_is_shown_is_there(wanted: Any, said: Any) -> None:
    assert matches(wanted, said, {})


@pytest.mark.parametrize(
    ("wanted", "said"),
    [
        ({"a": 1}, {"b": 1}),
        ({"a": 1}, {"a": True}),
        ("BK-…", "RX-1"),
        ("≥ 1", 0),
        ([1], [1, 2]),
        ([1, 2, "…"], [1]),
        (["…", {"id": 3}], [{"id": 1}, {"id": 2}]),
        ({"a": {}}, {"a": []}),
        ("text", 5),
    ],
)
def test_what_is_not_there_is_missed(wanted: Any, said: Any) -> None:
    assert not matches(wanted, said, {})


def test_what_was_kept_must_be_the_same_again() -> None:
    kept: dict[str, Any] = {}
    assert matches({"id": "{{one}}", "no": "BK-{{rest}}"}, {"id": 5, "no": "BK-7"}, kept)
    assert kept == {"one": 5, "rest": "7"}
    assert not matches({"id": "{{one}}"}, {"id": 6}, kept)
    assert matches("BK-{{rest}}", "BK-7", kept) and not matches("BK-{{rest}}", "BK-8", kept)


def test_nothing_is_kept_of_an_item_that_is_not_the_one() -> None:
    kept: dict[str, Any] = {}
    assert matches(["…", {"id": "{{id}}", "is": "b"}], [{"id": 1, "is": "a"}, {"id": 2, "is": "b"}], kept)
    assert kept == {"id": 2}


def test_blocks_are_read_in_order_and_other_code_is_left_alone() -> None:
    text = "x\n```http until\nGET /a\n```\n```sh\nls\n```\n```answer\n204\n```\n"
    assert list(blocks(text)) == [Block("http until", "GET /a\n", 3), Block("answer", "204\n", 9)]
    asked = read_request('POST /a?b=c\nAuthorization: Bearer x\n\n{"d": 1}\n')
    assert (asked.method, asked.address, asked.body) == ("POST", "/a?b=c", '{"d": 1}')
    assert asked.headers == {"Authorization": "Bearer x"}
    assert read_answer('303\nLocation: …/x\n\n{"a": 1}') == (303, {"Location": "…/x"}, {"a": 1})
