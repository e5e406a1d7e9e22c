"""What identifies a person or opens a door is struck out of every log line.

Two nets. By key: whatever stands under a known name (`phone`, `real_name`, `cookie`) goes, whole.
By shape: resident IDs, phones, tokens and passwords go from any text, key or number, at any depth.
A name inside free text has no shape; do not put it there.

Striking out too much is a nuisance, too little is a breach: a run of fifteen digits goes even when
it was an order number. UUIDs stay, as they are how a line is traced.
"""

import re
from collections.abc import Mapping
from datetime import date, datetime, time, timedelta
from functools import lru_cache
from typing import Any

from structlog.typing import EventDict, WrappedLogger

STRUCK = "[已隐去]"
#: Deeper than this is not a fact any more.
MAX_DEPTH = 8

_PERSONAL_KEYS = frozenset(
    """name real_name full_name patient_name person_name guardian_name contact_name recipient_name
    display_name nickname surname given_name pinyin address birthday born_on birth_date id_number id_no
    id_card resident_id identity_number card_no card_number passport permit phone mobile tel telephone
    email complaint history diagnosis allergies""".split()
)
_SECRET_KEY = re.compile(
    r"""password|passwd|passphrase|secret|token|authori[sz]ation|cookie|openid|unionid|session
    |signature|api_?key|private_?key|otp|sms_code|credential|id_?number|phone|mobile|ticket""",
    re.IGNORECASE | re.VERBOSE,
)

_SECRETS = re.compile(
    r"""
      (?P<header> (?i: \b(?:set-)?cookie | \bauthorization ) ["']? \s* [:=] \s* ) [^\r\n]+
    | (?P<scheme> (?i: \b(?:bearer|basic) ) \s+ ) [\w.~+/=-]{4,}
    | (?P<named> (?i: password|passwd|secret|token|openid|unionid|signature|session_?id|api_?key )
        ["']? \s* [=:] \s* ["']? ) [^\s"'&,;)}\]]+
    | (?P<query> [?&](?:sig|key|code)= ) [^\s&"']+
    | (?P<url> :// [^\s/:@]* : ) [^\s/@]+ (?= @ )
    | (?<![\w-]) eyJ[\w-]{8,} \. [\w-]+ \. [\w-]*
    """,
    re.VERBOSE,
)

#: Digits of any width: `\d` takes full-width ones too.
_NUMBERS = re.compile(
    r"""
      (?P<uuid> (?<![0-9A-Za-z]) [0-9a-f]{8} (?:-[0-9a-f]{4}){3} -[0-9a-f]{12} (?![0-9A-Za-z]) )
    | \d (?: [\ \u00a0]? \d ){14,} [Xx]?
    | \d{6} [\ -]? \d{8} [\ -]? \d{3} [\dXx]
    | (?: \+? 86 [\ -]? )? [1１] [3-9３-９] \d [\ -]? \d{4} [\ -]? \d{4}
    | (?<![0-9A-Za-z]) [HMCEGhmceg] [A-Za-z]? \d{7,10} (?![0-9A-Za-z])
    """,
    re.VERBOSE,
)


def redact(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
    """The last processor before the line is written."""
    return {_key(key): _value(key, value, depth=0) for key, value in event.items()}


def scrub(text: str) -> str:
    """The text without anything that has the shape of an ID, a phone or a secret."""
    return _NUMBERS.sub(_strike_number, _SECRETS.sub(_strike_secret, text))


def _strike_secret(found: re.Match[str]) -> str:
    return f"{found.group(found.lastgroup) if found.lastgroup else ''}{STRUCK}"


def _strike_number(found: re.Match[str]) -> str:
    return found.group() if found.lastgroup == "uuid" else STRUCK


def _key(key: Any) -> str:
    return _scrubbed_key(str(key))


@lru_cache(maxsize=1024)
def _scrubbed_key(key: str) -> str:
    # Nearly all keys are our own words, the same on every line.
    return scrub(key)


def _value(key: Any, value: Any, *, depth: int) -> Any:
    if value is None or isinstance(value, bool):
        return value
    if _is_personal(str(key)):
        return STRUCK
    return _scrubbed(value, depth=depth)


@lru_cache(maxsize=1024)
def _is_personal(key: str) -> bool:
    return key.lower().replace("-", "_") in _PERSONAL_KEYS or _SECRET_KEY.search(key) is not None


def _scrubbed(value: Any, *, depth: int) -> Any:
    if isinstance(value, str):
        return scrub(value)
    if isinstance(value, float):
        return value if abs(value) < 1e10 else STRUCK
    if isinstance(value, int):
        return value if scrub(str(value)) == str(value) else STRUCK
    if isinstance(value, BaseException):
        return scrub(repr(value))
    if depth >= MAX_DEPTH:
        return STRUCK
    if isinstance(value, Mapping):
        return {_key(key): _value(key, inner, depth=depth + 1) for key, inner in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_value("", inner, depth=depth + 1) for inner in value]
    if isinstance(value, datetime | date | time | timedelta):
        return str(value)
    if isinstance(value, bytes | bytearray | memoryview):
        return f"[{len(value)} bytes]"
    return scrub(str(value))
