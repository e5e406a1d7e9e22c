"""What WeChat pushes to a hospital's address: results of messages, and consents taken back.

In plain mode the signature covers a token, a time and a nonce, not the body: good enough only for whoever
trusts the way it came. In safe mode the body is encrypted with a key of 43 characters and signed whole.
A hospital with that key takes nothing plain.
"""

import base64
import hashlib
import hmac
import re
from collections.abc import Mapping
from datetime import timedelta
from xml.etree import ElementTree

import structlog
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from telehealth.core.clock import Clock
from telehealth.core.settings import WeChat
from telehealth.notifications.errors import PushRefused
from telehealth.notifications.ports import Report, Withdrawn

log = structlog.get_logger(__name__)

#: WeChat signs at the moment it pushes, each try anew; what is older was kept by somebody.
FRESH = timedelta(hours=1)
LONGEST = 64 * 1024
_PAD = 32


class WeChatPushReader:
    """Fills `WeChatPushes`."""

    def __init__(self, apps: Mapping[str, WeChat], clock: Clock) -> None:
        self._apps = apps
        self._clock = clock

    def greet(self, hospital: str, query: Mapping[str, str]) -> str:
        app = self._app(hospital)
        word = query.get("echostr", "")
        if "msg_signature" not in query:
            self._check(app, query)
            return word
        self._check(app, query, word, name="msg_signature")
        return self._opened(app, word).decode("utf-8", "replace")

    def read(self, hospital: str, query: Mapping[str, str], body: bytes) -> list[Report | Withdrawn]:
        app = self._app(hospital)
        if len(body) > LONGEST:
            raise PushRefused(verdict="too_long")
        # Before anything of it is looked into.
        self._check(app, query)
        root = _parsed(body)
        if app.push_aes_key.get_secret_value():
            sealed = _text(root, "Encrypt")
            self._check(app, query, sealed, name="msg_signature")
            root = _parsed(self._opened(app, sealed))
        return _events(app, root)

    def _app(self, hospital: str) -> WeChat:
        app = self._apps.get(hospital)
        if app is None or not app.push_token.get_secret_value():
            raise PushRefused(verdict="unknown_hospital")
        return app

    def _check(self, app: WeChat, query: Mapping[str, str], *more: str, name: str = "signature") -> None:
        stamp, nonce = query.get("timestamp", ""), query.get("nonce", "")
        right = signature_of(app.push_token.get_secret_value(), stamp, nonce, *more)
        if not hmac.compare_digest(right.encode(), query.get(name, "").encode()):
            raise PushRefused(verdict="bad_signature")
        if not re.fullmatch(r"\d{1,12}", stamp):
            raise PushRefused(verdict="stale")
        if abs(self._clock.wall().timestamp() - int(stamp)) > FRESH.total_seconds():
            raise PushRefused(verdict="stale")

    def _opened(self, app: WeChat, sealed: str) -> bytes:
        """16 random bytes, the length, the message, the appid of whom it is about."""
        try:
            key = base64.b64decode(app.push_aes_key.get_secret_value() + "=")
            opening = Cipher(algorithms.AES(key), modes.CBC(key[:16])).decryptor()
            padded = opening.update(base64.b64decode(sealed, validate=True)) + opening.finalize()
            plain = padded[: -padded[-1]] if 1 <= padded[-1] <= _PAD else b""
            size = int.from_bytes(plain[16:20], "big")
            message, appid = plain[20 : 20 + size], plain[20 + size :].decode()
        except (ValueError, IndexError):
            raise PushRefused(verdict="unreadable") from None
        if len(message) != size or appid not in (app.appid, app.mini_appid):
            raise PushRefused(verdict="unreadable")
        return message


def signature_of(token: str, stamp: str, nonce: str, *more: str) -> str:
    parts = sorted((token, stamp, nonce, *more))
    return hashlib.sha1("".join(parts).encode(), usedforsecurity=False).hexdigest()


def _parsed(body: bytes) -> ElementTree.Element:
    """Entities and document types have no business here: they are how a small text becomes a large one."""
    if b"<!DOCTYPE" in body.upper() or b"<!ENTITY" in body.upper():
        raise PushRefused(verdict="unreadable")
    try:
        return ElementTree.fromstring(body)  # noqa: S314 - without a document type, and short
    except (ElementTree.ParseError, ValueError):
        raise PushRefused(verdict="unreadable") from None


def _events(app: WeChat, root: ElementTree.Element) -> list[Report | Withdrawn]:
    kind = _text(root, "Event")
    if kind == "TEMPLATESENDJOBFINISH":
        status = _text(root, "Status")
        return [_report(app.appid, _text(root, "MsgID"), arrived=status == "success", reason=status)]
    if kind == "subscribe_msg_sent_event":
        return [
            _report(
                app.mini_appid,
                _text(item, "MsgID"),
                arrived=_text(item, "ErrorCode") == "0",
                reason=_text(item, "ErrorStatus") or _text(item, "ErrorCode"),
            )
            for item in root.iterfind("SubscribeMsgSentEvent/List")
        ]
    if kind == "subscribe_msg_change_event":
        families = {id: family for family, id in app.mini_templates.items()}
        return [
            Withdrawn(app.mini_appid, _text(root, "FromUserName"), families[_text(item, "TemplateId")])
            for item in root.iterfind("SubscribeMsgChangeEvent/List")
            if _text(item, "SubscribeStatusString") == "reject" and _text(item, "TemplateId") in families
        ]
    # Follows, menus, taps: not ours to know.
    return []


def _report(appid: str, number: str, *, arrived: bool, reason: str) -> Report:
    if not re.fullmatch(r"\d{1,24}", number):
        raise PushRefused(verdict="unreadable")
    return Report(f"{appid}:{number}", arrived, "".join(c for c in reason if c.isprintable())[:80])


def _text(element: ElementTree.Element, name: str) -> str:
    return (element.findtext(name) or "").strip()
