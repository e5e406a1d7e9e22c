"""Talk to one FHIR server: form-encoded searches, bounded paging, short retries of reads.

Identifiers travel in bodies only, never in an address that a log keeps. Nothing here decides
what an answer means; it decides whether there was one.
"""

import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote, urlsplit

import httpx2
import stamina
import structlog
from pydantic import ValidationError

from telehealth.core.outgoing import OutgoingClient
from telehealth.core.settings import HIS
from telehealth.hospital.adapters.resources import Bundle, Entry, OperationOutcome
from telehealth.hospital.errors import HISRejected, HISUnavailable

log = structlog.get_logger(__name__)

MAX_PAGES = 20
MAX_BODY_BYTES = 8_000_000
_FHIR = "application/fhir+json"

Form = dict[str, str | list[str]]


class FHIRServer:
    """One hospital's base address. `token` is a static bearer token."""

    def __init__(
        self, hospital: str, settings: HIS, *, transport: httpx2.AsyncBaseTransport | None = None
    ) -> None:
        self.hospital = hospital
        self.base = settings.base_url.rstrip("/")
        self._timeout = httpx2.Timeout(settings.timeout_s, connect=min(2.0, settings.timeout_s))
        self._headers = {
            "Accept": _FHIR,
            "Authorization": f"Bearer {settings.token.get_secret_value()}",
            "Prefer": "handling=strict",
        }
        self._transport = transport
        self._opened: httpx2.AsyncClient | None = None
        # One try may use its whole timeout; a retry begins only while a person would still wait.
        self._patience_s = settings.timeout_s + 1.0

    async def search(self, kind: str, form: Mapping[str, str | list[str]]) -> list[Entry]:
        """Every entry of every page. Raises HISUnavailable, HISRejected."""
        entries: list[Entry] = []
        bundle = _bundle(await self._ask("POST", f"{self.base}/{kind}/_search", dict(form)))
        for _ in range(MAX_PAGES):
            entries += self._told(kind, bundle)
            following = bundle.next_url
            if not following:
                return entries
            bundle = _bundle(await self._ask("GET", self._own(following)))
        log.warning("his.too_many_pages", hospital=self.hospital, kind=kind)
        raise HISUnavailable(reason="too_many_pages")

    async def read(self, kind: str, identity: str) -> dict[str, Any] | None:
        """One resource, or None when it is gone. `identity` is the server's own id of it."""
        try:
            return await self._ask("GET", f"{self.base}/{kind}/{quote(identity, safe='')}")
        except HISRejected as error:
            if error.facts.get("status") in (404, 410):
                return None
            raise

    async def create(self, kind: str, resource: Mapping[str, Any], *, once_by: str) -> dict[str, Any]:
        """Write one resource, unless one with this identifier (`system|value`) is there: may be repeated.

        Raises HISUnavailable, HISRejected.
        """
        address = f"{self.base}/{kind}"
        once = {"If-None-Exist": f"identifier={quote(once_by, safe='')}"}
        return await self._ask("POST", address, body=json.dumps(resource, ensure_ascii=False), headers=once)

    async def close(self) -> None:
        if self._opened is not None:
            await self._opened.aclose()
            self._opened = None

    def _client(self) -> httpx2.AsyncClient:
        """Opened with the first question: reading the certificates costs more than most answers."""
        if self._opened is None:
            self._opened = OutgoingClient(
                headers=self._headers,
                timeout=self._timeout,
                limits=httpx2.Limits(max_connections=16, max_keepalive_connections=4),
                transport=self._transport,
                # A redirect could carry the token to another host.
                follow_redirects=False,
                trust_env=False,
            )
        return self._opened

    def _told(self, kind: str, bundle: Bundle) -> list[Entry]:
        if any(entry.search.mode == "outcome" for entry in bundle.entry):
            # With handling=strict an ignored parameter is an error; a server that only warns is
            # caught by the re-check of every resource.
            log.warning("his.search_warned", hospital=self.hospital, kind=kind)
        return [entry for entry in bundle.entry if entry.search.mode != "outcome"]

    def _own(self, url: str) -> str:
        """The next page, which must be on the very server we asked: the token goes with it."""
        ours, theirs = urlsplit(self.base), urlsplit(url)
        same = (theirs.scheme, theirs.netloc) == (ours.scheme, ours.netloc)
        if not same or not (theirs.path == ours.path or theirs.path.startswith(ours.path + "/")):
            log.warning("his.next_page_elsewhere", hospital=self.hospital)
            raise HISUnavailable(reason="malformed")
        return url

    async def _ask(
        self,
        method: str,
        url: str,
        form: Form | None = None,
        *,
        body: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> dict[str, Any]:
        """Nothing that is asked here changes more when asked twice, so a failed one is, within a second."""
        try:
            async for attempt in stamina.retry_context(
                on=_may_pass, attempts=3, timeout=self._patience_s, wait_initial=0.05, wait_max=0.3,
                wait_jitter=0.05,
            ):  # fmt: skip
                with attempt:
                    return _json(await self._send(method, url, form, body, headers))
        except httpx2.TimeoutException as error:
            raise self._down("timeout") from error
        except httpx2.HTTPError as error:
            raise self._down("unreachable") from error
        raise self._down("unreachable")

    async def _send(
        self,
        method: str,
        url: str,
        form: Form | None,
        body: str | None,
        headers: Mapping[str, str] | None,
    ) -> httpx2.Response:
        typed = {**(headers or {}), **({"Content-Type": _FHIR} if body is not None else {})}
        response = await self._client().request(method, url, data=form, content=body, headers=typed)
        status = response.status_code
        if status in (200, 201):
            return response
        if status == 429:
            raise HISUnavailable(reason="throttled", retry_after_s=_retry_after(response))
        if status == 408 or status >= 500:
            raise _ServerFailed(reason="timeout" if status in (408, 504) else "server_error")
        log.error("his.rejected", hospital=self.hospital, status=status, issues=_issues(response))
        raise HISRejected(status=status, issues=_issues(response))

    def _down(self, reason: str) -> HISUnavailable:
        log.warning("his.unavailable", hospital=self.hospital, reason=reason)
        return HISUnavailable(reason=reason)


class _ServerFailed(HISUnavailable):
    """A 5xx: the one answer worth asking for again. A throttling server is left in peace."""


def _may_pass(error: Exception) -> bool:
    # A timeout has used up the person's patience already.
    slow = isinstance(error, httpx2.TimeoutException) and not isinstance(error, httpx2.ConnectTimeout)
    broken = isinstance(error, httpx2.TransportError) and not slow
    return broken or (isinstance(error, _ServerFailed) and error.facts["reason"] == "server_error")


def _json(response: httpx2.Response) -> dict[str, Any]:
    if len(response.content) > MAX_BODY_BYTES:
        raise HISUnavailable(reason="malformed")
    try:
        body = json.loads(response.content)
    except ValueError:
        raise HISUnavailable(reason="malformed") from None
    if not isinstance(body, dict):
        raise HISUnavailable(reason="malformed")
    if body.get("resourceType") == "OperationOutcome":
        # Some servers say "error" with status 200.
        raise HISRejected(status=200, issues=_outcome_codes(body))
    return body


def _bundle(body: dict[str, Any]) -> Bundle:
    try:
        return Bundle.model_validate(body)
    except ValidationError:
        raise HISUnavailable(reason="malformed") from None


def _issues(response: httpx2.Response) -> list[str]:
    try:
        body = json.loads(response.content)
    except ValueError:
        return []
    return _outcome_codes(body) if isinstance(body, dict) else []


def _outcome_codes(body: dict[str, Any]) -> list[str]:
    try:
        return OperationOutcome.model_validate(body).codes
    except ValidationError:
        return []


def _retry_after(response: httpx2.Response) -> int:
    text = response.headers.get("retry-after", "")
    return min(int(text), 300) if text.isdecimal() and int(text) > 0 else 30
