"""Every place where a rehearsal may kill the process, read from the program itself."""

import ast
from collections.abc import Iterator
from functools import cache

from tests.support.source import Module, called, modules


@cache
def points() -> frozenset[str]:
    return frozenset(name for module in modules() for name in _of(module))


def _of(module: Module) -> Iterator[str]:
    if module.name in ("telehealth.core.points", "telehealth.core.unit"):
        return
    for call in module.calls("point", "step"):
        if called(call) not in ("point", "unit.step"):
            continue
        word = call.args[0]
        if not (isinstance(word, ast.Constant) and isinstance(word.value, str)):
            raise AssertionError(f"{module.place}:{call.lineno} names a point that no reader can find")
        if called(call) == "unit.step":
            yield f"{word.value}.before_commit"
            yield f"{word.value}.after_commit"
        else:
            yield word.value
