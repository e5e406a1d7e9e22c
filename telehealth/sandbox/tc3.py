"""Checking TC3-HMAC-SHA256 over the bytes that arrived, never over anything re-serialised."""

import hashlib
import hmac
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

#: How far a request's timestamp may lie from our clock.
TOLERANCE_S = 300

_AUTHORIZATION = re.compile(
    r"TC3-HMAC-SHA256 +Credential=(?P<secret_id>[^/,\s]+)/(?P<date>\d{4}-\d\d-\d\d)/(?P<service>[a-z0-9]+)"
    r"/tc3_request *, *SignedHeaders=(?P<signed>[a-z0-9;-]+) *, *Signature=(?P<signature>[0-9a-f]{64})"
)


class Refusal(Exception):
    """Becomes `Response.Error` with HTTP 200."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(code)
        self.code = code
        self.message = message


@dataclass(frozen=True, slots=True)
class Credential:
    secret_id: str
    date: str
    service: str
    signed: tuple[str, ...]
    signature: str


@dataclass(frozen=True, slots=True)
class Arrived:
    method: str
    raw_path: bytes
    raw_query: bytes
    headers: Iterable[tuple[bytes, bytes]]
    body: bytes


def read_credential(authorization: str | None) -> Credential:
    """
    Raises:
        Refusal: there is no TC3 authorization, or it is malformed.
    """
    if not authorization:
        raise Refusal("AuthFailure.InvalidAuthorization", "The request carries no Authorization header.")
    match = _AUTHORIZATION.fullmatch(authorization.strip())
    if match is None:
        raise Refusal("AuthFailure.InvalidAuthorization", "The Authorization header is malformed.")
    return Credential(
        match["secret_id"],
        match["date"],
        match["service"],
        tuple(match["signed"].split(";")),
        match["signature"],
    )


def verify(arrived: Arrived, *, service: str, secrets: Mapping[str, str], now: datetime) -> None:
    """Accept what was signed for `service` with one of `secrets` (id → key) within five minutes of `now`.

    Raises:
        Refusal: with the vendor's code for what is wrong.
    """
    headers = {
        name.decode("latin-1").lower(): value.decode("latin-1").strip() for name, value in arrived.headers
    }
    credential = read_credential(headers.get("authorization"))
    secret_key = secrets.get(credential.secret_id)
    if secret_key is None:
        raise Refusal("AuthFailure.SecretIdNotFound", "The SecretId is not found.")
    if credential.service != service:
        raise Refusal("AuthFailure.InvalidAuthorization", f"This is the endpoint of the service {service}.")
    if not {"content-type", "host"} <= set(credential.signed):
        raise Refusal("AuthFailure.InvalidAuthorization", "content-type and host must be signed.")
    timestamp = _timestamp(headers, credential, now)
    canonical = _canonical_request(arrived, headers, credential.signed)
    expected = _sign(canonical, secret_key=secret_key, credential=credential, timestamp=timestamp)
    if not hmac.compare_digest(expected, credential.signature):
        raise Refusal(
            "AuthFailure.SignatureFailure",
            "The provided credentials could not be validated. Please check your signature is correct.",
        )


def _timestamp(headers: Mapping[str, str], credential: Credential, now: datetime) -> str:
    text = headers.get("x-tc-timestamp", "")
    if not re.fullmatch(r"\d{1,12}", text):
        raise Refusal("MissingParameter", "X-TC-Timestamp is missing or malformed.")
    if abs(now.timestamp() - int(text)) > TOLERANCE_S:
        raise Refusal("AuthFailure.SignatureExpire", "The signature has expired: check your clock.")
    if datetime.fromtimestamp(int(text), UTC).strftime("%Y-%m-%d") != credential.date:
        raise Refusal(
            "AuthFailure.SignatureFailure", "The credential date is not the UTC date of the timestamp."
        )
    return text


def _canonical_request(arrived: Arrived, headers: Mapping[str, str], signed: tuple[str, ...]) -> str:
    lines = "".join(f"{name}:{headers.get(name, '').lower()}\n" for name in signed)
    return "\n".join(
        (
            arrived.method,
            arrived.raw_path.decode("latin-1"),
            arrived.raw_query.decode("latin-1"),
            lines,
            ";".join(signed),
            hashlib.sha256(arrived.body).hexdigest(),
        )
    )


def _sign(canonical: str, *, secret_key: str, credential: Credential, timestamp: str) -> str:
    text = "\n".join(
        (
            "TC3-HMAC-SHA256",
            timestamp,
            f"{credential.date}/{credential.service}/tc3_request",
            hashlib.sha256(canonical.encode("utf-8")).hexdigest(),
        )
    )
    key = f"TC3{secret_key}".encode()
    for part in (credential.date, credential.service, "tc3_request"):
        key = hmac.digest(key, part.encode(), "sha256")
    return hmac.digest(key, text.encode(), "sha256").hex()
