"""Try a set of numbers on a file of cases before it decides anything.

What a case means is known to features above: they contribute a `Rehearse` under the name
"rehearsals", and a page passes it in. Its lines are those the command of that name prints:
`{"id", "allowed", "codes", "satisfied_from", "ok"}`.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from telehealth.rulebook.errors import CasesUnusable
from telehealth.rulebook.rules import PolicySet

#: Takes the set and the parsed JSON of a case file. Raises CasesUnusable.
Rehearse = Callable[[PolicySet, Any], Sequence[Mapping[str, Any]]]

#: Enough for any hospital's own list, small enough to answer while somebody waits.
MOST_CASES = 2_000


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one case yields under the set; `ok` says whether it is what the file expected."""

    case_id: str
    is_allowed: bool
    codes: tuple[str, ...]
    satisfied_from: Mapping[str, str]
    ok: bool


def rehearse(run: Rehearse, policy: PolicySet, text: str) -> tuple[Outcome, ...]:
    """Decide every case of `text` under `policy`, and store nothing. Raises CasesUnusable."""
    return tuple(
        Outcome(
            case_id=str(line["id"]),
            is_allowed=bool(line["allowed"]),
            codes=tuple(line["codes"]),
            satisfied_from=dict(line.get("satisfied_from") or {}),
            ok=bool(line["ok"]),
        )
        for line in run(policy, _cases(text))
    )


def _cases(text: str) -> Any:
    try:
        raw = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise CasesUnusable(reason=str(error)) from None
    rows = raw.get("rows") if isinstance(raw, dict) else raw
    if not isinstance(rows, list) or not rows:
        raise CasesUnusable(reason="no rows")
    if len(rows) > MOST_CASES:
        raise CasesUnusable(reason=f"more than {MOST_CASES} rows")
    return raw
