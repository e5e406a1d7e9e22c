"""A time-stamping authority by RFC 3161 over HTTP: `POST /tsa/` answers a query with a signed time.

It stamps business time, as a prescription is dated by it. Certificates are made with the keys, once, and
valid for so long that no moved clock leaves them.
"""

import secrets
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar

from asn1crypto import algos, cms, core, tsp
from asn1crypto import x509 as wire
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from telehealth.sandbox.faults import Fault
from telehealth.sandbox.party import Party, World

QUERY = "application/timestamp-query"
REPLY = "application/timestamp-reply"
#: The joint arc for examples, where nobody can register.
POLICY = "2.999.1"
VALID = (datetime(2020, 1, 1, tzinfo=UTC), datetime(2069, 1, 1, tzinfo=UTC))
LENGTHS = {"sha256": 32, "sha384": 48, "sha512": 64}
LONGEST_QUERY_BYTES = 4096


class Reply(core.Sequence):  # type: ignore[misc]
    """`TimeStampResp`, whose token may be missing: asn1crypto's may not."""

    _fields = [("status", tsp.PKIStatusInfo), ("time_stamp_token", cms.ContentInfo, {"optional": True})]


class Rejected(Exception):
    """`failure` is a PKIFailureInfo."""

    def __init__(self, failure: str) -> None:
        super().__init__(failure)
        self.failure = failure


class TSA(Party):
    name: ClassVar[str] = "tsa"
    title: ClassVar[str] = "可信时间戳（RFC 3161）"
    modes: ClassVar[Mapping[str, str]] = {
        "rejected": "拒绝签发（systemFailure）",
        "wrong_time": "时间差 seconds 秒（默认一天）",
        "wrong_imprint": "给别的内容盖时间戳",
        "wrong_nonce": "应答的随机数不符",
        "nonsense": "应答无法解析",
    }

    def __init__(self, world: World, keys: dict[str, Any]) -> None:
        super().__init__(world, keys)
        key = serialization.load_pem_private_key(keys["key"].encode(), password=None)
        if not isinstance(key, rsa.RSAPrivateKey):
            raise TypeError("the key is RSA")
        self._key = key
        self._certificate = wire.Certificate.load(_der(keys["certificate"]))
        self._stamped = 0

    @staticmethod
    def new_keys() -> dict[str, Any]:
        """A root of its own and one certificate; the root's key is thrown away."""
        root_key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        root = _certificate("sandbox TSA root", root_key, root_key, None)
        key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        own = _certificate("sandbox TSA", key, root_key, root)
        private = key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        return {"root": _pem(root), "certificate": _pem(own), "key": private.decode()}

    def routes(self) -> list[BaseRoute]:
        return [
            Route("/", self.door, methods=["POST"]),
            Route("/root.pem", self.root),
        ]

    def describe(self, base_url: str) -> dict[str, Any]:
        return {"url": f"{base_url}/tsa/", "root": self.keys["root"]}

    def page_of_books(self) -> list[tuple[str, list[dict[str, Any]]]]:
        return [("时间戳", [{"stamped": self._stamped, "policy": POLICY}])]

    async def root(self, _request: Request) -> Response:
        return Response(self.keys["root"], media_type="application/x-pem-file")

    async def door(self, request: Request) -> Response:
        fault = await self.world.faults.meet(self.name)
        if fault is not None and fault.mode in ("down", "timeout", "throttled"):
            return _unavailable(fault)
        if fault is not None:
            self.world.faults.spend(self.name)
        if request.headers.get("content-type", "").partition(";")[0].strip() != QUERY:
            return Response("expected " + QUERY, 415)
        if fault is not None and fault.mode == "nonsense":
            return Response(b"<html>welcome</html>", media_type=REPLY)
        try:
            answer = self._granted(await request.body(), fault)
        except Rejected as rejected:
            answer = _rejection(rejected.failure)
        return Response(answer.dump(), media_type=REPLY)

    def _granted(self, query: bytes, fault: Fault | None) -> Reply:
        imprint, nonce, with_certificate = _read(query)
        mode = fault.mode if fault else ""
        if mode == "rejected":
            raise Rejected("system_failure")
        if mode == "wrong_imprint":
            imprint["hashed_message"] = secrets.token_bytes(len(imprint["hashed_message"].native))
        if mode == "wrong_nonce":
            nonce = secrets.randbits(60)
        at = self.world.clock.now().replace(microsecond=0)
        if fault is not None and mode == "wrong_time":
            at += timedelta(seconds=fault.number("seconds", 86_400))
        content = tsp.TSTInfo(
            {
                "version": "v1",
                "policy": POLICY,
                "message_imprint": imprint,
                "serial_number": secrets.randbits(120),
                "gen_time": at,
                "accuracy": {"seconds": 1},
                **({} if nonce is None else {"nonce": nonce}),
            }
        ).dump()
        token = cms.ContentInfo(
            {"content_type": "signed_data", "content": self._signed(content, with_certificate)}
        )
        self._stamped += 1
        return Reply({"status": {"status": "granted"}, "time_stamp_token": token})

    def _signed(self, content: bytes, with_certificate: bool) -> cms.SignedData:
        digest = algos.DigestAlgorithm({"algorithm": "sha256"})
        which = tsp.SigningCertificateV2({"certs": [{"cert_hash": _sha256(self._certificate.dump())}]})
        attributes = cms.CMSAttributes(
            [
                {"type": "content_type", "values": ["tst_info"]},
                {"type": "message_digest", "values": [_sha256(content)]},
                {"type": "signing_certificate_v2", "values": [which]},
            ]
        )
        signer = {
            "version": "v1",
            "sid": cms.IssuerAndSerialNumber(
                {"issuer": self._certificate.issuer, "serial_number": self._certificate.serial_number}
            ),
            "digest_algorithm": digest,
            "signed_attrs": attributes,
            "signature_algorithm": {"algorithm": "rsassa_pkcs1v15"},
            "signature": self._key.sign(attributes.dump(), padding.PKCS1v15(), hashes.SHA256()),
        }
        return cms.SignedData(
            {
                "version": "v3",
                "digest_algorithms": [digest],
                "encap_content_info": {
                    "content_type": "tst_info",
                    "content": core.ParsableOctetString(content),
                },
                "signer_infos": [signer],
                **({"certificates": [self._certificate]} if with_certificate else {}),
            }
        )


def _read(query: bytes) -> tuple[tsp.MessageImprint, int | None, bool]:
    if len(query) > LONGEST_QUERY_BYTES:
        raise Rejected("bad_data_format")
    try:
        request = tsp.TimeStampReq.load(query, strict=True)
        if request["version"].native != "v1":
            raise Rejected("bad_request")
        imprint = request["message_imprint"]
        algorithm = imprint["hash_algorithm"]["algorithm"].native
        length = len(imprint["hashed_message"].native)
        nonce, wanted = request["nonce"].native, bool(request["cert_req"].native)
    except (ValueError, TypeError):
        raise Rejected("bad_data_format") from None
    if algorithm not in LENGTHS:
        raise Rejected("bad_alg")
    if length != LENGTHS[algorithm]:
        raise Rejected("bad_data_format")
    return imprint.copy(), nonce, wanted


def _rejection(failure: str) -> Reply:
    return Reply({"status": {"status": "rejection", "status_string": [failure], "fail_info": {failure}}})


def _unavailable(fault: Fault) -> Response:
    if fault.mode == "throttled":
        retry = str(int(fault.number("retry_after_s", 2)))
        return JSONResponse({"error": "too many requests"}, 429, {"Retry-After": retry})
    return JSONResponse({"error": fault.mode}, 503 if fault.mode == "down" else 504)


def _certificate(
    common: str, key: rsa.RSAPrivateKey, signed_with: rsa.RSAPrivateKey, issuer: x509.Certificate | None
) -> x509.Certificate:
    name = x509.Name(
        [
            x509.NameAttribute(NameOID.COUNTRY_NAME, "CN"),
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, "SANDBOX"),
            x509.NameAttribute(NameOID.COMMON_NAME, common),
        ]
    )
    is_root = issuer is None
    builder = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name if issuer is None else issuer.subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(VALID[0])
        .not_valid_after(VALID[1])
        .add_extension(x509.BasicConstraints(ca=is_root, path_length=0 if is_root else None), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(signed_with.public_key()), critical=False
        )
    )
    if not is_root:
        stamping = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.TIME_STAMPING])
        builder = builder.add_extension(stamping, critical=True)
    return builder.sign(signed_with, hashes.SHA256())


def _pem(certificate: x509.Certificate) -> str:
    return certificate.public_bytes(serialization.Encoding.PEM).decode()


def _der(pem: str) -> bytes:
    return x509.load_pem_x509_certificate(pem.encode()).public_bytes(serialization.Encoding.DER)


def _sha256(data: bytes) -> bytes:
    digest = hashes.Hash(hashes.SHA256())
    digest.update(data)
    return digest.finalize()
