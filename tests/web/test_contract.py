"""What every JSON route keeps: what it reads, what it refuses and how it says so."""

import json
from collections.abc import AsyncIterator

import httpx2
import pytest
import sqlalchemy as sa

from telehealth.core.access import Permission
from telehealth.core.offset import ClockOffset
from telehealth.core.unit import Units
from telehealth.web.bodies import MAX_BODY_BYTES
from telehealth.web.contract import operation
from tests.support.factories.accounts import bearer
from tests.web.conftest import DESK, PATIENT

Client = httpx2.AsyncClient
NOTES = "/api/v1/tiny/notes"
ID = "019aa000-0000-7000-8000-000000000001"
JSON = {"content-type": "application/json"}


async def test_a_good_body_is_read_and_answered(http: Client) -> None:
    answer = await http.post(NOTES, json={"text": "  复诊  ", "count": 3})
    assert (answer.status_code, answer.json()) == (201, {"text": "复诊", "count": 3})
    assert answer.headers["content-type"] == "application/json"
    assert answer.headers["cache-control"] == "no-store"


@pytest.mark.parametrize(
    "kind", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data", ""]
)
async def test_what_a_cross_site_form_can_send_is_never_read_as_json(http: Client, kind: str) -> None:
    headers = {"content-type": kind} if kind else {}
    answer = await http.post(NOTES, content=b'{"text": "x"}', headers=headers)
    _is_problem(answer, 415, "media_type_refused")


@pytest.mark.parametrize(
    "kind", ["application/json", "application/json; charset=utf-8", "application/merge-patch+json"]
)
async def test_json_by_any_of_its_names_is_read(http: Client, kind: str) -> None:
    answer = await http.post(NOTES, content=b'{"text": "x"}', headers={"content-type": kind})
    assert answer.status_code == 201


@pytest.mark.parametrize("body", [
    b"", b"{", b'{"text": }', b"\xff\xfe\xfa", b'{"text": "x", "weight": NaN}',
    b'{"text": "x", "weight": Infinity}', b'{"text": "x", "weight": 1e999}',
    b'{"text": "x", "count": ' + b"9" * 5000 + b"}", b"[" * 100_000, b'{"a":' * 50_000,
])  # fmt: skip
async def test_what_is_no_json_is_said_to_be_none(http: Client, body: bytes) -> None:
    answer = await http.post(NOTES, content=body, headers=JSON)
    _is_problem(answer, 422, "body_unreadable")


@pytest.mark.parametrize(("body", "field"), [
    ({"text": "a\x00b"}, "/text"),
    ({"text": "x", "anything": {"deep": ["\x00"]}}, "/anything"),
    ({"text": "x", "\x00": 1}, "/body"),
    ({"text": "x", "anything": "\ud800"}, "/anything"),
])  # fmt: skip
async def test_text_that_cannot_be_kept_is_refused_at_its_field(
    http: Client, body: dict[str, object], field: str
) -> None:
    answer = await http.post(NOTES, content=json.dumps(body).encode(), headers=JSON)
    _is_problem(answer, 422, "request_invalid")
    assert [error["pointer"] for error in answer.json()["errors"]] == [field]


async def test_a_body_nested_deeper_than_anything_we_ask_for_is_refused(http: Client) -> None:
    nested: object = "x"
    for _ in range(80):
        nested = [nested]
    answer = await http.post(NOTES, json={"text": "x", "anything": nested})
    _is_problem(answer, 422, "request_invalid")


@pytest.mark.parametrize(("body", "errors"), [
    ({}, {"/text": "请填写此项"}),
    ({"text": "   "}, {"/text": "请填写此项"}),
    ({"text": "x" * 201}, {"/text": "内容太长"}),
    ({"text": "x", "count": 0}, {"/count": "数值太小"}),
    ({"text": "x", "count": 10}, {"/count": "数值太大"}),
    ({"text": "x", "count": "many"}, {"/count": "格式不正确"}),
    ({"text": "x", "colour": "red"}, {"/colour": "不认识的字段"}),
    ([], {"/body": "格式不正确"}),
    (None, {"/body": "格式不正确"}),
])  # fmt: skip
async def test_every_refused_field_is_named_with_a_sentence(
    http: Client, body: object, errors: dict[str, str]
) -> None:
    answer = await http.post(NOTES, content=json.dumps(body).encode(), headers=JSON)
    _is_problem(answer, 422, "request_invalid")
    assert {error["pointer"]: error["detail"] for error in answer.json()["errors"]} == errors


async def test_a_query_is_read_by_its_model(http: Client) -> None:
    assert (await http.get(f"{NOTES}?text=a&tags=b&tags=c")).json() == ["a", "b", "c"]
    _is_problem(await http.get(f"{NOTES}?colour=red"), 422, "request_invalid")
    _is_problem(await http.get(f"{NOTES}?text=%00"), 422, "request_invalid")


@pytest.mark.parametrize(
    "path", ["notes/17", "loose/17", "loose/%2E%2E", f"notes/{ID}x", "names/%00", "none"]
)
async def test_an_id_that_is_none_is_not_found(http: Client, units: Units, path: str) -> None:
    headers = await bearer(units, PATIENT)
    _is_problem(await http.get(f"/api/v1/tiny/{path}", headers=headers), 404, "not_found")


async def test_nobody_is_asked_to_sign_in(http: Client) -> None:
    answer = await http.get(f"{NOTES}/{ID}")
    _is_problem(answer, 401, "unauthenticated")
    assert answer.headers["www-authenticate"] == "Bearer"


async def test_somebody_without_the_permission_is_refused(http: Client, units: Units) -> None:
    answer = await http.put("/api/v1/tiny/rules", headers=await bearer(units, DESK))
    _is_problem(answer, 403, "forbidden")
    assert answer.json()["facts"] == {"permission": str(Permission.EDIT_RULEBOOK)}


async def test_the_permission_is_asked_before_the_body_is_read(http: Client) -> None:
    answer = await http.post("/api/v1/tiny/holds", content=b"nonsense")
    _is_problem(answer, 401, "unauthenticated")


@pytest.mark.parametrize(("path", "methods"), [("seldom", "GET, HEAD"), ("notes", "GET, HEAD, POST")])
async def test_a_method_there_is_not_is_answered_with_those_there_are(
    http: Client, path: str, methods: str
) -> None:
    answer = await http.delete(f"/api/v1/tiny/{path}")
    _is_problem(answer, 405, "method_not_allowed")
    assert answer.headers["allow"] == methods


@pytest.mark.parametrize("announced", [True, False])
async def test_a_body_too_large_is_refused_announced_or_not(http: Client, announced: bool) -> None:
    body = b'"' + b"x" * MAX_BODY_BYTES + b'"'

    async def pieces() -> AsyncIterator[bytes]:
        for start in range(0, len(body), 100_000):
            yield body[start : start + 100_000]

    answer = await http.post(NOTES, content=body if announced else pieces(), headers=JSON)
    _is_problem(answer, 413, "too_large")


@pytest.mark.parametrize(("how", "status", "code"), [
    ("conflict", 409, "slot_gone"), ("refused", 409, "too_young"), ("busy", 429, "busy"),
    ("unavailable", 503, "unavailable"),
])  # fmt: skip
async def test_each_kind_of_error_has_its_status(http: Client, how: str, status: int, code: str) -> None:
    _is_problem(await http.get(f"/api/v1/tiny/wrong/{how}"), status, code)


async def test_a_problem_carries_its_facts_and_a_sentence_filled_from_them(http: Client) -> None:
    said = (await http.get("/api/v1/tiny/wrong/refused")).json()
    assert said["facts"] == {"age": 6}
    assert said["detail"] == "6 岁以下的孩子请到医院就诊"


@pytest.mark.parametrize(("how", "seconds"), [("busy", "17"), ("unavailable", "40")])
async def test_who_should_come_back_is_told_when(http: Client, how: str, seconds: str) -> None:
    answer = await http.get(f"/api/v1/tiny/wrong/{how}")
    assert answer.headers["retry-after"] == seconds


@pytest.mark.parametrize(("asked", "lang", "detail"), [
    ("", "zh-CN", "没有找到您要的内容"),
    ("zh-TW,en;q=0.5", "zh-CN", "没有找到您要的内容"),
    ("en-GB", "en", None),
])  # fmt: skip
async def test_a_problem_speaks_the_readers_language(
    http: Client, asked: str, lang: str, detail: str | None
) -> None:
    answer = await http.get("/api/v1/tiny/none", headers={"accept-language": asked})
    assert answer.headers["content-language"] == lang
    if detail:
        assert answer.json()["detail"] == detail


async def test_an_answer_that_does_not_fit_its_model_is_our_bug_not_the_clients(http: Client) -> None:
    _is_problem(await http.get("/api/v1/tiny/nonsense"), 500, "unexpected")


async def test_a_crash_is_answered_with_an_id_and_nothing_of_its_cause(http: Client) -> None:
    answer = await http.get("/api/v1/tiny/crash")
    _is_problem(answer, 500, "unexpected")
    assert "13800138000" not in answer.text
    assert "content-security-policy" in answer.headers


async def test_nothing_is_answered_before_the_commit(http: Client, units: Units) -> None:
    """An error at the commit is a 500 and no success, though the answer was made already."""
    answer = await http.post("/api/v1/tiny/commit", headers=await bearer(units, PATIENT))
    _is_problem(answer, 500, "unexpected")
    async with units.system("test") as unit:
        assert await unit.session.scalar(sa.select(sa.func.count()).select_from(ClockOffset)) == 0


async def test_a_replayed_request_is_answered_alike_and_says_so(http: Client, units: Units) -> None:
    headers = await bearer(units, PATIENT) | {"idempotency-key": "hold-0001"}
    first, second = [
        await http.post("/api/v1/tiny/holds", json={"text": "x"}, headers=headers) for _ in range(2)
    ]
    assert (first.status_code, first.content) == (second.status_code, second.content)
    assert "idempotency-replayed" not in first.headers
    assert second.headers["idempotency-replayed"] == "true"
    assert await _held(units) == 1


async def test_a_replayed_key_with_another_body_is_refused(http: Client, units: Units) -> None:
    headers = await bearer(units, PATIENT) | {"idempotency-key": "hold-0001"}
    await http.post("/api/v1/tiny/holds", json={"text": "x"}, headers=headers)
    answer = await http.post("/api/v1/tiny/holds", json={"text": "y"}, headers=headers)
    _is_problem(answer, 409, "idempotency_key_reused")
    assert await _held(units) == 1


async def test_a_refused_request_may_be_sent_again_under_its_key(http: Client, units: Units) -> None:
    headers = await bearer(units, PATIENT) | {"idempotency-key": "hold-0001"}
    answer = await http.post("/api/v1/tiny/holds", json={"text": "gone"}, headers=headers)
    _is_problem(answer, 409, "slot_gone")
    answer = await http.post("/api/v1/tiny/holds", json={"text": "x"}, headers=headers)
    assert answer.status_code == 201
    assert await _held(units) == 1


async def test_a_key_too_short_to_be_one_is_refused(http: Client, units: Units) -> None:
    headers = await bearer(units, PATIENT) | {"idempotency-key": "1"}
    answer = await http.post("/api/v1/tiny/holds", json={"text": "x"}, headers=headers)
    _is_problem(answer, 422, "idempotency_key_invalid")


async def test_too_often_is_too_often_until_later(http: Client) -> None:
    answers = [await http.get("/api/v1/tiny/seldom") for _ in range(3)]
    assert [answer.status_code for answer in answers] == [204, 204, 429]
    _is_problem(answers[-1], 429, "busy")
    assert 1 <= int(answers[-1].headers["retry-after"]) <= 61


async def test_each_caller_is_counted_apart(http: Client, units: Units) -> None:
    for _ in range(3):
        await http.get("/api/v1/tiny/seldom")
    headers = await bearer(units, PATIENT)
    assert (await http.get("/api/v1/tiny/seldom", headers=headers)).status_code == 204


def test_a_route_names_its_permission_or_says_public() -> None:
    async def silent() -> None: ...

    with pytest.raises(TypeError, match="permission"):
        operation()(silent)
    with pytest.raises(TypeError, match="permission"):
        operation(needs=Permission.BOOK, public=True)(silent)


def test_an_idempotent_route_takes_its_unit_from_the_contract() -> None:
    async def opens_its_own(units: Units) -> None: ...

    with pytest.raises(TypeError, match="idempotent"):
        operation(needs=Permission.BOOK, idempotent=True)(opens_its_own)


async def _held(units: Units) -> int:
    async with units.system("test") as unit:
        return await unit.session.scalar(sa.text("select count(*) from audit_records")) or 0


def _is_problem(answer: httpx2.Response, status: int, code: str) -> None:
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.headers["cache-control"] == "no-store"
    said = answer.json()
    assert (said["status"], said["code"], said["type"]) == (status, code, f"urn:telehealth:problem:{code}")
    assert said["title"] and said["detail"]
    assert said["request_id"] == answer.headers["x-request-id"]
