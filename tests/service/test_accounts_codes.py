"""Signing in by phone code (XY15, XY16), and the codes that prove consent (XY17)."""

import asyncio
from datetime import timedelta

import pytest
import sqlalchemy as sa

from telehealth.accounts import (
    CodeBurned,
    CodeExpired,
    CodeNotSent,
    CodePurpose,
    CodesUsedUp,
    CodeTooSoon,
    CodeWrong,
    issue_code,
    redeem_code,
)
from telehealth.accounts.feature import forget
from telehealth.accounts.models import Account, PhoneCode
from telehealth.accounts.queries import latest_code
from telehealth.accounts.rules import parse_phone
from telehealth.accounts.signing_in import SignedIn, renew, request_code, sign_in_with_code
from telehealth.accounts.states import Channel
from telehealth.core.clock import FixedClock
from telehealth.core.unit import Units
from telehealth.web.sessions import RefreshTokenInvalid, open_session
from tests.support.factories.accounts import add_patient, patient
from tests.support.phones import Phone
from tests.support.sandbox import Sandbox


async def sign_in(units: Units, phone: Phone, code: str, channel: str = "browser") -> SignedIn:
    return await sign_in_with_code(
        units, parse_phone(phone.number), code, channel=channel, door=Channel(channel)
    )


async def accounts(units: Units) -> list[Account]:
    async with units.system("test") as unit:
        return list(await unit.session.scalars(sa.select(Account)))


async def test_XY16_a_first_sign_in_by_code_opens_the_account(units: Units, phone: Phone) -> None:
    await request_code(units, parse_phone(phone.number))
    signed_in = await sign_in(units, phone, phone.code)
    assert signed_in.actor.assurance == "code"
    assert [account.id for account in await accounts(units)] == [signed_in.account.id]


async def test_XY16_the_same_phone_spelled_otherwise_is_the_same_account(
    units: Units, phone: Phone, clock: FixedClock
) -> None:
    await request_code(units, parse_phone(phone.number))
    first = await sign_in(units, phone, phone.code)
    clock.advance(timedelta(minutes=2))
    spelled = f"+86 {phone.number[:3]} {phone.number[3:7]} {phone.number[7:]}"
    await request_code(units, parse_phone(spelled))
    second = await sign_in(units, phone, phone.code)
    assert second.account.id == first.account.id


async def test_XY15_one_account_serves_every_channel_and_keeps_the_first(
    units: Units, phone: Phone, clock: FixedClock
) -> None:
    await request_code(units, parse_phone(phone.number))
    first = await sign_in(units, phone, phone.code, "mini_program")
    clock.advance(timedelta(minutes=2))
    await request_code(units, parse_phone(phone.number))
    second = await sign_in(units, phone, phone.code, "app")
    assert second.account.id == first.account.id
    assert second.account.channel is Channel.MINI_PROGRAM
    assert second.opened.refresh_token


async def test_XY16_two_first_sign_ins_at_once_make_one_account(units: Units) -> None:
    made = await asyncio.gather(*(add_patient(units, "13800005678", door=Channel.APP) for _ in range(8)))
    assert len({account.id for account in made}) == 1
    assert len(await accounts(units)) == 1


async def test_a_code_works_once(units: Units, phone: Phone) -> None:
    await request_code(units, parse_phone(phone.number))
    code = phone.code
    await sign_in(units, phone, code)
    with pytest.raises(CodeExpired):
        await sign_in(units, phone, code)


async def test_a_code_used_twice_at_once_opens_one_session(units: Units, phone: Phone) -> None:
    await request_code(units, parse_phone(phone.number))
    code = phone.code
    done = await asyncio.gather(*(sign_in(units, phone, code) for _ in range(4)), return_exceptions=True)
    assert sum(isinstance(item, SignedIn) for item in done) == 1
    assert all(isinstance(item, (SignedIn, CodeExpired)) for item in done)


async def test_a_wrong_code_says_what_is_left_and_the_fifth_burns_it(units: Units, phone: Phone) -> None:
    await request_code(units, parse_phone(phone.number))
    right, wrong = phone.code, phone.wrong_code
    for left in (4, 3, 2, 1):
        with pytest.raises(CodeWrong) as refused:
            await sign_in(units, phone, wrong)
        assert refused.value.facts == {"left": left}
    with pytest.raises(CodeBurned):
        await sign_in(units, phone, wrong)
    with pytest.raises(CodeBurned):
        await sign_in(units, phone, right)


async def test_tries_at_once_are_counted_one_by_one(units: Units, phone: Phone) -> None:
    await request_code(units, parse_phone(phone.number))
    wrong = phone.wrong_code
    tries = await asyncio.gather(*(sign_in(units, phone, wrong) for _ in range(12)), return_exceptions=True)
    assert sum(isinstance(item, CodeWrong) for item in tries) == 4
    async with units.public() as unit:
        row = await latest_code(unit, parse_phone(phone.number), CodePurpose.SIGN_IN, "")
    assert row is not None and row.attempts == 5


async def test_a_code_lasts_five_minutes_of_wall_time(units: Units, phone: Phone, clock: FixedClock) -> None:
    await request_code(units, parse_phone(phone.number))
    code = phone.code
    clock.move_business_to(clock.business() + timedelta(days=3))
    clock.advance(timedelta(minutes=5))
    with pytest.raises(CodeExpired):
        await sign_in(units, phone, code)


async def test_a_newer_code_replaces_the_one_before(units: Units, phone: Phone, clock: FixedClock) -> None:
    await request_code(units, parse_phone(phone.number))
    old = phone.code
    clock.advance(timedelta(seconds=61))
    await request_code(units, parse_phone(phone.number))
    assert phone.code != old or len(phone.texts) == 2
    if phone.code != old:
        with pytest.raises(CodeWrong):
            await sign_in(units, phone, old)
    await sign_in(units, phone, phone.code)


async def test_a_second_code_within_a_minute_is_refused_with_the_wait(
    units: Units, phone: Phone, clock: FixedClock
) -> None:
    await request_code(units, parse_phone(phone.number))
    clock.advance(timedelta(seconds=20))
    with pytest.raises(CodeTooSoon) as refused:
        await request_code(units, parse_phone(phone.number))
    assert refused.value.retry_after_s == 40
    assert len(phone.texts) == 1


async def test_a_phone_gets_ten_codes_a_day(units: Units, phone: Phone, clock: FixedClock) -> None:
    for _ in range(10):
        await request_code(units, parse_phone(phone.number))
        clock.advance(timedelta(minutes=2))
    with pytest.raises(CodesUsedUp):
        await request_code(units, parse_phone(phone.number))
    clock.advance(timedelta(days=1))
    await request_code(units, parse_phone(phone.number))


async def test_two_requests_at_once_send_one_code(units: Units, phone: Phone) -> None:
    asked = await asyncio.gather(
        *(request_code(units, parse_phone(phone.number)) for _ in range(4)), return_exceptions=True
    )
    assert sum(isinstance(item, CodeTooSoon) for item in asked) == 3
    assert len(phone.texts) == 1


async def test_when_the_carrier_is_down_the_code_may_be_asked_for_again_at_once(
    units: Units, phone: Phone, sandbox: Sandbox
) -> None:
    with sandbox.faults(sms={"mode": "down"}), pytest.raises(CodeNotSent):
        await request_code(units, parse_phone(phone.number))
    await request_code(units, parse_phone(phone.number))
    await sign_in(units, phone, phone.code)


async def test_a_code_that_arrived_although_the_answer_was_lost_still_works(
    units: Units, phone: Phone, sandbox: Sandbox
) -> None:
    with sandbox.faults(sms={"mode": "lost_answer", "times": 1}), pytest.raises(CodeNotSent):
        await request_code(units, parse_phone(phone.number))
    await sign_in(units, phone, phone.code)


async def test_the_carriers_daily_limit_is_said_as_ours(units: Units, phone: Phone, sandbox: Sandbox) -> None:
    with sandbox.faults(sms={"mode": "daily_limit"}), pytest.raises(CodesUsedUp):
        await request_code(units, parse_phone(phone.number))


async def test_a_code_is_kept_hashed_and_its_phone_as_an_index(units: Units, phone: Phone) -> None:
    await request_code(units, parse_phone(phone.number))
    async with units.public() as unit:
        row = (await unit.session.execute(sa.text("select * from phone_codes"))).mappings().one()
    stored = " ".join(repr(value) for value in row.values())
    assert phone.code not in stored and phone.number not in stored


async def test_no_job_ever_holds_a_code(units: Units, phone: Phone) -> None:
    await request_code(units, parse_phone(phone.number))
    async with units.system("test") as unit:
        assert await unit.session.scalar(sa.text("select count(*) from procrastinate_jobs")) == 0


async def test_XY17_a_consent_code_serves_only_its_own_subject(units: Units, phone: Phone) -> None:
    number = parse_phone(phone.number)
    await issue_code(units, number, purpose=CodePurpose.CONSENT, subject="link-1")
    assert "申请为您代办" in phone.texts[0]
    code = phone.code
    for purpose, subject in ((CodePurpose.CONSENT, "link-2"), (CodePurpose.SIGN_IN, "")):
        async with units.system("test") as unit:
            with pytest.raises(CodeExpired):
                await redeem_code(unit, number, purpose=purpose, subject=subject, code=code)
    async with units.system("test") as unit:
        await redeem_code(unit, number, purpose=CodePurpose.CONSENT, subject="link-1", code=code)


async def test_a_code_is_not_spent_when_the_work_it_allowed_fails(units: Units, phone: Phone) -> None:
    number = parse_phone(phone.number)
    await issue_code(units, number, purpose=CodePurpose.CONSENT, subject="link-1")
    code = phone.code

    async def fail_after_redeeming() -> None:
        async with units.system("test") as unit:
            await redeem_code(unit, number, purpose=CodePurpose.CONSENT, subject="link-1", code=code)
            raise RuntimeError("the work failed")

    with pytest.raises(RuntimeError):
        await fail_after_redeeming()
    async with units.system("test") as unit:
        await redeem_code(unit, number, purpose=CodePurpose.CONSENT, subject="link-1", code=code)


async def test_a_wrong_code_is_counted_although_the_callers_unit_rolls_back(
    units: Units, phone: Phone
) -> None:
    number = parse_phone(phone.number)
    await issue_code(units, number, purpose=CodePurpose.CONSENT, subject="link-1")
    wrong = phone.wrong_code
    for left in (4, 3):
        with pytest.raises(CodeWrong) as refused:
            async with units.system("test") as unit:
                await redeem_code(unit, number, purpose=CodePurpose.CONSENT, subject="link-1", code=wrong)
        assert refused.value.facts["left"] == left


async def test_a_refresh_token_used_twice_ends_the_session_for_both(units: Units) -> None:
    account = await add_patient(units)
    async with units.system("test") as unit:
        opened = await open_session(unit, patient(account), channel="app")
    renewed, actor = await renew(units, opened.refresh_token)
    assert actor.account_id == account.id
    for token in (opened.refresh_token, renewed.refresh_token):
        with pytest.raises(RefreshTokenInvalid):
            await renew(units, token)


async def test_a_patient_sees_only_their_own_account_row(units: Units) -> None:
    mine, _other = await add_patient(units, "13800001111"), await add_patient(units, "13800002222")
    async with units.account(mine.id, patient(mine)) as unit:
        seen = list(await unit.session.scalars(sa.select(Account.id)))
    assert seen == [mine.id]


async def test_old_codes_are_forgotten(units: Units, phone: Phone, clock: FixedClock) -> None:
    await request_code(units, parse_phone(phone.number))
    clock.advance(timedelta(days=3))
    await forget(units)
    async with units.public() as unit:
        assert (await unit.session.scalars(sa.select(PhoneCode))).all() == []
