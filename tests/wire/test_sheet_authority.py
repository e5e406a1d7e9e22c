"""Which authority signs, by the settings: the demo's own, with time from outside, or none in production."""

from pathlib import Path
from uuid import UUID

import pytest

from prescriptions.ports import SheetField
from prescriptions.sheet.choosing import authority_of
from prescriptions.sheet.errors import SignerUnavailable, StampUnavailable
from prescriptions.sheet.signing import blank_sheet, reason_for
from prescriptions.sheet.verifying import Trust, verify
from telehealth.core.clock import SystemClock
from telehealth.core.settings import Profile, Settings, Signing
from tests.support.factories.sheets import DOCTOR, western
from tests.support.sandbox import Sandbox


def settings_of(home: Path, signing: Signing, profile: Profile = Profile.TEST) -> Settings:
    return Settings(
        profile=profile, home=home, public_url="https://hospital.example", signing=signing,
        database_url="postgresql://app@db/app",
    )  # fmt: skip


async def test_REG38_production_signs_with_nothing_of_our_own_making_unless_told_to(tmp_path: Path) -> None:
    authority = authority_of(settings_of(tmp_path, Signing(), Profile.PRODUCTION), SystemClock())
    with pytest.raises(SignerUnavailable):
        await authority.certificate_of(UUID(int=1), at=SystemClock().business())
    with pytest.raises(SignerUnavailable):
        authority.roots()
    await authority.close()


def test_production_refuses_the_time_of_a_sandbox(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="signing"):
        settings_of(tmp_path, Signing(tsa_url="http://127.0.0.1:9/tsa/"), Profile.PRODUCTION)


async def test_REG38_time_comes_from_the_authority_the_settings_name(
    tmp_path: Path, sandbox: Sandbox
) -> None:
    stamps = sandbox.credentials["tsa"]
    chosen = Signing(tsa_url=stamps["url"], tsa_root=stamps["root"])
    clock = SystemClock()
    authority = authority_of(settings_of(tmp_path, chosen), clock)
    content, at = western(issued_at=clock.business()), clock.business()
    signed = await authority.sign(
        await blank_sheet(content), field=SheetField.DOCTOR, credential=DOCTOR,
        reason=reason_for(SheetField.DOCTOR, content), at=at,
    )  # fmt: skip
    trust = Trust(
        roots=authority.roots(), revocations=authority.revocations(at), stamp_roots=authority.stamp_roots()
    )
    assert (await verify(signed, trust=trust, at=at, required=(SheetField.DOCTOR,))).genuine
    await authority.close()


async def test_without_an_answer_about_the_time_nothing_is_signed(tmp_path: Path, sandbox: Sandbox) -> None:
    root = sandbox.credentials["tsa"]["root"]
    chosen = Signing(tsa_url="http://127.0.0.1:9/tsa/", tsa_root=root, timeout_s=0.5)
    clock = SystemClock()
    authority = authority_of(settings_of(tmp_path, chosen), clock)
    content = western(issued_at=clock.business())
    with pytest.raises(StampUnavailable):
        await authority.sign(
            await blank_sheet(content), field=SheetField.DOCTOR, credential=DOCTOR,
            reason=reason_for(SheetField.DOCTOR, content), at=clock.business(),
        )  # fmt: skip
    await authority.close()
