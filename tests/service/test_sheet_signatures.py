"""Signatures of a sheet, made for real, and every way of tampering that is to be found out."""

import io
import random
import stat
import subprocess
import threading
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path

import anyio
import pikepdf
import pytest
from asn1crypto import keys, x509
from cryptography import x509 as pyca
from cryptography.hazmat.primitives import serialization
from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.sign import signers
from pyhanko_certvalidator.registry import SimpleCertificateStore

from prescriptions.ports import Certificate, Credential, SheetField
from prescriptions.sheet import signing
from prescriptions.sheet.authority import LocalAuthority
from prescriptions.sheet.content import SheetContent, digest
from prescriptions.sheet.drawing import draw_sheet
from prescriptions.sheet.errors import (
    CertificateExpired,
    CertificateMissing,
    CertificateNotYetValid,
    CertificateRevoked,
    DoctorFirst,
    FieldAbsent,
    FieldTaken,
    SheetUnreadable,
    StampUnavailable,
    StampUntrue,
)
from prescriptions.sheet.signature import Signature
from prescriptions.sheet.stamping import LocalStamper
from prescriptions.sheet.verifying import Failure, Trust, Verification, verify
from telehealth.core.clock import FixedClock
from tests.support.factories import sheets
from tests.support.factories.sheets import DOCTOR, ISSUED_AT, PHARMACIST

LATER = timedelta(minutes=7)
DAY = timedelta(days=1)


@dataclass
class Bench:
    """An authority, its clock, and a sheet on its way."""

    home: Path
    clock: FixedClock
    authority: LocalAuthority
    content: SheetContent

    async def blank(self) -> bytes:
        return await signing.blank_sheet(self.content)

    async def sign(self, pdf: bytes, field: SheetField, who: Credential) -> bytes:
        return await self.authority.sign(
            pdf,
            field=field,
            credential=who,
            reason=signing.reason_for(field, self.content),
            at=self.clock.business(),
        )

    async def prescribed(self) -> bytes:
        return await self.sign(await self.blank(), SheetField.DOCTOR, DOCTOR)

    async def passed(self) -> bytes:
        prescribed = await self.prescribed()
        self.clock.advance(LATER)
        return await self.sign(prescribed, SheetField.PHARMACIST, PHARMACIST)

    def trust(self, at: datetime | None = None) -> Trust:
        return Trust(
            roots=self.authority.roots(),
            revocations=self.authority.revocations(at or self.clock.business()),
        )

    async def verify(self, pdf: bytes, **more: object) -> Verification:
        told: dict[str, object] = {"trust": self.trust(), "at": self.clock.business()}
        return await verify(pdf, **told | more)  # type: ignore[arg-type]

    async def past_the_check(self, pdf: bytes, field: SheetField, who: Credential) -> bytes:
        """Sign with a person's key and do not ask whether the certificate is good."""
        held = (self.home / "authority" / f"{who.person_id.hex}.pem").read_bytes()
        own = pyca.load_pem_x509_certificate(held).public_bytes(serialization.Encoding.DER)
        key = serialization.load_pem_private_key(held, None).private_bytes(
            serialization.Encoding.DER, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        signer = signers.SimpleSigner(
            x509.Certificate.load(own), keys.PrivateKeyInfo.load(key), SimpleCertificateStore()
        )
        signature = Signature(
            field=field,
            credential=who,
            signer=signer,
            reason=signing.reason_for(field, self.content),
            at=self.clock.business(),
        )
        return await signing.fill(pdf, signature, LocalStamper(self.home, self.clock))


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    clock = FixedClock(ISSUED_AT)
    return Bench(tmp_path, clock, LocalAuthority(tmp_path, clock), sheets.western())


def failures(judged: Verification) -> set[tuple[Failure, SheetField | None]]:
    return {(finding.failure, finding.field) for finding in judged.findings}


def poppler(pdf: bytes, folder: Path) -> str:
    file = folder / "judged.pdf"
    file.write_bytes(pdf)
    answer = subprocess.run(["pdfsig", "-nocert", str(file)], capture_output=True, text=True)
    return answer.stdout


@pytest.mark.parametrize("content", [sheets.western(), sheets.decoction(30)])
async def test_both_signatures_are_genuine_and_say_who_signed_when(
    bench: Bench, content: SheetContent
) -> None:
    bench.content = content
    judged = await bench.verify(await bench.passed(), expected_digest=digest(content))
    assert judged.findings == ()
    assert judged.genuine
    doctor, pharmacist = judged.signatures
    assert (doctor.field, doctor.name, doctor.hospital) == (
        SheetField.DOCTOR,
        DOCTOR.name,
        sheets.HOSPITAL,
    )
    assert (pharmacist.field, pharmacist.name) == (SheetField.PHARMACIST, PHARMACIST.name)
    assert (doctor.signed_at, pharmacist.signed_at) == (ISSUED_AT, ISSUED_AT + LATER)
    assert (doctor.reason, pharmacist.reason) == ("开具处方", "审核通过")
    assert doctor.person == DOCTOR.person_id.hex


async def test_a_sheet_of_two_pages_is_signed_like_any_other(bench: Bench) -> None:
    reason = "患者既往耐受良好，已告知风险并签署知情同意，每周监测血压、血钾与肾功能，" * 5
    bench.content = sheets.western(*[sheets.line(f"药品{n}", resigned_because=reason) for n in range(5)])
    assert (await bench.verify(await bench.passed())).genuine


async def test_many_sheets_are_signed_at_once(bench: Bench) -> None:
    passed: list[bytes] = []

    async def one(number: int) -> None:
        own = replace(bench, content=sheets.western(number=f"RX-{number}"))
        signed = await own.sign(await own.blank(), SheetField.DOCTOR, DOCTOR)
        signed = await own.sign(signed, SheetField.PHARMACIST, PHARMACIST)
        judged = await own.verify(signed, expected_digest=digest(own.content))
        assert judged.genuine
        passed.append(signed)

    async with anyio.create_task_group() as together:
        for number in range(8):
            together.start_soon(one, number)
    assert len(set(passed)) == 8


async def test_what_was_signed_only_grows(bench: Bench) -> None:
    blank = await bench.blank()
    prescribed = await bench.sign(blank, SheetField.DOCTOR, DOCTOR)
    passed = await bench.sign(prescribed, SheetField.PHARMACIST, PHARMACIST)
    assert prescribed.startswith(blank)
    assert passed.startswith(prescribed)


async def test_the_doctors_signature_alone_is_good_until_a_pharmacist_is_due(bench: Bench) -> None:
    prescribed = await bench.prescribed()
    assert (await bench.verify(prescribed, required=(SheetField.DOCTOR,))).genuine
    both = await bench.verify(prescribed)
    assert failures(both) == {(Failure.SIGNATURE_ABSENT, SheetField.PHARMACIST)}


async def test_poppler_agrees_that_both_are_good(bench: Bench, tmp_path: Path) -> None:
    said = poppler(await bench.passed(), tmp_path)
    assert said.count("Signature is Valid.") == 2
    assert said.count("Total document signed") == 1


@pytest.mark.parametrize("share", [0.02, 0.2, 0.5])
async def test_a_flipped_byte_is_found(bench: Bench, tmp_path: Path, share: float) -> None:
    passed = bytearray(await bench.passed())
    start = passed.index(b"stream") + 20
    passed[start + int(share * 40_000)] ^= 1
    judged = await bench.verify(bytes(passed))
    assert not judged.genuine
    assert poppler(bytes(passed), tmp_path).count("Signature is Valid.") < 2


async def test_no_damage_whatever_is_genuine_or_breaks_the_judge(bench: Bench) -> None:
    passed = await bench.passed()
    stored = await bench.verify(passed)
    chance = random.Random(7)
    for _ in range(25):
        damaged = bytearray(passed)
        for _ in range(chance.choice((1, 1, 40))):
            damaged[chance.randrange(len(damaged))] ^= 1 << chance.randrange(8)
        if chance.random() < 0.3:
            del damaged[chance.randrange(len(damaged)) :]
        judged = await bench.verify(bytes(damaged), expected_sha256=stored.sha256)
        assert judged.failed(Failure.FILE_DIFFERS)
    for nonsense in (b"", b"%PDF-1.7", b"\0" * 4096, b"<html></html>"):
        assert (await bench.verify(nonsense)).failed(Failure.UNREADABLE)


async def test_what_is_drawn_over_the_page_afterwards_is_found(bench: Bench, tmp_path: Path) -> None:
    """The bytes that were signed are intact; only the whole judgement says no."""
    drawn_over = overlay(await bench.passed())
    judged = await bench.verify(drawn_over)
    assert (Failure.ALTERED, SheetField.DOCTOR) in failures(judged)
    assert (Failure.ADDED_AFTERWARDS, SheetField.PHARMACIST) in failures(judged)
    assert "Total document signed" not in poppler(drawn_over, tmp_path).replace("Not total", "")


async def test_what_is_drawn_between_the_signatures_is_found(bench: Bench) -> None:
    drawn_over = overlay(await bench.prescribed())
    passed = await bench.sign(drawn_over, SheetField.PHARMACIST, PHARMACIST)
    assert (Failure.ALTERED, SheetField.DOCTOR) in failures(await bench.verify(passed))


async def test_an_addition_that_shows_nothing_is_found_too(bench: Bench) -> None:
    passed = await bench.passed()
    unseen = addition(passed, lambda writer: writer.add_object(generic.NumberObject(7)))
    assert (await bench.verify(unseen)).failed(Failure.ADDED_AFTERWARDS)
    for tail in (b"%", b"\n", b"\n%%EOF\n"):
        assert not (await bench.verify(passed + tail)).genuine


async def test_taking_off_the_second_signature_is_found(bench: Bench) -> None:
    prescribed = await bench.prescribed()
    passed = await bench.sign(prescribed, SheetField.PHARMACIST, PHARMACIST)
    stored = (await bench.verify(passed)).sha256
    judged = await bench.verify(prescribed, expected_sha256=stored)
    assert failures(judged) == {
        (Failure.FILE_DIFFERS, None),
        (Failure.SIGNATURE_ABSENT, SheetField.PHARMACIST),
    }


async def test_taking_off_the_first_signature_is_found(bench: Bench) -> None:
    stripped = without(await bench.passed(), SheetField.DOCTOR)
    judged = await bench.verify(stripped)
    assert judged.failed(Failure.SIGNATURE_ABSENT)
    assert not judged.genuine


async def test_another_authority_is_not_believed(bench: Bench, tmp_path: Path) -> None:
    passed = await bench.passed()
    other = LocalAuthority(tmp_path / "elsewhere", bench.clock)
    trust = Trust(roots=other.roots(), revocations=other.revocations(bench.clock.business()))
    judged = await bench.verify(passed, trust=trust)
    assert {field for failure, field in failures(judged) if failure is Failure.ISSUER_UNKNOWN} == set(
        SheetField
    )
    assert judged.failed(Failure.STAMP_BROKEN)


async def test_another_content_under_the_same_signatures_is_found(bench: Bench) -> None:
    """The rows were changed after signing, or the sheet of somebody else is shown."""
    passed = await bench.passed()
    other = sheets.western(sheets.line(quantity=bench.content.lines[0].quantity + 1))
    judged = await bench.verify(passed, expected_digest=digest(other))
    assert failures(judged) == {(Failure.CONTENT_DIFFERS, None)}


async def test_two_signatures_about_two_contents_are_found(bench: Bench) -> None:
    prescribed = await bench.prescribed()
    bench.content = sheets.western(sheets.line("别的药"))
    passed = await bench.sign(prescribed, SheetField.PHARMACIST, PHARMACIST)
    assert failures(await bench.verify(passed)) == {(Failure.CONTENT_DIFFERS, None)}


async def test_the_stored_hash_is_compared(bench: Bench) -> None:
    passed = await bench.passed()
    assert failures(await bench.verify(passed, expected_sha256="0" * 64)) == {(Failure.FILE_DIFFERS, None)}


async def test_reg19_nobody_passes_their_own_sheet(bench: Bench) -> None:
    passed = await bench.sign(await bench.prescribed(), SheetField.PHARMACIST, DOCTOR)
    assert failures(await bench.verify(passed)) == {(Failure.ONE_PERSON, None)}


async def test_an_expired_certificate_does_not_sign(bench: Bench) -> None:
    await bench.authority.issue(DOCTOR, not_before=ISSUED_AT - 400 * DAY, days=365)
    with pytest.raises(CertificateExpired):
        await bench.prescribed()


async def test_a_certificate_does_not_sign_before_its_time(bench: Bench) -> None:
    await bench.authority.issue(DOCTOR, not_before=ISSUED_AT + DAY, days=365)
    with pytest.raises(CertificateNotYetValid):
        await bench.prescribed()


async def test_a_revoked_certificate_does_not_sign(bench: Bench) -> None:
    await bench.prescribed()
    await bench.authority.revoke(DOCTOR.person_id, at=bench.clock.business())
    with pytest.raises(CertificateRevoked):
        await bench.prescribed()


@pytest.mark.parametrize(
    ("begins", "failure"),
    [(-400 * DAY, Failure.CERTIFICATE_EXPIRED), (DAY, Failure.CERTIFICATE_NOT_YET_VALID)],
)
async def test_who_signs_all_the_same_outside_the_certificates_time_is_found(
    bench: Bench, begins: timedelta, failure: Failure
) -> None:
    await bench.authority.issue(DOCTOR, not_before=ISSUED_AT + begins, days=365)
    prescribed = await bench.past_the_check(await bench.blank(), SheetField.DOCTOR, DOCTOR)
    judged = await bench.verify(prescribed, required=(SheetField.DOCTOR,))
    assert failures(judged) == {(failure, SheetField.DOCTOR)}


async def test_who_signs_all_the_same_with_a_revoked_certificate_is_found(bench: Bench) -> None:
    await bench.authority.issue(DOCTOR, not_before=ISSUED_AT - DAY, days=365)
    await bench.authority.revoke(DOCTOR.person_id, at=ISSUED_AT - LATER)
    prescribed = await bench.past_the_check(await bench.blank(), SheetField.DOCTOR, DOCTOR)
    judged = await bench.verify(prescribed, required=(SheetField.DOCTOR,))
    assert failures(judged) == {(Failure.CERTIFICATE_REVOKED, SheetField.DOCTOR)}


async def test_what_was_signed_before_revocation_or_expiry_stays_genuine(bench: Bench) -> None:
    passed = await bench.passed()
    bench.clock.advance(DAY)
    await bench.authority.revoke(DOCTOR.person_id, at=bench.clock.business())
    assert (await bench.verify(passed)).genuine
    bench.clock.advance(1000 * DAY)
    assert (await bench.verify(passed)).genuine


async def test_without_a_list_of_revocations_that_is_still_good_nothing_is_genuine(
    bench: Bench, tmp_path: Path
) -> None:
    passed = await bench.passed()
    stale = bench.trust(bench.clock.business() - 30 * DAY)
    forged = LocalAuthority(tmp_path / "elsewhere", bench.clock).revocations(bench.clock.business())
    for lists in (stale.revocations, (), forged):
        judged = await bench.verify(passed, trust=replace(stale, revocations=lists))
        assert {failure for failure, _ in failures(judged)} == {Failure.REVOCATION_UNKNOWN}


async def test_the_doctor_signs_first_and_each_once(bench: Bench) -> None:
    blank = await bench.blank()
    with pytest.raises(DoctorFirst):
        await bench.sign(blank, SheetField.PHARMACIST, PHARMACIST)
    prescribed = await bench.sign(blank, SheetField.DOCTOR, DOCTOR)
    with pytest.raises(FieldTaken):
        await bench.sign(prescribed, SheetField.DOCTOR, DOCTOR)


async def test_what_is_no_sheet_is_not_signed(bench: Bench) -> None:
    with pytest.raises(FieldAbsent):
        await bench.sign(draw_sheet(bench.content), SheetField.DOCTOR, DOCTOR)
    for nonsense in (b"", b"%PDF-1.7\n%%EOF", b"nonsense"):
        with pytest.raises(SheetUnreadable):
            await bench.sign(nonsense, SheetField.DOCTOR, DOCTOR)


class Silent:
    async def exchange(self, query: bytes) -> bytes:
        raise StampUnavailable()


class Babbling:
    async def exchange(self, query: bytes) -> bytes:
        return b"\x30\x03\x02\x01\x07"


class OfSomethingElse:
    """Answers truly, about another question."""

    def __init__(self, stamper: LocalStamper) -> None:
        self._stamper = stamper
        self._first: bytes | None = None

    async def exchange(self, query: bytes) -> bytes:
        self._first = self._first or query
        return await self._stamper.exchange(self._first)


async def test_without_a_time_stamp_nothing_is_signed(bench: Bench) -> None:
    blank = await bench.blank()
    for stamper, refused in ((Silent(), StampUnavailable), (Babbling(), StampUntrue)):
        bench.authority = LocalAuthority(bench.home, bench.clock, stamper=stamper)
        with pytest.raises(refused):
            await bench.sign(blank, SheetField.DOCTOR, DOCTOR)


async def test_a_time_stamp_of_another_time_or_file_is_refused(bench: Bench) -> None:
    blank = await bench.blank()
    ahead = LocalStamper(bench.home, FixedClock(ISSUED_AT + DAY))
    bench.authority = LocalAuthority(bench.home, bench.clock, stamper=ahead)
    with pytest.raises(StampUntrue):
        await bench.sign(blank, SheetField.DOCTOR, DOCTOR)
    echo = OfSomethingElse(LocalStamper(bench.home, bench.clock))
    bench.authority = LocalAuthority(bench.home, bench.clock, stamper=echo)
    prescribed = await bench.sign(blank, SheetField.DOCTOR, DOCTOR)
    with pytest.raises(StampUntrue):
        await bench.sign(prescribed, SheetField.PHARMACIST, PHARMACIST)


async def test_certificates_are_evidence_kept_for_five_years_after_expiry(bench: Bench) -> None:
    """REGULATION 66."""
    with pytest.raises(CertificateMissing):
        await bench.authority.certificate_of(DOCTOR.person_id, at=ISSUED_AT)
    await bench.prescribed()
    held = await bench.authority.certificate_of(DOCTOR.person_id, at=ISSUED_AT)
    assert isinstance(held, Certificate)
    assert held.keep_until.year == held.not_after.year + 5
    own, issuer = [pyca.load_der_x509_certificate(one) for one in held.chain]
    assert own.serial_number == int(held.serial, 16)
    assert pyca.load_der_x509_crl(held.revocations[0]).issuer == issuer.subject


async def test_a_person_keeps_one_key_that_only_its_owner_reads(bench: Bench) -> None:
    await bench.prescribed()
    first = await bench.authority.certificate_of(DOCTOR.person_id, at=ISSUED_AT)
    again = LocalAuthority(bench.home, bench.clock)
    await again.issue(DOCTOR, not_before=ISSUED_AT, days=10)
    assert (await again.certificate_of(DOCTOR.person_id, at=ISSUED_AT)).chain == first.chain
    modes = {stat.S_IMODE(file.stat().st_mode) for file in (bench.home / "authority").iterdir()}
    assert modes == {0o600}
    assert stat.S_IMODE((bench.home / "authority").stat().st_mode) == 0o700


def test_whoever_starts_at_the_same_time_finds_the_same_authority(tmp_path: Path) -> None:
    clock = FixedClock(ISSUED_AT)
    found: list[tuple[bytes, ...]] = []
    start = threading.Barrier(8)

    def begin() -> None:
        authority = LocalAuthority(tmp_path, clock)
        start.wait()
        found.append(authority.roots())

    threads = [threading.Thread(target=begin) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(found)) == 1
    assert len(found) == 8


def addition(pdf: bytes, change: Callable[[IncrementalPdfFileWriter], object]) -> bytes:
    """The file with a revision more, as anybody can append one."""
    writer = IncrementalPdfFileWriter(io.BytesIO(pdf))
    change(writer)
    grown = io.BytesIO()
    writer.write(grown)
    return grown.getvalue()


def overlay(pdf: bytes) -> bytes:
    def draw(writer: IncrementalPdfFileWriter) -> None:
        page = writer.root["/Pages"]["/Kids"][0]
        ink = writer.add_object(generic.StreamObject(stream_data=b"1 1 1 rg 34 300 300 40 re f"))
        under = page.raw_get("/Contents")
        page["/Contents"] = generic.ArrayObject([under, ink])
        writer.update_container(page)

    return addition(pdf, draw)


def without(pdf: bytes, field: SheetField) -> bytes:
    """The file written anew, one signature left out."""
    stripped = io.BytesIO()
    with pikepdf.open(io.BytesIO(pdf)) as opened:
        for one in opened.Root.AcroForm.Fields:
            if str(one.T) == field.value:
                del one["/V"]
        if "/Perms" in opened.Root:
            del opened.Root["/Perms"]
        opened.save(stripped)
    return stripped.getvalue()
