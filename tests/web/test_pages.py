"""HTML: sentences that survive one redirect, ways back that lead nowhere else, errors people can read."""

from urllib.parse import parse_qs, urlsplit

import httpx2
import pytest

from telehealth.core.unit import Units
from telehealth.web.pages import masked, own_path
from tests.support.factories.accounts import cookie
from tests.support.reading import read
from tests.web.conftest import PATIENT

Client = httpx2.AsyncClient
EN = {"accept-language": "en"}


async def test_a_sentence_is_shown_once_after_the_redirect(http: Client) -> None:
    saved = await http.post("/save", data={"text": "x"})
    assert (saved.status_code, saved.headers["location"]) == (303, "/say")
    # The client keeps cookies, as a browser does.
    assert "已保存" in (await http.get("/say")).text
    assert "已保存" not in (await http.get("/say")).text


@pytest.mark.parametrize("value", ["", "x", "%7B", "[1]", '{"text":1}', "%5B" * 3000, "null"])
async def test_a_sentence_somebody_made_up_is_ignored(http: Client, value: str) -> None:
    answer = await http.get("/say", headers={"cookie": f"th_flash={value}"})
    assert answer.status_code == 200


async def test_a_made_up_sentence_is_text_and_nothing_more(http: Client) -> None:
    value = "%7B%22kind%22%3A%22x%22%2C%22text%22%3A%22%3Cb%3Ehi%22%7D"
    answer = await http.get("/say", headers={"cookie": f"th_flash={value}"})
    assert "&lt;b&gt;hi" in answer.text and "<b>hi" not in answer.text


@pytest.mark.parametrize("target", [
    "https://evil.example", "//evil.example", "/\\evil.example", "\\\\evil.example", "/\t/evil.example",
    "/\n/evil.example", "\t//evil.example", " //evil.example", "///evil.example", "javascript:alert(1)", "",
    "evil", "/ok\\..\\x", "/\x00", "http:/evil.example",
])  # fmt: skip
def test_nobody_is_led_to_another_site(target: str) -> None:
    assert own_path(target, "/home") == "/home"


@pytest.mark.parametrize("target", ["/", "/bookings/7?tab=a#b", "/h/云安", "/a//b", "/?next=//x"])
def test_a_way_back_to_us_is_kept(target: str) -> None:
    assert own_path(target, "/home") == target


@pytest.mark.parametrize(("path", "door"), [
    ("/mine?tab=a&b=c", "/sign-in"), ("/staff/mine", "/staff/sign-in"),
])  # fmt: skip
async def test_who_must_sign_in_comes_back_to_the_page(http: Client, path: str, door: str) -> None:
    answer = await http.get(path)
    to = urlsplit(answer.headers["location"])
    assert (answer.status_code, to.path) == (303, door)
    assert parse_qs(to.query) == {"next": [path]}


@pytest.mark.parametrize(("referer", "back"), [
    ("http://testserver/form?x=1", "/form?x=1"), ("https://evil.example/form", "/"), ("", "/"),
    ("http://testserver//evil.example", "/"),
])  # fmt: skip
async def test_whose_form_found_them_signed_out_comes_back_to_the_form(
    http: Client, referer: str, back: str
) -> None:
    answer = await http.post("/mine", headers={"referer": referer})
    assert parse_qs(urlsplit(answer.headers["location"]).query) == {"next": [back]}


@pytest.mark.parametrize(("path", "status", "zh"), [
    ("/nowhere", 404, "没有找到"),
    ("/wrong/gone", 409, "这个号刚刚被约走了"),
    ("/wrong/busy", 429, "操作太频繁"),
    ("/wrong/crash", 500, "系统出了点问题"),
])  # fmt: skip
async def test_an_error_is_a_page_in_the_readers_language(
    http: Client, path: str, status: int, zh: str
) -> None:
    chinese, english = await http.get(path), await http.get(path, headers=EN)
    for answer, lang in ((chinese, "zh-CN"), (english, "en")):
        assert answer.status_code == status
        assert answer.headers["content-type"] == "text/html; charset=utf-8"
        assert answer.headers["content-language"] == lang
        assert f'<html lang="{lang}"' in answer.text
    assert zh in chinese.text


@pytest.mark.parametrize(("path", "again"), [
    ("/nowhere", False), ("/wrong/gone", False), ("/wrong/busy", True), ("/wrong/crash", True),
])  # fmt: skip
async def test_a_page_that_failed_leads_on(http: Client, path: str, again: bool) -> None:
    """What may come right by itself is asked again; from anything one gets back, and home."""
    answer = await http.get(path, headers={"referer": "http://testserver/say?x=1"})
    assert ways_on(answer) == [*([path] if again else []), "/say?x=1", "/"]
    assert ways_on(await http.get(path, headers={"referer": "https://evil.example/say"}))[-1:] == ["/"]


async def test_a_form_that_was_refused_leads_back_to_where_it_stood(http: Client) -> None:
    """Never to the address it was sent to: asked for, that one is another error."""
    sent = await http.delete("/say", headers={"referer": "http://testserver/say"})
    assert ways_on(sent) == ["/say", "/"]


def ways_on(answer: httpx2.Response) -> list[str]:
    return [way for way in read(answer.text).ways_on if not way.startswith("#")]


async def test_a_page_that_was_asked_too_often_says_when_to_return(http: Client) -> None:
    assert (await http.get("/wrong/busy")).headers["retry-after"] == "17"


async def test_a_crash_shows_the_number_to_read_out(http: Client) -> None:
    answer = await http.get("/wrong/crash")
    assert answer.headers["x-request-id"] in answer.text


async def test_a_method_there_is_not_is_a_page_too(http: Client) -> None:
    answer = await http.delete("/say")
    assert answer.status_code == 405
    assert "GET" in answer.headers["allow"]
    assert answer.headers["content-type"].startswith("text/html")


async def test_a_program_that_asks_a_page_for_json_is_told_in_json(http: Client) -> None:
    answer = await http.get("/nowhere", headers={"accept": "application/json"})
    assert answer.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize(("form", "errors"), [
    ({"text": ""}, "text: 请填写此项"), ({"text": "x", "count": "99"}, "count: 数值太大"),
    ({"text": "a\x00b"}, "text: 含有无法识别的字符"),
])  # fmt: skip
async def test_a_form_says_what_is_wrong_with_each_field(
    http: Client, form: dict[str, str], errors: str
) -> None:
    answer = await http.post("/save", data=form)
    assert (answer.status_code, answer.text) == (422, errors)


@pytest.mark.parametrize(("body", "kind"), [
    (b"--x\r\nnonsense", "multipart/form-data; boundary=x"),
    (b"x", "multipart/form-data"),
    (b"&".join(b"a%d=1" % n for n in range(500)), "application/x-www-form-urlencoded"),
])  # fmt: skip
async def test_a_form_no_browser_sends_is_refused(http: Client, body: bytes, kind: str) -> None:
    answer = await http.post("/save", content=body, headers={"content-type": kind})
    assert answer.status_code in (400, 422)


async def test_how_a_reader_wants_the_pages_is_kept(http: Client) -> None:
    chosen = {"lang": "en", "theme": "dark", "elder": "1", "next": "/say"}
    answer = await http.post("/preferences", data=chosen)
    assert (answer.status_code, answer.headers["location"]) == (303, "/say")
    text = (await http.get("/say")).text
    assert 'lang="en" data-theme="dark" data-elder="1"' in text
    await http.post("/preferences", data={"elder": "0"})
    text = (await http.get("/say")).text
    assert 'lang="en" data-theme="dark"' in text and "data-elder" not in text


@pytest.mark.parametrize("form", [
    {"lang": "tlh", "theme": "\x00", "elder": "many", "host": "evil", "next": "//evil.example"},
    {"lang": "x" * 100_000},
])  # fmt: skip
async def test_wishes_we_do_not_know_are_not_kept(http: Client, form: dict[str, str]) -> None:
    answer = await http.post("/preferences", data=form)
    assert answer.headers["location"] == "/"
    assert len(answer.headers["set-cookie"]) < 300
    assert 'lang="zh-CN" data-theme="auto">' in (await http.get("/say")).text


async def test_what_a_page_knows_of_its_reader_is_said_by_the_session(http: Client, units: Units) -> None:
    assert (await http.get("/mine", headers=await cookie(units, PATIENT))).status_code == 200


@pytest.mark.parametrize(("text", "shown"), [
    ("王小明", "王**"), ("王", "王*"), ("13800001234", "138****1234"), ("1234", "****"),
    ("11010519491231002X", "110***********002X"), ("", "*"),
])  # fmt: skip
def test_what_identifies_a_person_is_masked(text: str, shown: str) -> None:
    assert masked(text) == shown
