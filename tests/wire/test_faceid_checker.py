"""The population register and the face check, through the vendor's own client and signature."""

from typing import Any

import httpx2
import pytest
from pydantic import SecretStr

from telehealth.core.settings import FaceID
from telehealth.patients.adapters.faceid import FaceIDChecker
from telehealth.patients.errors import IdentityMismatch, IdentityQuotaSpent, IdentityUnavailable
from telehealth.patients.ports import FaceAnswer, IdentityAnswer
from tests.support.sandbox import Sandbox

BACK = "http://127.0.0.1/people/1/face-checks/2"


def settings_of(sandbox: Sandbox, **changes: Any) -> FaceID:
    keys = sandbox.credentials["faceid"]
    return FaceID(
        endpoint=keys["endpoint"],
        secret_id=SecretStr(keys["secret_id"]),
        secret_key=SecretStr(keys["secret_key"]),
        rule_id=keys["rule_id"],
    ).model_copy(update=changes)


@pytest.fixture
def checker(sandbox: Sandbox) -> FaceIDChecker:
    return FaceIDChecker(settings_of(sandbox))


@pytest.fixture
def somebody(sandbox: Sandbox) -> tuple[str, str]:
    sample = sandbox.samples()["yn01"]
    return sample["name"], sample["number"]


def other_number(sandbox: Sandbox) -> str:
    return str(sandbox.samples()["yn02"]["number"])


async def test_XY17_a_right_pair_matches_and_a_wrong_one_does_not(
    checker: FaceIDChecker, sandbox: Sandbox, somebody: tuple[str, str]
) -> None:
    name, number = somebody
    assert await checker.check(name, number) is IdentityAnswer.MATCH
    assert await checker.check(name, other_number(sandbox)) is IdentityAnswer.MISMATCH


async def test_XY17_a_number_the_register_does_not_have_is_no_record(checker: FaceIDChecker) -> None:
    assert await checker.check("样例甲", "11010519491231002X") is IdentityAnswer.NO_RECORD


@pytest.mark.parametrize("mode", ["service_error", "upgrading", "down", "throttled"])
async def test_XY17_a_register_that_fails_decides_nothing(
    checker: FaceIDChecker, sandbox: Sandbox, somebody: tuple[str, str], mode: str
) -> None:
    with sandbox.faults(faceid={"mode": mode}), pytest.raises((IdentityUnavailable, IdentityQuotaSpent)):
        await checker.check(*somebody)


async def test_XY17_the_daily_limit_says_come_back_later(
    checker: FaceIDChecker, sandbox: Sandbox, somebody: tuple[str, str]
) -> None:
    with sandbox.faults(faceid={"mode": "daily_limit"}), pytest.raises(IdentityQuotaSpent) as raised:
        await checker.check(*somebody)
    assert raised.value.retry_after_s > 0


async def test_a_wrong_secret_decides_nothing(sandbox: Sandbox, somebody: tuple[str, str]) -> None:
    stranger = FaceIDChecker(settings_of(sandbox, secret_key=SecretStr("somebody else's")))
    with pytest.raises(IdentityUnavailable):
        await stranger.check(*somebody)


async def started(checker: FaceIDChecker, somebody: tuple[str, str], subject: str = "s-1") -> tuple[str, str]:
    name, number = somebody
    face = await checker.start_face(name=name, number=number, return_url=BACK, subject=subject)
    return face.url, face.token


def finish(url: str, outcome: str) -> str:
    answer = httpx2.post(url, data={"outcome": outcome})
    return answer.headers["location"]


async def result(
    checker: FaceIDChecker, token: str, somebody: tuple[str, str], subject: str = "s-1"
) -> FaceAnswer:
    return await checker.face_result(token, name=somebody[0], number=somebody[1], subject=subject)


async def test_REG63_a_face_passes_only_when_the_vendor_says_so_to_us(
    checker: FaceIDChecker, somebody: tuple[str, str]
) -> None:
    url, token = await started(checker, somebody)
    assert await result(checker, token, somebody) is FaceAnswer.PENDING
    assert finish(url, "pass").startswith(BACK)
    assert await result(checker, token, somebody) is FaceAnswer.PASSED


async def test_REG63_a_face_that_failed_stays_failed(
    checker: FaceIDChecker, somebody: tuple[str, str]
) -> None:
    url, token = await started(checker, somebody)
    finish(url, "fail")
    assert await result(checker, token, somebody) is FaceAnswer.FAILED


@pytest.mark.parametrize("fault", [{}, {"err_code": 0}])
async def test_REG63_a_likeness_of_69_90_is_not_the_same_person(
    checker: FaceIDChecker, sandbox: Sandbox, somebody: tuple[str, str], fault: dict[str, Any]
) -> None:
    """Even when the vendor's code says it passed."""
    url, token = await started(checker, somebody)
    finish(url, "pass")
    with sandbox.faults(faceid={"mode": "low_similarity", **fault}):
        assert await result(checker, token, somebody) is FaceAnswer.FAILED


async def test_REG63_somebody_elses_passed_check_does_not_serve(
    checker: FaceIDChecker, somebody: tuple[str, str]
) -> None:
    url, token = await started(checker, somebody)
    finish(url, "pass")
    assert await result(checker, token, somebody, subject="s-2") is FaceAnswer.FAILED
    assert await result(checker, token, ("陈立群", somebody[1])) is FaceAnswer.FAILED


async def test_REG63_an_expired_check_is_a_failed_one(
    checker: FaceIDChecker, sandbox: Sandbox, somebody: tuple[str, str]
) -> None:
    url, token = await started(checker, somebody)
    finish(url, "pass")
    with sandbox.faults(faceid={"mode": "token_expired"}):
        assert await result(checker, token, somebody) is FaceAnswer.FAILED


async def test_a_malformed_number_is_refused_before_any_face(checker: FaceIDChecker) -> None:
    with pytest.raises(IdentityMismatch):
        await checker.start_face(name="样例甲", number="1", return_url=BACK, subject="s")


async def test_REG63_no_picture_is_ever_asked_for(
    checker: FaceIDChecker, somebody: tuple[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    from tencentcloud.faceid.v20180301.faceid_client import FaceidClient

    asked: list[str] = []
    original = FaceidClient.GetDetectInfoEnhanced

    def watch(self: Any, request: Any) -> Any:
        asked.append(request.InfoType)
        return original(self, request)

    monkeypatch.setattr(FaceidClient, "GetDetectInfoEnhanced", watch)
    _, token = await started(checker, somebody)
    await result(checker, token, somebody)
    assert asked == ["1"]


def card_of(sandbox: Sandbox, number: str) -> tuple[str, str]:
    """Card and phone that the bank holds for a sample."""
    people = httpx2.get(f"{sandbox.base_url}/faceid/people").json()["people"]
    return next((one["bank_card"], f"+86{one['phone']}") for one in people if one["id_card"] == number)


async def test_GS05_a_bank_vouches_for_name_document_card_and_phone_together(
    checker: FaceIDChecker, sandbox: Sandbox, somebody: tuple[str, str]
) -> None:
    card, phone = card_of(sandbox, somebody[1])
    assert await checker.check_bank_card(*somebody, card=card, phone=phone) is IdentityAnswer.MATCH
    other, _ = card_of(sandbox, other_number(sandbox))
    for wrong in ({"card": other, "phone": phone}, {"card": card, "phone": "+8613800009999"}):
        assert await checker.check_bank_card(*somebody, **wrong) is IdentityAnswer.MISMATCH


@pytest.mark.parametrize("mode", ["service_error", "daily_limit", "down", "throttled"])
async def test_GS05_a_bank_that_fails_decides_nothing(
    checker: FaceIDChecker, sandbox: Sandbox, somebody: tuple[str, str], mode: str
) -> None:
    card, phone = card_of(sandbox, somebody[1])
    with sandbox.faults(faceid={"mode": mode}), pytest.raises((IdentityUnavailable, IdentityQuotaSpent)):
        await checker.check_bank_card(*somebody, card=card, phone=phone)
