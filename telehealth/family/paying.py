"""Who may pay for whom, asked by whoever is about to charge an insured account (GS01, GS02)."""

from datetime import timedelta
from uuid import UUID

from telehealth.accounts import CodePurpose, check_code, find_account, issue_code, mask_phone, spend_code
from telehealth.core.access import Actor
from telehealth.core.unit import Unit, Units
from telehealth.family import queries
from telehealth.family.errors import PayerUnknown, PaymentCheckNeeded
from telehealth.family.models import Binding, PaymentCheck
from telehealth.family.rules import MayPay, is_offered
from telehealth.rulebook import current_policy
from telehealth.rulebook.rules import PolicySet


async def may_pay(
    unit: Unit, *, account_id: UUID, payer_id: UUID, person_id: UUID, policy: PolicySet
) -> MayPay:
    """Whether this account's insured payer may stand for the patient."""
    if payer_id == person_id:
        return MayPay.OWN
    if not is_offered(policy, unit.today):
        return MayPay.CLOSED
    bound = await queries.bound_between(unit, account_id, person_id)
    return MayPay.BOUND if bound is not None else MayPay.NOT_BOUND


async def hold_binding(unit: Unit, account_id: UUID, person_id: UUID) -> Binding | None:
    """The binding, which nobody ends before this unit is over. None where there is none."""
    return await queries.bound_between(unit, account_id, person_id, hold=True)


async def request_code(units: Units, actor: Actor, subject_id: UUID) -> str:
    """Send the payer a code for one payment; answers with their phone, masked.

    Raises PayerUnknown for an account without a phone, and as `issue_code` does.
    """
    phone = await _own_phone(units, actor)
    await issue_code(units, phone, purpose=CodePurpose.RELATIVE_PAYMENT, subject=str(subject_id))
    return mask_phone(phone)


async def confirm(units: Units, actor: Actor, subject_id: UUID, code: str, *, hospital_id: UUID) -> None:
    """It is the payer who pays (GS02): good for this payment, for minutes, once.

    Raises CodeWrong, CodeBurned, CodeExpired, PayerUnknown.
    """
    phone = await _own_phone(units, actor)
    right = await check_code(
        units, phone, purpose=CodePurpose.RELATIVE_PAYMENT, subject=str(subject_id), code=code
    )
    async with units.account(actor.account, actor) as unit:
        await spend_code(unit, right)
        minutes = (await current_policy(unit, hospital_id)).policy.family.payment_check_minutes
        check = PaymentCheck(
            account_id=actor.account,
            subject_id=subject_id,
            passed_at=unit.wall,
            good_until=unit.wall + timedelta(minutes=minutes),
        )
        unit.session.add(check)
        await unit.session.flush()
        unit.audit("family.payment_checked", check, charge=subject_id)


async def is_checked(unit: Unit, subject_id: UUID) -> bool:
    return await queries.payment_check(unit, unit.actor.account, subject_id) is not None


async def spend_check(unit: Unit, subject_id: UUID) -> None:
    """Raises PaymentCheckNeeded: not given, too old, or spent on an earlier try."""
    check = await queries.payment_check(unit, unit.actor.account, subject_id, lock=True)
    if check is None:
        raise PaymentCheckNeeded()
    check.spent_at = unit.wall


async def _own_phone(units: Units, actor: Actor) -> str:
    async with units.account(actor.account, actor) as unit:
        account = await find_account(unit, actor.account)
    if account is None or not account.phone:
        raise PayerUnknown()
    return account.phone
