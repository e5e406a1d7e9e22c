"""What `pybabel extract` finds in our Python: calls of `_`, `N_`, `ngettext` and the details of errors.

An error's `detail` is a plain class attribute, translated at the door; without this extractor
its sentence would never reach a translator.
"""

import ast
from collections.abc import Collection, Iterator, Mapping
from typing import IO, Any

from babel.messages.extract import extract_python

Found = tuple[int, Any, Any, Any]


def extract_sentences(
    file: IO[bytes], keywords: Mapping[str, Any], comment_tags: Collection[str], options: Any
) -> Iterator[Found]:
    yield from extract_python(file, keywords, comment_tags, options)
    file.seek(0)
    for node in ast.walk(ast.parse(file.read())):
        if isinstance(node, ast.ClassDef):
            yield from _details(node)


def _details(node: ast.ClassDef) -> Iterator[Found]:
    for statement in node.body:
        if isinstance(statement, ast.Assign):
            targets, value = statement.targets, statement.value
        elif isinstance(statement, ast.AnnAssign) and statement.value is not None:
            targets, value = [statement.target], statement.value
        else:
            continue
        is_detail = any(isinstance(target, ast.Name) and target.id == "detail" for target in targets)
        if is_detail and isinstance(value, ast.Constant) and isinstance(value.value, str):
            yield statement.lineno, None, value.value, []
