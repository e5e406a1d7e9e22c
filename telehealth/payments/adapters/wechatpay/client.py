"""One merchant's talk with WeChat Pay: every request signed, every answer proven before it is read."""

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

import anyio
import httpx2
import structlog

from telehealth.core.clock import Clock
from telehealth.core.outgoing import OutgoingClient
from telehealth.core.settings import WeChatPay
from telehealth.payments.adapters.wechatpay import certificates
from telehealth.payments.adapters.wechatpay.sealing import Box
from telehealth.payments.adapters.wechatpay.signing import Doubt, MerchantKey
from telehealth.payments.adapters.wechatpay.wire import Said, read
from telehealth.payments.errors import ProviderBusy, ProviderDown, ProviderRefused

log = structlog.get_logger(__name__)

#: Said with whatever status: nothing is known, ask again.
DOWN = frozenset({"SYSTEM_ERROR", "SYSTEMERROR", "BANK_ERROR", "BANKERROR"})
BUSY = frozenset({"FREQUENCY_LIMITED", "RATELIMIT_EXCEEDED", "FREQUENCY_LIMIT_EXCEED"})
BUSY_FOR_S = 5

_HEADERS = {
    "Accept": "application/json",
    "Content-Type": "application/json",
    "User-Agent": "telehealth/0.1",
    # What is signed is the body before any coding.
    "Accept-Encoding": "identity",
}


@dataclass(frozen=True, slots=True)
class Reply:
    """A proven answer (or, by `download`, one whose proof is elsewhere)."""

    status: int
    body: bytes


class RefusalSaid(Said):
    code: str


class Connections:
    """Kept open between calls and shared by all merchants; opened with the first call."""

    def __init__(self, transport: httpx2.AsyncBaseTransport | None = None) -> None:
        self._transport = transport
        self._opened: httpx2.AsyncClient | None = None

    @property
    def http(self) -> httpx2.AsyncClient:
        if self._opened is None:
            self._opened = OutgoingClient(
                headers=_HEADERS,
                limits=httpx2.Limits(max_connections=64, max_keepalive_connections=32, keepalive_expiry=30),
                transport=self._transport,
                follow_redirects=False,
                trust_env=False,
            )
        return self._opened

    async def close(self) -> None:
        if self._opened is not None:
            opened, self._opened = self._opened, None
            await opened.aclose()


class Merchant:
    """A hospital's account: its keys, loaded once, and the platform's. Signatures go by the wall clock."""

    def __init__(
        self, code: str, settings: WeChatPay, connections: Connections, *, public_url: str, clock: Clock
    ) -> None:
        self.code = code
        self.settings = settings
        self.clock = clock
        self.key = MerchantKey(
            mchid=settings.mchid,
            serial_no=settings.serial_no,
            pem=settings.private_key.get_secret_value(),
        )
        self.box = Box(settings.apiv3_key.get_secret_value())
        self.platform = certificates.PlatformKeys(
            public_key_id=settings.public_key_id, public_key=settings.public_key
        )
        self._connections = connections
        self._base = settings.base_url.rstrip("/")
        self._callbacks = f"{(settings.notify_url or public_url).rstrip('/')}/callbacks/wechatpay/{code}"
        self._timeout = httpx2.Timeout(settings.timeout_s, connect=min(2.0, settings.timeout_s))
        self._fetching = anyio.Lock()

    @property
    def appids(self) -> tuple[str, ...]:
        return tuple(filter(None, (self.settings.appid, self.settings.mini_appid)))

    def now_s(self) -> int:
        return int(self.clock.wall().timestamp())

    def notify_url(self, topic: str) -> str:
        return f"{self._callbacks}/{topic}"

    async def get(self, path: str) -> Reply:
        return await self._call("GET", path, b"", "")

    async def post(self, path: str, body: bytes, *, sealed_with: str = "") -> Reply:
        """`sealed_with` names the platform key that fields of `body` are sealed with.

        Raises:
            ProviderDown: no answer, or none that is proven to be theirs.
            ProviderBusy: they want fewer questions.
            ProviderRefused: they said no; `word` is their code.
        """
        return await self._call("POST", path, body, sealed_with)

    async def download(self, url: str) -> Reply:
        """A file they named. The request is signed, its answer is not: the caller knows its hash."""
        ours, theirs = urlsplit(self._base), urlsplit(url)
        if theirs.scheme not in ("https", ours.scheme) or not theirs.hostname:
            raise ProviderDown(reason="unreadable")
        response = await self._send("GET", url, b"", "")
        if response.status_code != 200:
            raise ProviderDown(reason="download", status=response.status_code)
        return Reply(200, response.content)

    async def learn_keys(self) -> bool:
        """Fetch the platform's certificates if they are due. False: not asked, or nothing learnt."""
        async with self._fetching:
            now = self.clock.wall()
            if not self.platform.are_due(now):
                return False
            self.platform.ask(now)
            try:
                response = await self._send("GET", self._base + certificates.PATH, b"", "")
                _raise_unless_said(response)
                if response.status_code != 200:
                    raise ProviderDown(reason="certificates", status=response.status_code)
                self.platform.learn(response.headers, response.content, self.box, now=self.clock.wall())
            except (ProviderDown, ProviderBusy) as error:
                log.warning("wechatpay.certificates_missing", hospital=self.code, **error.facts)
                return False
            return True

    async def _call(self, method: str, path: str, body: bytes, sealed_with: str) -> Reply:
        if self.platform.are_due(self.clock.wall()):
            await self.learn_keys()
        response = await self._send(method, self._base + path, body, sealed_with)
        _raise_unless_said(response)
        await self._prove(response, path)
        if response.status_code >= 300:
            raise _refusal(response)
        return Reply(response.status_code, response.content)

    async def _send(self, method: str, url: str, body: bytes, sealed_with: str) -> httpx2.Response:
        """One try. Repeating is the caller's: it records first, and asks before it repeats."""
        http = self._connections.http
        request = http.build_request(method, url, content=body, timeout=self._timeout)
        request.headers["Authorization"] = self.key.authorization(
            method, request.url.raw_path, body, now_s=self.now_s()
        )
        if serial := sealed_with or self.platform.public_key_id:
            request.headers["Wechatpay-Serial"] = serial
        try:
            # Their timeouts count from byte to byte; ours ends the whole.
            with anyio.fail_after(self.settings.timeout_s):
                return await http.send(request)
        except (TimeoutError, httpx2.TimeoutException):
            raise self._down("timeout") from None
        except httpx2.HTTPError as error:
            raise self._down("unreachable", error=type(error).__name__) from error

    async def _prove(self, response: httpx2.Response, path: str) -> None:
        """Refusals, too: an invented "no such order" could make us forget a payment."""
        headers: Mapping[str, str] = response.headers
        found = self.platform.doubt(headers, response.content, now=self.clock.wall())
        if found is Doubt.UNKNOWN_KEY and await self.learn_keys():
            found = self.platform.doubt(headers, response.content, now=self.clock.wall())
        if found is not None:
            log.error(
                "wechatpay.answer_unproven", hospital=self.code, doubt=found, path=path.partition("?")[0]
            )
            raise ProviderDown(reason="unproven", doubt=str(found))

    def _down(self, reason: str, **facts: str) -> ProviderDown:
        log.warning("wechatpay.down", hospital=self.code, reason=reason, **facts)
        return ProviderDown(reason=reason)


def _raise_unless_said(response: httpx2.Response) -> None:
    """Statuses that tell nothing of the outcome, whoever sent them."""
    status = response.status_code
    if status == 429:
        raise ProviderBusy(retry_after_s=_retry_after(response))
    if status == 401:
        # Our key, serial or clock is wrong. What waits goes on by itself once that is mended.
        log.error("wechatpay.signature_refused")
        raise ProviderDown(reason="sign_error")
    if status >= 500 or 300 <= status < 400 or status == 408:
        raise ProviderDown(reason="server_error", status=status)


def _refusal(response: httpx2.Response) -> ProviderRefused | ProviderDown | ProviderBusy:
    word = read(RefusalSaid, response.content).code
    if word in DOWN:
        return ProviderDown(reason="server_error", word=word)
    if word in BUSY:
        return ProviderBusy(retry_after_s=_retry_after(response), word=word)
    # Finer reasons of insured orders end the request's number.
    number = response.headers.get("request-id", "").rpartition("-")[2]
    return ProviderRefused(word=word, status=response.status_code, number=number)


def _retry_after(response: httpx2.Response) -> int:
    text = response.headers.get("retry-after", "")
    return min(int(text), 300) if text.isdecimal() and int(text) > 0 else BUSY_FOR_S
