"""What can be done with a thing just made: OpenAPI links from its `id` to the operations on it.

Read from the addresses: `POST …/cards` answers with a card's id, so `…/cards/{card_id}/…` is about
that card, and so is `/cards/{card_id}/…`. Only where every other parameter is known from the request.
"""

import re
from collections.abc import Sequence
from typing import Any

from pydantic import BaseModel

from telehealth.web.contract import Operation

_PARAMETER = re.compile(r"{(\w+)(?::\w+)?}")

Found = tuple[str, Operation]


def links(path: str, op: Operation, others: Sequence[Found]) -> dict[str, Any]:
    """By name of the operation that each leads to; empty unless `op` makes something with an `id`."""
    if op.status != 201 or not _has_id(op.returns) or _answers_with_parent(path, op, others):
        return {}
    found = {other.name: _parameters(path, other_path) for other_path, other in others}
    return {
        name: {"operationId": name, "parameters": parameters}
        for name, parameters in sorted(found.items())
        if parameters is not None
    }


def _has_id(model: Any) -> bool:
    return isinstance(model, type) and issubclass(model, BaseModel) and "id" in model.model_fields


def _answers_with_parent(path: str, op: Operation, others: Sequence[Found]) -> bool:
    """Giving a consent answers with the person: the `id` is then not of what was made."""
    return any(other.returns is op.returns and path.startswith(f"{above}/") for above, other in others)


def _parameters(path: str, other: str) -> dict[str, str] | None:
    """Where each parameter of the other address comes from; None when it is not about what was made here."""
    collection = path.rpartition("/")[2]
    for head in (path, f"/{collection}"):
        if other.startswith(f"{head}/{{"):
            known = {name: f"$request.path.{name}" for name in _PARAMETER.findall(head)}
            made, *unknown = _PARAMETER.findall(other.removeprefix(head))
            return None if unknown else known | {made: "$response.body#/id"}
    return None
