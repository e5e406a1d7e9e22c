"""How the provider says no: `{"code", "message", "detail"?}` with an HTTP status that means something."""

from typing import Any


class Refusal(Exception):
    """An error answer. `number` ends the `Request-ID`, where insured orders hide their finer reasons."""

    def __init__(
        self,
        status: int,
        code: str,
        message: str,
        *,
        detail: dict[str, Any] | None = None,
        number: int = 0,
    ) -> None:
        super().__init__(f"{status} {code}: {message}")
        self.status = status
        self.code = code
        self.message = message
        self.detail = detail
        self.number = number

    def body(self) -> dict[str, Any]:
        said: dict[str, Any] = {"code": self.code, "message": self.message}
        return said | ({"detail": self.detail} if self.detail is not None else {})


def sign_error(issue: str) -> Refusal:
    return Refusal(
        401,
        "SIGN_ERROR",
        "错误的签名，导致验签失败",
        detail={"field": "signature", "issue": issue, "location": "authorization"},
    )


def field_error(field: str, issue: str, *, value: Any = None, location: str = "body") -> Refusal:
    """One field is missing, unknown or out of range."""
    return Refusal(
        400,
        "PARAM_ERROR",
        f"输入源“{field}”{issue}",
        detail={"location": location, "field": field, "value": value, "issue": issue},
    )


def invalid(message: str, *, number: int = 0) -> Refusal:
    return Refusal(400, "INVALID_REQUEST", message, number=number)


def rule_limit(message: str) -> Refusal:
    return Refusal(403, "RULE_LIMIT", message)
