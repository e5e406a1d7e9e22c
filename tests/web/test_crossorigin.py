"""Nobody else's page makes a signed-in browser do things."""

import httpx2
import pytest

from telehealth.core.unit import Units
from tests.support.factories.accounts import bearer, cookie
from tests.web.conftest import PATIENT

Client = httpx2.AsyncClient
HOLDS = "/api/v1/tiny/holds"


@pytest.mark.parametrize("headers", [
    {"sec-fetch-site": "cross-site"},
    {"sec-fetch-site": "same-site"},
    {"sec-fetch-site": "cross-site", "origin": "http://testserver"},
    {"sec-fetch-site": "nonsense"},
    {"origin": "https://evil.example"},
    {"origin": "http://testserver.evil.example"},
    {"origin": "http://testserver:8080"},
    {"origin": "null"},
    {"origin": ""},
])  # fmt: skip
async def test_a_page_of_another_site_is_refused(http: Client, units: Units, headers: dict[str, str]) -> None:
    signed_in = await cookie(units, PATIENT)
    answer = await http.post(HOLDS, json={"text": "x"}, headers=signed_in | headers)
    assert (answer.status_code, answer.json()["code"]) == (403, "cross_origin")


@pytest.mark.parametrize("headers", [
    {"sec-fetch-site": "same-origin", "origin": "http://testserver"},
    {"sec-fetch-site": "none"},
    {"origin": "http://testserver"},
    {},
])  # fmt: skip
async def test_our_own_page_passes(http: Client, units: Units, headers: dict[str, str]) -> None:
    signed_in = await cookie(units, PATIENT)
    answer = await http.post(HOLDS, json={"text": "x"}, headers=signed_in | headers)
    assert answer.status_code == 201


async def test_a_bearer_token_is_its_own_proof(http: Client, units: Units) -> None:
    headers = await bearer(units, PATIENT) | {"sec-fetch-site": "cross-site", "origin": "https://app.example"}
    assert (await http.post(HOLDS, json={"text": "x"}, headers=headers)).status_code == 201


@pytest.mark.parametrize("authorization", ["Bearer", "Bearer ", "bearer x", "Basic eDp5"])
async def test_a_bearer_header_that_proves_nothing_does_not_lend_the_cookie_its_pass(
    http: Client, units: Units, authorization: str
) -> None:
    headers = await cookie(units, PATIENT) | {"sec-fetch-site": "cross-site", "authorization": authorization}
    assert (await http.post(HOLDS, json={"text": "x"}, headers=headers)).status_code in (401, 403)


@pytest.mark.parametrize("path", ["/say", "/mine"])
async def test_a_link_from_another_site_opens(http: Client, units: Units, path: str) -> None:
    headers = await cookie(units, PATIENT) | {"sec-fetch-site": "cross-site"}
    assert (await http.get(path, headers=headers)).status_code == 200


@pytest.mark.parametrize("path", ["/save", "/preferences", "/nowhere"])
async def test_forms_are_guarded_like_the_api_and_answered_with_a_page(http: Client, path: str) -> None:
    answer = await http.post(path, data={"text": "x"}, headers={"sec-fetch-site": "cross-site"})
    assert answer.status_code == 403
    assert answer.headers["content-type"].startswith("text/html")
    assert "请求来自其他网站" in answer.text
