"""Staff: password, second factor, memberships, and what an administrator may do to them."""

import asyncio
from collections.abc import Collection
from datetime import timedelta
from uuid import UUID

import pyotp
import pytest
import sqlalchemy as sa

from telehealth.accounts import MemberNotFound, MemberState, StaffMember, staff_of
from telehealth.accounts.enrolling_staff import (
    change_roles,
    enrol,
    invite,
    reinstate,
    reset_password,
    reset_second_factor,
    suspend,
)
from telehealth.accounts.errors import (
    AlreadyMember,
    LastAdministrator,
    LoginTaken,
    NoWork,
    SecondFactorLocked,
    SecondFactorUsed,
    SecondFactorWrong,
    SignInRefused,
    StepExpired,
    StepOutOfOrder,
    VouchedElsewhere,
)
from telehealth.accounts.models import Account
from telehealth.accounts.rules import totp_step
from telehealth.accounts.signing_in import SignedIn
from telehealth.accounts.signing_in_staff import (
    Step,
    begin,
    change_password,
    choose_first_password,
    finish,
    show_enrolment,
)
from telehealth.accounts.states import NextStep
from telehealth.core.access import Permission, Role
from telehealth.core.audit import AuditRecord
from telehealth.core.clock import FixedClock
from telehealth.core.errors import FieldsInvalid, TransitionRefused
from telehealth.core.ids import new_id
from telehealth.core.unit import Units
from telehealth.web.house import House
from telehealth.web.sessions import Session, open_session
from tests.support.factories.accounts import PASSWORD, add_staff, reread, staff, totp_at

HOSPITAL = UUID("019aa000-0000-7000-8000-000000000001")
OTHER = UUID("019aa000-0000-7000-8000-000000000002")
NEW_PASSWORD = "another sample password"


async def admin(units: Units, *, login: str = "admin", hospital_id: UUID = HOSPITAL) -> StaffMember:
    return await add_staff(units, hospital_id, {Role.ADMIN}, login=login)


async def finish_with(house: House, step: Step, code: str, *, hospital_id: UUID | None = None) -> SignedIn:
    return await finish(
        house.units, house.tickets, step.ticket, code, hospital_id=hospital_id, channel="browser"
    )


async def sessions(units: Units, account_id: UUID) -> list[Session]:
    async with units.system("test") as unit:
        return list(await unit.session.scalars(sa.select(Session).where(Session.account_id == account_id)))


async def audited(units: Units) -> list[str]:
    async with units.system("test") as unit:
        return list(await unit.session.scalars(sa.select(AuditRecord.name).order_by(AuditRecord.position)))


def wrong(code: str) -> str:
    return f"{(int(code) + 1) % 1_000_000:06d}"


async def test_password_and_second_factor_open_a_session_at_the_hospital(house: House) -> None:
    member = await add_staff(house.units, HOSPITAL, {Role.DESK})
    step = await begin(house.units, house.tickets, "desk", PASSWORD)
    assert step.owes is NextStep.TOTP
    assert await sessions(house.units, member.account_id) == []
    signed_in = await finish_with(house, step, totp_at(house.units))
    assert (signed_in.actor.hospital_id, signed_in.actor.assurance) == (HOSPITAL, "totp")
    assert signed_in.actor.may(Permission.PLAN_CLINICS)


async def test_an_unknown_login_and_a_wrong_password_are_told_the_same(house: House) -> None:
    await add_staff(house.units, HOSPITAL)
    for login, password in (("desk", "not the password"), ("nobody", PASSWORD)):
        with pytest.raises(SignInRefused):
            await begin(house.units, house.tickets, login, password)


async def test_a_time_based_code_is_accepted_one_step_away_and_not_two(house: House) -> None:
    await add_staff(house.units, HOSPITAL)
    step = await begin(house.units, house.tickets, "desk", PASSWORD)
    for steps in (-2, 2):
        with pytest.raises(SecondFactorWrong):
            await finish_with(house, step, totp_at(house.units, steps=steps))
    await finish_with(house, step, totp_at(house.units, steps=-1))
    await finish_with(house, step, totp_at(house.units, steps=1))


async def test_a_time_based_code_works_once_and_all_before_it_never_again(house: House) -> None:
    await add_staff(house.units, HOSPITAL)
    step = await begin(house.units, house.tickets, "desk", PASSWORD)
    await finish_with(house, step, totp_at(house.units))
    for steps in (0, -1):
        with pytest.raises(SecondFactorUsed):
            await finish_with(house, step, totp_at(house.units, steps=steps))


async def test_one_code_sent_twice_at_once_opens_one_session(house: House) -> None:
    member = await add_staff(house.units, HOSPITAL)
    step = await begin(house.units, house.tickets, "desk", PASSWORD)
    code = totp_at(house.units)
    done = await asyncio.gather(*(finish_with(house, step, code) for _ in range(4)), return_exceptions=True)
    assert sum(isinstance(item, SignedIn) for item in done) == 1
    assert len(await sessions(house.units, member.account_id)) == 1


async def test_five_wrong_codes_lock_for_fifteen_minutes(house: House, clock: FixedClock) -> None:
    await add_staff(house.units, HOSPITAL)
    step = await begin(house.units, house.tickets, "desk", PASSWORD)
    bad = wrong(totp_at(house.units))
    for left in (4, 3, 2, 1):
        with pytest.raises(SecondFactorWrong) as refused:
            await finish_with(house, step, bad)
        assert refused.value.facts["left"] == left
    with pytest.raises(SecondFactorLocked) as locked:
        await finish_with(house, step, bad)
    assert locked.value.retry_after_s == 900
    with pytest.raises(SecondFactorLocked):
        await finish_with(house, step, totp_at(house.units))
    clock.advance(timedelta(minutes=15))
    again = await begin(house.units, house.tickets, "desk", PASSWORD)
    await finish_with(house, again, totp_at(house.units))


async def test_the_second_factor_follows_the_wall_clock_not_the_hospitals(
    house: House, clock: FixedClock
) -> None:
    await add_staff(house.units, HOSPITAL)
    clock.move_business_to(clock.business() + timedelta(days=40))
    step = await begin(house.units, house.tickets, "desk", PASSWORD)
    await finish_with(house, step, totp_at(house.units))
    account = (await reread(house.units, (await first_member(house.units)).account_id)).totp_last_step
    assert account == totp_step(clock.wall())


async def first_member(units: Units) -> StaffMember:
    async with units.hospital(HOSPITAL, staff(await admin(units))) as unit:
        return (await staff_of(unit))[0]


async def test_a_ticket_lasts_five_minutes_and_is_no_session(house: House, clock: FixedClock) -> None:
    await add_staff(house.units, HOSPITAL)
    step = await begin(house.units, house.tickets, "desk", PASSWORD)
    clock.advance(timedelta(minutes=5, seconds=1))
    with pytest.raises(StepExpired):
        await finish_with(house, step, totp_at(house.units))


async def test_an_initial_password_must_be_changed_before_the_second_factor(house: House) -> None:
    async with house.units.hospital(HOSPITAL, staff(await admin(house.units))) as unit:
        enrolled = await enrol(unit, login="newcomer", name="样例新人", roles={Role.DESK})
    step = await begin(house.units, house.tickets, "newcomer", enrolled.initial_password)
    assert step.owes is NextStep.NEW_PASSWORD
    with pytest.raises(StepOutOfOrder):
        await show_enrolment(house.units, house.tickets, step.ticket)
    with pytest.raises(StepOutOfOrder):
        await finish_with(house, step, "123456")
    for weak in ("short", "aaaaaaaaaaaa", "newcomer 2026", enrolled.initial_password):
        with pytest.raises(FieldsInvalid):
            await choose_first_password(house.units, house.tickets, step.ticket, weak)
    after = await choose_first_password(house.units, house.tickets, step.ticket, NEW_PASSWORD)
    assert after.owes is NextStep.ENROLMENT
    with pytest.raises(StepExpired):
        await show_enrolment(house.units, house.tickets, step.ticket)


async def test_the_first_sign_in_enrols_a_second_factor_once(house: House) -> None:
    async with house.units.hospital(HOSPITAL, staff(await admin(house.units))) as unit:
        enrolled = await enrol(unit, login="newcomer", name="样例新人", roles={Role.DESK})
    step = await begin(house.units, house.tickets, "newcomer", enrolled.initial_password)
    step = await choose_first_password(house.units, house.tickets, step.ticket, NEW_PASSWORD)
    enrolment = await show_enrolment(house.units, house.tickets, step.ticket)
    assert enrolment == await show_enrolment(house.units, house.tickets, step.ticket)
    assert enrolment.uri.startswith("otpauth://totp/")
    code = pyotp.TOTP(enrolment.secret).at(house.units.clock.wall())
    await finish_with(house, step, code)
    with pytest.raises(StepOutOfOrder):
        await show_enrolment(house.units, house.tickets, step.ticket)


async def test_somebody_who_works_in_two_hospitals_chooses_one(house: House) -> None:
    await add_staff(house.units, HOSPITAL, {Role.DOCTOR}, login="both")
    await add_staff(house.units, OTHER, {Role.DESK}, login="both")
    step = await begin(house.units, house.tickets, "both", PASSWORD)
    assert set(step.hospital_ids) == {HOSPITAL, OTHER}
    for chosen in (None, new_id()):
        with pytest.raises(FieldsInvalid):
            await finish_with(house, step, totp_at(house.units), hospital_id=chosen)
    signed_in = await finish_with(house, step, totp_at(house.units), hospital_id=OTHER)
    assert (signed_in.actor.hospital_id, signed_in.actor.roles) == (OTHER, frozenset({Role.DESK}))


async def test_a_suspended_member_loses_their_sessions_at_once_and_cannot_sign_in(house: House) -> None:
    boss = staff(await admin(house.units))
    member = await add_staff(house.units, HOSPITAL)
    async with house.units.system("test") as unit:
        await open_session(unit, staff(member), channel="browser")
        await open_session(unit, staff(member), channel="app")
    async with house.units.hospital(HOSPITAL, boss) as unit:
        await suspend(unit, member.id, reason="离职")
    assert await sessions(house.units, member.account_id) == []
    with pytest.raises(NoWork):
        await begin(house.units, house.tickets, "desk", PASSWORD)
    assert "staff.suspended" in await audited(house.units)
    async with house.units.hospital(HOSPITAL, boss) as unit:
        await reinstate(unit, member.id, reason="返岗")
    await begin(house.units, house.tickets, "desk", PASSWORD)


async def test_a_suspension_ends_no_work_elsewhere(house: House) -> None:
    boss = staff(await admin(house.units))
    here = await add_staff(house.units, HOSPITAL, login="both")
    there = await add_staff(house.units, OTHER, login="both")
    async with house.units.system("test") as unit:
        await open_session(unit, staff(here), channel="browser")
        await open_session(unit, staff(there), channel="browser")
    async with house.units.hospital(HOSPITAL, boss) as unit:
        await suspend(unit, here.id, reason="离职")
    assert [row.hospital_id for row in await sessions(house.units, here.account_id)] == [OTHER]


async def test_changed_roles_end_the_sessions_that_had_the_old_ones(house: House) -> None:
    boss = staff(await admin(house.units))
    member = await add_staff(house.units, HOSPITAL, {Role.DESK})
    async with house.units.system("test") as unit:
        await open_session(unit, staff(member), channel="browser")
    async with house.units.hospital(HOSPITAL, boss) as unit:
        changed = await change_roles(unit, member.id, {Role.FINANCE})
    assert changed.roles == ["finance"]
    assert await sessions(house.units, member.account_id) == []


async def test_the_last_working_administrator_stays(house: House) -> None:
    only = await admin(house.units)
    async with house.units.hospital(HOSPITAL, staff(only)) as unit:
        with pytest.raises(LastAdministrator):
            await suspend(unit, only.id, reason="试试")
        with pytest.raises(LastAdministrator):
            await change_roles(unit, only.id, {Role.DESK})
    await admin(house.units, login="second")
    async with house.units.hospital(HOSPITAL, staff(only)) as unit:
        await suspend(unit, only.id, reason="离职")


async def test_two_administrators_cannot_remove_each_other_at_once(house: House) -> None:
    one, two = await admin(house.units), await admin(house.units, login="second")

    async def remove(by: StaffMember, whom: StaffMember) -> None:
        async with house.units.hospital(HOSPITAL, staff(by)) as unit:
            await suspend(unit, whom.id, reason="互相")

    await asyncio.gather(remove(one, two), remove(two, one), return_exceptions=True)
    async with house.units.hospital(HOSPITAL, staff(one)) as unit:
        assert sum(member.works for member in await staff_of(unit)) >= 1


async def test_a_lost_second_factor_is_reset_and_enrolled_anew(house: House) -> None:
    boss = staff(await admin(house.units))
    member = await add_staff(house.units, HOSPITAL)
    before = await begin(house.units, house.tickets, "desk", PASSWORD)
    async with house.units.system("test") as unit:
        await open_session(unit, staff(member), channel="browser")
    async with house.units.hospital(HOSPITAL, boss) as unit:
        await reset_second_factor(unit, member.id)
    assert await sessions(house.units, member.account_id) == []
    with pytest.raises(StepExpired):
        await finish_with(house, before, totp_at(house.units))
    assert (await begin(house.units, house.tickets, "desk", PASSWORD)).owes is NextStep.ENROLMENT
    assert "staff.second_factor_reset" in await audited(house.units)


async def test_a_reset_password_ends_the_old_one(house: House) -> None:
    boss = staff(await admin(house.units))
    member = await add_staff(house.units, HOSPITAL)
    async with house.units.hospital(HOSPITAL, boss) as unit:
        again = await reset_password(unit, member.id)
    with pytest.raises(SignInRefused):
        await begin(house.units, house.tickets, "desk", PASSWORD)
    step = await begin(house.units, house.tickets, "desk", again.initial_password)
    assert step.owes is NextStep.NEW_PASSWORD


async def test_a_changed_password_signs_out_everywhere(house: House) -> None:
    member = await add_staff(house.units, HOSPITAL)
    async with house.units.system("test") as unit:
        await open_session(unit, staff(member), channel="browser")
    with pytest.raises(FieldsInvalid):
        await change_password(house.units, staff(member), current="not it", password=NEW_PASSWORD)
    await change_password(house.units, staff(member), current=PASSWORD, password=NEW_PASSWORD)
    assert await sessions(house.units, member.account_id) == []
    await begin(house.units, house.tickets, "desk", NEW_PASSWORD)


async def test_a_login_is_taken_even_where_we_cannot_see_its_owner(house: House) -> None:
    await add_staff(house.units, OTHER, login="doctor.li")
    async with house.units.hospital(HOSPITAL, staff(await admin(house.units))) as unit:
        with pytest.raises(LoginTaken):
            await enrol(unit, login="Doctor.Li", name="样例", roles={Role.DOCTOR})
        assert await enrol(unit, login="doctor.li2", name="样例", roles={Role.DOCTOR})


async def test_an_invited_colleague_accepts_by_choosing_us_and_we_cannot_reset_them(house: House) -> None:
    boss = staff(await admin(house.units))
    await add_staff(house.units, OTHER, {Role.DOCTOR}, login="doctor.li")
    invited = await invite(house.units, boss, login="doctor.li", name="李医生", roles={Role.DOCTOR})
    assert invited.status is MemberState.INVITED
    with pytest.raises(AlreadyMember):
        await invite(house.units, boss, login="doctor.li", name="李医生", roles={Role.DOCTOR})
    async with house.units.hospital(HOSPITAL, boss) as unit:
        for reset in (reset_password, reset_second_factor):
            with pytest.raises(VouchedElsewhere):
                await reset(unit, invited.id)
    step = await begin(house.units, house.tickets, "doctor.li", PASSWORD)
    await finish_with(house, step, totp_at(house.units), hospital_id=HOSPITAL)
    async with house.units.hospital(HOSPITAL, boss) as unit:
        assert {row.login: row.status for row in await staff_of(unit)}["doctor.li"] is MemberState.ACTIVE


async def test_another_hospitals_staff_do_not_exist_here(house: House) -> None:
    boss = staff(await admin(house.units))
    stranger = await add_staff(house.units, OTHER, login="stranger")
    async with house.units.hospital(HOSPITAL, boss) as unit:
        with pytest.raises(MemberNotFound):
            await suspend(unit, stranger.id, reason="试试")
        assert [row.login for row in await staff_of(unit)] == ["admin"]
        seen = await unit.session.scalars(sa.select(Account.login))
        assert list(seen) == ["admin"]


async def test_a_suspended_member_cannot_be_suspended_again(house: House) -> None:
    boss = staff(await admin(house.units))
    member = await add_staff(house.units, HOSPITAL)
    async with house.units.hospital(HOSPITAL, boss) as unit:
        await suspend(unit, member.id, reason="离职")
        with pytest.raises(TransitionRefused):
            await suspend(unit, member.id, reason="离职")


@pytest.mark.parametrize("roles", [set[Role](), {Role.PATIENT}])
async def test_staff_have_a_staff_role(house: House, roles: Collection[Role]) -> None:
    async with house.units.hospital(HOSPITAL, staff(await admin(house.units))) as unit:
        with pytest.raises(FieldsInvalid):
            await enrol(unit, login="newcomer", name="样例", roles=roles)


async def test_no_audit_record_of_staff_holds_a_password_or_secret(house: House) -> None:
    async with house.units.hospital(HOSPITAL, staff(await admin(house.units))) as unit:
        enrolled = await enrol(unit, login="newcomer", name="样例", roles={Role.DESK}, phone="13900001111")
        again = await reset_password(unit, enrolled.member.id)
    async with house.units.system("test") as unit:
        facts = str(list(await unit.session.scalars(sa.select(AuditRecord.facts))))
    for secret in (enrolled.initial_password, again.initial_password, "13900001111"):
        assert secret not in facts
