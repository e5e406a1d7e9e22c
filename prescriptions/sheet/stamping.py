"""Time-stamping authorities (RFC 3161): the demo's own, and any other over HTTP."""

import secrets
from datetime import datetime
from functools import cached_property
from pathlib import Path

import anyio.to_thread
import httpx2
from asn1crypto import algos, cms, core, tsp, x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

from prescriptions.sheet.errors import StampUnavailable
from prescriptions.sheet.shelf import Shelf
from telehealth.core.clock import Clock

#: Only for stamps that prove nothing to anybody else: an arc under which nobody registers.
POLICY = "2.999.3161.1"
QUERY = "application/timestamp-query"
REPLY = "application/timestamp-reply"
#: A token with its chain takes some kilobytes.
LONGEST_REPLY_BYTES = 64 * 1024


class HTTPTimeStamper:
    """Fills `TimeStamper`: RFC 3161 §3.4. One connection pool for its whole life; `aclose` ends it."""

    def __init__(
        self, url: str, *, timeout_s: float = 5, transport: httpx2.AsyncBaseTransport | None = None
    ) -> None:
        self._url = url
        self._http = httpx2.AsyncClient(
            timeout=httpx2.Timeout(timeout_s, connect=min(2.0, timeout_s)), transport=transport
        )

    async def exchange(self, query: bytes) -> bytes:
        try:
            answer = await self._http.post(
                self._url, content=query, headers={"Content-Type": QUERY, "Accept": REPLY}
            )
        except httpx2.HTTPError:
            raise StampUnavailable() from None
        kind = answer.headers.get("content-type", "").partition(";")[0].strip().lower()
        if answer.status_code != 200 or kind != REPLY or len(answer.content) > LONGEST_REPLY_BYTES:
            raise StampUnavailable(status=answer.status_code)
        return answer.content

    async def aclose(self) -> None:
        await self._http.aclose()


class LocalStamper:
    """Fills `TimeStamper` without a network: the local authority's key, the business clock."""

    def __init__(self, home: Path, clock: Clock) -> None:
        self._shelf = Shelf(home / "authority")
        self._clock = clock

    async def exchange(self, query: bytes) -> bytes:
        return await anyio.to_thread.run_sync(self.answer, query)

    def answer(self, query: bytes) -> bytes:
        try:
            wanted = tsp.TimeStampReq.load(query, strict=True)
            imprint, nonce = wanted["message_imprint"], wanted["nonce"].native
        except (ValueError, TypeError):
            raise StampUnavailable() from None
        return self._answer(imprint, nonce, self._clock.business().replace(microsecond=0))

    def _answer(self, imprint: tsp.MessageImprint, nonce: int | None, now: datetime) -> bytes:
        stamped = tsp.TSTInfo(
            {
                "version": "v1",
                "policy": POLICY,
                "message_imprint": imprint,
                "serial_number": secrets.randbits(63),
                "gen_time": now,
                **({} if nonce is None else {"nonce": nonce}),
            }
        )
        token = cms.ContentInfo({"content_type": "signed_data", "content": self._sign(stamped.dump())})
        answer = tsp.TimeStampResp({"status": {"status": "granted"}, "time_stamp_token": token})
        return bytes(answer.dump())

    def _sign(self, stamped: bytes) -> cms.SignedData:
        attributes = cms.CMSAttributes(
            [
                {"type": "content_type", "values": ["tst_info"]},
                {"type": "message_digest", "values": [_sha256(stamped)]},
                {"type": "signing_certificate_v2", "values": [self._which]},
            ]
        )
        signature = self._key.sign(attributes.dump(), PKCS1v15(), hashes.SHA256())
        own = self._certificate
        return cms.SignedData(
            {
                "version": "v3",
                "digest_algorithms": [SHA256],
                "encap_content_info": {
                    "content_type": "tst_info",
                    "content": core.ParsableOctetString(stamped),
                },
                "certificates": [own],
                "signer_infos": [
                    {
                        "version": "v1",
                        "sid": cms.IssuerAndSerialNumber(
                            {"issuer": own.issuer, "serial_number": own.serial_number}
                        ),
                        "digest_algorithm": SHA256,
                        "signed_attrs": attributes,
                        "signature_algorithm": {"algorithm": "rsassa_pkcs1v15"},
                        "signature": signature,
                    }
                ],
            }
        )

    @cached_property
    def _pair(self) -> tuple[x509.Certificate, RSAPrivateKey]:
        held = self._shelf.stamping(self._clock.business())
        if not isinstance(held.key, RSAPrivateKey):
            raise TypeError("the key of time stamps is RSA")
        return x509.Certificate.load(held.certificate_der), held.key

    @property
    def _certificate(self) -> x509.Certificate:
        return self._pair[0]

    @property
    def _key(self) -> RSAPrivateKey:
        return self._pair[1]

    @cached_property
    def _which(self) -> tsp.SigningCertificateV2:
        """Binds the stamp to this certificate (RFC 5816)."""
        return tsp.SigningCertificateV2({"certs": [{"cert_hash": _sha256(self._certificate.dump())}]})


SHA256 = algos.DigestAlgorithm({"algorithm": "sha256"})


def _sha256(data: bytes) -> bytes:
    digest = hashes.Hash(hashes.SHA256())
    digest.update(data)
    return digest.finalize()
