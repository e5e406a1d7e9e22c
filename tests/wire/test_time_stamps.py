"""Our client of RFC 3161 against the sandbox's authority: true answers, false ones, and none."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx2
import pytest
from asn1crypto import core, tsp
from cryptography import x509
from cryptography.hazmat.primitives import serialization

from prescriptions.ports import SheetField
from prescriptions.sheet import signing
from prescriptions.sheet.authority import LocalAuthority
from prescriptions.sheet.errors import StampUnavailable, StampUntrue
from prescriptions.sheet.stamping import HTTPTimeStamper
from prescriptions.sheet.verifying import Failure, Trust, verify
from telehealth.core.clock import FixedClock
from tests.support.factories import sheets
from tests.support.sandbox import Sandbox


@dataclass
class Desk:
    authority: LocalAuthority
    clock: FixedClock

    async def prescribe(self) -> bytes:
        content = sheets.western()
        return await self.authority.sign(
            await signing.blank_sheet(content),
            field=SheetField.DOCTOR,
            credential=sheets.DOCTOR,
            reason=signing.reason_for(SheetField.DOCTOR, content),
            at=self.clock.business(),
        )


@pytest.fixture
async def desk(sandbox: Sandbox, tmp_path: Path) -> AsyncIterator[Desk]:
    clock = FixedClock(datetime.now(UTC))
    stamper = HTTPTimeStamper(sandbox.credentials["tsa"]["url"], timeout_s=2)
    root = x509.load_pem_x509_certificate(sandbox.credentials["tsa"]["root"].encode())
    roots = (root.public_bytes(serialization.Encoding.DER),)
    yield Desk(LocalAuthority(tmp_path, clock, stamper=stamper, stamp_roots=roots), clock)
    await stamper.aclose()


async def test_a_sheet_is_stamped_by_an_authority_over_http(desk: Desk) -> None:
    prescribed = await desk.prescribe()
    own = Trust(
        roots=desk.authority.roots(),
        revocations=desk.authority.revocations(desk.clock.business()),
        stamp_roots=desk.authority.stamp_roots(),
    )
    told: dict[str, Any] = {"at": desk.clock.business(), "required": (SheetField.DOCTOR,)}
    judged = await verify(prescribed, trust=own, **told)
    assert judged.findings == ()
    assert judged.signatures[0].signed_at is not None
    assert abs((judged.signatures[0].signed_at - desk.clock.business()).total_seconds()) < 60
    unknown = Trust(roots=own.roots, revocations=own.revocations)
    assert (await verify(prescribed, trust=unknown, **told)).failed(Failure.STAMP_BROKEN)


async def test_the_root_of_the_stamps_vouches_for_no_person(desk: Desk) -> None:
    stamps = desk.authority.stamp_roots()
    swapped = Trust(roots=stamps, revocations=(), stamp_roots=stamps)
    judged = await verify(
        await desk.prescribe(), trust=swapped, at=desk.clock.business(), required=(SheetField.DOCTOR,)
    )
    assert judged.failed(Failure.ISSUER_UNKNOWN)


@pytest.mark.parametrize(
    ("mode", "refused"),
    [
        ("down", StampUnavailable),
        ("throttled", StampUnavailable),
        ("timeout", StampUnavailable),
        ("nonsense", StampUntrue),
        ("rejected", StampUnavailable),
        ("wrong_time", StampUntrue),
        ("wrong_imprint", StampUntrue),
        ("wrong_nonce", StampUntrue),
    ],
)
async def test_without_a_true_answer_nothing_is_signed(
    desk: Desk, sandbox: Sandbox, mode: str, refused: type[Exception]
) -> None:
    with sandbox.faults(tsa={"mode": mode, "seconds": 4 if mode == "timeout" else 86_400}):
        with pytest.raises(refused):
            await desk.prescribe()
    assert (await desk.prescribe()).startswith(b"%PDF")


async def test_nobody_there_is_a_reason_to_come_back_later() -> None:
    stamper = HTTPTimeStamper("http://127.0.0.1:9/", timeout_s=1)
    with pytest.raises(StampUnavailable):
        await stamper.exchange(b"")
    await stamper.aclose()


@pytest.mark.parametrize(
    ("algorithm", "length", "failure"),
    [("sha1", 20, "bad_alg"), ("sha256", 20, "bad_data_format"), ("", 0, "bad_data_format")],
)
def test_the_sandbox_says_what_it_cannot_stamp(
    sandbox: Sandbox, algorithm: str, length: int, failure: str
) -> None:
    imprint = {"hash_algorithm": {"algorithm": algorithm or "sha256"}, "hashed_message": b"\1" * length}
    query = tsp.TimeStampReq({"version": "v1", "message_imprint": imprint}).dump() if algorithm else b"\0"
    answer = httpx2.post(
        sandbox.credentials["tsa"]["url"],
        content=query,
        headers={"Content-Type": "application/timestamp-query"},
    )
    assert answer.headers["content-type"] == "application/timestamp-reply"
    status = tsp.PKIStatusInfo.load(core.Sequence.load(answer.content)[0].dump())
    assert status["status"].native == "rejection"
    assert status["fail_info"].native == {failure}


def test_the_sandbox_wants_the_right_kind_of_question(sandbox: Sandbox) -> None:
    assert httpx2.post(sandbox.credentials["tsa"]["url"], content=b"x").status_code == 415


def test_a_query_without_certificates_gets_none(sandbox: Sandbox) -> None:
    imprint = {"hash_algorithm": {"algorithm": "sha256"}, "hashed_message": b"\1" * 32}
    query = tsp.TimeStampReq({"version": "v1", "message_imprint": imprint, "cert_req": False}).dump()
    answer = httpx2.post(
        sandbox.credentials["tsa"]["url"],
        content=query,
        headers={"Content-Type": "application/timestamp-query"},
    )
    token = tsp.TimeStampResp.load(answer.content)["time_stamp_token"]["content"]
    assert len(token["certificates"]) == 0
    assert token["encap_content_info"]["content"].parsed["nonce"].native is None
