"""Static files: addressed by the release's hash, kept for ever under it, and only under it."""

from pathlib import Path

import httpx2
import pytest

from telehealth.web.assets import FOREVER, Assets, release_hash

Client = httpx2.AsyncClient


async def test_a_page_names_files_that_are_there_and_may_be_kept_for_ever(http: Client) -> None:
    address = f"/static/{release_hash()}/css/base.css"
    assert address in (await http.get("/say")).text
    answer = await http.get(address)
    assert (answer.status_code, answer.headers["cache-control"]) == (200, FOREVER)
    assert answer.headers["content-type"].startswith("text/css")


async def test_a_page_from_before_a_deploy_still_finds_its_files_but_keeps_none(http: Client) -> None:
    answer = await http.get("/static/000000000000/css/base.css")
    assert (answer.status_code, answer.headers["cache-control"]) == (200, "no-cache")


async def test_a_file_of_another_release_that_did_not_change_is_not_sent_again(http: Client) -> None:
    address = "/static/000000000000/css/base.css"
    etag = (await http.get(address)).headers["etag"]
    again = await http.get(address, headers={"if-none-match": etag})
    assert (again.status_code, again.headers["cache-control"]) == (304, "no-cache")


@pytest.mark.parametrize("path", [
    "/static/", "/static/x", "/static/x/", "/static/x/css", "/static/x/../app.py", "/static/x/%2e%2e/app.py",
    "/static/x/..%2f..%2fetc/passwd", "/static/x/%00", "/static/x/..%5capp.py",
])  # fmt: skip
async def test_nothing_outside_the_folder_is_served(http: Client, path: str) -> None:
    assert (await http.get(path)).status_code == 404


def test_another_file_or_name_is_another_release(tmp_path: Path) -> None:
    (tmp_path / "a.css").write_text("a")
    first = release_hash(tmp_path)
    (tmp_path / "a.css").write_text("b")
    second = release_hash(tmp_path)
    (tmp_path / "a.css").rename(tmp_path / "b.css")
    assert len({first, second, release_hash(tmp_path)}) == 3
    assert Assets(tmp_path).url("b.css") == f"/static/{release_hash(tmp_path)}/b.css"


async def test_a_browser_that_takes_brotli_gets_a_file_packed(http: Client) -> None:
    address = f"/static/{release_hash()}/css/base.css"
    packed, plain = [
        await http.get(address, headers={"accept-encoding": each}) for each in ("br", "identity")
    ]
    assert packed.headers["content-encoding"] == "br" and packed.headers["vary"] == "Accept-Encoding"
    assert packed.headers["cache-control"] == FOREVER
    assert packed.text == plain.text
    assert int(packed.headers["content-length"]) * 3 < int(plain.headers["content-length"])
