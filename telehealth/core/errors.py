"""The eight ways a thing can go wrong, named by the reaction they call for.

    DomainError
    ├── Invalid           422   the payload cannot be understood
    ├── Unauthenticated   401   we do not know who asks
    ├── Forbidden         403   we know, and they may not
    ├── NotFound          404   there is none, or none that they may know of
    ├── Conflict          409   somebody was first
    ├── Refused           409   a rule says no; it may say yes later
    ├── Busy              429   too often; carries when to return
    └── Unavailable       503   a party we depend on is down

An error knows nothing of HTTP: each door (page, API, socket, job) decides how to say it.
`detail` is a Chinese sentence for a person, translated at the door; it never holds a name,
an ID number or a diagnosis. `facts` are machine-readable and safe to show to the caller.
"""

from typing import Any, ClassVar


class DomainError(Exception):
    """Base of every expected failure. `code` is stable; clients may rely on it."""

    code: ClassVar[str] = "error"
    detail: ClassVar[str] = "操作没有完成"

    def __init__(self, **facts: Any) -> None:
        super().__init__(self.code)
        self.facts = facts

    def __str__(self) -> str:
        return self.code if not self.facts else f"{self.code} {self.facts}"


class Invalid(DomainError):
    code = "invalid"
    detail = "提交的内容有误，请检查后再试"


class Unauthenticated(DomainError):
    code = "unauthenticated"
    detail = "请先登录"


class Forbidden(DomainError):
    code = "forbidden"
    detail = "您没有权限进行此操作"


class NotFound(DomainError):
    code = "not_found"
    detail = "没有找到您要的内容"


class Conflict(DomainError):
    code = "conflict"
    detail = "内容已被更新，请刷新后再试"


class Refused(DomainError):
    code = "refused"
    detail = "暂时不能进行此操作"


class Busy(DomainError):
    """Too many tries. `retry_after_s` is in wall-clock seconds."""

    code = "busy"
    detail = "操作太频繁，请稍后再试"

    def __init__(self, *, retry_after_s: int, **facts: Any) -> None:
        super().__init__(**facts)
        self.retry_after_s = retry_after_s


class Unavailable(DomainError):
    """A party we depend on did not answer. `retry_after_s` is in wall-clock seconds."""

    code = "unavailable"
    detail = "服务暂时不可用，请稍后再试"

    def __init__(self, *, retry_after_s: int = 30, **facts: Any) -> None:
        super().__init__(**facts)
        self.retry_after_s = retry_after_s


class FieldsInvalid(Invalid):
    """Some fields were refused: `fields` maps a dotted field path to a Chinese sentence."""

    code = "fields_invalid"
    detail = "有几处需要修改"

    def __init__(self, fields: dict[str, str]) -> None:
        super().__init__(fields=fields)
        self.fields = fields


class TransitionRefused(Conflict):
    code = "transition_refused"
    detail = "当前状态下不能进行此操作"
