"""The program as text: what house tests read to see that the laws are kept."""

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from tests.support.programs import ROOT

PACKAGES = ("telehealth", "signaling", "prescriptions")


@dataclass(frozen=True)
class Module:
    path: Path
    text: str
    tree: ast.Module

    @property
    def name(self) -> str:
        parts = self.path.relative_to(ROOT).with_suffix("").parts
        return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)

    @property
    def place(self) -> str:
        return str(self.path.relative_to(ROOT))

    def calls(self, *names: str) -> Iterator[ast.Call]:
        """Calls of a method or function of one of these names, whoever it belongs to."""
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Call) and called(node).rpartition(".")[2] in names:
                yield node


@cache
def modules() -> tuple[Module, ...]:
    """Every module of ours. The sandbox plays other parties and keeps its own house."""
    found = [ROOT / "app.py"]
    for package in PACKAGES:
        found += sorted((ROOT / package).rglob("*.py"))
    return tuple(
        Module(path, text, ast.parse(text))
        for path in found
        if "sandbox" not in path.parts and "versions" not in path.parts
        for text in [path.read_text()]
    )


def called(node: ast.Call) -> str:
    """`datetime.now(UTC)` → "datetime.now"; "" for what is no plain name."""
    try:
        return ast.unparse(node.func)
    except ValueError:
        return ""


@cache
def templates() -> tuple[Path, ...]:
    found: list[Path] = []
    for package in PACKAGES:
        found += (ROOT / package).rglob("templates/**/*.html")
    return tuple(sorted(path for path in found if "sandbox" not in path.parts))
