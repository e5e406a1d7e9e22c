"""Phones, codes, passwords and time steps, without a database."""

from datetime import UTC, datetime, timedelta

import pyotp
import pytest

from telehealth.accounts.rules import (
    CODE_LASTS,
    CODE_TRIES,
    TOTP_LOCKED_FOR,
    TOTP_TRIES,
    check_password,
    mask_phone,
    matching_step,
    new_code,
    new_initial_password,
    new_totp_secret,
    parse_code,
    parse_login,
    parse_phone,
    totp_step,
    totp_uri,
)
from telehealth.accounts.states import MEMBERSHIP, MemberState

AT = datetime(2026, 11, 21, 2, 0, 10, tzinfo=UTC)


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("13800001234", "+8613800001234"),
        (" 138 0000 1234 ", "+8613800001234"),
        ("１３８００００１２３４", "+8613800001234"),
        ("+86-138-0000-1234", "+8613800001234"),
        ("008613800001234", "+8613800001234"),
        ("+852 9123 4567", "+85291234567"),
        ("+853 6612 3456", "+85366123456"),
        ("+886 912 345 678", "+886912345678"),
    ],
)
def test_XY16_however_a_number_is_typed_it_is_one_number(typed: str, kept: str) -> None:
    assert parse_phone(typed) == kept


@pytest.mark.parametrize(
    "typed",
    ["", "12345", "02162345678", "12000001234", "138000012345", "+12025550143", "13800001234 ext 5", "电话"],
)
def test_what_cannot_receive_a_code_is_refused(typed: str) -> None:
    with pytest.raises(ValueError, match="有效的手机号"):
        parse_phone(typed)


def test_a_masked_phone_keeps_its_head_and_tail() -> None:
    assert mask_phone("+8613800001234") == "138****1234"
    assert mask_phone("+85291234567") == "+852****4567"


def test_XY16_the_numbers_of_the_code() -> None:
    assert (CODE_LASTS, CODE_TRIES) == (timedelta(minutes=5), 5)
    assert (TOTP_TRIES, TOTP_LOCKED_FOR) == (5, timedelta(minutes=15))


def test_codes_are_six_digits_even_when_small() -> None:
    assert all(len(new_code()) == 6 and new_code().isdigit() for _ in range(200))
    assert parse_code(" １２３ ４５６ ") == "123456"
    for typed in ("12345", "1234567", "12345a", "１２３４５"):
        with pytest.raises(ValueError, match="6 位数字"):
            parse_code(typed)


def test_logins_know_no_case_and_no_blanks() -> None:
    assert parse_login(" Doctor.Li ") == "doctor.li"
    for typed in ("ab", "li wei", "李伟", ".li", "a" * 41):
        with pytest.raises(ValueError, match="登录名"):
            parse_login(typed)


@pytest.mark.parametrize("password", ["short", "a" * 129, "aaaaaaaaaaaa", "abababababab", "my desk-01 word"])
def test_a_weak_password_is_refused(password: str) -> None:
    with pytest.raises(ValueError, match="密码"):
        check_password(password, "desk-01")


def test_an_initial_password_is_strong_enough_and_never_the_same() -> None:
    made = {new_initial_password() for _ in range(50)}
    assert len(made) == 50
    assert all(check_password(password, "desk") for password in made)


def test_a_time_based_code_matches_one_step_around_now() -> None:
    secret = new_totp_secret()
    totp = pyotp.TOTP(secret)
    for steps in (-1, 0, 1):
        assert matching_step(secret, totp.at(AT, counter_offset=steps), AT) == totp_step(AT) + steps
    for steps in (-2, 2):
        assert matching_step(secret, totp.at(AT, counter_offset=steps), AT) is None


def test_the_qr_names_who_and_where() -> None:
    uri = totp_uri(new_totp_secret(), "doctor.li")
    assert uri.startswith("otpauth://totp/") and "doctor.li" in uri and "secret=" in uri


def test_every_membership_state_is_reachable_and_none_is_the_end() -> None:
    assert MEMBERSHIP.reachable == set(MemberState)
    assert MEMBERSHIP.terminal == frozenset()
