"""The chart of accounts, one set per hospital. Debits are positive, credits negative (fen).

An account of a provider is named after it (`provider.wechatpay`, `provider.desk`), so that another
provider needs no change here or in the schema (SJ03).
"""

from enum import StrEnum


class Account(StrEnum):
    #: Due from the insurer, by the pot it comes out of (GD01).
    INSURER_FUND = "insurer.fund"
    INSURER_PERSONAL = "insurer.personal"
    INSURER_OTHER = "insurer.other"
    #: Paid for, not yet rendered: what we owe the patient until then.
    PREPAID = "prepaid"
    #: Promised back, not yet out of the door.
    REFUNDS = "refunds"
    REVENUE_REGISTRATION = "revenue.registration"
    REVENUE_CONSULT = "revenue.consult"
    REVENUE_DRUG = "revenue.drug"
    REVENUE_EXAM = "revenue.exam"
    #: What a provider keeps for its service, by its own bill.
    FEES = "fees"


def provider_account(provider: str) -> str:
    """The money a provider holds for the hospital."""
    return f"provider.{provider}"


#: First part of a name → which sign its balance may have for one charge.
SIDES = {"provider": 1, "insurer": 1, "fees": 1, "prepaid": -1, "refunds": -1, "revenue": -1}


def side_of(account: str) -> int:
    """1 for what grows by debits, -1 for what grows by credits. Raises KeyError for an unknown name."""
    return SIDES[account.partition(".")[0]]
