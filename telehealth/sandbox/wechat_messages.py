"""Subscribe messages of the mini-program, template messages of the service account."""

import re
from collections.abc import Callable, Mapping
from typing import Any

from telehealth.sandbox.dates import SHANGHAI
from telehealth.sandbox.party import World
from telehealth.sandbox.wechat_accounts import Accounts, App
from telehealth.sandbox.wechat_errors import Refusal
from telehealth.sandbox.wechat_tokens import Tokens

_TEMPLATES = "wechat.templates"
_CONSENTS = "wechat.consents"
_MESSAGES = "wechat.messages"
_DEAF = "wechat.not_following"

#: Approved from the start: id → (name, kind, fields). More through `PUT /wechat/templates`.
TEMPLATES: Mapping[str, tuple[str, str, tuple[str, ...]]] = {
    "sandbox-subscribe-booking": ("booking_confirmed", "subscribe", ("name1", "thing2", "time3", "thing4")),
    "sandbox-subscribe-refund": ("refund", "subscribe", ("character_string1", "amount2", "phrase3", "time4")),
    "sandbox-subscribe-reminder": ("reminder", "subscribe", ("name1", "thing2", "time3")),
    "sandbox-template-booking": ("booking_confirmed", "template", ("thing1", "time2", "thing3")),
    "sandbox-template-refund": ("refund", "template", ("character_string1", "amount2", "phrase3")),
    "sandbox-template-reminder": ("reminder", "template", ("thing1", "time2")),
    **{
        f"sandbox-{kind}-{name}": (name, kind, fields)
        for kind in ("subscribe", "template")
        for name, fields in {
            "visit": ("thing1", "time2", "character_string3", "thing4"),
            "money": ("thing1", "amount2", "character_string3", "thing4"),
            "number": ("thing1", "character_string2", "time3", "thing4"),
            "general": ("thing1", "time2", "thing3"),
        }.items()
    },
}


def _matching(pattern: str) -> Callable[[str], bool]:
    compiled = re.compile(pattern)
    return lambda value: compiled.fullmatch(value) is not None


_DATE = r"\d{4}(年\d{1,2}月\d{1,2}日|[-/.]\d{1,2}[-/.]\d{1,2})"
_CLOCK = r"\d{1,2}:\d{2}(:\d{2})?"
#: What a value of each kind may be; the kind is the field's name without its number.
_VALUES: Mapping[str, Callable[[str], bool]] = {
    "thing": lambda value: 1 <= len(value) <= 20,
    "character_string": _matching(r"[\x21-\x7e]{1,32}"),
    "number": _matching(r"-?\d{1,32}(\.\d{1,31})?"),
    "letter": _matching(r"[A-Za-z]{1,32}"),
    "phrase": _matching(r"[一-鿿]{1,5}"),
    "name": _matching(r"[一-鿿·]{1,10}|[A-Za-z][A-Za-z .'-]{0,19}"),
    "amount": _matching(r"[¥￥$]?\d{1,10}(\.\d{1,2})?元?"),
    "phone_number": _matching(r"[\d+\-#()（） ]{1,17}"),
    "time": _matching(rf"({_DATE} ?)?{_CLOCK}(~{_CLOCK})?|{_DATE}( {_CLOCK})?"),
    "date": _matching(rf"{_DATE}( {_CLOCK})?"),
}


class Messages:
    def __init__(self, world: World, accounts: Accounts, tokens: Tokens) -> None:
        self._books = world.books
        self._clock = world.clock
        self._accounts = accounts
        self._tokens = tokens
        with self._books.writing():
            for id, (name, kind, fields) in TEMPLATES.items():
                if self._books.recall(_TEMPLATES, id) is None:
                    self._books.note(_TEMPLATES, id, {"name": name, "kind": kind, "fields": list(fields)})

    def subscribe_send(self, token: str | None, asked: Mapping[str, Any]) -> dict[str, Any]:
        app = self._tokens.check(token, "mini")
        openid, template_id = self._address(app, asked, "subscribe")
        self._check_data(template_id, asked.get("data"))
        target = asked.get("page")
        if target is not None and (
            not isinstance(target, str) or not re.fullmatch(r"\w[\w/-]*(\?.*)?", target)
        ):
            raise Refusal(41030)
        if asked.get("miniprogram_state", "formal") not in ("developer", "trial", "formal"):
            raise Refusal(47003, "miniprogram_state")
        if asked.get("lang", "zh_CN") not in ("zh_CN", "en_US", "zh_HK", "zh_TW"):
            raise Refusal(47003, "lang")
        with self._books.writing():
            self._spend_consent(openid, template_id)
            return {"msgid": self._keep(app, openid, template_id, asked)}

    def template_send(self, token: str | None, asked: Mapping[str, Any]) -> dict[str, Any]:
        """One `client_msg_id` sends once to one person."""
        app = self._tokens.check(token, "service")
        openid, template_id = self._address(app, asked, "template")
        self._check_data(template_id, asked.get("data"))
        if self._books.recall(_DEAF, openid):
            raise Refusal(43004)
        own = asked.get("client_msg_id")
        if own is not None and (not isinstance(own, str) or not 1 <= len(own) <= 32):
            raise Refusal(40097, "client_msg_id")
        with self._books.writing():
            before = self._books.recall("wechat.client_msg_ids", f"{openid}/{own}") if own else None
            if before is not None:
                return {"msgid": before}
            number = self._keep(app, openid, template_id, asked)
            if own:
                self._books.note("wechat.client_msg_ids", f"{openid}/{own}", number)
        return {"msgid": number}

    def _address(self, app: App, asked: Mapping[str, Any], kind: str) -> tuple[str, str]:
        openid, template_id = asked.get("touser"), asked.get("template_id")
        if not isinstance(openid, str):
            raise Refusal(40003)
        self._accounts.holder(app, openid)
        template = self._books.recall(_TEMPLATES, str(template_id))
        if template is None or template["kind"] != kind:
            raise Refusal(40037)
        return openid, str(template_id)

    def _check_data(self, template_id: str, data: Any) -> None:
        fields = self._books.recall(_TEMPLATES, template_id)["fields"]
        if not isinstance(data, dict) or set(data) != set(fields):
            raise Refusal(47003, f"data must hold {', '.join(fields)}")
        for field, held in data.items():
            value = held.get("value") if isinstance(held, dict) else None
            fits = _VALUES.get(re.sub(r"\d+$", "", field), bool)
            if not isinstance(value, str) or not fits(value):
                raise Refusal(47003, f"data.{field}.value invalid")

    # Consent: one tap, one message.

    def consent(self, app: App, person: int, template_id: str, times: int) -> int:
        """The person allowed so many more messages; how many they have allowed now."""
        template = self._books.recall(_TEMPLATES, template_id)
        if template is None or template["kind"] != "subscribe":
            raise Refusal(40037)
        key = f"{self._accounts.openid(app, person)}/{template_id}"
        with self._books.writing():
            left = int(self._books.recall(_CONSENTS, key) or 0) + times
            self._books.note(_CONSENTS, key, left)
        return left

    def _spend_consent(self, openid: str, template_id: str) -> None:
        key = f"{openid}/{template_id}"
        left = int(self._books.recall(_CONSENTS, key) or 0)
        if left <= 0:
            raise Refusal(43101)
        self._books.note(_CONSENTS, key, left - 1)

    def consents(self, person: int) -> dict[str, int]:
        """Template → how many messages the person still allows, over all apps."""
        left: dict[str, int] = {}
        for key, count in self._books.leaf_through(_CONSENTS).items():
            openid, _, template_id = key.partition("/")
            held = self._books.recall("wechat.openids", openid)
            if held is not None and held["person"] == person:
                left[template_id] = left.get(template_id, 0) + int(count)
        return left

    def follow(self, app: App, person: int, *, follows: bool) -> None:
        self._books.note(_DEAF, self._accounts.openid(app, person), not follows)

    # What was sent.

    def _keep(self, app: App, openid: str, template_id: str, asked: Mapping[str, Any]) -> int:
        number = int(self._books.recall("wechat", "messages") or 0) + 1
        self._books.note("wechat", "messages", number)
        message = {
            "msgid": number,
            "appid": app.appid,
            "openid": openid,
            "person": self._accounts.holder(app, openid),
            "nickname": self._accounts.nickname(self._accounts.holder(app, openid)),
            "template_id": template_id,
            "name": self._books.recall(_TEMPLATES, template_id)["name"],
            "data": {field: held["value"] for field, held in asked["data"].items()},
            "kind": self._books.recall(_TEMPLATES, template_id)["kind"],
            "lang": asked.get("lang", ""),
            "page": asked.get("page") or asked.get("url") or "",
            "at": self._clock.now().astimezone(SHANGHAI).isoformat(),
        }
        self._books.note(_MESSAGES, str(number), message)
        return number

    def sent(self, person: int | None = None) -> list[dict[str, Any]]:
        """Newest first."""
        found = [m for m in self._books.leaf_through(_MESSAGES).values() if person in (None, m["person"])]
        return found[::-1]

    def templates(self) -> dict[str, Any]:
        return self._books.leaf_through(_TEMPLATES)

    def put_template(self, id: str, held: Mapping[str, Any]) -> None:
        """
        Raises:
            ValueError: a field's kind does not exist.
        """
        fields = held.get("fields")
        if held.get("kind") not in ("subscribe", "template") or not isinstance(fields, list) or not fields:
            raise ValueError("kind is subscribe or template, fields a list of names")
        unknown = [name for name in fields if re.sub(r"\d+$", "", str(name)) not in _VALUES]
        if unknown:
            raise ValueError(f"no such kind of value: {', '.join(map(str, unknown))}")
        kept = {"name": str(held.get("name", id)), "kind": held["kind"], "fields": fields}
        self._books.note(_TEMPLATES, id, kept)
