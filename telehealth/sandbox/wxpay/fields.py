"""What a request may say, field by field: anything unknown, null, too long or out of range is refused."""

import ipaddress
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol
from urllib.parse import urlsplit

from telehealth.sandbox.wxpay.moments import read_moment
from telehealth.sandbox.wxpay.refusals import field_error


class Kind(Protocol):
    def check(self, value: Any, at: str) -> None:
        """
        Raises:
            Refusal: 400 PARAM_ERROR naming `at`, a JSON pointer.
        """


@dataclass(frozen=True)
class Text:
    longest: int
    pattern: str = ""
    shortest: int = 1

    def check(self, value: Any, at: str) -> None:
        if not isinstance(value, str):
            raise field_error(at, "应为字符串", value=value)
        if not self.shortest <= len(value) <= self.longest:
            raise field_error(at, f"长度应为{self.shortest}到{self.longest}", value=value)
        if self.pattern and re.fullmatch(self.pattern, value) is None:
            raise field_error(at, "含有不允许的字符", value=value)


@dataclass(frozen=True)
class Whole:
    low: int
    high: int

    def check(self, value: Any, at: str) -> None:
        if isinstance(value, bool) or not isinstance(value, int):
            raise field_error(at, "应为整数", value=value)
        if not self.low <= value <= self.high:
            raise field_error(at, f"应在{self.low}到{self.high}之间", value=value)


@dataclass(frozen=True)
class Flag:
    def check(self, value: Any, at: str) -> None:
        if not isinstance(value, bool):
            raise field_error(at, "应为布尔值", value=value)


@dataclass(frozen=True)
class OneOf:
    values: tuple[str, ...]

    def check(self, value: Any, at: str) -> None:
        if value not in self.values or not isinstance(value, str):
            raise field_error(at, f"应为{'、'.join(self.values)}之一", value=value)


@dataclass(frozen=True)
class Moment:
    def check(self, value: Any, at: str) -> None:
        try:
            read_moment(value)
        except (ValueError, TypeError):
            raise field_error(at, "应为 RFC 3339 时间，如 2018-06-08T10:34:56+08:00", value=value) from None


@dataclass(frozen=True)
class NoticeAddress:
    """Where callbacks go: absolute and without a query. True hosts must have https; loopback need not."""

    def check(self, value: Any, at: str) -> None:
        try:
            parts = urlsplit(value if isinstance(value, str) else "")
            _ = parts.port
        except ValueError:
            raise field_error(at, "应为 https 地址", value=value) from None
        here = parts.hostname in ("127.0.0.1", "localhost", "::1")
        if not parts.hostname or parts.scheme not in (("http", "https") if here else ("https",)):
            raise field_error(at, "应为 https 地址", value=value)
        if parts.query or parts.fragment or len(value) > 256:
            raise field_error(at, "不能携带参数，且不超过256字符", value=value)


@dataclass(frozen=True)
class ClientAddress:
    """The payer's own address, which a loopback one can never be."""

    def check(self, value: Any, at: str) -> None:
        try:
            address = ipaddress.ip_address(value)
        except ValueError:
            raise field_error(at, "应为 IP 地址", value=value) from None
        if address.is_loopback or address.is_unspecified:
            raise field_error(at, "应为用户的真实 IP 地址", value=value)


@dataclass(frozen=True)
class Many:
    item: Kind
    most: int = 100

    def check(self, value: Any, at: str) -> None:
        if not isinstance(value, list) or not 1 <= len(value) <= self.most:
            raise field_error(at, f"应为1到{self.most}项的数组", value=value)
        for index, item in enumerate(value):
            self.item.check(item, f"{at}/{index}")


@dataclass(frozen=True)
class Shape:
    """An object: `needs` must be there, `may` can be, nothing else is."""

    needs: Mapping[str, Kind] = field(default_factory=dict)
    may: Mapping[str, Kind] = field(default_factory=dict)

    def check(self, value: Any, at: str = "") -> None:
        if not isinstance(value, dict):
            raise field_error(at or "/", "应为 JSON 对象", value=value)
        for name in self.needs:
            if name not in value:
                raise field_error(f"{at}/{name}", "缺失")
        for name, given in value.items():
            kind = self.needs.get(name) or self.may.get(name)
            if kind is None:
                raise field_error(f"{at}/{name}", "不是接口定义的字段", value=given)
            if given is None:
                raise field_error(f"{at}/{name}", "不能为空值")
            kind.check(given, f"{at}/{name}")
