"""What an account, a membership and a code may be."""

from enum import StrEnum

from telehealth.core.i18n import N_
from telehealth.core.machine import Machine


class AccountKind(StrEnum):
    PATIENT = "patient"
    STAFF = "staff"


class AccountStatus(StrEnum):
    ACTIVE = "active"
    CLOSED = "closed"


class Channel(StrEnum):
    """The door an account first came through (XY15); staff accounts are opened at a console."""

    BROWSER = "browser"
    MINI_PROGRAM = "mini_program"
    APP = "app"
    CONSOLE = "console"


class CodePurpose(StrEnum):
    SIGN_IN = "sign_in"
    #: XY17: the other adult's word, sent to the phone the hospital holds for them.
    CONSENT = "consent"
    #: GS05: the member's word that a relative's insured account may pay for them.
    FAMILY = "family"
    #: GS02: the payer's word, before each payment for a relative.
    RELATIVE_PAYMENT = "relative_payment"
    #: REG60: before everything of a person is handed out as a file.
    EXPORT = "export"


class Theme(StrEnum):
    AUTO = "auto"
    LIGHT = "light"
    DARK = "dark"


class Lang(StrEnum):
    ZH = "zh-CN"
    EN = "en"


class MemberState(StrEnum):
    #: Another hospital opened the account: the person accepts by choosing this hospital at sign-in.
    INVITED = "invited"
    ACTIVE = "active"
    SUSPENDED = "suspended"


class MemberEvent(StrEnum):
    ACCEPT = "accept"
    SUSPEND = "suspend"
    REINSTATE = "reinstate"


S, E = MemberState, MemberEvent

MEMBERSHIP = Machine(
    "staff_member",
    S.INVITED,
    {
        (S.INVITED, E.ACCEPT): S.ACTIVE,
        (S.INVITED, E.SUSPEND): S.SUSPENDED,
        (S.ACTIVE, E.SUSPEND): S.SUSPENDED,
        (S.SUSPENDED, E.REINSTATE): S.ACTIVE,
    },
)

MEMBER_LABELS = {S.INVITED: N_("待本人接受"), S.ACTIVE: N_("在岗"), S.SUSPENDED: N_("已停用")}


class NextStep(StrEnum):
    """What a member of staff owes after the password."""

    NEW_PASSWORD = "new_password"  # noqa: S105 - a step, not a password
    ENROLMENT = "enrolment"
    TOTP = "totp"
