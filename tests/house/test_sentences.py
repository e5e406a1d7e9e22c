"""What the product says it says in both languages."""

import ast
import re
from collections.abc import Iterator

from babel.messages.pofile import read_po

from tests.support.programs import ROOT
from tests.support.source import Module, modules

CHINESE = re.compile("[\u4e00-\u9fff]{2}")
PO = ROOT / "telehealth" / "locale" / "en" / "LC_MESSAGES" / "messages.po"
#: They speak as somebody else's system, or to the developer who looks on.
ELSEWHERE = ("telehealth.sandbox", "telehealth.demo")


def catalogue() -> dict[str, bool]:
    """Each sentence → whether English has it, all of its plurals."""
    found: dict[str, bool] = {}
    with PO.open("rb") as file:
        for message in read_po(file, locale="en"):
            ids = message.id if isinstance(message.id, (list, tuple)) else [message.id]
            texts = message.string if isinstance(message.string, (list, tuple)) else [message.string]
            found |= dict.fromkeys((one for one in ids if one), all(texts))
    return found


def said(module: Module) -> Iterator[tuple[int, str]]:
    """What a module hands to a reader: refusals by field, a flash, an error's detail, a validator's word."""
    for node in ast.walk(module.tree):
        spoken: list[ast.expr] = []
        if isinstance(node, ast.Call):
            name = ast.unparse(node.func)
            spoken += [word.value for word in node.keywords if word.arg in ("flash", "detail", "problem")]
            if name.endswith(("Invalid", "Incomplete", "Missing")) or name == "ValueError":
                spoken += node.args
        elif isinstance(node, ast.Assign) and ast.unparse(node.targets[0]).endswith(
            ("detail", "errors['__all__']")
        ):
            spoken.append(node.value)
        for each in spoken:
            for leaf in ast.walk(each):
                if (
                    isinstance(leaf, ast.Constant)
                    and isinstance(leaf.value, str)
                    and CHINESE.search(leaf.value)
                ):
                    yield leaf.lineno, leaf.value


def test_every_sentence_has_its_english() -> None:
    assert sorted(text for text, has in catalogue().items() if not has) == [], "fill them in by hand"


def test_what_is_said_to_a_reader_is_in_the_catalogue() -> None:
    """Wrapped in `N_`, or nobody translates it: an English page would answer in Chinese."""
    known = catalogue()
    loose = [
        f"{module.name}:{line} {text}"
        for module in modules()
        if not module.name.startswith(ELSEWHERE)
        for line, text in said(module)
        if text not in known
    ]
    assert loose == []
