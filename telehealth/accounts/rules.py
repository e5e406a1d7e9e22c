"""Phones, codes, passwords and time steps: decisions that need neither session nor clock."""

import hmac
import re
import secrets
import unicodedata
from datetime import datetime, timedelta

import phonenumbers
import pyotp

from telehealth.core.i18n import N_

#: Where our patients' mobile numbers come from.
REGIONS = ("CN", "HK", "MO", "TW")

CODE_LASTS = timedelta(minutes=5)
CODE_TRIES = 5
#: Between two codes to one phone, and how many one phone gets in a day, whatever they are for.
CODE_GAP = timedelta(seconds=60)
CODES_A_DAY = 10

TOTP_STEP_S = 30
TOTP_TRIES = 5
TOTP_LOCKED_FOR = timedelta(minutes=15)

PASSWORD_SHORTEST = 10
PASSWORD_LONGEST = 128
_LOGIN = re.compile(r"[a-z0-9][a-z0-9._-]{2,39}")
# No 0/O, 1/l/I: an initial password is read from a slip of paper.
_READABLE = "abcdefghjkmnpqrstuvwxyz23456789"


def parse_phone(text: str) -> str:
    """A mobile number in E.164. Mainland numbers need no prefix.

    Raises ValueError with a sentence for the person.
    """
    try:
        number = phonenumbers.parse(unicodedata.normalize("NFKC", text), "CN")
    except phonenumbers.NumberParseException:
        raise ValueError(N_("请填写有效的手机号")) from None
    mobile = phonenumbers.number_type(number) in (
        phonenumbers.PhoneNumberType.MOBILE,
        phonenumbers.PhoneNumberType.FIXED_LINE_OR_MOBILE,
    )
    if phonenumbers.region_code_for_number(number) not in REGIONS or not mobile or number.extension:
        raise ValueError(N_("请填写有效的手机号"))
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def local_phone(phone: str) -> str:
    """As people write it: a mainland number without its prefix."""
    return phone.removeprefix("+86")


def mask_phone(phone: str) -> str:
    """+8613800001234 → 138****1234; +85291234567 → +852****4567."""
    shown = local_phone(phone)
    head = 4 if shown.startswith("+") else 3
    return f"{shown[:head]}****{shown[-4:]}"


def new_code() -> str:
    return f"{secrets.randbelow(1_000_000):06d}"


def parse_code(text: str) -> str:
    """Six digits, however they were typed. Raises ValueError with a sentence."""
    digits = "".join(unicodedata.normalize("NFKC", text).split())
    if not re.fullmatch("[0-9]{6}", digits):
        raise ValueError(N_("请填写 6 位数字"))
    return digits


def parse_login(text: str) -> str:
    """Logins know no case. Raises ValueError with a sentence."""
    login = unicodedata.normalize("NFKC", text).strip().lower()
    if not _LOGIN.fullmatch(login):
        raise ValueError(N_("登录名为 3 至 40 个小写字母、数字、点、横线或下划线"))
    return login


def check_password(password: str, login: str = "") -> str:
    """A password a member of staff may choose. Raises ValueError with a sentence."""
    if not PASSWORD_SHORTEST <= len(password) <= PASSWORD_LONGEST:
        raise ValueError(N_("密码为 10 至 128 个字符"))
    if len(set(password)) < 5:
        raise ValueError(N_("密码过于简单，请使用更多不同的字符"))
    if login and login in password.lower():
        raise ValueError(N_("密码不能包含登录名"))
    return password


def new_initial_password() -> str:
    """About 79 bits, in groups somebody can type from paper."""
    return "-".join("".join(secrets.choice(_READABLE) for _ in range(4)) for _ in range(4))


def new_totp_secret() -> str:
    return str(pyotp.random_base32())


def totp_step(at: datetime) -> int:
    return int(at.timestamp()) // TOTP_STEP_S


def matching_step(secret: str, code: str, at: datetime) -> int | None:
    """The time step `code` belongs to, within one step of `at`; None when it belongs to none."""
    totp = pyotp.TOTP(secret)
    now = totp_step(at)
    for step in (now, now - 1, now + 1):
        if hmac.compare_digest(totp.generate_otp(step), code):
            return step
    return None


def totp_uri(secret: str, login: str) -> str:
    return pyotp.TOTP(secret).provisioning_uri(name=login, issuer_name="互联网医院")
