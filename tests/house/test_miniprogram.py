"""The mini-program's folder: whole, small, without a secret, and every page it names is there."""

import json
import re
from pathlib import Path

from telehealth.core.settings import WeChat

SHELL = Path(__file__).parents[2] / "miniprogram"
PARTS = (".js", ".json", ".wxml", ".wxss")


def scripts() -> list[Path]:
    return sorted(SHELL.rglob("*.js"))


def test_every_json_file_is_json_and_every_page_is_whole() -> None:
    for file in SHELL.rglob("*.json"):
        json.loads(file.read_text(encoding="utf-8"))
    named = json.loads((SHELL / "app.json").read_text(encoding="utf-8"))["pages"]
    assert named == sorted(named, key=lambda page: page != "pages/web/web"), "the web-view opens first"
    for page in named:
        assert all((SHELL / f"{page}{part}").is_file() for part in PARTS), page
    there = {file.parent.relative_to(SHELL).as_posix() for file in (SHELL / "pages").rglob("*.js")}
    assert there == {page.rpartition("/")[0] for page in named}


def test_a_tap_in_the_markup_has_its_verb_in_the_script() -> None:
    for markup in SHELL.rglob("*.wxml"):
        script = markup.with_suffix(".js").read_text(encoding="utf-8")
        for verb in re.findall(r'bind\w+="(\w+)"', markup.read_text(encoding="utf-8")):
            assert re.search(rf"^  (async )?{verb}\(", script, re.MULTILINE), f"{markup.name}: {verb}"


def test_it_is_read_in_ten_minutes() -> None:
    code = [file for file in SHELL.rglob("*") if file.suffix in PARTS]
    assert sum(len(file.read_text(encoding="utf-8").splitlines()) for file in code) < 500


def test_no_secret_is_in_what_everybody_can_read() -> None:
    for file in (one for one in SHELL.rglob("*") if one.is_file()):
        text = file.read_text(encoding="utf-8")
        for name in (*WeChat.model_fields, "private_key", "apiv3_key", "session_key"):
            if "secret" in name or "key" in name:
                assert not re.search(rf"{name}['\"]?\s*[:=]", text), f"{file.name}: {name}"
        assert not re.search(r"[A-Za-z0-9+/]{40,}={0,2}", text), f"{file.name} holds something long"
        assert not re.search(r"wx[0-9a-f]{16}", text), f"{file.name} names somebody's app"
