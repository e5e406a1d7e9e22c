"""What every answer carries, whatever it answers."""

import re

import httpx2
import pytest

from telehealth.web.assets import release_hash
from telehealth.web.house import House

Client = httpx2.AsyncClient
EVERYWHERE = ["/say", "/nowhere", "/wrong/crash", "/api/v1/tiny/notes", "/api/v1/tiny/crash", "/health/live",
              "/api/v1/openapi.json", "/api/v1/reference"]  # fmt: skip


@pytest.mark.parametrize("path", EVERYWHERE)
async def test_every_answer_is_guarded(http: Client, path: str) -> None:
    headers = (await http.get(path)).headers
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "same-origin"
    assert headers["x-frame-options"] == "DENY"
    assert headers["cross-origin-opener-policy"] == "same-origin"
    assert "camera=(self)" in headers["permissions-policy"]
    policy = dict(part.strip().partition(" ")[::2] for part in headers["content-security-policy"].split(";"))
    assert policy["default-src"] == "'none'"
    assert policy["script-src"] == policy["style-src"] == "'self'"
    assert policy["connect-src"].startswith("'self' ws://testserver")
    assert policy["frame-ancestors"] == policy["base-uri"] == "'none'"
    assert "unsafe" not in headers["content-security-policy"]


async def test_a_file_carries_what_guards_a_file_and_no_more(http: Client) -> None:
    headers = (await http.get(f"/static/{release_hash()}/css/base.css")).headers
    assert headers["x-content-type-options"] == "nosniff"
    assert not {"content-security-policy", "permissions-policy", "etag", "last-modified"} & set(headers)
    # A picture may hold script and a missing file is a page: both go by the policy.
    for other in (f"/static/{release_hash()}/icons/mark.svg", "/static/none.css"):
        assert "default-src 'none'" in (await http.get(other)).headers["content-security-policy"]


async def test_what_is_worth_it_travels_packed(http: Client) -> None:
    """Whoever cannot unpack it gets it as it is; what fits one packet is not worth the trouble."""
    page, small = "/api/v1/openapi.json", "/health/live"
    packed, plain = [await http.get(page, headers={"accept-encoding": each}) for each in ("gzip", "identity")]
    assert packed.headers["content-encoding"] == "gzip" and "content-encoding" not in plain.headers
    assert packed.json() == plain.json()
    assert all("Accept-Encoding" in each.headers["vary"] for each in (packed, plain))
    assert "content-encoding" not in (await http.get(small, headers={"accept-encoding": "gzip"})).headers


@pytest.mark.parametrize("path", ["/say", "/nowhere", "/wrong/gone", "/api/v1/reference"])
async def test_pages_hold_nothing_the_policy_would_refuse(http: Client, path: str) -> None:
    text = (await http.get(path)).text
    assert not re.search(r"<style|\sstyle=|\son[a-z]+=|javascript:", text)
    for script in re.findall(r"<script[^>]*>", text):
        assert " src=" in script or 'type="application/json"' in script


@pytest.mark.parametrize("path", ["/say", "/wrong/gone", "/api/v1/tiny/notes", "/api/v1/tiny/crash"])
async def test_what_may_be_personal_is_kept_by_no_cache(http: Client, path: str) -> None:
    assert "no-store" in (await http.get(path)).headers["cache-control"]


@pytest.mark.parametrize("path", ["/say", "/nowhere", "/wrong/crash", "/api/v1/tiny/crash", "/health/live"])
async def test_every_request_has_an_id(http: Client, path: str) -> None:
    first, second = [(await http.get(path)).headers["x-request-id"] for _ in range(2)]
    assert first != second
    assert re.fullmatch(r"[0-9a-f]{32}", first)


async def test_an_id_a_proxy_gave_is_kept_if_it_looks_like_one(http: Client) -> None:
    good, bad = "proxy-0123456789", 'x"><script>'
    assert (await http.get("/say", headers={"x-request-id": good})).headers["x-request-id"] == good
    assert (await http.get("/say", headers={"x-request-id": bad})).headers["x-request-id"] != bad


async def test_health_says_whether_the_database_answers(http: Client, tiny_house: House) -> None:
    assert (await http.get("/health/live")).status_code == 200
    assert (await http.get("/health/ready")).json() == {"status": "ok"}


async def test_the_reference_page_says_what_the_document_says(http: Client) -> None:
    document = (await http.get("/api/v1/openapi.json")).json()
    text = (await http.get("/api/v1/reference")).text
    for path, methods in document["paths"].items():
        for operation in methods.values():
            assert path in text and f'id="{operation["operationId"]}"' in text
    assert 'id="schema-NoteView"' in text
