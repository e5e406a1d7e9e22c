"""Who can sign in, and who works where: what others may ask of accounts."""

from telehealth.accounts.errors import (
    CodeBurned,
    CodeExpired,
    CodeNotSent,
    CodesUsedUp,
    CodeTooSoon,
    CodeWrong,
    MemberNotFound,
    StepUpNeeded,
)
from telehealth.accounts.issuing_codes import (
    CodeIssued,
    RightCode,
    check_code,
    issue_code,
    redeem_code,
    spend_code,
)
from telehealth.accounts.models import Account, StaffMember, WeChatIdentity
from telehealth.accounts.ports import CodeSender, WeChatGateway
from telehealth.accounts.queries import (
    find_account,
    initial_passwords,
    member_of_account,
    openid_of,
    patient_by_phone,
    phone_index,
    staff_member,
    staff_of,
)
from telehealth.accounts.rules import local_phone, mask_phone, parse_phone
from telehealth.accounts.states import AccountKind, Channel, CodePurpose, Lang, MemberState
from telehealth.accounts.stepping_up import keep_step_up, require_step_up

__all__ = [
    "Account", "AccountKind", "Channel", "CodeBurned", "CodeExpired", "CodeIssued", "CodeNotSent",
    "CodePurpose", "CodeSender", "CodeTooSoon", "CodeWrong", "CodesUsedUp", "Lang", "MemberNotFound",
    "MemberState", "RightCode", "StaffMember", "StepUpNeeded", "WeChatGateway", "WeChatIdentity",
    "check_code", "find_account", "initial_passwords", "issue_code", "keep_step_up", "local_phone",
    "mask_phone", "member_of_account", "openid_of", "parse_phone", "patient_by_phone", "phone_index",
    "redeem_code", "require_step_up",
    "spend_code", "staff_member", "staff_of",
]  # fmt: skip
