"""Keyset pages: what comes after this row, whatever is added meanwhile."""

import base64

import httpx2
import pytest

from telehealth.core.errors import FieldsInvalid
from telehealth.web.pagination import cut, decode_cursor, encode_cursor

Client = httpx2.AsyncClient
NUMBERS = "/api/v1/tiny/numbers"


async def test_following_next_shows_every_row_once(http: Client) -> None:
    seen, after, pages = [], "", 0
    while True:
        page = (await http.get(NUMBERS, params={"limit": 3, "after": after})).json()
        seen += page["items"]
        pages += 1
        after = page["next"]
        if not after:
            break
    assert (seen, pages) == ([1, 2, 3, 4, 5, 6, 7], 3)


@pytest.mark.parametrize(
    "query", ["limit=0", "limit=101", "limit=x", "after=%21", "after=bnVsbA", "after=" + "x" * 401]
)
async def test_a_place_that_is_none_is_a_field_error(http: Client, query: str) -> None:
    answer = await http.get(f"{NUMBERS}?{query}")
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["pointer"] == "/" + query.partition("=")[0]


@pytest.mark.parametrize("key", [("2026-11-21T02:00:00+00:00", "x"), (1, "张"), (None, 2)])
def test_a_cursor_comes_back_as_it_was(key: tuple[object, ...]) -> None:
    assert decode_cursor(encode_cursor(*key), len(key)) == list(key)


def test_the_first_page_has_no_cursor() -> None:
    assert decode_cursor("", 2) is None


@pytest.mark.parametrize("made_up", [
    "x", "====", "é", base64.urlsafe_b64encode(b"[1]").decode(), base64.urlsafe_b64encode(b"{}").decode(),
    base64.urlsafe_b64encode(b"\xff\xff").decode(), base64.urlsafe_b64encode(b"[" * 90_000).decode(),
    base64.urlsafe_b64encode(b"[NaN, 1]").decode(), base64.urlsafe_b64encode(b'["\\u0000", 1]').decode(),
    base64.urlsafe_b64encode(b"[{}, []]").decode(),
])  # fmt: skip
def test_a_made_up_cursor_is_refused(made_up: str) -> None:
    with pytest.raises(FieldsInvalid):
        decode_cursor(made_up, 2)


def test_a_page_that_is_just_full_is_the_last() -> None:
    assert cut([1, 2], 2, lambda n: (n,)) == ([1, 2], "")
    assert cut([1, 2, 3], 2, lambda n: (n,)) == ([1, 2], encode_cursor(2))
    assert cut([], 2, lambda n: (n,)) == ([], "")
