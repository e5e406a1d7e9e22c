"""An address with a NUL in it is answered or refused, by pages and operations alike: never a crash."""

import httpx2
import pytest

from telehealth.core.access import Actor, Role
from telehealth.core.ids import new_id
from telehealth.core.unit import Units
from telehealth.web.plain_address import is_plain
from tests.support.factories.accounts import cookie
from tests.web.test_permission_matrix import _api, _pages

Client = httpx2.AsyncClient
#: Names that pages read from their query.
NAMES = ("q", "after", "person", "hospital", "day", "group", "next", "code", "number", "month", "kind")


@pytest.mark.parametrize(
    ("path", "query", "plain"),
    [
        ("/bookings", b"", True),
        ("/directory", b"q=%E5%BF%83", True),
        ("/directory", b"q=%00", False),
        ("/directory", b"a=1&q=x%00y", False),
        ("/directory", b"q=\x00", False),
        ("/h/yu\x00nan", b"", False),
        # Said, not meant: two characters and two digits.
        ("/directory", b"q=%2500", True),
    ],
)
def test_what_is_a_plain_address(path: str, query: bytes, plain: bool) -> None:
    assert is_plain(path, query) is plain


async def test_no_page_and_no_operation_breaks_over_a_nul(client: Client, units: Units) -> None:
    somebody = Actor.signed_in(new_id(), frozenset({Role.PATIENT}))
    headers = await cookie(units, somebody)
    query = "&".join(f"{name}=%00" for name in NAMES)
    asked = 0
    for method, path, _ in (*_pages(), *_api()):
        if method == "GET" and "{" not in path:
            answer = await client.get(f"{path}?{query}", headers=headers)
            assert answer.status_code < 500, path
            asked += 1
            if answer.status_code != 400 or path.startswith("/fhir/"):
                continue
            if path.startswith("/api/"):
                assert answer.headers["content-type"] == "application/problem+json", path
            else:
                assert "无法识别的字符" in answer.text, path
    assert asked > 100


async def test_a_nul_in_the_path_leads_nowhere(client: Client) -> None:
    for path in ("/h/%00", "/shared/%00", "/api/v1/hospitals/%00", "/screens/a%00b"):
        assert (await client.get(path)).status_code in (400, 404), path
