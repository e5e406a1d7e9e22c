"""Subscribe messages of a mini-program, template messages of a service account.

Both take keyed values with limits by kind, which `wechat_templates.fit` keeps; both answer HTTP 200
with an `errcode`. What it means for the ladder is decided here: another channel, another try, or
something of ours to mend, which also alarms.
"""

from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import quote

import structlog

from telehealth.accounts.adapters.wechat_calls import WeChatCalls
from telehealth.accounts.errors import WeChatDown
from telehealth.core.errors import DomainError
from telehealth.core.settings import WeChat
from telehealth.notifications.errors import WeChatRefused, WeChatUnanswered, WeChatUnsent
from telehealth.notifications.ports import WeChatMessage
from telehealth.notifications.states import Channel

log = structlog.get_logger(__name__)

NO_CONSENT, NOT_FOLLOWING = 43101, 43004
#: Expected of people: they agreed to no more, do not follow, or gave up the openid we know.
_OF_THE_READER = frozenset({NO_CONSENT, NOT_FOLLOWING, 40003})
#: Over a quota, or WeChat is busy: the same again later.
_LATER = frozenset({-1, 45009, 45011})
#: The token stayed stale after it was fetched again.
_TOKEN = frozenset({40001, 42001})
_LANGS = {"zh-CN": "zh_CN", "en": "en_US"}


class WeChatMessages:
    """Fills `WeChatMessenger`."""

    def __init__(self, apps: Mapping[str, WeChat], calls: WeChatCalls, *, public_url: str) -> None:
        self._apps = apps
        self._calls = calls
        self._public_url = public_url

    def appid(self, hospital: str, channel: Channel) -> str:
        app = self._apps.get(hospital)
        if app is None or not self._ids(app, channel):
            return ""
        return app.mini_appid if channel is Channel.SUBSCRIBE else app.appid

    def hospitals(self) -> Sequence[str]:
        return tuple(self._apps)

    def templates(self, hospital: str) -> Mapping[str, str]:
        app = self._apps.get(hospital)
        return {} if app is None else app.mini_templates

    def offers(self, hospital: str, channel: Channel, family: str) -> bool:
        app = self._apps.get(hospital)
        return app is not None and family in self._ids(app, channel)

    async def send(self, message: WeChatMessage) -> str | None:
        app = self._apps[message.hospital]
        mini = message.channel is Channel.SUBSCRIBE
        path = f"/cgi-bin/message/{'subscribe' if mini else 'template'}/send"
        body = self._subscribe(app, message) if mini else self._template(app, message)
        try:
            said = await self._calls.with_token(app, "POST", path, mini=mini, json=body)
        except WeChatDown as error:
            raise (WeChatUnsent() if error.facts.get("unsent") else WeChatUnanswered()) from None
        if said.get("errcode"):
            raise failure(int(said["errcode"]))
        number = said.get("msgid")
        # Numbers are each app's own.
        return None if number is None else f"{app.mini_appid if mini else app.appid}:{number}"

    def _subscribe(self, app: WeChat, message: WeChatMessage) -> dict[str, Any]:
        return {
            "touser": message.openid,
            "template_id": app.mini_templates[message.family],
            "page": f"{app.mini_page}?path={quote(message.path, safe='')}",
            "miniprogram_state": app.mini_state,
            "lang": _LANGS.get(message.lang, "zh_CN"),
            "data": {key: {"value": value} for key, value in message.data.items()},
        }

    def _template(self, app: WeChat, message: WeChatMessage) -> dict[str, Any]:
        """Opened, it signs the reader in by the openid it was sent to."""
        way_in = f"/wechat/enter?hospital={message.hospital}&next={quote(message.path, safe='')}"
        return {
            "touser": message.openid,
            "template_id": app.templates[message.family],
            "url": f"{self._public_url}{way_in}",
            "client_msg_id": message.reference,
            "data": {key: {"value": value} for key, value in message.data.items()},
        }

    @staticmethod
    def _ids(app: WeChat, channel: Channel) -> Mapping[str, str]:
        return app.mini_templates if channel is Channel.SUBSCRIBE else app.templates


def failure(errcode: int) -> DomainError:
    """WeChat's number as ours. What nobody but we can mend is also logged as an error."""
    if errcode in _LATER:
        log.warning("wechat.busy", errcode=errcode)
        return WeChatUnsent(retry_after_s=60)
    if errcode in _OF_THE_READER:
        return WeChatRefused(reason=str(errcode))
    if errcode in _TOKEN:
        log.error("wechat.alarm", errcode=errcode)
        return WeChatUnsent()
    # 40037 template, 47003 value, 41030 page, 48001 scope …: the next channel will do meanwhile.
    log.error("wechat.alarm", errcode=errcode)
    return WeChatRefused(reason=str(errcode))
