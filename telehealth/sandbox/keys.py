"""Credentials of the sandboxes: made at the first start, kept in `sandbox.json`.

All begin with `SANDBOX` or `sandbox-`, so that production settings can recognise and refuse them.
"""

import json
import secrets
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any


def tencent_key_pair() -> dict[str, str]:
    return {
        "secret_id": "SANDBOX" + secrets.token_hex(14),
        "secret_key": "SANDBOX" + secrets.token_hex(16),
    }


def static_token() -> str:
    return "sandbox-" + secrets.token_urlsafe(24)


def load_keys(path: Path, makers: Mapping[str, Callable[[], dict[str, Any]]]) -> dict[str, dict[str, Any]]:
    """The keys of every party, making those of parties that are new since the last start."""
    keys: dict[str, dict[str, Any]] = json.loads(path.read_text("utf-8")) if path.exists() else {}
    missing = {party: make() for party, make in makers.items() if party not in keys}
    if missing:
        keys |= missing
        draft = path.with_suffix(".new")
        draft.touch(0o600)
        draft.write_text(json.dumps(keys, indent=1, ensure_ascii=False), "utf-8")
        draft.replace(path)
    return keys
