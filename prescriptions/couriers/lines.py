"""Connections to couriers, and how their words are read. Nothing here knows one courier from another."""

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any, TypeVar

import anyio
import httpx2
import stamina
import structlog
from pydantic import BaseModel, ConfigDict, ValidationError

from prescriptions.couriers.errors import CourierNonsense, CourierUnavailable
from telehealth.core.clock import SHANGHAI
from telehealth.core.outgoing import OutgoingClient

log = structlog.get_logger(__name__)

MAX_ANSWER_BYTES = 4_000_000
#: Nothing was decided about the order, and the same may soon be answered.
PASSING = frozenset({"unreachable", "server_error"})
_WORD = re.compile(r"[A-Za-z0-9_.-]{1,32}")
_CONTROL = re.compile(r"[\x00-\x1f\x7f\ud800-\udfff]+")


class Said(BaseModel):
    """What we read of an answer. Couriers write numbers as text and the reverse: both are read."""

    model_config = ConfigDict(frozen=True, extra="ignore", coerce_numbers_to_str=True)


S = TypeVar("S", bound=Said)


class Line:
    """Kept open between calls; opened with the first. One courier, all hospitals."""

    def __init__(self, courier: str, transport: httpx2.AsyncBaseTransport | None = None) -> None:
        self._courier = courier
        self._transport = transport
        self._opened: httpx2.AsyncClient | None = None

    async def close(self) -> None:
        if self._opened is not None:
            opened, self._opened = self._opened, None
            await opened.aclose()

    async def post(self, url: str, form: Mapping[str, str], *, timeout_s: float) -> bytes:
        """One try. Raises CourierUnavailable: "timeout", "unreachable", "server_error", "not_let_in" …"""
        content = httpx2.QueryParams(dict(form))
        headers = {"Content-Type": "application/x-www-form-urlencoded;charset=UTF-8"}
        request = self._http.build_request("POST", url, content=str(content).encode(), headers=headers)
        return await self._send(request, timeout_s)

    async def get(self, url: str, headers: Mapping[str, str], *, timeout_s: float) -> bytes:
        return await self._send(self._http.build_request("GET", url, headers=dict(headers)), timeout_s)

    async def ask(self, url: str, form: Mapping[str, str], *, timeout_s: float) -> bytes:
        """A question that changes nothing, asked again once where that may help. Never after a time-out:
        somebody has waited long enough."""
        async for attempt in stamina.retry_context(
            on=_may_pass, attempts=2, timeout=timeout_s, wait_initial=0.1, wait_max=0.3, wait_jitter=0.05
        ):
            with attempt:
                return await self.post(url, form, timeout_s=timeout_s)
        raise self.down("unreachable")

    def down(self, reason: str, **facts: Any) -> CourierUnavailable:
        log.warning("courier.unavailable", courier=self._courier, reason=reason, **facts)
        kind = CourierNonsense if reason == "nonsense" else CourierUnavailable
        return kind(reason=reason, **facts)

    def read(self, shape: type[S], text: bytes | str) -> S:
        """
        Raises:
            CourierNonsense: it is not JSON, or not of this shape.
        """
        try:
            return shape.model_validate_json(text)
        except ValidationError:
            raise self.down("nonsense") from None

    async def _send(self, request: httpx2.Request, timeout_s: float) -> bytes:
        try:
            # The client's own time-outs count from byte to byte; this ends the whole.
            with anyio.fail_after(timeout_s):
                response = await self._http.send(request)
        except (TimeoutError, httpx2.TimeoutException):
            raise self.down("timeout") from None
        except httpx2.HTTPError as error:
            raise self.down("unreachable", error=type(error).__name__) from None
        status = response.status_code
        if status in (401, 403):
            raise self.down("not_let_in", status=status)
        if status == 429:
            raise self.down("throttled", status=status)
        if status in (408, 504):
            raise self.down("timeout", status=status)
        if status != 200 or len(response.content) > MAX_ANSWER_BYTES:
            raise self.down("server_error", status=status)
        return response.content

    @property
    def _http(self) -> httpx2.AsyncClient:
        if self._opened is None:
            self._opened = OutgoingClient(
                limits=httpx2.Limits(max_connections=16, max_keepalive_connections=8, keepalive_expiry=30),
                transport=self._transport,
                # A redirect could carry names and addresses to another host.
                follow_redirects=False,
                trust_env=False,
            )
        return self._opened


def word(code: str | None) -> str:
    """A courier's code as a fact: a code is kept, prose is not, as it may repeat a name."""
    return code if code and _WORD.fullmatch(code) else "unknown"


def plain(text: str, *, longest: int) -> str:
    """Their sentence in one line, without what no database stores."""
    return _CONTROL.sub(" ", text).strip()[:longest]


def moment(text: str) -> datetime:
    """`2026-11-22 10:00:00` in Shanghai. Raises ValueError."""
    return datetime.strptime(text.strip()[:19].replace("T", " "), "%Y-%m-%d %H:%M:%S").replace(
        tzinfo=SHANGHAI
    )


def _may_pass(error: Exception) -> bool:
    return isinstance(error, CourierUnavailable) and error.facts.get("reason") in PASSING
