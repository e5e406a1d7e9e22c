"""Time-based codes (RFC 6238): accepted once, within one step, five tries. Wall clock."""

from dataclasses import dataclass
from math import ceil

from telehealth.accounts.errors import SecondFactorLocked, SecondFactorUsed, SecondFactorWrong
from telehealth.accounts.models import Account
from telehealth.accounts.rules import (
    TOTP_LOCKED_FOR,
    TOTP_TRIES,
    matching_step,
    new_totp_secret,
    totp_uri,
)
from telehealth.core.errors import DomainError
from telehealth.core.unit import Unit


@dataclass(frozen=True, slots=True)
class Enrolment:
    secret: str
    #: For the QR an authenticator app reads.
    uri: str


def secret_to_enrol(account: Account) -> Enrolment:
    """The same secret until it is confirmed, so that a reloaded page shows the QR already scanned."""
    if account.totp_secret is None:
        account.totp_secret = new_totp_secret()
    return Enrolment(account.totp_secret, totp_uri(account.totp_secret, account.login or ""))


def try_code(unit: Unit, account: Account, code: str) -> DomainError | None:
    """Count one try on a locked row. Returns the refusal, so that the caller commits the count first."""
    if account.locked_until is not None and account.locked_until > unit.wall:
        return _locked(unit, account)
    step = None if account.totp_secret is None else matching_step(account.totp_secret, code, unit.wall)
    if step is None:
        return _count_wrong(unit, account)
    if account.totp_last_step is not None and step <= account.totp_last_step:
        return SecondFactorUsed()
    account.totp_last_step, account.totp_failures, account.locked_until = step, 0, None
    if account.totp_confirmed_at is None:
        account.totp_confirmed_at = unit.wall
        unit.audit("account.second_factor_enrolled", account, account_id=account.id)
    return None


def forget_second_factor(account: Account) -> None:
    """The next sign-in enrols a new one. The last step stays spent."""
    account.totp_secret = None
    account.totp_confirmed_at = None
    account.totp_failures = 0
    account.locked_until = None
    account.credentials_version += 1


def _count_wrong(unit: Unit, account: Account) -> DomainError:
    account.totp_failures += 1
    if account.totp_failures < TOTP_TRIES:
        return SecondFactorWrong(left=TOTP_TRIES - account.totp_failures)
    account.totp_failures, account.locked_until = 0, unit.wall + TOTP_LOCKED_FOR
    unit.audit("account.second_factor_locked", account, account_id=account.id)
    return _locked(unit, account)


def _locked(unit: Unit, account: Account) -> SecondFactorLocked:
    left_s = 0.0 if account.locked_until is None else (account.locked_until - unit.wall).total_seconds()
    return SecondFactorLocked(retry_after_s=ceil(left_s), minutes=ceil(left_s / 60))
